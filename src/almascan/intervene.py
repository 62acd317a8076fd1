"""What a person says to a run from outside: settle a row, try failed rows again, pause, cancel."""

from itertools import islice

from almascan.errors import UsageError
from almascan.journal import Change, Journal, say_who
from almascan.model import Event, EventKind, Outcome, Row, RowState, Run, RunState

_AT_ONCE = 2_000


def reopen_failed(journal: Journal, run_id: int, at: float) -> int:
    """Put the failed rows of a run back to the beginning of their step; the lease must be held.

    A damaged barcode stays what it is.

    Args:
        journal: The journal.
        run_id: The run.
        at: Seconds since 1970.

    Returns:
        How many rows there were.
    """
    event = Event(at, EventKind.RETRIED, "It failed, and is tried once more.")
    failed = (row for row in journal.rows_in_state(run_id, RowState.FAILED) if row.outcome is not Outcome.BAD_BARCODE)
    reopened = 0
    while part := list(islice(failed, _AT_ONCE)):
        journal.save([Change(_reopened(row), RowState.FAILED, (event,)) for row in part])
        reopened += len(part)
    return reopened


def _reopened(row: Row) -> Row:
    return row.to(
        RowState.LOCATED if row.step else RowState.NEW,
        outcome=None,
        before=None,
        after=None,
        note="",
        **_NO_REFUSAL,
        sends=row.step,
        finished_at=None,
    )


def settle(journal: Journal, run_id: int, row_number: int, *, done: bool, at: float) -> Row:
    """Take a person's word on an unclear row.

    Args:
        journal: The journal.
        run_id: The run.
        row_number: The row.
        done: Whether the scan happened; if not, the row is scanned again by ``resume``.
        at: Seconds since 1970.

    Returns:
        The row as it is now.

    Raises:
        UsageError: There is no such row, or it is not unclear.
        LeaseError: A process works for the institution now.
    """
    run = journal.run(run_id)
    if run.state is RunState.CANCELLED and not done:
        raise UsageError(f"Run {run_id} was cancelled, so nothing of it is scanned again; scan the item in a new run.")
    with journal.lease(run.institution):
        journal.recover(run_id)
        row = journal.row(run_id, row_number)
        if row.state is not RowState.UNCLEAR:
            raise UsageError(f"Row {row_number} of run {run_id} is not unclear: it is {row.answer}. Nothing to settle.")
        word = "it happened" if done else "scan it again"
        event = Event(at, EventKind.SETTLED, f"{say_who()} says: {word}.")
        row = _settled(row, at) if done else row.to(RowState.LOCATED, sends=row.step, note="", **_NO_REFUSAL)
        journal.save([Change(row, RowState.UNCLEAR, (event,))])
        if not done:
            journal.change_run(run_id, state=RunState.PAUSED, reason="A person settled a row to be scanned again.")
    return row


_NO_REFUSAL = {"alma_code": "", "alma_message": "", "tracking_id": ""}


def _settled(row: Row, at: float) -> Row:
    note = f"Settled by {say_who()}."
    return row.to(RowState.DONE, outcome=Outcome.IN_PLACE, note=note, finished_at=at, **_NO_REFUSAL)


def pause(journal: Journal, run_id: int) -> Run:
    """Have the process that works on a run finish what is in flight and stop; ``resume`` goes on.

    Raises:
        UsageError: No process works on it.
    """
    return _end(journal, run_id, RunState.PAUSED)


def cancel(journal: Journal, run_id: int) -> Run:
    """End a run for good: what is in flight is finished, and the rest is never scanned.

    Raises:
        UsageError: It is finished or cancelled already.
    """
    run = journal.run(run_id)
    if run.state in (RunState.FINISHED, RunState.CANCELLED):
        raise UsageError(f"Run {run.id} is {run.state}: there is nothing to cancel.")
    return _end(journal, run_id, RunState.CANCELLED)


def _end(journal: Journal, run_id: int, state: RunState) -> Run:
    run = journal.run(run_id)
    if state is RunState.PAUSED and (run.state is not RunState.RUNNING or not journal.is_leased(run.institution)):
        raise UsageError(f"No process works on run {run.id}: there is nothing to pause.")
    return journal.change_run(run_id, state=state, reason=f"{say_who()} {'paused' if state == 'paused' else state} it.")
