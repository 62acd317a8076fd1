"""What a hostile list is: its bytes, made on demand and always the same, and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from almascan.lists import ListOptions

BARCODES = ("30112000000017", "30112000000025", "30112000000033")
"""Three good barcodes that most lists hold, so that a test sees whether good rows get through."""


@dataclass(frozen=True)
class Case:
    """A hostile list.

    Attributes:
        name: What it is called; also what its random numbers are seeded with, where it has any.
        make: Makes its bytes.
        rows: How many rows a run has of it; None: it is refused.
        bad: How many of them are answered ``bad-barcode``.
        says: What the sentence matches that refuses it.
        options: What the operator says about it.
    """

    name: str
    make: Callable[[], bytes]
    rows: int | None
    bad: int = 0
    says: str = ""
    options: ListOptions = field(default_factory=ListOptions)

    def write(self, folder: Path) -> Path:
        """Write it into a folder; its ending says nothing about it."""
        path = folder / f"{self.name}.list"
        path.write_bytes(self.make())
        return path


def loaded(name: str, data: bytes | Callable[[], bytes], rows: int, bad: int = 0, **options: str) -> Case:
    """Give a list that is read."""
    return Case(name, data if callable(data) else lambda: data, rows, bad, "", ListOptions(**options))


def refused(name: str, data: bytes | Callable[[], bytes], says: str, **options: str) -> Case:
    """Give a list that is refused with a sentence."""
    return Case(name, data if callable(data) else lambda: data, None, 0, says, ListOptions(**options))
