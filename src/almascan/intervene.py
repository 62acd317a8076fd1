"""What a person says to a run from outside: leave rows out, allow a reason, settle, retry, pause, cancel, delete.

A word on a row stands in its story with the name of who gave it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from almascan.errors import UsageError
from almascan.journal import Change, Journal, say_who
from almascan.model import RECIPES, Event, EventKind, Order, Outcome, Row, RowState, Run, RunState

_AT_ONCE = 500
"""How many rows are changed in a transaction: a run may have a million."""
_NEEDED_SECONDS = 24 * 3600.0
"""How long the recipe "any", which does not look, goes by what was sent."""

_UNSENT = frozenset({RowState.NEW, RowState.LOCATED, RowState.READY})
_NO_REFUSAL = {"alma_code": "", "alma_message": "", "tracking_id": ""}


def leave_out(journal: Journal, run_id: int, rows: Sequence[int], *, at: float, who: str | None = None) -> int:
    """Leave rows out of a run, so that they are not scanned.

    Args:
        journal: The journal.
        run_id: The run.
        rows: The rows' numbers; those that were sent or have an answer stay as they are.
        at: Seconds since 1970.
        who: Who says so; None for the user of this process.

    Returns:
        How many rows were left out.

    Raises:
        UsageError: There is no such run, it is being worked on, or it is over.
    """
    run = journal.run(run_id)
    if run.state in (RunState.FINISHED, RunState.CANCELLED):
        raise UsageError(f"Run {run_id} is {run.state}: there is no row to leave out of it.")
    event = Event(at, EventKind.LEFT_OUT, f"{who or say_who()} left it out of the run.")

    def change(row: Row) -> Change | None:
        if row.state not in _UNSENT or row.sends:
            return None
        return Change(row.to(RowState.SKIPPED, outcome=Outcome.LEFT_OUT, finished_at=at), row.state, (event,))

    return _amend(journal, run_id, _numbered(journal, run_id, rows), change)


def take_back(journal: Journal, run_id: int, rows: Sequence[int], *, at: float, who: str | None = None) -> int:
    """Take rows that were left out back into their run; ``resume`` looks at them and goes on.

    Args:
        journal: The journal.
        run_id: The run.
        rows: The rows' numbers; those that were not left out stay as they are.
        at: Seconds since 1970.
        who: Who says so; None for the user of this process.

    Returns:
        How many rows were taken back.

    Raises:
        UsageError: There is no such run, it is being worked on, or it was cancelled.
    """
    _refuse_cancelled(journal.run(run_id))
    who = who or say_who()
    event = Event(at, EventKind.TAKEN_BACK, f"{who} took it back into the run.")

    def change(row: Row) -> Change | None:
        return _taken_back(row, event) if row.outcome is Outcome.LEFT_OUT else None

    reason = f"{who} took rows back into it."
    return _amend(journal, run_id, _numbered(journal, run_id, rows), change, reopening=reason)


def allow(journal: Journal, run_id: int, reason: Outcome, *, at: float, who: str | None = None) -> int:
    """Allow a reason for which a run skips items; ``resume`` looks at those items again and scans them.

    Args:
        journal: The journal.
        run_id: The run; its order is changed.
        reason: Why items were skipped.
        at: Seconds since 1970.
        who: Who says so; None for the user of this process.

    Returns:
        How many rows had been skipped for this reason, and are to be tried again.

    Raises:
        UsageError: The reason cannot be allowed, there is no such run, it is being worked on, or it was cancelled.
    """
    run = journal.run(run_id)
    _refuse_cancelled(run)
    journal.amend(run_id, [], order=_allowing(run.order, reason))
    word = f"{who or say_who()} allowed {reason}."
    event = Event(at, EventKind.TAKEN_BACK, word)

    def change(row: Row) -> Change | None:
        # The second step of an order has a recipe of its own, to which nothing is allowed.
        return None if row.step else _taken_back(row, event)

    return _amend(journal, run_id, _skipped(journal, run_id, reason), change, reopening=word)


def _allowing(order: Order, reason: Outcome) -> Order:
    """Give an order that allows one reason more."""
    allowed = tuple(dict.fromkeys((*order.allow, reason)))
    skipped = tuple(each for each in order.skip if each is not reason)
    try:
        RECIPES[order.recipe].narrowed(allowed, skipped)
    except ValueError as error:
        raise UsageError(f"Nothing was changed: {error}.") from None
    return msgspec.structs.replace(order, allow=allowed, skip=skipped)


def _taken_back(row: Row, event: Event) -> Change:
    """Give a skipped row as one that is not tried yet."""
    state = RowState.LOCATED if row.ids else RowState.NEW
    return Change(row.to(state, outcome=None, note="", finished_at=None), RowState.SKIPPED, (event,))


def reopen_failed(journal: Journal, run_id: int, at: float) -> int:
    """Put the failed rows of a run back to the beginning of their step; the lease must be held, and the run begun.

    A damaged barcode stays what it is.

    Args:
        journal: The journal.
        run_id: The run.
        at: Seconds since 1970.

    Returns:
        How many rows there were.
    """
    event = Event(at, EventKind.RETRIED, "It failed, and is tried once more.")
    failed = (row for row in journal.rows_in_state(run_id, RowState.FAILED) if row.answer.can_be_retried)
    reopened = 0
    while part := list(islice(failed, _AT_ONCE)):
        journal.save([Change(as_at_start(row), RowState.FAILED, (event,)) for row in part])
        reopened += len(part)
    return reopened


def as_at_start(row: Row) -> Row:
    """Give a failed row as it was at the beginning of its step."""
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


def settle(journal: Journal, run_id: int, row_number: int, *, done: bool, at: float, who: str | None = None) -> Row:
    """Take a person's word on an unclear row.

    Args:
        journal: The journal.
        run_id: The run.
        row_number: The row.
        done: Whether the scan happened; if not, the row is scanned again by ``resume``.
        at: Seconds since 1970.
        who: Who says so; None for the user of this process.

    Returns:
        The row as it is now.

    Raises:
        UsageError: There is no such row, it is not unclear, or its run is being worked on.
        LeaseError: Another process works for the institution now.
    """
    run = journal.run(run_id)
    who = who or say_who()
    if run.state is RunState.CANCELLED and not done:
        raise UsageError(f"Run {run_id} was cancelled, so nothing of it is scanned again; scan the item in a new run.")
    with journal.lease(run.institution):
        # With the lease in hand, a run that is not being worked on has nothing on its way to Alma.
        journal.amend(run_id, [])
        row = journal.row(run_id, row_number)
        if row.state not in (RowState.SENDING, RowState.UNCLEAR):
            raise UsageError(f"Row {row_number} of run {run_id} is not unclear: it is {row.answer}. Nothing to settle.")
        event = Event(at, EventKind.SETTLED, f"{who} says: {'it happened' if done else 'scan it again'}.")
        settled = _settled(row, at, who) if done else row.to(RowState.LOCATED, sends=row.step, note="", **_NO_REFUSAL)
        reopening = "" if done else f"{who} settled a row to be scanned again."
        journal.amend(run_id, [Change(settled, row.state, (event,))], reopening=reopening)
    return settled


def _settled(row: Row, at: float, who: str) -> Row:
    note = f"Settled by {who}."
    return row.to(RowState.DONE, outcome=Outcome.IN_PLACE, note=note, finished_at=at, **_NO_REFUSAL)


def pause(journal: Journal, run_id: int, *, who: str | None = None) -> Run:
    """Have the process that works on a run finish what is in flight and stop, and none begin it; ``resume`` goes on.

    Raises:
        UsageError: No process works on it, and it does not wait for one.
    """
    run = journal.run(run_id)
    waits = run.state is RunState.QUEUED or (run.state is RunState.RUNNING and run.in_queue)
    if not waits and not journal.is_worked_on(run):
        raise UsageError(f"No process works on run {run.id}: there is nothing to pause.")
    return journal.change_run(run_id, state=RunState.PAUSED, reason=f"{who or say_who()} paused it.")


def put_in_queue(journal: Journal, run_id: int, changes: Mapping[str, Any]) -> Run:
    """Put a run back into the queue, for whichever process works for its institution.

    Args:
        journal: The journal.
        run_id: The run.
        changes: Fields of its order that are to be different from now on (rate, keep_calls, ...).

    Returns:
        The run as it is now.

    Raises:
        UsageError: There is no such run, it is being worked on, was never begun, is open or cancelled, or has nothing left
            to do.
    """
    journal.amend(run_id, [])
    run = journal.run(run_id)
    _refuse_cancelled(run)
    refuse_unbegun(run)
    if run.is_open:
        raise UsageError(f"Run {run.id} is open, and rows may still be added: resume it without --queue.")
    if run.state is RunState.FINISHED:
        _refuse_done(journal, run)
    journal.amend(run_id, [], order=msgspec.structs.replace(run.order, **changes))
    journal.queue_run(run_id, from_state=run.state)
    run = journal.run(run_id)
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        raise UsageError(f"Run {run.id} was not put into the queue: it was {run.state} from elsewhere meanwhile.")
    return run


def _refuse_done(journal: Journal, run: Run) -> None:
    """Refuse a finished run in which a turn would find nothing to do."""
    counts = journal.counts(run.id)
    if Outcome.NOT_TRIED in counts:
        return
    if Outcome.UNCLEAR not in counts:
        raise UsageError(f"Run {run.id} is finished: there is nothing to do.")
    if journal.is_shared and not journal.lost_seconds(run.id):
        raise UsageError(
            f"Run {run.id} is finished but for unclear rows that were left to a person, and no worker reads them again. "
            f"Say: almascan retry {run.id}"
        )


def cancel(journal: Journal, run_id: int, *, who: str | None = None) -> Run:
    """End a run for good: what is in flight is finished, and the rest is never scanned.

    Raises:
        UsageError: It is finished or cancelled already.
    """
    run = journal.run(run_id)
    if run.state in (RunState.FINISHED, RunState.CANCELLED):
        raise UsageError(f"Run {run.id} is {run.state}: there is nothing to cancel.")
    return journal.change_run(run_id, state=RunState.CANCELLED, reason=f"{who or say_who()} cancelled it.")


def delete(journal: Journal, run_id: int, *, at: float) -> None:
    """Delete a run for good, with its rows and their stories.

    Args:
        journal: The journal.
        run_id: The run.
        at: Seconds since 1970.

    Raises:
        UsageError: There is no such run, or it is still needed: it is being worked on, has unclear rows, or sent scans
            in the last 24 hours.
    """
    journal.discard_run(run_id, sent_since=at - _NEEDED_SECONDS)


def refuse_unbegun(run: Run) -> None:
    """Refuse a run that nobody has said yes to.

    Raises:
        UsageError: It is one.
    """
    if run.state is RunState.READY:
        raise UsageError(
            f"Run {run.id} was never begun: its process ended before anybody said yes. Scan its list anew, or put the "
            f"run away: almascan cancel {run.id}"
        )


def _refuse_cancelled(run: Run) -> None:
    if run.state is RunState.CANCELLED:
        raise UsageError(f"Run {run.id} was cancelled, so nothing of it is scanned any more; scan its list anew.")


def _numbered(journal: Journal, run_id: int, numbers: Iterable[int]) -> Iterator[Row]:
    left = iter(numbers)
    while part := list(islice(left, _AT_ONCE)):
        yield from journal.rows_numbered(run_id, part)


def _skipped(journal: Journal, run_id: int, reason: Outcome) -> Iterator[Row]:
    after = 0
    while page := journal.page_of_rows(
        run_id, answers=[reason], states=[RowState.SKIPPED], after=after, limit=_AT_ONCE
    ):
        yield from page
        after = page[-1].row


def _amend(
    journal: Journal, run_id: int, rows: Iterator[Row], change: Callable[[Row], Change | None], *, reopening: str = ""
) -> int:
    """Change rows part by part; return how many were changed."""
    changed = 0
    journal.amend(run_id, [])
    while part := list(islice(rows, _AT_ONCE)):
        changes = [made for made in map(change, part) if made is not None]
        changed += sum(saved is None for saved in journal.amend(run_id, changes, reopening=reopening))
    return changed
