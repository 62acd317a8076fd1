"""From a list to the rows of a run, recorded whole or not at all."""

import msgspec

from almascan.journal import Journal
from almascan.lists import Entry, Listing
from almascan.model import Outcome, Row, RowState, Run


def load_list(journal: Journal, listing: Listing, run: Run) -> Run:
    """Read a list into the journal.

    Args:
        journal: The journal.
        listing: The list.
        run: The run, without an id.

    Returns:
        The run, whole and ready to be worked on; an error on the way leaves none behind.

    Raises:
        ListError: The list cannot be read to its end, or names no item.
        JournalError: The journal cannot be written.
    """
    rows = (_row_of(entry, run) for entry in listing)
    run_id = journal.add_run(run, rows)
    return journal.seal_run(run_id, list_digest=listing.digest, list_notes=dict(listing.notes))


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
