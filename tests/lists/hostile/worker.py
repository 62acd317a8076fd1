"""A process that loads one hostile list after another into a journal, and says what became of each.

    python -m tests.lists.hostile.worker FOLDER

Prints one JSON object a line, of the fields of ``Loaded``.
"""

import sys
import time
from pathlib import Path

import msgspec
from tests.lists.hostile.case import Case
from tests.lists.hostile.catalogue import CASES

from almascan.errors import ListError
from almascan.journal import Journal
from almascan.lists import open_list
from almascan.loading import load_list
from almascan.model import Desk, Order, Outcome, Run, RunState

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_KINDS = ("entries", "blank", "comments", "headers", "titles")


class Loaded(msgspec.Struct, frozen=True):
    """What became of one list.

    Attributes:
        name: The list's.
        rows: How many rows its run has; None: it was refused.
        bad: How many of them are answered ``bad-barcode``, each with a sentence.
        unaccounted: How many rows of the list are neither in the run nor counted as left out.
        left_behind: How many runs the journal has too many or too few.
        sentence: What it was refused with, or the exception that should not have been.
        peak_megabytes: The process's largest memory meanwhile; 0 where the system does not say.
        seconds: How long it took.
    """

    name: str
    rows: int | None
    bad: int
    unaccounted: int
    left_behind: int
    sentence: str
    peak_megabytes: float
    seconds: float


def load(case: Case, path: Path, journal: Journal) -> Loaded:
    """Load a list as a command would."""
    before, began = len(journal.runs()), time.perf_counter()
    _reset_peak()
    rows, bad, unaccounted, sentence = None, 0, 0, ""
    try:
        with open_list(path, case.options) as reading:
            run = load_list(journal, reading, _run_of(case))
    except ListError as error:
        sentence = str(error)
    except Exception as error:  # noqa: BLE001 - the very thing that must not happen is told, not raised
        sentence = f"DEFECT {error!r}"
    else:
        found = list(journal.rows(run.id))
        rows, bad = len(found), sum(row.outcome is Outcome.BAD_BARCODE and row.note.endswith(".") for row in found)
        unaccounted = reading.notes["lines"] - sum(reading.notes[kind] for kind in _KINDS)
    left_behind = len(journal.runs()) - before - (rows is not None)
    return Loaded(case.name, rows, bad, unaccounted, left_behind, sentence, _peak(), time.perf_counter() - began)


def _run_of(case: Case) -> Run:
    order = Order(Desk("MAIN", "DESK"), rate=5.0)
    return Run(
        0, "01A", "http://127.0.0.1/almaws/v1", "sandbox", RunState.LOADING, case.name, "", {}, order, 0, "me", 1.0
    )


def _reset_peak() -> None:
    if _RESET.exists():
        _RESET.write_text("5", encoding="ascii")


def _peak() -> float:
    if not _STATUS.exists():
        return 0.0
    line = next(line for line in _STATUS.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(folder: Path) -> None:
    """Load every list of the catalogue that stands in a folder."""
    journal = Journal(folder / "journal.db")
    for case in CASES:
        path = folder / f"{case.name}.list"
        if path.exists():
            told = load(case, path, journal)
            path.unlink()
            sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
            sys.stdout.flush()
    journal.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
