"""What a list holds, told before a run is made of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from almascan.errors import ListError
from almascan.lists.columns import Columns, column_letters, header_key, header_row
from almascan.lists.content import Table, open_content, open_workbook
from almascan.lists.entry import Entry, ListOptions
from almascan.lists.first_seen import FirstSeen
from almascan.lists.listing import Listing
from almascan.lists.notes import NOTES
from almascan.lists.reading import text_source
from almascan.lists.signature import is_zip
from almascan.lists.source import Source, open_source
from almascan.lists.table import Row, take_sample

FIRST_ROWS = 10
MOST_SHOWN = 100
"""Of damaged and of repeated rows."""
MOST_COLUMNS = 200
"""That are offered; nobody looks for barcodes beyond them by hand."""
_SHOWN_CHARACTERS = 60
_DEFAULTS = ListOptions()
_ORDINARY_NOTES = frozenset({"lines", "entries", "problems"})


class Repeated(msgspec.Struct, frozen=True):
    """A row that names an item as an earlier one does.

    Attributes:
        row: Its number.
        name: The barcode, or the item PID, that both have.
        first: The number of the first row that has it.
    """

    row: int
    name: str
    first: int


class Survey(msgspec.Struct, frozen=True):
    """What was found in a list; rows have the numbers that their reader sees.

    Attributes:
        name: What the list is called.
        description: Where it comes from and how it was understood, in one sentence without its full stop.
        digest: What tells it from every other list.
        headers: The headers by the letter of their column, such as ("B", "Barcode"); none where there are none.
        column: The letter of the barcodes' column; "" where the list has none, as a set.
        notes: Counts of what was found, by the names of ``NOTES``.
        entries: Rows that name an item or should.
        duplicates: Rows that name an item as an earlier one does, by barcode or by ids; they are not scanned again.
        repeated_rows: The first 100 of these.
        damaged: Rows that cannot be used.
        damaged_rows: The first 100 of these; each has what was found and the reason.
        first_rows: The first 10 rows.
        usual_length: How many characters most of the usable barcodes have; 0 where there are none.
        usual_share: The share of the barcodes that have so many, 0 to 1.
        odd_lengths: How many barcodes are shorter or longer.
        odd_rows: The first 10 of these.
    """

    name: str
    description: str
    digest: str
    headers: list[tuple[str, str]]
    column: str
    notes: dict[str, int]
    entries: int
    duplicates: int
    repeated_rows: list[Repeated]
    damaged: int
    damaged_rows: list[Entry]
    first_rows: list[Entry]
    usual_length: int
    usual_share: float
    odd_lengths: int
    odd_rows: list[Entry]

    @property
    def notes_words(self) -> list[tuple[int, str]]:
        """The counts with their sentences; without those that say how long the list is."""
        return [(count, NOTES[name]) for name, count in self.notes.items() if count and name not in _ORDINARY_NOTES]


def survey(listing: Listing) -> Survey:
    """Read a list to its end and tell what it holds.

    A million rows take about 50 MB at most: no row is kept but those that are shown.

    Args:
        listing: The list; it can be iterated once, and is used up.

    Raises:
        ListError: The list cannot be read to its end, or names no item.
    """
    counted = _Counted()
    for entry in listing:
        counted.take(entry)
    columns = listing.columns
    usual_length, usual = max(counted.lengths.items(), key=lambda pair: pair[1], default=(0, 0))
    measured = counted.lengths.total()
    return Survey(
        name=listing.name,
        description=listing.description,
        digest=listing.digest,
        headers=_lettered(columns),
        column="" if columns is None or columns.barcode is None else column_letters(columns.barcode),
        notes={name: listing.notes[name] for name in NOTES if listing.notes.get(name)},
        entries=counted.entries,
        duplicates=counted.duplicates,
        repeated_rows=counted.repeated_rows,
        damaged=counted.damaged,
        damaged_rows=counted.damaged_rows,
        first_rows=counted.first_rows,
        usual_length=usual_length,
        usual_share=usual / measured if measured else 0.0,
        odd_lengths=measured - usual,
        odd_rows=counted.find_odd(usual_length),
    )


def _lettered(columns: Columns | None) -> list[tuple[str, str]]:
    return [] if columns is None else [(column_letters(place), text) for place, text in columns.headers.items()]


class _Counted:
    """What is counted and kept while entries pass."""

    def __init__(self) -> None:
        self.entries = self.duplicates = self.damaged = 0
        self.first_rows: list[Entry] = []
        self.damaged_rows: list[Entry] = []
        self.repeated_rows: list[Repeated] = []
        self.lengths: Counter[int] = Counter()
        self._of_length: dict[int, list[Entry]] = {}
        self._barcodes, self._items = FirstSeen(), FirstSeen()

    def take(self, entry: Entry) -> None:
        self.entries += 1
        if self.entries <= FIRST_ROWS:
            self.first_rows.append(entry)
        if entry.problem:
            self.damaged += 1
            if self.damaged <= MOST_SHOWN:
                self.damaged_rows.append(entry)
            return
        if entry.barcode:
            self._measure(entry)
        if (repeated := self._find_first(entry)) is not None:
            self.duplicates += 1
            if self.duplicates <= MOST_SHOWN:
                self.repeated_rows.append(repeated)

    def find_odd(self, usual_length: int) -> list[Entry]:
        """Give the first rows whose barcode is of another length."""
        odd = (entry for length, kept in self._of_length.items() if length != usual_length for entry in kept)
        return sorted(odd, key=lambda entry: entry.row)[:FIRST_ROWS]

    def _measure(self, entry: Entry) -> None:
        length = len(entry.barcode)
        self.lengths[length] += 1
        if self.lengths[length] <= FIRST_ROWS:
            self._of_length.setdefault(length, []).append(entry)

    def _find_first(self, entry: Entry) -> Repeated | None:
        """Say which row named the same item before, as the journal will: by barcode, then by item."""
        if entry.barcode and (first := self._barcodes.add(entry.barcode, entry.row)):
            return Repeated(entry.row, entry.barcode, first)
        if entry.ids is not None and (first := self._items.add(entry.ids.pid, entry.row)):
            return Repeated(entry.row, entry.ids.pid, first)
        return None


def columns_of(path: Path, options: ListOptions = _DEFAULTS) -> list[tuple[str, str]]:
    """Tell which columns a file has, so that a person can choose the one with the barcodes.

    Args:
        path: The file.
        options: What was said of its encoding and its sheet; a column that was said does not matter.

    Returns:
        What ``ListOptions.column`` takes, and what a person reads: the column's letter, its header, and in brackets
        its first value. [] for a text of one column, and for what cannot be read as a list.
    """
    try:
        source = open_source(path)
    except ListError:
        return []
    try:
        return _columns_in(source, options)
    finally:
        source.close()


def columns_of_text(text: str, options: ListOptions = _DEFAULTS) -> list[tuple[str, str]]:
    """Tell which columns a pasted text has; see ``columns_of``."""
    try:
        return _columns_in(text_source(text), msgspec.structs.replace(options, encoding=None, sheet=None))
    except ListError:
        return []


def _columns_in(source: Source, options: ListOptions) -> list[tuple[str, str]]:
    try:
        content = open_content(source, msgspec.structs.replace(options, column=None))
        if not isinstance(content, Table):
            return []
        sample = take_sample(content.rows)
    except ListError:
        return []
    headers, below = header_row(sample)
    keys = [header_key(text) for text in headers.values()]
    return [
        (_value_of(place, keys), _label_of(place, headers, below))
        for place in sorted({place for row in sample for place in row.texts()})[:MOST_COLUMNS]
    ]


def _value_of(place: int, keys: list[str]) -> str:
    """Name a column by its letter, or by its number where a header reads like the letter."""
    letters = column_letters(place)
    return str(place + 1) if header_key(letters) in keys else letters


def _label_of(place: int, headers: Mapping[int, str], below: Sequence[Row]) -> str:
    example = next((text for row in below if (text := row.texts().get(place))), "")
    header = headers.get(place, "")
    words = f"{column_letters(place)}: {header[:_SHOWN_CHARACTERS]}" if header else column_letters(place)
    return f"{words} ({example[:_SHOWN_CHARACTERS]})" if example else words


def sheets_of(path: Path) -> list[str]:
    """Tell the names of a workbook's sheets, those that are shown first; [] for any other file."""
    try:
        source = open_source(path)
    except ListError:
        return []
    try:
        if not is_zip(source.start):
            return []
        sheets = open_workbook(source).sheets
    except ListError:
        return []
    finally:
        source.close()
    return [sheet.name for sheet in sorted(sheets, key=lambda sheet: not sheet.visible)]
