"""What a report says of a run, of a row and of an item's state: one table each.

The JSON and CSV reports are made from these tables, and ``docs/reference/json-report.md`` lists them.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from almascan.model import Item, Outcome, Row, Run
from almascan.progress.text import iso_time
from almascan.report.states import state_words

Source = TypeVar("Source")


class Field(msgspec.Struct, Generic[Source], frozen=True):
    """A field of a report: its name, its kind, what it means in a sentence, and how it is had from its source."""

    name: str
    kind: str
    sentence: str
    value: Callable[[Source], object]


RowField = Field[Row]
StateField = Field[Item]
RunField = Field[Run]


def next_step(outcome: Outcome, run: int, row: int | None = None) -> str:
    """Give what to do about an outcome, the run's and the row's numbers filled in where it names a command."""
    step = outcome.next_step.replace("RUN", str(run))
    return step if row is None else step.replace("ROW", str(row))


def latest(row: Row) -> Item | None:
    """Give the item as it was seen last, or None where it never was."""
    return row.after or row.before


def _of_item(name: str) -> Callable[[Row], object]:
    def value(row: Row) -> object:
        item = latest(row)
        return getattr(item, name) if item else ""

    return value


def _time(moment: float | None) -> str | None:
    return None if moment is None else iso_time(moment)


def _state(item: Item | None) -> dict[str, object] | None:
    return None if item is None else {field.name: field.value(item) for field in STATE_FIELDS}


def _order(run: Run) -> dict[str, object]:
    order = msgspec.structs.asdict(run.order)
    return order | {name: msgspec.structs.asdict(order[name]) for name in ("desk", "options")}


STATE_FIELDS: tuple[StateField, ...] = (
    StateField("base_status", "text", "Alma's base status: 1 in place, 0 not in place.", lambda item: item.base_status),
    StateField("process_type", "text", "Alma's process type, empty for none.", lambda item: item.process_type),
    StateField("text", "text", "Both in words.", state_words),
)

ROW_FIELDS: tuple[RowField, ...] = (
    RowField("row", "number", "The row's number in the list.", lambda row: row.row),
    RowField("given", "text", "What the list held, as it stood there.", lambda row: row.given),
    RowField("barcode", "text", "The barcode, without white space around it.", lambda row: row.barcode),
    RowField("mms_id", "text", "The MMS ID of the item's title, once known.", lambda row: row.mms_id),
    RowField("holding_id", "text", "The ID of the item's holding, once known.", lambda row: row.holding_id),
    RowField("pid", "text", "The item's own ID, once known.", lambda row: row.pid),
    RowField(
        "group", "text", "The kind of answer: done, attention, skipped, failed or open.", lambda row: row.answer.group
    ),
    RowField("outcome", "text", "The answer's fixed code.", lambda row: row.answer),
    RowField("sentence", "text", "What the outcome means.", lambda row: row.answer.sentence),
    RowField("next_step", "text", "What to do about it.", lambda row: next_step(row.answer, row.run, row.row)),
    RowField("note", "text", "What else is to be said of this row.", lambda row: row.note),
    RowField("title", "text", "The title, as Alma has it.", _of_item("title")),
    RowField("call_number", "text", "The call number.", _of_item("call_number")),
    RowField(
        "library",
        "text",
        "The code of the library the item belongs to now (a temporary one counts).",
        _of_item("library"),
    ),
    RowField("library_name", "text", "That library's name.", _of_item("library_name")),
    RowField("location", "text", "The code of the item's location, likewise.", _of_item("location")),
    RowField("location_name", "text", "That location's name.", _of_item("location_name")),
    RowField("before", "state", "The item's state on the last look before the scan.", lambda row: _state(row.before)),
    RowField("after", "state", "The item's state after the scan.", lambda row: _state(row.after)),
    RowField("alma_code", "text", "Alma's error code, where it did not do as asked.", lambda row: row.alma_code),
    RowField("alma_message", "text", "Alma's error message.", lambda row: row.alma_message),
    RowField(
        "tracking_id", "text", "Alma's tracking id of the error, for Ex Libris' support.", lambda row: row.tracking_id
    ),
    RowField("sends", "number", "How many scans were sent that may have reached Alma.", lambda row: row.sends),
    RowField("looked_at", "time", "When the item was last looked at.", lambda row: _time(row.looked_at)),
    RowField("sent_at", "time", "When the last scan was sent.", lambda row: _time(row.sent_at)),
    RowField("finished_at", "time", "When the row got its answer.", lambda row: _time(row.finished_at)),
    RowField("desk", "text", "Where it is scanned, once that is known.", lambda row: str(row.desk) if row.desk else ""),
    RowField("step", "number", "Which step of its order it is at, from 0.", lambda row: row.step),
)
"""In the order in which they are written; new ones are added at the end."""

RUN_FIELDS: tuple[RunField, ...] = (
    RunField("id", "number", "The run's number in its journal.", lambda run: run.id),
    RunField("institution", "text", "Alma's code of the institution.", lambda run: run.institution),
    RunField("environment", "text", "production, sandbox or unknown.", lambda run: run.environment),
    RunField("base_url", "text", "The address of Alma's API that was asked.", lambda run: run.base_url),
    RunField(
        "state",
        "text",
        "loading, ready, queued, planned, running, paused, finished or cancelled.",
        lambda run: run.state,
    ),
    RunField("reason", "text", "Why a paused run is paused.", lambda run: run.reason),
    RunField("list_name", "text", "The list's name.", lambda run: run.list_name),
    RunField("list_digest", "text", "The digest of the list's content.", lambda run: run.list_digest),
    RunField("list_notes", "counts", "What reading the list found, by name.", lambda run: run.list_notes),
    RunField("order", "order", "What the run was asked to do.", _order),
    RunField("rows", "number", "How many rows it has.", lambda run: run.rows),
    RunField("who", "text", "Who started it.", lambda run: run.who),
    RunField("created_at", "time", "When its list was read.", lambda run: _time(run.created_at)),
    RunField("started_at", "time", "When it first worked.", lambda run: _time(run.started_at)),
    RunField("finished_at", "time", "When it was finished.", lambda run: _time(run.finished_at)),
    RunField("is_open", "true or false", "Whether rows may still be added to it.", lambda run: run.is_open),
    RunField("in_queue", "true or false", "Whether it is any worker's to go on with.", lambda run: run.in_queue),
    RunField("due_at", "time", "From when on, if it waits in the queue.", lambda run: _time(run.due_at)),
)
"""In the order in which they are written; new ones are added at the end."""
