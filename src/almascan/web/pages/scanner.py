"""The handheld scanner: an open run that takes one barcode after another, and answers each."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from almascan.errors import UsageError
from almascan.lists.barcode import clean_barcode
from almascan.model import FINAL_STATES, Outcome, Row, RowState
from almascan.progress.text import date_time, visible
from almascan.web.forms import read_form
from almascan.web.office import Office, office_of, person_of

ANSWER_SECONDS = 4.0
"""How long a page without a script waits for the answer to a barcode."""
LOOK_SECONDS = 0.1


async def choose(request: Request) -> Response:
    """Ask where the scanned items lie and what is to be scanned."""
    office = office_of(request)
    choices = await office.catalogue.offer(request.query_params, recipe="returns")
    return office.rendering.page(request, "scanner.html", choices=choices)


async def begin(request: Request) -> Response:
    """Begin an open run."""
    office, person = office_of(request), person_of(request)
    form = await read_form(request)
    connection, order = office.catalogue.read_order(form)
    name = f"Scanner, {date_time(time.time())[:16]}"
    run = await office.engine.open(connection, order, name, who=person.name)
    await asyncio.to_thread(office.note, person, "scanner", run=run.id, text=str(order.desk))
    return RedirectResponse(f"/runs/{run.id}", 303)


async def scan(request: Request) -> Response:
    """Take one barcode into an open run; a script gets the row at once, a plain form waits for its answer."""
    office, run_id = office_of(request), request.path_params["run"]
    form = await read_form(request)
    row = await asyncio.to_thread(_append, office, run_id, form.get("barcode"))
    office.engine.more(run_id)
    if "application/json" in request.headers.get("accept", ""):
        words = office.rendering.words(request)
        barcode = visible(row.barcode or row.given)
        said = words("scanner.taken", barcode=barcode)
        if row.state in FINAL_STATES:
            answer = words.outcome(row.answer).label if row.barcode else row.note.removesuffix(".")
            said = words("scanner.answered", barcode=barcode, answer=answer)
        return JSONResponse({"row": row.row, "said": said})
    await _wait_for_answer(office, row)
    return RedirectResponse(f"/runs/{run_id}", 303)


async def close(request: Request) -> Response:
    """End an open run once its rows have their answers."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    await read_form(request)
    await asyncio.to_thread(office.journal.close_run, run_id)
    office.engine.more(run_id)
    if office.engine.work_on(run_id) is None:
        # Nobody works on it: what is open in it is finished, and then the run is.
        await office.engine.resume(run_id, who=person.name)
    await asyncio.to_thread(office.note, person, "scanner-end", run=run_id)
    return RedirectResponse(f"/runs/{run_id}", 303)


def _append(office: Office, run_id: int, text: str) -> Row:
    if not text:
        raise UsageError("There was no barcode: scan or type one, and press Enter.")
    cleaned = clean_barcode(text)
    if cleaned.problem or not cleaned.barcode:
        problem = cleaned.problem or "The list's barcode is damaged or missing."
        row = Row(run_id, 0, RowState.FAILED, Outcome.BAD_BARCODE, given=text, note=problem, finished_at=time.time())
    else:
        row = Row(run_id, 0, RowState.NEW, given=text, barcode=cleaned.barcode)
    return office.journal.append_row(run_id, row)


async def _wait_for_answer(office: Office, row: Row) -> None:
    give_up_at = time.monotonic() + ANSWER_SECONDS
    while row.state not in FINAL_STATES and time.monotonic() < give_up_at:
        await asyncio.sleep(LOOK_SECONDS)
        row = await asyncio.to_thread(office.journal.row, row.run, row.row)
