"""Making a restored journal fit to go on with: it is older than what was sent, and knows nothing of it."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from almascan.journal import Change, Journal
from almascan.model import RECIPES, Event, EventKind, Outcome, Row, RowState, Run, RunState
from almascan.turn import LONGEST_REQUEST_SECONDS

_AT_ONCE = 2_000
_OVER = frozenset({RunState.FINISHED, RunState.CANCELLED})
_NOTE = (
    "The journal was restored from a back-up: it may have been scanned since. Look at it in Alma, then take it back."
)


class Restored(msgspec.Struct, frozen=True):
    """What was done: runs that are not over, rows that are unclear now, and rows that are left to a person."""

    runs: int
    unclear: int
    for_person: int


def mark_restored(journal: Journal, *, at: float, who: str) -> Restored:
    """Mark a journal as restored: nobody who worked with the newer one can send any more, and nothing is sent unseen.

    Every epoch is lifted above any that was ever given out. A row that was being sent is read again; every other is
    looked at before it is scanned, as always. Of a run whose recipe does not look, every row without an answer is left out
    for a person.

    Args:
        journal: The journal, which nobody works with.
        at: Seconds since 1970.
        who: Who says so.

    Raises:
        UsageError: A run is being worked on.
    """
    journal.lift()
    runs = [run for run in journal.runs() if run.state not in _OVER]
    unclear = for_person = 0
    for run in runs:
        unclear += journal.recover(run.id, more_seconds=LONGEST_REQUEST_SECONDS)
        if not RECIPES[run.order.recipe].looks:
            for_person += _leave_out(journal, run, at, who)
        if run.state is RunState.RUNNING and not run.in_queue:
            reason = "The journal was restored from a back-up."
            journal.change_run(run.id, state=RunState.PAUSED, reason=reason)
    return Restored(len(runs), unclear, for_person)


def _leave_out(journal: Journal, run: Run, at: float, who: str) -> int:
    """Leave every row without an answer out, but those that are unclear; return how many there were."""
    left = 0
    rows: Iterator[Row] = (row for row in journal.rows(run.id, only_open=True) if row.state is not RowState.UNCLEAR)
    event = Event(at, EventKind.LEFT_OUT, f"{who} restored the journal from a back-up.")
    while part := list(islice(rows, _AT_ONCE)):
        changes = [Change(_left_out(row, at), row.state, (event,)) for row in part]
        left += journal.save(changes).count(None)
    return left


def _left_out(row: Row, at: float) -> Row:
    located = row if row.state in (RowState.NEW, RowState.LOCATED, RowState.READY) else row.to(RowState.LOCATED)
    return located.to(RowState.SKIPPED, outcome=Outcome.LEFT_OUT, note=_NOTE, finished_at=at)
