"""Records intents to scan and their answers in commits of several sizes, each one on disk before the next.

    python -m bench.journal [--rows 2000] [--sizes 1 5 25 100]

Gives rows a second for each size of a commit; what is aimed at is 5,000 rows a second, both writes, where many are
in flight. An intent comes with its claim and its moment of the story, an answer with the item's state.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from almascan.journal import NEVER, Change, Claim, Journal
from almascan.model import Desk, Event, EventKind, Item, Order, Outcome, Row, RowState, Run, RunState
from bench.figure import Figure, Table, at_least
from bench.program import Bench, Option, Yield

INSTITUTION = "BENCH"
MANY = 25
"""Rows in a commit from which on what is aimed at counts."""


def make_rows(number: int) -> list[Row]:
    names = [str(23_000_000_000_000_000 + row) for row in range(1, number + 1)]
    return [Row(0, row, RowState.NEW, None, pid, "", pid, pid, pid) for row, pid in enumerate(names, 1)]


def load(journal: Journal, number: int) -> list[Row]:
    order = Order(Desk("MAIN", "DESK"))
    run = Run(
        0, INSTITUTION, "http://127.0.0.1/almaws/v1", "unknown", RunState.LOADING, "", "", {}, order, 0, "bench", 0.0
    )
    run_id = journal.add_run(run, make_rows(number))
    journal.seal_run(run_id, list_digest="", list_notes={})
    return list(journal.rows(run_id))


def intend(row: Row) -> Change:
    before = Item(
        row.mms_id, row.holding_id, row.pid, "30121135336896", "0", "TRANSIT", library="MAIN", title="A title"
    )
    ready = row.to(RowState.LOCATED).to(RowState.READY, desk=Desk("MAIN", "DESK"), before=before)
    event = Event(1.0, EventKind.SENDING, "Scan 1 is sent to DESK at MAIN.")
    return Change(
        ready.to(RowState.SENDING, sends=1, sent_at=1.0), RowState.NEW, (event,), Claim(INSTITUTION, sent_since=NEVER)
    )


def answer(row: Row) -> Change:
    after = Item(row.mms_id, row.holding_id, row.pid, "30121135336896", "1", library="MAIN", title="A title")
    done = row.to(RowState.DONE, outcome=Outcome.IN_PLACE, after=after, finished_at=2.0)
    return Change(done, RowState.SENDING, (Event(2.0, EventKind.ANSWERED, "in place at MAIN"),))


def save(journal: Journal, changes: Sequence[Change], size: int) -> float:
    """Commit changes so many at a time; give the seconds that it took."""
    left, began = iter(changes), time.perf_counter()
    while commit := list(islice(left, size)):
        assert journal.save(commit) == [None] * len(commit)
    return time.perf_counter() - began


def measure(given: argparse.Namespace) -> Yield:
    rows, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.db")
        for size in given.sizes:
            intents = [intend(row) for row in load(journal, given.rows)]
            recording = save(journal, intents, size)
            answering = save(journal, [answer(change.row) for change in intents], size)
            each = (given.rows / recording, given.rows / answering, given.rows / (recording + answering))
            rows.append((str(size), *(f"{rate:,.0f}" for rate in each)))
            aim = at_least(5000) if size >= MANY else None
            figures.append(Figure(f"journal, both writes of a row, {size} in a commit", each[-1], "rows/s", aim))
        journal.close()
    columns = ("in a commit", "intents/s", "answers/s", "rows/s, both")
    return Yield(figures, [Table("Writes to the journal, each commit on disk", columns, rows)])


BENCH = Bench(
    "journal",
    "Measure recording what happens.",
    [
        Option("--rows", 2000, 200, "rows for each size of a commit"),
        Option("--sizes", (1, 5, 25, 100), (1, 25), "rows in a commit"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
