"""All runs: the list of them, finding a barcode in them, their reports, the log of who did what, and what words mean."""

import tempfile
from typing import IO

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from almascan.model import Outcome
from almascan.report import find_format, write_report
from almascan.report.plan import write_shelf_rows
from almascan.report.summary import needs_person
from almascan.web.forms import read_number
from almascan.web.office import office_of
from almascan.web.views import row_line, state_of, summarize

PAGE_RUNS = 25
PAGE_ACTIONS = 100
MOST_FOUND = 100
_KEPT_IN_MEMORY_BYTES = 4_000_000
_CHUNK_BYTES = 65_536


def show_runs(request: Request) -> Response:
    """Show the runs, the newest first; a newcomer is led to the first steps."""
    office = office_of(request)
    before = request.query_params.get("before", "")
    runs = office.journal.runs(PAGE_RUNS + 1, before=read_number(before))
    if not runs and not before and not office.connections.all():
        return RedirectResponse("/setup", 303)
    shown = runs[:PAGE_RUNS]
    counts = office.journal.counts_of([run.id for run in shown])
    lines = [
        summarize(run, counts[run.id], state_of(office.journal, run, is_here=bool(office.engine.work_on(run.id))))
        for run in shown
    ]
    return office.rendering.page(
        request, "runs.html", lines=lines, more=shown[-1].id if len(runs) > PAGE_RUNS else None, is_first=not before
    )


def search(request: Request) -> Response:
    """Show what the runs know of a barcode."""
    office = office_of(request)
    words = office.rendering.words(request)
    barcode = request.query_params.get("barcode", "").strip()[:100]
    rows = office.journal.find_rows(barcode, limit=MOST_FOUND) if barcode else []
    runs = {number: office.journal.run(number) for number in {row.run for row in rows}}
    found = [(row.run, runs[row.run], row_line(row, words)) for row in rows]
    return office.rendering.page(request, "search.html", barcode=barcode, found=found, most=MOST_FOUND)


def report(request: Request) -> Response:
    """Give a run's report as a file."""
    office, name = office_of(request), request.path_params["format"]
    run = office.run(request.path_params["run"])
    form = find_format(name)
    file = tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 - closed once it is sent
    write_report(name, run, office.journal.counts(run.id), office.journal.rows(run.id), file)  # type: ignore[arg-type]
    return _download(file, f"run-{run.id}{form.suffix}")


def shelf_list(request: Request) -> Response:
    """Give the items that a plan says to scan, in the order of the shelves."""
    office = office_of(request)
    run = office.run(request.path_params["run"])
    file = tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 - closed once it is sent
    write_shelf_rows(office.journal.rows(run.id), file)  # type: ignore[arg-type]
    return _download(file, f"run-{run.id}-shelf-list.csv")


def log(request: Request) -> Response:
    """Show who did what, the latest first."""
    office = office_of(request)
    before = request.query_params.get("before", "")
    actions = office.journal.actions(before=read_number(before), limit=PAGE_ACTIONS + 1)
    more = actions[PAGE_ACTIONS - 1].id if len(actions) > PAGE_ACTIONS else None
    return office.rendering.page(request, "log.html", actions=actions[:PAGE_ACTIONS], more=more)


def explain(request: Request) -> Response:
    """Show what the colours and words mean, and what to do."""
    office = office_of(request)
    words = office.rendering.words(request)
    lines = [(outcome, outcome.group, words.outcome(outcome), needs_person(outcome)) for outcome in Outcome]
    return office.rendering.page(request, "help.html", outcomes=lines)


def _download(file: IO[bytes], name: str) -> Response:
    """Send a file and close it; always to be saved, never to be shown: a report has a script of its own."""
    file.seek(0)
    return StreamingResponse(
        iter(lambda: file.read(_CHUNK_BYTES), b""),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
        background=BackgroundTask(file.close),
    )
