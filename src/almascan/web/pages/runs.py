"""One run: its page, what changes on it, and what a person has it do."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from almascan import intervene
from almascan.errors import LeaseError, UsageError
from almascan.model import Outcome, Run
from almascan.report.order import list_words, order_words
from almascan.report.plan import PlanCost, plan_cost
from almascan.web.choices import read_rate
from almascan.web.forms import read_form
from almascan.web.office import Office, office_of, person_of
from almascan.web.views import RunView, row_line, view_run
from almascan.web.wording import Wording, choose_language

REPORTS = ("html", "xlsx", "csv", "json")
"""In the order in which people ask for them."""
PERSON_ROWS = 12
LATEST_ROWS = 8
FIRST_ROWS = 10
_PARTS = ("status", "controls", "progress", "person", "outcomes", "latest")


def show(request: Request) -> Response:
    """Show a run's page."""
    office = office_of(request)
    words = office.rendering.words(request)
    run = office.run(request.path_params["run"])
    return office.rendering.page(request, "run.html", **_values(office, run, words))


def render_parts(office: Office, run_id: int, language: str) -> Mapping[str, str]:
    """Render what changes on a run's page, part by part, for whoever watches it."""
    words = office.rendering.words_in(language)
    try:
        values = _values(office, office.journal.run(run_id), words)
    except UsageError:  # it was deleted meanwhile
        return {"status": office.rendering.fragment(language, "run_gone.html")}
    return {name: office.rendering.fragment(language, f"run_{name}.html", **values) for name in _PARTS}


async def events(request: Request) -> Response:
    """Send what changes on a run's page as it changes."""
    run_id = request.path_params["run"]
    language = choose_language(request.headers.get("accept-language", ""))
    broadcast = office_of(request).broadcast

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for name, html in broadcast.watch(run_id, language):
            yield ServerSentEvent(html, event=name)

    return EventSourceResponse(stream(), ping=20)


async def start(request: Request) -> Response:
    """Start, resume or retry a run, all of it or its first rows."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    form = await read_form(request)
    action = form.get("action", "resume")
    limit = FIRST_ROWS if action == "first" else None
    try:
        if action == "retry":
            await office.engine.retry(run_id, who=person.name)
        else:
            await office.engine.resume(run_id, who=person.name, limit=limit)
    except LeaseError:
        # Another process works for the institution: the run waits for its turn here.
        await asyncio.to_thread(office.journal.queue_run, run_id)
    await asyncio.to_thread(office.note, person, action, run=run_id)
    return _to_run(run_id)


async def halt(request: Request) -> Response:
    """Pause a run, or stop it for good."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    form = await read_form(request)
    if form.get("action") == "cancel":
        await asyncio.to_thread(intervene.cancel, office.journal, run_id, who=person.name)
    else:
        await asyncio.to_thread(intervene.pause, office.journal, run_id, who=person.name)
    run = await asyncio.to_thread(office.run, run_id)
    office.engine.stop(run_id, run.reason)
    await asyncio.to_thread(office.note, person, form.get("action", "pause"), run=run_id)
    return _to_run(run_id)


async def allow(request: Request) -> Response:
    """Have a plan scan the items too that were held back for a reason."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    form = await read_form(request)
    reason = _read_reason(form.get("reason", ""))
    await asyncio.to_thread(intervene.allow, office.journal, run_id, reason, at=time.time(), who=person.name)
    await asyncio.to_thread(office.note, person, "allow", run=run_id, text=str(reason))
    return _to_run(run_id)


async def change_rate(request: Request) -> Response:
    """Change a run's pace; whoever works on it keeps it from the next second on."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    form = await read_form(request)
    rate = read_rate(form.get("rate"))
    run = await asyncio.to_thread(office.run, run_id)
    order = msgspec.structs.replace(run.order, rate=rate)
    await asyncio.to_thread(office.journal.change_run, run_id, order=order)
    await asyncio.to_thread(office.note, person, "rate", run=run_id, text=f"{rate:g}")
    return _to_run(run_id)


async def delete(request: Request) -> Response:
    """Remove a run for good."""
    office, person, run_id = office_of(request), person_of(request), request.path_params["run"]
    await read_form(request)
    run = await asyncio.to_thread(office.run, run_id)
    await asyncio.to_thread(intervene.delete, office.journal, run_id, at=time.time())
    await asyncio.to_thread(office.note, person, "delete", run=run_id, text=run.list_name)
    return RedirectResponse("/", 303)


def _values(office: Office, run: Run, words: Wording) -> dict[str, Any]:
    work = office.engine.work_on(run.id)
    view = view_run(office.journal, run, work.live if work else None, words)
    return {
        "view": view,
        "run": run,
        "person_rows": _person_rows(office, view, words),
        "latest_rows": _latest_rows(office, view, words),
        "cost": _cost(office, view),
        "first_rows": FIRST_ROWS,
        "formats": REPORTS,
        "order_words": order_words(run),
        "list_words": [(name, words) for name, words in list_words(run) if name != "Digest"],
    }


def _person_rows(office: Office, view: RunView, words: Wording) -> list[Any]:
    """Give the first rows that need a person, the most pressing outcome first."""
    found: list[Any] = []
    for line in view.outcomes:
        if line.needs_person and len(found) < PERSON_ROWS:
            rows = office.journal.page_of_rows(view.run.id, answers={line.code}, limit=PERSON_ROWS - len(found))
            found += [row_line(row, words) for row in rows]
    return found


def _latest_rows(office: Office, view: RunView, words: Wording) -> list[Any]:
    if not (view.works or view.run.is_open):
        return []
    return [row_line(row, words) for row in office.journal.latest_rows(view.run.id, LATEST_ROWS)]


def _cost(office: Office, view: RunView) -> PlanCost | None:
    """Say what scanning as planned costs, where the run is a plan."""
    if view.state not in ("planned", "planning"):
        return None
    remaining = view.snapshot.remaining_calls if view.snapshot else None
    if remaining is None:
        connection = office.connections.for_institution(view.run.institution)
        remaining = connection.met.remaining_calls if connection and connection.met else None
    return plan_cost(view.run, view.planned, remaining)


def _read_reason(text: str) -> Outcome:
    try:
        return Outcome(text)
    except ValueError:
        raise UsageError("There is no such reason: choose one of those in the table.") from None


def _to_run(run_id: int) -> RedirectResponse:
    return RedirectResponse(f"/runs/{run_id}", 303)
