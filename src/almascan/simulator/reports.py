"""Analytics reports over the items, as they were a day ago; ``docs/alma.md`` "Analytics". No HTTP.

Analytics is a day behind: a report tells the items' first states, whatever was scanned or changed since the simulator
started.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.identifiers import ITEMS_PER_BIB, draw
from almascan.simulator.institution import INSTITUTION_NAME, PROCESS_TYPES
from almascan.simulator.items import Item
from almascan.simulator.titles import make_bib

FOLDER = f"/shared/{INSTITUTION_NAME}/Reports"
IN_TRANSIT_REPORT = f"{FOLDER}/In transit for 14 days"
BARCODES_REPORT = f"{FOLDER}/Barcodes in transit"
_TOKEN_SALT = 41
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report: its heading, the folder of fields it is from, and what it says of an item."""

    heading: str
    table: str
    read: Callable[[Catalogue, Item], str]
    type: str = "varchar"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a report.

    Attributes:
        columns: The report's columns; ``Column0`` of the answer is not among them.
        rows: A text for each column; "" is an empty cell.
        finished: Whether no rows are left.
        token: What the next pages are asked for by; "" on all pages but the first.
    """

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    finished: bool = False
    token: str = ""


class _Reading:
    """A report that is being read: its rows wait where the last page ended."""

    def __init__(self, columns: Sequence[Column], rows: Iterator[Row], limit: int) -> None:
        self.columns = columns
        self.limit = limit
        self._rows = rows
        self._waiting: list[Row] = []

    def take(self, limit: int, token: str = "") -> Page:
        # One row more than the page holds tells whether it is the last.
        self._waiting += islice(self._rows, limit + 1 - len(self._waiting))
        rows, self._waiting = self._waiting[:limit], self._waiting[limit:]
        return Page(self.columns, rows, finished=not self._waiting, token=token)


class Reports:
    """The reports of an institution, and how far each of them has been read."""

    def __init__(self, catalogue: Catalogue, config: SimulatorConfig) -> None:
        self._catalogue = catalogue
        self._loading = config.report_loading_answers
        self._asked: Counter[str] = Counter()
        self._readings: dict[str, _Reading] = {}

    def open(self, path: str, limit: int) -> Page:
        """Read a report's first ``limit`` rows; without columns and rows while the report is still being prepared.

        Raises:
            KeyError: If there is no such report.
        """
        columns = COLUMNS[path]
        self._asked[path] += 1
        if self._asked[path] <= self._loading:
            return Page()
        token = f"{draw(self._catalogue.numbering.seed, _TOKEN_SALT, len(self._readings)):016X}"
        self._readings[token] = _Reading(columns, self._rows(columns), limit)
        return self._readings[token].take(limit, token)

    def go_on(self, token: str, limit: int | None) -> Page:
        """Read the next rows, as many as the first page had unless told otherwise.

        Raises:
            KeyError: If no report is being read by this token.
        """
        reading = self._readings[token]
        return reading.take(reading.limit if limit is None else limit)

    def _rows(self, columns: Sequence[Column]) -> Iterator[Row]:
        items = (self._catalogue.seed.item(number) for number in range(self._catalogue.numbering.items))
        for item in items:
            if item.process_type == "TRANSIT":
                yield tuple(column.read(self._catalogue, item) for column in columns)


def _title(catalogue: Catalogue, item: Item) -> str:
    return make_bib(catalogue.numbering.seed, item.number // ITEMS_PER_BIB).title


_BARCODE = Column("Barcode", "Physical Item Details", lambda catalogue, item: catalogue.numbering.barcode(item.number))

COLUMNS: dict[str, tuple[Column, ...]] = {
    IN_TRANSIT_REPORT: (
        _BARCODE,
        Column("MMS Id", "Bibliographic Details", lambda catalogue, item: catalogue.numbering.mms_id(item.number)),
        Column("Holding Id", "Holding Details", lambda catalogue, item: catalogue.numbering.holding_id(item.number)),
        Column(
            "Physical Item Id", "Physical Item Details", lambda catalogue, item: catalogue.numbering.pid(item.number)
        ),
        Column("Title", "Bibliographic Details", _title),
        Column("Library Code", "Location", lambda _, item: item.library),
        Column("Location Code", "Location", lambda _, item: item.location),
        Column("Temporary Location Code", "Temporary Location", lambda _, item: item.temp_location),
        Column("Process Type", "Physical Item Details", lambda _, item: PROCESS_TYPES[item.process_type]),
        Column(
            "Modification Date",
            "Physical Item Details",
            lambda _, item: item.modification_date.removesuffix("Z"),
            type="date",
        ),
    ),
    BARCODES_REPORT: (_BARCODE,),
}
"""The reports there are, by path, and their columns; both are of the items in transit, of all libraries."""
