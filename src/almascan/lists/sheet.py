"""The rows of a workbook's sheet, one at a time, however far apart its cells are."""

from collections.abc import Iterator
from functools import lru_cache
from typing import IO, NamedTuple

from almascan.lists.barcode import is_blank
from almascan.lists.cell import (
    EMPTY_CELL,
    Cell,
    read_boolean,
    read_cut,
    read_error,
    read_iso_date,
    read_missing,
    read_number,
)
from almascan.lists.markup import Attributes, MarkupError, parse_in_steps, read_whole
from almascan.lists.number_format import GENERAL, NumberFormat, read_number_format
from almascan.lists.strings import MAX_TEXT_CHARACTERS, SharedStrings, Text

MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576

_GENERAL = read_number_format(GENERAL)
_TEXTS = frozenset({"str", "inlineStr"})
_NO_NUMBERS = {"b": read_boolean, "e": read_error, "d": read_iso_date}


class Book(NamedTuple):
    """What all sheets of a workbook share.

    Attributes:
        strings: The texts that cells name by number.
        formats: The number formats that cells name by their style's number.
        date1904: Whether days count from 1904.
    """

    strings: SharedStrings
    formats: list[NumberFormat]
    date1904: bool = False


class StoredCell(NamedTuple):
    """A cell as the file has it: its type, its style's number, its value ("" for none), whether it has a formula."""

    kind: str
    style: int
    value: str
    formula: bool


class SheetRow(NamedTuple):
    """A row of a sheet: its cells by column, counted from 0, without the empty ones."""

    number: int
    stored: dict[int, StoredCell]
    book: Book

    def cell(self, column: int) -> Cell:
        """The cell of this column."""
        stored = self.stored.get(column)
        return EMPTY_CELL if stored is None else read_cell(stored, self.book)

    def texts(self) -> dict[int, str]:
        """The texts that are not blank; a cell with a problem is not blank."""
        cells = ((column, self.cell(column)) for column in sorted(self.stored))
        return {column: cell.text for column, cell in cells if cell.problem or not is_blank(cell.text)}


def read_cell(stored: StoredCell, book: Book) -> Cell:
    """Read a cell's text, and what is wrong with it."""
    kind, style, value, formula = stored
    if formula and not value and kind != "str":
        return read_missing()
    text = book.strings[int(value)] if kind == "s" else value
    if len(text) > MAX_TEXT_CHARACTERS:
        return read_cut(text[:MAX_TEXT_CHARACTERS])
    if kind == "s" or kind in _TEXTS:
        return Cell(text)
    if kind in _NO_NUMBERS:
        return _NO_NUMBERS[kind](value)
    number_format = book.formats[style] if style < len(book.formats) else _GENERAL
    return read_number(value, number_format, date1904=book.date1904)


def read_rows(stream: IO[bytes], book: Book) -> Iterator[SheetRow]:
    """Read a sheet's rows; rows without a value are not given.

    Args:
        stream: The sheet's XML.
        book: What the workbook's sheets share.

    Raises:
        MarkupError: The XML is broken, or a row or column is beyond what a sheet can have.
    """
    gathering = _Gathering(book)
    for _ in parse_in_steps(stream, gathering.start, gathering.end, gathering.text.add):
        yield from gathering.rows
        gathering.rows.clear()


class _Gathering:
    """Puts rows together from the events of a sheet's XML."""

    def __init__(self, book: Book) -> None:
        self.rows: list[SheetRow] = []
        self.text = Text()
        self._book = book
        self._number = 0
        self._column = -1
        self._cells: dict[int, StoredCell] = {}
        self._kind, self._style = "n", "0"
        self._formula = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            reference = attributes.get("r")
            self._column = _read_column(reference) if reference else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._formula = False
        elif name == "f":
            self._formula = True
        elif name == "row":
            above = self._number
            self._number = read_whole(attributes["r"]) if "r" in attributes else above + 1
            if not 1 <= self._number <= MAX_ROWS:
                raise MarkupError(f"it has a row {self._number}, which no sheet can have")
            if self._number <= above:
                raise MarkupError(f"its row {self._number} comes below row {above}")
            self._column = -1
        else:
            self.text.start(name)

    def end(self, name: str) -> None:
        if name == "c":
            value = self.text.take()
            if value or self._formula:
                self._keep(value)
        elif name == "row":
            if self._cells:
                self.rows.append(SheetRow(self._number, self._cells, self._book))
                self._cells = {}
        else:
            self.text.end(name)

    def _keep(self, value: str) -> None:
        if self._column >= MAX_COLUMNS:
            raise MarkupError("it has more columns than a sheet can have")
        if self._kind == "s" and value and read_whole(value) >= len(self._book.strings):
            raise MarkupError("a cell names a text that the workbook does not have")
        self._cells[self._column] = StoredCell(self._kind, read_whole(self._style), value, self._formula)


def _read_column(reference: str) -> int:
    return _number_of(reference.rstrip("0123456789"))


@lru_cache(maxsize=MAX_COLUMNS)
def _number_of(letters: str) -> int:
    """Count a column's letters from 0: A is 0, XFD 16,383."""
    number = 0
    for letter in letters[:4]:
        number = number * 26 + ord(letter.upper()) - ord("A") + 1
    if not letters.isascii() or not letters.isalpha() or number > MAX_COLUMNS:
        raise MarkupError(f"it has a cell in a column {letters[:10]!r}, which no sheet can have")
    return number - 1
