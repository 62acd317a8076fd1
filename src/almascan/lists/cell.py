"""The cells of a sheet as text: a number is exact or refused, never rounded. Pure; never raises."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from almascan.lists.barcode import EXPORT_AGAIN, MAX_EXACT_DIGITS
from almascan.lists.number_format import NumberFormat, Shape

_DAY_ZERO = date(1899, 12, 30)
_DAY_ZERO_1904 = date(1904, 1, 1)
_SHOWN_CHARACTERS = 40  # of a value that is no barcode
_DAYS = 2_958_465  # to the end of 9999, where dates end


class Cell(NamedTuple):
    """A cell's text as a barcode would be read from it.

    Attributes:
        text: The text, or a number's digits; what a reader sees where there is a problem.
        problem: Why the text cannot be trusted, as a sentence, or "".
        note: What was done or found, by the names of :data:`almascan.lists.notes.NOTES`, or "".
    """

    text: str
    problem: str = ""
    note: str = ""


EMPTY_CELL = Cell("")


def read_number(value: str, number_format: NumberFormat, *, date1904: bool = False) -> Cell:
    """Read a number's digits: a whole one of up to 15 digits is exact, however the sheet displays it.

    Zeros in front that only the format shows are put back. A format that shows another text than the digits makes
    the number unusable, since nobody knows which of the two is the barcode.

    Args:
        value: The number as the file stores it ("30112100012345", "3.0112E+20").
        number_format: The cell's format.
        date1904: Whether the workbook counts days from 1904.
    """
    try:
        number = Decimal(value.strip() if value.isascii() and "_" not in value else "")
    except InvalidOperation:
        return Cell(value, "The cell's number cannot be read.", "damaged")
    shown = value[:_SHOWN_CHARACTERS]
    if not number.is_finite() or number < 0:
        return Cell(value, f"The cell has the number {shown}, which is no barcode.")
    if number_format.shape is Shape.DATE:
        text = _read_date(number, _DAY_ZERO_1904 if date1904 else _DAY_ZERO) or shown
        return Cell(text, f"The cell is formatted as a date ({text}). {EXPORT_AGAIN}", "damaged")
    if number.adjusted() >= MAX_EXACT_DIGITS:
        return Cell(
            value,
            f"The cell is a number of {number.adjusted() + 1} digits, of which a spreadsheet keeps {MAX_EXACT_DIGITS}; "
            f"the others are lost. {EXPORT_AGAIN}",
            "damaged",
        )
    if number.adjusted() < -MAX_EXACT_DIGITS * 2 or number != number.to_integral_value():
        return Cell(value, f"The cell has the number {shown}, which is not a whole one and no barcode.")
    return _show(str(int(number)), number_format)


def read_boolean(value: str) -> Cell:
    """Read a cell that says true or false, and is therefore no barcode."""
    text = "FALSE" if value.strip() in {"0", "false"} else "TRUE"
    return Cell(text, f"The cell says {text} where the barcode should be.")


def read_error(value: str) -> Cell:
    """Read a cell whose formula failed."""
    return Cell(value, f"The cell's formula gives the error {value[:_SHOWN_CHARACTERS]}.")


def read_cut(text: str) -> Cell:
    """Read a cell whose text was too long to be kept; what stood in the rest nobody knows."""
    return Cell(text, f"The cell's text is more than {len(text):,} characters long and no barcode.")


def read_missing() -> Cell:
    """Read a cell with a formula whose result the file does not have."""
    return Cell(
        "",
        "The cell is a formula without a result; open the workbook in a spreadsheet program, save it and try again.",
    )


def read_iso_date(value: str) -> Cell:
    """Read a cell that the file itself calls a date."""
    return Cell(value, f"The cell is a date ({value[:_SHOWN_CHARACTERS]}). {EXPORT_AGAIN}", "damaged")


def _show(digits: str, number_format: NumberFormat) -> Cell:
    if number_format.shape is Shape.PADDED:
        padded = digits.zfill(number_format.width)
        return Cell(padded, "", "zeros_restored" if padded != digits else "")
    if number_format.shape is Shape.OTHER:
        return Cell(
            digits,
            f"The cell has the number {digits} and shows it in the format {number_format.code}, so that the barcode is "
            "not certain. Write the barcodes as text, as they stand in Alma.",
        )
    return Cell(digits)


def _read_date(number: Decimal, day_zero: date) -> str:
    if number >= _DAYS:
        return ""
    try:
        return (day_zero + timedelta(days=int(number))).isoformat()
    except OverflowError:
        return ""
