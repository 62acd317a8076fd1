"""What a script is to do, and how it notes what it has done."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bench.expense import tell_expense


class Job(msgspec.Struct, frozen=True):
    """A list to scan in.

    Attributes:
        base_url: Of the Alma, ending in /almaws/v1.
        key, library, circ_desk: To scan with.
        barcodes: The list.
        results: The file where each item's result is noted, a line each.
        told: The file where it is told what the work took.
    """

    base_url: str
    key: str
    library: str
    circ_desk: str
    barcodes: list[str]
    results: str
    told: str


class Results:
    """A file of results, on disk line by line: kinder than most scripts, which leave it to Python when to write."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def note(self, barcode: str, result: str) -> None:
        """Note an item's result."""
        self._file.write(f"{barcode},{result}\n")
        self._file.flush()


def read_results(path: Path) -> dict[str, str]:
    """Read what was noted: results by barcode."""
    if not path.exists():
        return {}
    return dict(line.split(",", 1) for line in path.read_text(encoding="utf-8").splitlines())


def run_job(work: Callable[[Job, Results], None]) -> None:
    """Do the job whose file the command line names, and tell what it took."""
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    with Results(Path(job.results)) as results:
        tell_expense(Path(job.told), lambda: work(job, results))
