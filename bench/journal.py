"""Records intents to scan and their answers in commits of several sizes, each one on disk before the next.

    python -m bench.journal [--rows 2000]

Prints rows a second for each size of a commit; what is aimed at is 5,000 rows a second, both writes, where many are
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

SIZES = (1, 5, 25, 100)
INSTITUTION = "BENCH"


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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.journal", description="Measure recording what happens.")
    parser.add_argument("--rows", type=int, default=2000, help="rows for each size of a commit (default 2000)")
    number = parser.parse_args().rows
    print(f"{'in a commit':>11}  {'intents/s':>9}  {'answers/s':>9}  {'rows/s, both':>12}")
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.db")
        for size in SIZES:
            intents = [intend(row) for row in load(journal, number)]
            recording = save(journal, intents, size)
            answering = save(journal, [answer(change.row) for change in intents], size)
            both = number / (recording + answering)
            print(f"{size:>11}  {number / recording:>9,.0f}  {number / answering:>9,.0f}  {both:>12,.0f}")
        journal.close()


if __name__ == "__main__":
    main()
