"""A run and rows of many kinds, as the journal would hand them over."""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta, timezone
from typing import Any, BinaryIO

import msgspec

from almascan.model import Desk, Item, Order, Outcome, Row, RowState, Run, RunState

START = 1_795_507_200.0
"""2026-11-24T08:00:00Z."""

ZONE = timezone(timedelta(hours=1))

STATES = {
    "done": RowState.DONE,
    "attention": RowState.ATTENTION,
    "skipped": RowState.SKIPPED,
    "failed": RowState.FAILED,
    "open": RowState.NEW,
}


def a_run(**changes: Any) -> Run:
    run = Run(
        id=7,
        institution="01ABC_INST",
        base_url="https://api-eu.hosted.exlibrisgroup.com/almaws/v1",
        environment="production",
        state=RunState.FINISHED,
        list_name="stuck-in-transit.csv",
        list_digest="sha256:9f2c",
        list_notes={"blank lines": 2},
        order=Order(desk=Desk("MAIN", "DEFAULT_CIRC_DESK"), rate=20.0),
        rows=1,
        who="ann@circ-01",
        created_at=START - 5,
        started_at=START,
        finished_at=START + 120,
    )
    return msgspec.structs.replace(run, **changes)


def an_item(**changes: Any) -> Item:
    item = Item(
        mms_id="990000000010002204",
        holding_id="22000000010002204",
        pid="23000000010002204",
        barcode="30112000000011",
        base_status="0",
        process_type="TRANSIT",
        library="MAIN",
        library_name="Main Library",
        location="stacks",
        location_name="Stacks",
        title="Sample title",
        call_number="839.82 Vol",
    )
    return msgspec.structs.replace(item, **changes)


def a_row(number: int = 1, outcome: Outcome | None = Outcome.IN_PLACE, **changes: Any) -> Row:
    """Give a row with the outcome; None is a row in the midst of sending."""
    barcode = f"3011200000{number:04d}"
    row = Row(
        run=7,
        row=number,
        state=RowState.SENDING if outcome is None else STATES[outcome.group],
        outcome=None if outcome is Outcome.NOT_TRIED else outcome,
        given=barcode,
        barcode=barcode,
    )
    return msgspec.structs.replace(row, **changes)


def counted(rows: Iterable[Row]) -> dict[Outcome, int]:
    return dict(Counter(row.answer for row in rows))


def once(rows: Iterable[Row]) -> Iterator[Row]:
    """Hand the rows over as the journal does: one after the other, and only once."""
    yield from rows


Writer = Callable[[Run, Mapping[Outcome, int], Iterable[Row], BinaryIO], None]


def written(write: Writer, rows: list[Row], **changes: Any) -> str:
    out = io.BytesIO()
    write(a_run(**{"rows": len(rows), **changes}), counted(rows), once(rows), out)
    return out.getvalue().decode("utf-8")
