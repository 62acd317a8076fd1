"""The hygiene of one barcode: what is taken off, and what makes it unusable. Pure; never raises."""

import re
from typing import NamedTuple

MAX_BARCODE_CHARACTERS = 100
MAX_EXACT_DIGITS = 15  # a spreadsheet keeps no more of a number
MAX_WRAPPED_CHARACTERS = 1_000  # of which wrappings are taken off; a longer text is no barcode anyway

ORDINARY_SPACE = " \t\n\r\v\f"
CONTROL = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
UNUSUAL_SPACE = "\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
ZERO_WIDTH_RANGES = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),  # zero width, left-to-right and right-to-left marks
    (0x202A, 0x202E),  # embedding and override of direction
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),  # a byte order mark inside
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xE0001, 0xE007F),
    (0xE0100, 0xE01EF),
)
ZERO_WIDTH = "".join(chr(code) for first, last in ZERO_WIDTH_RANGES for code in range(first, last + 1))

_EDGE = ORDINARY_SPACE + CONTROL + UNUSUAL_SPACE + ZERO_WIDTH
_WITHOUT_ZERO_WIDTH = dict.fromkeys(map(ord, ZERO_WIDTH)) | dict.fromkeys(map(ord, UNUSUAL_SPACE), " ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+")
_DECIMALS = re.compile(r"(\d+)[.,]0+")
_WRAPPED = re.compile(r'="(.*)"|\'(?=\w)(.*)', re.DOTALL)
_ERROR_VALUE = re.compile(r"#N/A|#NV|#[^\s\d#]\S{1,12}[!?]")
_NO_BARCODE = frozenset({"null", "(null)", "none", "nan", "n/a", "(blank)", "-", "--", "\u2013", "\u2014"})
_LONGEST_NO_BARCODE = 7
_CONTROL_NAMES = {"\t": "a tab", "\n": "a line break", "\r": "a line break"}

EXPORT_AGAIN = "Format the column as text and export the list again."


class Cleaned(NamedTuple):
    """A barcode after cleaning.

    Attributes:
        barcode: The barcode, or "" where there is none or it cannot be used.
        problem: Why it cannot be used, as a sentence, or "". Nothing at all is "" and no problem.
        notes: What was done to it or found, by the names of :data:`almascan.lists.notes.NOTES`.
    """

    barcode: str
    problem: str = ""
    notes: tuple[str, ...] = ()


def clean_barcode(text: str, strip_prefix: str = "", strip_suffix: str = "") -> Cleaned:
    """Take off what is no part of a barcode, and say what makes it unusable.

    White space and invisible characters go from both ends; invisible ones go from the inside, where ordinary spaces
    stay and unusual ones become ordinary. Upper and lower case stay.

    Args:
        text: A line or a cell, as it stood in the list.
        strip_prefix: Taken off the front where the barcode has it.
        strip_suffix: Taken off the end where the barcode has it.
    """
    if is_plain(text) and not strip_prefix and not strip_suffix:
        return Cleaned(text)
    notes: set[str] = set()
    barcode = _unwrap(_trim(text, notes), notes)
    barcode = _strip(barcode, strip_prefix, strip_suffix, notes)
    decimals = _DECIMALS.fullmatch(barcode)
    if decimals and len(decimals[1]) <= MAX_EXACT_DIGITS:
        notes.add("decimals")
        barcode = decimals[1]
    problem = _find_problem(barcode, notes)
    return Cleaned("" if problem else barcode, problem, tuple(sorted(notes)))


def is_plain(text: str) -> bool:
    """Whether a barcode is beyond doubt as it stands: ASCII letters and digits; by far the most are."""
    return _LONGEST_NO_BARCODE < len(text) <= MAX_BARCODE_CHARACTERS and text.isascii() and text.isalnum()


def is_blank(text: str) -> bool:
    """Whether a reader sees nothing in this text."""
    return not text or not text.strip(_EDGE)


def is_comment(text: str) -> bool:
    """Whether a line, or the first cell of a row, begins with # and is not one of a spreadsheet's error values."""
    start = text.lstrip(_EDGE)
    return start.startswith("#") and not _ERROR_VALUE.fullmatch(start.rstrip(_EDGE))


def is_rounded(text: str) -> bool:
    """Whether a spreadsheet wrote this number in the short form that loses digits (3.01121E+13)."""
    return _ROUNDED.fullmatch(text.strip(_EDGE)) is not None


def _trim(text: str, notes: set[str]) -> str:
    core = text.strip(_EDGE)
    if len(core) < len(text):
        start = text.find(core) if core else len(text)
        removed = text[:start] + text[start + len(core) :]
        notes.add("trimmed" if not removed.strip(ORDINARY_SPACE) else "invisible")
    if core.isascii():
        return core
    visible = core.translate(_WITHOUT_ZERO_WIDTH)
    if visible != core:
        notes.add("invisible")
    return visible


def _unwrap(barcode: str, notes: set[str]) -> str:
    while len(barcode) <= MAX_WRAPPED_CHARACTERS and (wrapped := _WRAPPED.fullmatch(barcode)):
        notes.add("unwrapped")
        barcode = _trim(wrapped[1] if wrapped[1] is not None else wrapped[2], notes)
    return barcode


def _strip(barcode: str, prefix: str, suffix: str, notes: set[str]) -> str:
    shorter = barcode.removeprefix(prefix).removesuffix(suffix)
    if shorter == barcode:
        return barcode
    notes.add("stripped")
    return _trim(shorter, set())


def _find_problem(barcode: str, notes: set[str]) -> str:
    if len(barcode) > MAX_BARCODE_CHARACTERS:
        return f"It is {len(barcode):,} characters long; a barcode has at most {MAX_BARCODE_CHARACTERS}."
    if _ROUNDED.fullmatch(barcode) or _DECIMALS.fullmatch(barcode):
        notes.add("damaged")
        return f"A spreadsheet rounded the barcode to {barcode}, and its digits are lost. {EXPORT_AGAIN}"
    if barcode.casefold() in _NO_BARCODE or _ERROR_VALUE.fullmatch(barcode):
        return f"The list says {barcode} where the barcode should be."
    if control := _CONTROL.search(barcode):
        name = _CONTROL_NAMES.get(control[0], f"the control character U+{ord(control[0]):04X}")
        return f"The barcode has {name} inside."
    if "\ufffd" in barcode:
        notes.add("damaged")
        return "The barcode has a character that was lost in an earlier conversion; export the list again."
    return ""
