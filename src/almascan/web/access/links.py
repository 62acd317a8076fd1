"""Tokens that let one browser in, once."""

import hashlib
import threading
from collections.abc import Callable

LINK_SECONDS = 600.0
_MOST_OPEN = 100


class OneTimeTokens:
    """Gives tokens and takes each back once.

    The terminal asks for new ones in a thread of its own.

    Args:
        now: Gives the time in seconds.
        draw: Gives 256 random bits as a text that may stand in an address.
    """

    def __init__(self, now: Callable[[], float], draw: Callable[[], str]) -> None:
        self._now = now
        self._draw = draw
        self._until: dict[bytes, float] = {}
        self._turn = threading.Lock()

    def give(self) -> str:
        """Give a new token; of very many that nobody used, the oldest goes."""
        token = self._draw()
        with self._turn:
            self._until[_digest(token)] = self._now() + LINK_SECONDS
            while len(self._until) > _MOST_OPEN:
                del self._until[next(iter(self._until))]
        return token

    def take(self, token: str) -> bool:
        """Say whether a token is good, and let it be so no more."""
        with self._turn:
            until = self._until.pop(_digest(token), None)
        return until is not None and self._now() < until


def _digest(token: str) -> bytes:
    # Looked up by its digest, how long that takes says nothing of the tokens that there are.
    return hashlib.sha256(token.encode(errors="replace")).digest()
