"""The page as an ASGI application: which handler answers which address, and what becomes of errors."""

import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from starlette.applications import Starlette
from starlette.convertors import register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from almascan.errors import AlmascanError, AttemptError, JournalError, LeaseError, QuotaError
from almascan.journal import Journal
from almascan.settings import Settings
from almascan.web.access import Access, Guard, Refusal
from almascan.web.broadcast import Broadcast
from almascan.web.choices import Catalogue
from almascan.web.connections import Connections
from almascan.web.drafts import Drafts
from almascan.web.engine import Engine
from almascan.web.forms import NumberConvertor
from almascan.web.office import Office, office_of
from almascan.web.pages import history, lists, rows, runs, scanner, setup
from almascan.web.practice import Practice
from almascan.web.rendering import Rendering

_STATUSES: tuple[tuple[type[AlmascanError], int], ...] = (
    (LeaseError, 409),
    (QuotaError, 503),
    (JournalError, 500),
    (AttemptError, 502),
)
"""The HTTP status of an error's page; every other error of almascan's is the request's: 400."""

register_url_convertor("number", NumberConvertor())
_ROUTES = (
    Route("/", history.show_runs),
    Route("/search", history.search),
    Route("/log", history.log),
    Route("/help", history.explain),
    Route("/new", lists.choose),
    Route("/new/{source}", lists.add, methods=["POST"]),
    Route("/lists/{list}", lists.show),
    Route("/lists/{list}", lists.plan, methods=["POST"]),
    Route("/scanner", scanner.choose),
    Route("/scanner", scanner.begin, methods=["POST"]),
    Route("/setup", setup.show),
    Route("/setup", setup.add, methods=["POST"]),
    Route("/setup/{name}", setup.check),
    Route("/setup/{name}/desk", setup.choose_desk, methods=["POST"]),
    Route("/runs/{run:number}", runs.show),
    Route("/runs/{run:number}/events", runs.events),
    Route("/runs/{run:number}/start", runs.start, methods=["POST"]),
    Route("/runs/{run:number}/halt", runs.halt, methods=["POST"]),
    Route("/runs/{run:number}/allow", runs.allow, methods=["POST"]),
    Route("/runs/{run:number}/rate", runs.change_rate, methods=["POST"]),
    Route("/runs/{run:number}/delete", runs.delete, methods=["POST"]),
    Route("/runs/{run:number}/scan", scanner.scan, methods=["POST"]),
    Route("/runs/{run:number}/close", scanner.close, methods=["POST"]),
    Route("/runs/{run:number}/rows", rows.show_all),
    Route("/runs/{run:number}/rows", rows.change, methods=["POST"]),
    Route("/runs/{run:number}/rows/{row:number}", rows.show),
    Route("/runs/{run:number}/rows/{row:number}/settle", rows.settle, methods=["POST"]),
    Route("/runs/{run:number}/report/{format}", history.report),
    Route("/runs/{run:number}/shelf-list", history.shelf_list),
)


def make_application(
    journal: Journal, access: Access, settings: Settings, environ: Mapping[str, str] = os.environ
) -> ASGIApp:
    """Make the page.

    Args:
        journal: The journal.
        access: Who may use the page.
        settings: What ``almascan web`` was started with: address, profile, desk, pace.
        environ: The environment variables, where keys may be.
    """
    office = _open_office(journal, settings, environ)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        office.engine.start()
        try:
            yield
        finally:
            await office.engine.close()
            office.practice.close()

    application = Starlette(
        routes=[*_ROUTES, Mount("/static", _static())],
        lifespan=lifespan,
        exception_handlers={AlmascanError: _show_error, HTTPException: _show_http_error, Exception: _show_defect},
    )
    application.state.office = office

    def refuse(request: Request, refusal: Refusal) -> Response:
        request.scope["app"] = application
        return _say(request, office.rendering.words(request).refusal(refusal), refusal.status)

    return Guard(application, access, refuse)


def _open_office(journal: Journal, settings: Settings, environ: Mapping[str, str]) -> Office:
    practice = Practice()
    connections = Connections(settings, environ, practice)
    engine = Engine(journal, connections)
    rendering = Rendering(connections)
    folder = journal.path.with_name(f"{journal.path.name}.lists")

    def render(run_id: int, language: str) -> Mapping[str, str]:
        return runs.render_parts(office, run_id, language)

    office = Office(
        journal=journal,
        engine=engine,
        connections=connections,
        practice=practice,
        drafts=Drafts(folder, journal),
        rendering=rendering,
        broadcast=Broadcast(render),
        catalogue=Catalogue(connections),
    )
    return office


def _static() -> StaticFiles:
    """Serve the page's own files, and the colours that it shares with the report."""
    folders = [files("almascan.web").joinpath("static"), files("almascan.report").joinpath("templates")]
    return _OnlyThese({"page.css", "page.js", "icon.svg", "colours.css"}, [Path(str(folder)) for folder in folders])


class _OnlyThese(StaticFiles):
    """Files by name, of several folders; nothing else that lies there is served."""

    def __init__(self, names: set[str], folders: list[Path]) -> None:
        super().__init__(directory=folders[0])
        self.all_directories = list(folders)
        self._names = names

    def lookup_path(self, path: str) -> tuple[str, object | None]:  # type: ignore[override]
        return super().lookup_path(path) if path in self._names else ("", None)


async def _show_error(request: Request, error: Exception) -> Response:
    """Answer an error of almascan's with its sentence."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 400)
    return _say(request, str(error), status)


async def _show_http_error(request: Request, error: Exception) -> Response:
    words = office_of(request).rendering.words(request)
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = {404: "error.no_page", 405: "error.no_method", 400: "error.bad_form"}
    sentence = words(known[status]) if status in known else str(getattr(error, "detail", ""))
    return _say(request, sentence, status)


async def _show_defect(request: Request, error: Exception) -> Response:
    words = office_of(request).rendering.words(request)
    return _say(request, words("error.defect", kind=type(error).__name__, text=str(error)[:300]), 500)


def _say(request: Request, sentence: str, status: int) -> Response:
    """Say a sentence: as a page, or to a script that asks for JSON."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"said": sentence}, status)
    office = office_of(request)
    back = request.url.path if request.method == "GET" else _path_of(request.headers.get("referer", ""), request)
    if status == HTTPStatus.NOT_FOUND:
        back = ""  # to the same page, which is not there
    return office.rendering.page(request, "error.html", status=status, sentence=sentence, back=back)


def _path_of(referer: str, request: Request) -> str:
    """Give the path and query of the page that the request came from, if it is one of ours."""
    parts = urlsplit(referer)
    is_ours = parts.netloc == request.headers.get("host") and not parts.path.startswith("//")
    return urlunsplit(("", "", parts.path, parts.query, "")) if is_ours else ""
