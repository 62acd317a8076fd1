"""Handing a list in: where it comes from, what was found in it, and the order that its run begins with."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from almascan.errors import AlmascanError, ListError, UsageError
from almascan.lists import Listing, ListOptions
from almascan.lists.survey import Survey, columns_of, sheets_of, survey
from almascan.model import Outcome
from almascan.report.summary import in_order
from almascan.web.drafts import Draft, check_name
from almascan.web.forms import Form, read_form, read_number
from almascan.web.office import Office, office_of, person_of
from almascan.web.views import outcome_line

SOURCES = ("file", "paste", "set", "report", "run")
_COPY_BYTES = 1_048_576
_FROM_ALMA = ("set", "report")


async def choose(request: Request) -> Response:
    """Ask where the list comes from; for a set, a report or an earlier run show what there is."""
    office, chosen = office_of(request), request.query_params
    source = chosen.get("from", "file")
    if source not in SOURCES:
        raise UsageError("A list comes from a file, from pasted text, from Alma or from an earlier run: choose one.")
    values: dict[str, Any] = {"source": source, "sources": SOURCES, "chosen": chosen, "found": [], "problem": ""}
    try:
        values |= await _offer(office, request, source, chosen)
    except AlmascanError as error:
        values["problem"] = str(error)
    return office.rendering.page(request, "new.html", **values)


async def add(request: Request) -> Response:
    """Take a list in."""
    office, person = office_of(request), person_of(request)
    form = await read_form(request)
    kind = request.path_params["source"]
    draft = await _take(office, kind, form)
    await asyncio.to_thread(office.note, person, "list", text=draft.name)
    return RedirectResponse(f"/lists/{draft.id}", 303)


async def show(request: Request) -> Response:
    """Show what was found in a list, and ask for the rest of the order."""
    office = office_of(request)
    draft = await asyncio.to_thread(office.drafts.find, request.path_params["list"])
    options = _read_options(request.query_params)
    found: Survey | None = None
    columns: list[tuple[str, str]] = []
    sheets: list[str] = []
    problem = amiss = ""
    try:
        found = await _survey(office, draft, options)
    except (ListError, UsageError) as error:
        problem = str(error)
    if draft.kind == "file":
        path = office.drafts.content_path(draft)
        columns, sheets = await asyncio.gather(
            asyncio.to_thread(columns_of, path, options), asyncio.to_thread(sheets_of, path)
        )
    choices = None
    try:
        choices = await office.catalogue.offer(dict(request.query_params) | _connection(draft))
    except AlmascanError as error:
        amiss = str(error)
    return office.rendering.page(
        request,
        "list.html",
        draft=draft,
        survey=found,
        columns=columns,
        sheets=sheets,
        options=options,
        problem=problem,
        choices=choices,
        amiss=amiss,
        status=400 if problem and not (columns or sheets) else 200,
    )


async def plan(request: Request) -> Response:
    """Begin to look at the items of a list."""
    office, person = office_of(request), person_of(request)
    form = await read_form(request)
    draft = await asyncio.to_thread(office.drafts.find, request.path_params["list"])
    options = _read_options(form.as_mapping())
    connection, order = office.catalogue.read_order(form)
    rows = read_number(form.get("rows")) or 0
    if draft.kind in _FROM_ALMA:
        listing = await _fetch(office, draft, options)
        run = await office.engine.plan(connection, listing, order, rows=rows, who=person.name)
    else:
        institution = (await office.connections.meet(connection)).code
        with office.drafts.opened(draft, options, institution) as listing:
            run = await office.engine.plan(connection, listing, order, rows=rows, who=person.name)
    await asyncio.to_thread(office.drafts.forget, draft)
    await asyncio.to_thread(office.note, person, "plan", run=run.id, text=draft.name)
    return RedirectResponse(f"/runs/{run.id}", 303)


# Where a list comes from


async def _offer(office: Office, request: Request, source: str, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Give what there is to choose from: sets by their name, reports and folders, an earlier run's outcomes."""
    if source == "run":
        words = office.rendering.words(request)
        runs = await asyncio.to_thread(office.journal.runs, 50)
        number = read_number(chosen.get("run", ""))
        counts = await asyncio.to_thread(office.journal.counts, number) if number is not None else {}
        return {"found": runs, "lines": [outcome_line(outcome, counts, words) for outcome in in_order(counts)]}
    if source in _FROM_ALMA:
        connection = office.connections.find(chosen.get("connection", ""))
        offer: dict[str, Any] = {"connections": office.connections.all(), "connection": connection}
        if source == "set" and chosen.get("find"):
            async with await office.connections.client(connection) as alma:
                offer["found"] = await alma.sets_named(chosen["find"])
        return offer
    return {}


