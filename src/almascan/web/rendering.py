"""Making pages of templates, texts and values; one Jinja2 environment a language."""

import contextlib
from functools import cache

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from almascan.errors import AlmascanError
from almascan.model import Group, Run
from almascan.progress.text import LOOKS, amount, date_time, duration, iso_time, number, plain, visible
from almascan.version import __version__
from almascan.web.connections import Banner, Connections
from almascan.web.wording import Wording, choose_language, load_wording


class Rendering:
    """Renders templates in the language that a browser asks for.

    Args:
        connections: The first is whose Alma the banner names on pages that are about no run.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def page(
        self, request: Request, template: str, *, status: int = 200, run: Run | None = None, **values: object
    ) -> HTMLResponse:
        """Render a whole page as a response.

        Args:
            request: Who asks, and in which language.
            template: Its file's name.
            status: The HTTP status.
            run: The run that the page is about, whose Alma its banner then names.
            values: What the template names.
        """
        language = choose_language(request.headers.get("accept-language", ""))
        person = getattr(request.state, "person", None)
        values = {"banner": self._banner(run), "path": request.url.path, "run": run} | values
        content = (
            _environment(language)
            .get_template(template)
            .render(person=person, csrf=person.csrf if person else "", **values)
        )
        return HTMLResponse(content, status)

    def fragment(self, language: str, template: str, **values: object) -> str:
        """Render a part of a page, for whoever watches; it holds no token of a person's."""
        return _environment(language).get_template(template).render(csrf="", **values)

    def words(self, request: Request) -> Wording:
        """Give the texts in the language of a request."""
        return self.words_in(choose_language(request.headers.get("accept-language", "")))

    def words_in(self, language: str) -> Wording:
        """Give the texts of a language."""
        return _wording(language)

    def _banner(self, run: Run | None) -> Banner | None:
        with contextlib.suppress(AlmascanError):
            if run is None:
                return self._connections.find("").banner
            connection = self._connections.for_institution(run.institution)
            name = connection.banner.name if connection else run.institution
            return Banner("simulated" if run.is_simulated else run.environment, name)
        return None


@cache
def _wording(language: str) -> Wording:
    return load_wording(language)


@cache
def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("almascan.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {
        "amount": amount,
        "date_time": _short_time,
        "duration": duration,
        "iso_time": iso_time,
        "number": number,
        "visible": visible,
    }
    environment.globals |= {
        "t": _wording(language),
        "symbol": {group: look.symbol for group, look in LOOKS.items()},
        "Group": Group,
        "version": __version__,
    }
    return environment


def _short_time(when: float | None) -> str:
    """Give a moment without its distance to UTC: everybody who looks is where the server is, or knows where it is."""
    return "" if when is None else date_time(when)[:19]


def _printable(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
