"""From a list to the rows of a run, recorded whole or not at all."""

import asyncio
import threading
from collections.abc import Iterator

import msgspec

from almascan import rules
from almascan.errors import StopError
from almascan.institution import Institution, pace_of
from almascan.journal import Journal
from almascan.lists import Entry, Listing
from almascan.model import Order, Outcome, Row, RowState, Run, RunState


def begin_record(
    name: str, order: Order, institution: Institution, *, base_url: str, who: str, at: float, most_calls_seen: int
) -> Run:
    """Give the run that is about to be recorded.

    Args:
        name: The list's name.
        order: What to do; what it leaves to the institution's circumstances is fixed here for the whole run.
        institution: Whose Alma.
        base_url: Where it is.
        who: Who gave the command.
        at: Seconds since 1970.
        most_calls_seen: The most calls that the institution was seen to have left lately; 0 for none.

    Returns:
        The run, without an id.
    """
    rate, per_minute = pace_of(order, institution.environment)
    keep_calls = rules.floor_of_calls(most_calls_seen) if order.keep_calls is None else order.keep_calls
    return Run(
        id=0,
        institution=institution.code,
        base_url=base_url,
        environment=institution.environment,
        state=RunState.LOADING,
        list_name=name,
        list_digest="",
        list_notes={},
        order=msgspec.structs.replace(order, rate=rate, per_minute=per_minute, keep_calls=keep_calls),
        rows=0,
        who=who,
        created_at=at,
    )


async def load(journal: Journal, run: Run, listing: Listing | None = None) -> Run:
    """Record a run in a thread, so that other runs go on, once no other list of the institution is being loaded.

    Args:
        journal: The journal.
        run: The run, without an id.
        listing: Its list; without one it is recorded without rows.

    Returns:
        The run, whole and ready to be worked on. An error on the way leaves none behind, nor does cancelling.

    Raises:
        ListError: The list cannot be read to its end, or names no item.
        LeaseError: Others load their lists for too long.
        JournalError: The journal cannot be written.
    """
    given_up = threading.Event()

    def record() -> Run:
        with journal.loading(run.institution):
            if listing is None:
                return journal.seal_run(journal.add_run(run, ()), list_digest="", list_notes={})
            return load_list(journal, listing, run, given_up)

    # A bare future, which the end of the event loop does not cancel as it does a task: the thread is waited for.
    loading = asyncio.get_running_loop().run_in_executor(None, record)
    try:
        return await asyncio.shield(loading)
    except asyncio.CancelledError:
        given_up.set()
        (recorded,) = await asyncio.gather(loading, return_exceptions=True)
        if isinstance(recorded, Run):
            await asyncio.to_thread(journal.delete_run, recorded.id)
        raise


def load_list(journal: Journal, listing: Listing, run: Run, given_up: threading.Event | None = None) -> Run:
    """Read a list into the journal, in this thread.

    Args:
        journal: The journal.
        listing: The list.
        run: The run, without an id.
        given_up: Set where the loading is to end early, which raises StopError.

    Returns:
        The run, as ``load``.

    Raises:
        ListError, JournalError: As ``load``.
    """
    rows = (_row_of(entry, run) for entry in _until(given_up, listing))
    run_id = journal.add_run(run, rows)
    return journal.seal_run(run_id, list_digest=listing.digest, list_notes=dict(listing.notes))


def _until(given_up: threading.Event | None, listing: Listing) -> Iterator[Entry]:
    for entry in listing:
        if given_up is not None and given_up.is_set():
            raise StopError("The list is not wanted any more.")
        yield entry


def _row_of(entry: Entry, run: Run) -> Row:
    if entry.problem:
        return Row(
            0,
            entry.row,
            RowState.FAILED,
            Outcome.BAD_BARCODE,
            given=entry.given,
            note=entry.problem,
            finished_at=run.created_at,
        )
    desk = entry.desk
    if desk is not None and not desk.library:
        desk = msgspec.structs.replace(desk, library=run.order.desk.library)
    if entry.ids is None:
        return Row(0, entry.row, RowState.NEW, given=entry.given, barcode=entry.barcode, desk=desk)
    mms_id, holding_id, pid = entry.ids.mms_id, entry.ids.holding_id, entry.ids.pid
    return Row(0, entry.row, RowState.NEW, None, entry.given, entry.barcode, mms_id, holding_id, pid, desk)
