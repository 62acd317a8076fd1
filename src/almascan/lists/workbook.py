"""An .xlsx workbook: its sheets, and what they share.

It is read with expat from the archive itself. openpyxl's read-only mode took 7 s and 44 MB for 300,000 rows, and
cannot tell a formula without a result from an empty cell.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from almascan.errors import ListError
from almascan.lists.markup import Attributes, MarkupError, find_attribute, parse, read_whole
from almascan.lists.number_format import NumberFormat, find_number_format
from almascan.lists.package import MAX_SHEET_BYTES, MAX_STRINGS_BYTES, Package
from almascan.lists.sheet import Book, SheetRow, read_rows
from almascan.lists.strings import SharedStrings, read_strings

PROBE_ROWS = 50
MAX_SHEETS = 20_000
MAX_STYLES = 70_000  # spreadsheet programs allow 65,490
MAX_FORMAT_CODES = 10_000
MAX_NAME_CHARACTERS = 100  # of a sheet; spreadsheet programs allow 31
MAX_LISTED_SHEETS = 20


class Sheet(NamedTuple):
    """A sheet of a workbook: its name, whether it is shown, and the part it is stored in."""

    name: str
    visible: bool
    part: str


class Workbook:
    """A workbook, open.

    Attributes:
        sheets: Its sheets of cells, in order.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        kinds = package.relationships("").values()
        part = next((target for kind, target in kinds if kind == "officeDocument"), "xl/workbook.xml")
        targets = package.relationships(part)
        parts = dict(targets.values())
        self.sheets, date1904 = self._read_index(part, targets)
        self._book = Book(
            self._read_strings(parts.get("sharedStrings", "")), self._read_formats(parts.get("styles", "")), date1904
        )

    def rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        """Read a sheet's rows, without those that have no value.

        Raises:
            ListError: The sheet is broken or too large.
        """
        with self._package.open(sheet.part, MAX_SHEET_BYTES) as stream:
            yield from read_rows(stream, self._book)

    def choose(self, name: str | None) -> tuple[Sheet, Iterator[SheetRow]]:
        """Choose a sheet.

        Args:
            name: The sheet's name; None: the first sheet that is shown and has a cell that is not blank.

        Returns:
            The sheet and its rows.

        Raises:
            ListError: There is no such sheet, or none has rows.
        """
        if name is not None:
            sheet = self._find(name)
            return sheet, self.rows(sheet)
        for sheet in sorted(self.sheets, key=lambda sheet: not sheet.visible):
            rows = self.rows(sheet)
            blank: list[SheetRow] = []
            for row in islice(rows, PROBE_ROWS):
                if row.texts():
                    return sheet, chain(blank, [row], rows)
                blank.append(row._replace(stored={}))
        raise ListError(f"{self._package.name} has no sheet with rows; give a list with one barcode a row.")

    def _find(self, name: str) -> Sheet:
        exact = [sheet for sheet in self.sheets if sheet.name == name]
        alike = [sheet for sheet in self.sheets if sheet.name.strip().casefold() == name.strip().casefold()]
        if not exact and len(alike) != 1:
            names = ", ".join(f"'{sheet.name}'" for sheet in self.sheets[:MAX_LISTED_SHEETS])
            more = len(self.sheets) - MAX_LISTED_SHEETS
            names += f" and {more:,} more" if more > 0 else ""
            raise ListError(f"{self._package.name} has no sheet {name!r}; its sheets are {names}.")
        return (exact or alike)[0]

    def _read_index(self, part: str, targets: dict[str, tuple[str, str]]) -> tuple[list[Sheet], bool]:
        sheets: list[Sheet] = []
        date1904 = False

        def start(name: str, attributes: Attributes) -> None:
            nonlocal date1904
            if name == "workbookPr":
                date1904 = find_attribute(attributes, "date1904") in {"1", "true"}
            elif name == "sheet":
                kind, target = targets.get(find_attribute(attributes, "id"), ("", ""))
                if kind == "worksheet":
                    visible = find_attribute(attributes, "state") in {"", "visible"}
                    sheets.append(Sheet(find_attribute(attributes, "name")[:MAX_NAME_CHARACTERS], visible, target))
                if len(sheets) > MAX_SHEETS:
                    raise MarkupError("it has more sheets than are read")

        with self._package.open(part) as stream:
            parse(stream, start, lambda _: None)
        return sheets, date1904

    def _read_strings(self, part: str) -> SharedStrings:
        if part not in self._package:
            return SharedStrings()
        with self._package.open(part, MAX_STRINGS_BYTES) as stream:
            return read_strings(stream)

    def _read_formats(self, part: str) -> list[NumberFormat]:
        """Read which number format each style of a cell has; styles of other things are left out."""
        if part not in self._package:
            return []
        codes: dict[int, str] = {}
        ids: list[int] = []
        inside: list[str] = []

        def start(name: str, attributes: Attributes) -> None:
            parent = inside[-1] if inside else ""
            inside.append(name)
            if parent == "numFmts" and name == "numFmt":
                codes[read_whole(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
            elif parent == "cellXfs" and name == "xf":
                ids.append(read_whole(attributes.get("numFmtId", "0")))
            if len(ids) > MAX_STYLES or len(codes) > MAX_FORMAT_CODES:
                raise MarkupError("it has more formats than a workbook can have")

        def end(_: str) -> None:
            inside.pop()

        with self._package.open(part) as stream:
            parse(stream, start, end)
        known = {format_id: find_number_format(format_id, codes) for format_id in set(ids)}
        return [known[format_id] for format_id in ids]
