"""A row as the HTML report shows it."""

from datetime import tzinfo

import msgspec

from almascan.model import Row, RowState
from almascan.progress.text import amount, date_time, iso_time, visible
from almascan.report.fields import latest
from almascan.report.states import state_words


class RowView(msgspec.Struct, frozen=True):
    """A row's cells.

    Attributes:
        row: The row's number.
        name: The barcode, with hidden characters written out; what the list held where there is none.
        ids: The item's own ID where there is no barcode, or "".
        title: The title, or "".
        place: Call number and location.
        states: The item's state before and after the scan, in words; one where it did not change or was not scanned.
        notes: What else is to be said, Alma's words included.
        time: When it got its answer, in words; "" while it has none.
        time_iso: The same as ISO 8601.
    """

    row: int
    name: str
    ids: str
    title: str
    place: str
    states: list[str]
    notes: list[str]
    time: str
    time_iso: str


def row_view(row: Row, zone: tzinfo | None) -> RowView:
    """Give a row's cells, times in the zone (None is this machine's)."""
    item = latest(row)
    place = (item.call_number, item.location_name or item.location, item.library_name or item.library) if item else ()
    return RowView(
        row=row.row,
        name=visible(row.barcode or row.given),
        ids=f"item {row.pid}" if row.pid and not row.barcode else "",
        title=item.title if item else "",
        place=" · ".join(part for part in place if part),
        states=[state_words(state) for state in (row.before, row.after) if state],
        notes=_notes(row),
        time="" if row.finished_at is None else date_time(row.finished_at, zone)[:19],
        time_iso="" if row.finished_at is None else iso_time(row.finished_at),
    )


def _notes(row: Row) -> list[str]:
    notes = [_decided(row), row.note, f"Alma: {row.alma_message}" if row.alma_message else ""]
    notes.append(f"Code {row.alma_code}" if row.alma_code else "")
    notes.append(f"Tracking id {row.tracking_id}" if row.tracking_id else "")
    notes.append(f"Desk: {row.desk}" if row.desk and row.state is not RowState.READY else "")
    if row.sends > 1:
        notes.append(f"{amount(row.sends, 'scan')} were sent that may have reached Alma.")
    return [note for note in notes if note]


def _decided(row: Row) -> str:
    """Say of a row that waits for its scan what was decided."""
    if row.state is not RowState.READY:
        return ""
    return f"Planned: a scan at {row.desk}." if row.desk else "Planned: a scan."