async def _take(office: Office, kind: str, form: Form) -> Draft:
    if kind == "file":
        return await _take_file(office, form.upload("file"))
    if kind == "paste":
        text = form.get("text")
        if not text:
            raise UsageError("Nothing was pasted: paste the barcodes, one a line.")
        draft = Draft("", "text", form.get("name") or "Pasted barcodes")
        return await asyncio.to_thread(office.drafts.add, draft, text.encode())
    if kind == "practice":
        return await _take_practice(office)
    if kind == "run":
        run = await asyncio.to_thread(office.run, next(iter(form.numbers("run")), 0))
        outcomes = tuple(outcome for outcome in Outcome if outcome in form.all("outcome"))
        name = f"Rows of run {run.id}: {run.list_name}"
        return await asyncio.to_thread(office.drafts.add, Draft("", "run", name, str(run.id), outcomes))
    if kind in _FROM_ALMA:
        source = form.get("source")
        if not source:
            raise UsageError("Nothing was chosen: choose a set or a report.")
        name = source.rstrip("/").rpartition("/")[2] if kind == "report" else form.get("name") or source
        draft = Draft("", "set" if kind == "set" else "report", name, source, connection=form.get("connection"))
        return await asyncio.to_thread(office.drafts.add, draft)
    raise UsageError("There is no such kind of list.")


async def _take_file(office: Office, upload: UploadFile | None) -> Draft:
    """Keep an uploaded file."""
    if upload is None:
        raise ListError("No file was chosen: choose one, or paste the barcodes.")
    try:
        draft = Draft("", "file", check_name(upload.filename or ""))
        with tempfile.NamedTemporaryFile(prefix="almascan-", delete=False) as file:
            path = Path(file.name)
            while chunk := await upload.read(_COPY_BYTES):
                await asyncio.to_thread(file.write, chunk)
    finally:
        await upload.close()
    try:
        return await asyncio.to_thread(office.drafts.add, draft, path)
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _take_practice(office: Office) -> Draft:
    """Start the simulator, and hand in the list that is ready for it."""
    connection = await office.connections.start_practice()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        await asyncio.to_thread(office.practice.write_list, path)
        draft = Draft("", "file", "stuck-in-transit.csv", connection=connection.name)
        return await asyncio.to_thread(office.drafts.add, draft, path)


# What is in it


async def _survey(office: Office, draft: Draft, options: ListOptions) -> Survey:
    if draft.kind in _FROM_ALMA:
        listing = await _fetch(office, draft, options)
        return await asyncio.to_thread(survey, listing)

    def read() -> Survey:
        with office.drafts.opened(draft, options) as listing:
            return survey(listing)

    return await asyncio.to_thread(read)


async def _fetch(office: Office, draft: Draft, options: ListOptions) -> Listing:
    connection = office.connections.find(draft.connection)
    async with await office.connections.client(connection) as alma:
        return await office.drafts.fetch(draft, options, alma)


def _read_options(chosen: Mapping[str, Any]) -> ListOptions:
    """Read what the person said about the list itself."""
    return ListOptions(
        column=chosen.get("column") or None,
        sheet=chosen.get("sheet") or None,
        encoding=chosen.get("encoding") or None,
        strip_prefix=chosen.get("strip_prefix") or "",
        strip_suffix=chosen.get("strip_suffix") or "",
    )


def _connection(draft: Draft) -> dict[str, str]:
    return {"connection": draft.connection} if draft.connection else {}
