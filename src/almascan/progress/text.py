"""Words, numbers and times as a person reads them on a screen; shared by progress and reports."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

import msgspec

from almascan.model import Group, Outcome

LONGEST_SHOWN = 1_000
"""Characters of one text that are shown; far more than a title or a message has, and no more than a person reads."""

# Commands to a terminal, turns of the writing direction, invisible tags, and what is no character at all in XML.
_COMMANDS = "\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
_UNPRINTABLE = re.compile(f"[{_COMMANDS}]+")
_HIDDEN = re.compile(f"[{_COMMANDS}\xa0\xad\u061c\u180e\u2000-\u200f\u202f\u205f-\u2065\u3000\ufeff]")


class Look(msgspec.Struct, frozen=True):
    """How a group is marked on a screen: a symbol, one for streams that hold ASCII alone, and a colour.

    The group's word always stands beside them, so that nothing is told by colour alone.
    """

    symbol: str
    ascii_symbol: str
    colour: str


LOOKS: dict[Group, Look] = {
    Group.DONE: Look("✓", "+", "green"),
    Group.ATTENTION: Look("▲", "!", "yellow"),
    Group.SKIPPED: Look("–", "-", "blue"),  # noqa: RUF001 - a dash as wide as the other symbols is meant
    Group.FAILED: Look("✗", "x", "red"),
    Group.OPEN: Look("?", "?", "magenta"),
}


def plain(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Give the text with what would command a terminal or turn its line around replaced by a space.

    Args:
        text: A text from outside: a title, a message, a name, a sentence that quotes one.
        longest: How many characters of it are given; a longer one ends in "…".
    """
    return _UNPRINTABLE.sub(" ", _cut(text, longest))


def visible(text: str, longest: int = LONGEST_SHOWN) -> str:
    r"""Give the text with every character that cannot be seen written out (``\x1b``, ``\u200b``).

    For barcodes, where a hidden character is the very reason why an item is not found.

    Args:
        text: A barcode, or what a list held in its place.
        longest: How many characters of it are given; a longer one ends in "…".
    """
    return _HIDDEN.sub(lambda found: _written_out(found.group()), _cut(text, longest))


def json_bytes(value: object) -> bytes:
    r"""Encode a value as one line of JSON that does no harm on a terminal either.

    Texts are exact and whole: JSON itself leaves some characters that command a terminal or turn its line around as
    they are, and these are written as ``\u009b`` here, which reads back as the same character.
    """
    encoded = msgspec.json.encode(value)
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _UNPRINTABLE.sub(lambda found: json.dumps(found.group())[1:-1], encoded.decode()).encode()


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def number(value: float) -> str:
    """Give a count with thousands set apart, or a rate with one decimal: 12,345; 7.5."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def amount(count: int, noun: str) -> str:
    """Give a count with its noun, in the plural where it is not one: 1 row; 5,000 rows."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(part: int, whole: int) -> str:
    """Give the share, cut and never rounded up, so that 100 % is all: 24 %."""
    return f"{100 * part // whole if whole else 100} %"


def duration(seconds: float) -> str:
    """Give a time span in its two largest units: 45 s; 7 min 5 s; 2 h 14 min; 3 d 4 h."""
    whole = max(0, round(seconds))
    for size, unit, small_size, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small_size
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"


def clock_time(when: float, now: float, zone: tzinfo | None = None) -> str:
    """Give a time of day, with its date where that is not today's: 08:33; 2026-11-25 08:33.

    Args:
        when: Seconds since 1970.
        now: The time now, likewise.
        zone: The time zone; None is this machine's.
    """
    then, today = (datetime.fromtimestamp(moment, UTC).astimezone(zone) for moment in (when, now))
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M}"


def date_time(when: float, zone: tzinfo | None = None) -> str:
    """Give a moment in full, with its distance to UTC: 2026-11-24 08:33:10 +01:00."""
    moment = datetime.fromtimestamp(when, UTC).astimezone(zone)
    offset = f"{moment:%z}"
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def iso_time(when: float) -> str:
    """Give a moment as ISO 8601 in UTC, to the millisecond: 2026-11-24T07:33:10.250Z."""
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def by_group(counts: Mapping[Outcome, int]) -> dict[Group, int]:
    """Add the counts of outcomes up per group, in the groups' order; groups without rows are left out."""
    sums = dict.fromkeys(Group, 0)
    for outcome, count in counts.items():
        sums[outcome.group] += count
    return {group: count for group, count in sums.items() if count}
