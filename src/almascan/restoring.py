"""Making a restored journal fit to go on with: it is older than what was sent, and knows nothing of it."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice

import msgspec

from almascan.errors import UsageError
from almascan.intervene import as_at_start
from almascan.journal import Change, Journal, say_who
from almascan.model import RECIPES, Event, EventKind, Outcome, Row, RowState, Run, RunState
from almascan.scanner import RECORD_LASTS_SECONDS
from almascan.turn import LONGEST_REQUEST_SECONDS

WAIT_SECONDS = RECORD_LASTS_SECONDS + LONGEST_REQUEST_SECONDS
"""How long runs of the queue are left alone: a scan of whoever worked with the newer journal may be on its way for so long."""

_AT_ONCE = 2_000
_OVER = frozenset({RunState.FINISHED, RunState.CANCELLED})
_UNSENT = frozenset({RowState.NEW, RowState.LOCATED, RowState.READY})
_REASON = "The journal was restored from a back-up."
_NOTE = (
    "The journal was restored from a back-up: it may have been scanned since. Look at it in Alma, then take it back."
)


class Restored(msgspec.Struct, frozen=True):
    """What was done.

    Attributes:
        runs: How many runs are not over.
        unclear: How many rows were being sent, and are unclear now.
        for_person: How many rows are left out for a person.
        runs_for_person: The runs that have such rows.
    """

    runs: int
    unclear: int
    for_person: int
    runs_for_person: tuple[int, ...] = ()


def check_nobody_works(journal: Journal) -> None:
    """Look whether the journal says that a worker is there.

    Raises:
        UsageError: One is.
    """
    names = [worker.name for worker in journal.workers() if worker.is_alive]
    if names:
        raise UsageError(f"Workers use the journal {journal.place} now: {', '.join(names)}. Stop them, then try again.")


def mark_restored(journal: Journal, *, at: float, who: str | None = None) -> Restored:
    """Mark a journal as restored: nobody who worked with the newer one can send any more, and nothing is sent unseen.

    Every epoch is lifted above any that was ever given out. A row that was being sent is read again; every other is
    looked at before it is scanned, as always. Of a run whose recipe does not look, every row that was not sent, or could be
    tried once more, is left out for a person. No worker takes the journal before all that is done; done by half, it is simply
    done again.

    Args:
        journal: The journal, which nobody works with.
        at: Seconds since 1970.
        who: Who says so; None for the user of this process.

    Raises:
        UsageError: A worker is there.
        LeaseError: A process works for an institution.
    """
    check_nobody_works(journal)
    who = who or say_who()
    journal.fence_all()
    recorded = journal.runs()
    runs = [run for run in recorded if run.state not in _OVER]
    blind = [run for run in recorded if run.state is not RunState.CANCELLED and not RECIPES[run.order.recipe].looks]
    with ExitStack() as leases:
        # Whoever takes a lease pauses the runs that were going on, or puts them back into the queue.
        for institution in sorted({run.institution for run in runs}):
            leases.enter_context(journal.lease(institution))
        unclear = sum(journal.recover(run.id) for run in runs)
        left_out = {run.id: _leave_out(journal, run, at, who) for run in blind}
        for run in runs:
            journal.queue_run(run.id, reason=_REASON, after_seconds=WAIT_SECONDS, from_state=RunState.QUEUED)
        journal.welcome(more_seconds=WAIT_SECONDS)
    restored = Restored(
        len(runs), unclear, sum(left_out.values()), tuple(sorted(run for run, number in left_out.items() if number))
    )
    journal.note_action(who, "restored", text=f"{restored.unclear} rows unclear, {restored.for_person} left out")
    return restored


def _leave_out(journal: Journal, run: Run, at: float, who: str) -> int:
    """Leave every row out that was not sent, or that failed and could be tried once more; return how many there were."""
    left = 0
    unsent = (row for row in journal.rows(run.id, only_open=True) if row.state in _UNSENT)
    failed = (row for row in journal.rows_in_state(run.id, RowState.FAILED) if row.answer.can_be_retried)
    rows: Iterator[Row] = chain(unsent, failed)
    event = Event(at, EventKind.LEFT_OUT, f"{who} restored the journal from a back-up.")
    while part := list(islice(rows, _AT_ONCE)):
        left += journal.save([Change(_left_out(row, at), row.state, (event,)) for row in part]).count(None)
    return left


def _left_out(row: Row, at: float) -> Row:
    unsent = as_at_start(row) if row.state is RowState.FAILED else row
    return unsent.to(RowState.SKIPPED, outcome=Outcome.LEFT_OUT, note=_NOTE, finished_at=at)
