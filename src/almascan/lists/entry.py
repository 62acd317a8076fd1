"""What the operator says about a list, and what is read from each of its rows."""

from typing import Literal

import msgspec

from almascan.errors import ListError
from almascan.model import Desk, ItemIds

GIVEN_CHARACTERS = 200  # of a row's own text that are kept for the report


class ListOptions(msgspec.Struct, frozen=True):
    """What the operator said about the list; everything else is found in the list itself or refused.

    Attributes:
        column: The barcode's column, by its header or by its letter or number ("B", "2"); None: by its header.
        encoding: A Python codec's name; None: UTF-8, or UTF-16 or UTF-32 that begins with its mark.
        sheet: The name of a workbook's sheet; None: the first visible one that has rows.
        strip_prefix: Taken off the front of each barcode that has it.
        strip_suffix: Taken off the end of each barcode that has it.
    """

    column: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    strip_prefix: str = ""
    strip_suffix: str = ""


class UnsaidError(ListError):
    """The list can be read once the operator says how.

    Args:
        message: What is not known, as a sentence.
        option: Which field of ``ListOptions`` says it.
    """

    def __init__(self, message: str, option: Literal["column", "encoding"]) -> None:
        super().__init__(message)
        self.option = option


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One row of a list.

    Attributes:
        row: The number its reader sees: the line of a text, the row of a sheet or a CSV, header counted, from 1.
        given: The row's barcode as it stood in the list, at most 200 characters, for the report.
        barcode: The cleaned barcode, or "" where the row has none that can be used.
        ids: MMS ID, holding ID and item PID where the list holds all three, else None.
        problem: Why the row cannot be used, as a sentence; "" where it can.
        desk: The row's own desk, its library "" where the list does not name it; None where the list names none.
    """

    row: int
    given: str
    barcode: str
    ids: ItemIds | None = None
    problem: str = ""
    desk: Desk | None = None
