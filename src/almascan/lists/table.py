"""What a CSV and a sheet have in common: rows of cells, one of which names the item."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple, Protocol

from almascan.lists.barcode import is_blank, is_comment
from almascan.lists.cell import EMPTY_CELL, Cell

SAMPLE_ROWS = 200  # among which the header is looked for
SAMPLE_CHARACTERS = 4_000_000  # a cell counts as 64 more: rows of thousands of cells are not held by the hundred


class Row(Protocol):
    """One row of a table; columns count from 0."""

    @property
    def number(self) -> int:
        """The row's number as its reader sees it, from 1."""
        ...

    def cell(self, column: int) -> Cell:
        """The cell of this column; an empty one where the row has none."""
        ...

    def texts(self) -> Mapping[int, str]:
        """The texts of the cells that are not blank, by column, in the order of columns."""
        ...


class TextRow(NamedTuple):
    """A row of a CSV, whose cells are all texts."""

    number: int
    values: list[str]

    def cell(self, column: int) -> Cell:
        """The cell of this column."""
        return Cell(self.values[column]) if column < len(self.values) else EMPTY_CELL

    def texts(self) -> dict[int, str]:
        """The texts that are not blank."""
        return {column: text for column, text in enumerate(self.values) if not is_blank(text)}


def begins_comment(texts: Mapping[int, str]) -> bool:
    """Whether a row's first cell makes the row a comment; a lone # before other cells heads a column of numbers."""
    return 0 in texts and is_comment(texts[0]) and (len(texts) == 1 or texts[0].strip() != "#")


def take_sample(rows: Iterator[Row]) -> list[Row]:
    """Take a table's first rows, in which its header is looked for: 200, or fewer where they are very wide."""
    sample: list[Row] = []
    room = SAMPLE_CHARACTERS
    for row in islice(rows, SAMPLE_ROWS):
        sample.append(row)
        room -= sum(len(text) + 64 for text in row.texts().values())
        if room < 0:
            break
    return sample
