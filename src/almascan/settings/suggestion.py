"""What a mistyped word may have meant."""

from collections.abc import Sequence
from difflib import get_close_matches

_MAX_LISTED = 20


def suggest(word: str, known: Sequence[str]) -> str:
    """Name the known word that is nearest, else the known words.

    Args:
        word: What was typed.
        known: What could have been typed.

    Returns:
        A sentence with a space before it, or "" where nothing is known or there is too much of it to list.
    """
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, n=1)
    if close:
        return f' Did you mean "{folded[close[0]]}"?'
    return f" Known: {', '.join(known)}." if 0 < len(known) <= _MAX_LISTED else ""
