"""What every kind of list offers to the run that is made of it."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from almascan.lists.columns import Columns
from almascan.lists.entry import Entry


class Listing(Protocol):
    """A list: a file, pasted text, an Alma set, an Analytics report.

    Attributes:
        name: What it is called.
        description: Where it comes from and how it was understood, in one sentence without its full stop.
        headers: The headers that were found; [] where there are none.
        columns: Which columns name the item, and their headers; None for an Alma set or the rows of an earlier run.
        notes: Counts of what was found, by the names of ``NOTES``; whole once all entries were read.
        digest: What tells it from every other list; known once all entries were read.
    """

    name: str
    description: str
    headers: list[str]

    @property
    def columns(self) -> Columns | None:
        """Which columns are used."""

    @property
    def notes(self) -> Mapping[str, int]:
        """Counts of what was found."""

    @property
    def digest(self) -> str:
        """What tells it from every other list."""

    def __iter__(self) -> Iterator[Entry]:
        """Give its entries, once."""
