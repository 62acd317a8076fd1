"""Number formats of a spreadsheet: what a cell's format does to a whole number. Pure."""

import re
from enum import Enum, auto
from typing import NamedTuple

GENERAL = "General"
MAX_CODE_CHARACTERS = 255  # a longer format is none that a spreadsheet program lets one make
BUILT_IN = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 49: "@"}
BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})

_BRACKETED = re.compile(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)  # colours, locales, conditions; not [h]:mm
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|[_*].', re.DOTALL)
_DATE = re.compile(r"[ymdhs]", re.IGNORECASE)
_ZEROS = re.compile(r"#*(0+)")


class Shape(Enum):
    """What a format makes of a number."""

    PLAIN = auto()  # the digits themselves, perhaps grouped or with decimals
    PADDED = auto()  # the digits with zeros in front, up to a width
    DATE = auto()
    OTHER = auto()  # another text than the digits, so that nobody knows what the barcode is


class NumberFormat(NamedTuple):
    """A format, as far as whole numbers go.

    Attributes:
        code: The format's code, as the spreadsheet has it.
        shape: What it makes of a number.
        width: The number of digits it pads to, where it pads; else 0.
    """

    code: str
    shape: Shape
    width: int = 0


def read_number_format(code: str) -> NumberFormat:
    """Find out what a format's code makes of a positive whole number."""
    if len(code) > MAX_CODE_CHARACTERS:
        return NumberFormat(f"{code[:MAX_CODE_CHARACTERS]}…", Shape.OTHER)
    section = _BRACKETED.sub("", _first_section(code))
    literals = "".join(match[1] or match[2] or "" for match in _LITERAL.finditer(section))
    places = _LITERAL.sub("", section).strip()
    if places.casefold() in {"", "@", GENERAL.casefold(), "standard"}:
        return NumberFormat(code, _judge_literals(literals))
    if _DATE.search(places):
        return NumberFormat(code, Shape.DATE)
    zeros = _ZEROS.fullmatch(places)
    if zeros and len(zeros[1]) > 1 and not literals:
        return NumberFormat(code, Shape.PADDED, len(zeros[1]))
    if places.partition(".")[0].count("0") > 1:
        return NumberFormat(code, Shape.OTHER)
    return NumberFormat(code, _judge_literals(literals))


def find_number_format(format_id: int, codes: dict[int, str]) -> NumberFormat:
    """Find a format by its id, among a workbook's own codes and those that every spreadsheet has."""
    if format_id in codes:
        return read_number_format(codes[format_id])
    if format_id in BUILT_IN_DATES:
        return NumberFormat("a date", Shape.DATE)
    return read_number_format(BUILT_IN.get(format_id, GENERAL))


def _first_section(code: str) -> str:
    """Take what stands before the first semicolon that is not quoted: the format of positive numbers."""
    section = re.match(r'(?:"[^"]*"|\\.|[^;"\\])*', code, re.DOTALL)
    return section[0] if section else ""


def _judge_literals(literals: str) -> Shape:
    return Shape.OTHER if any(map(str.isalnum, literals)) else Shape.PLAIN
