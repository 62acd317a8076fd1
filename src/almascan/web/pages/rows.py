"""The rows of a run: a table to filter and to choose in, and each row's whole story."""

import asyncio
import time
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from almascan import intervene
from almascan.errors import UsageError
from almascan.model import Outcome, RowState
from almascan.report.fields import ROW_FIELDS
from almascan.report.summary import in_order, needs_person
from almascan.web.forms import read_form, read_number
from almascan.web.office import office_of, person_of
from almascan.web.views import outcome_line, row_line, state_of

PAGE_ROWS = 100
PERSON = "person"
PLANNED = "planned"
_MOST_TEXT = 100
_FACTS = ("given", "barcode", "mms_id", "holding_id", "pid", "title", "call_number", "library_name", "location_name")
_FACTS_AFTER = ("alma_code", "alma_message", "tracking_id", "note", "desk", "sends")


class Filter(NamedTuple):
    """Which rows are asked for: by their answer, by being planned, by a text."""

    answers: Collection[Outcome]
    states: Collection[RowState]
    text: str


def show_all(request: Request) -> Response:
    """Show a page of a run's rows, filtered."""
    office = office_of(request)
    words = office.rendering.words(request)
    run = office.run(request.path_params["run"])
    shown, text = request.query_params.get("show", ""), request.query_params.get("find", "").strip()[:_MOST_TEXT]
    after = read_number(request.query_params.get("after", "")) or 0
    wanted = _read_filter(shown, text)
    rows = office.journal.page_of_rows(
        run.id, answers=wanted.answers, states=wanted.states, text=wanted.text, after=after, limit=PAGE_ROWS + 1
    )
    counts = office.journal.counts(run.id)
    more = urlencode({"show": shown, "find": text, "after": rows[PAGE_ROWS - 1].row}) if len(rows) > PAGE_ROWS else ""
    return office.rendering.page(
        request,
        "rows.html",
        run=run,
        state=state_of(office.journal, run, is_here=office.engine.work_on(run.id) is not None),
        rows=[row_line(row, words) for row in rows[:PAGE_ROWS]],
        outcomes=[outcome_line(outcome, counts, words) for outcome in in_order(counts)],
        shown=shown,
        find=text,
        is_first=after == 0,
        first=urlencode({"show": shown, "find": text}),
        more=more,
    )


async def change(request: Request) -> Response:
    """Leave chosen rows out of a run, or take them back into it."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    form = await read_form(request)
    rows = form.numbers("row")
    if not rows:
        raise UsageError("No row was chosen: tick the rows first.")
    back = form.get("action") == "take-back"
    act = intervene.take_back if back else intervene.leave_out
    number = await asyncio.to_thread(act, office.journal, run_id, rows, at=time.time(), who=person.name)
    action = "take-back" if back else "leave-out"
    await asyncio.to_thread(office.note, person, action, run=run_id, text=f"{number} rows")
    query = urlencode({name: form.get(name) for name in ("show", "find") if form.get(name)})
    return RedirectResponse(f"/runs/{run_id}/rows?{query}", 303)


def show(request: Request) -> Response:
    """Show a row's whole story."""
    office = office_of(request)
    words = office.rendering.words(request)
    run = office.run(request.path_params["run"])
    row = office.row(run.id, request.path_params["row"])
    values = {field.name: field.value(row) for field in ROW_FIELDS}
    return office.rendering.page(
        request,
        "row.html",
        run=run,
        row=row,
        line=row_line(row, words),
        facts=[(words(f"field.{name}"), values[name]) for name in _FACTS if values[name]],
        more=[(words(f"field.{name}"), values[name]) for name in _FACTS_AFTER if values[name]],
        story=office.journal.story(run.id, row.row),
        can_settle=row.state is RowState.UNCLEAR,
    )


async def settle(request: Request) -> Response:
    """Take a person's word on an unclear row."""
    office, person = office_of(request), person_of(request)
    run_id, row = request.path_params["run"], request.path_params["row"]
    form = await read_form(request)
    word = form.get("word")
    if word not in ("done", "again"):
        raise UsageError("Say which of the two it was, after a look at the item in Alma.")
    await asyncio.to_thread(
        intervene.settle, office.journal, run_id, row, done=word == "done", at=time.time(), who=person.name
    )
    await asyncio.to_thread(office.note, person, "settle", run=run_id, text=f"row {row}: {word}")
    return RedirectResponse(f"/runs/{run_id}/rows/{row}", 303)


def _read_filter(shown: str, text: str) -> Filter:
    if shown == PERSON:
        return Filter([outcome for outcome in Outcome if needs_person(outcome)], (), text)
    if shown == PLANNED:
        return Filter((), (RowState.READY,), text)
    try:
        return Filter((Outcome(shown),) if shown else (), (), text)
    except ValueError:
        raise UsageError("There is no such kind of rows: choose one of the list.") from None
