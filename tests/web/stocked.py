"""The page with something in it: runs in every state, a list that waits for its desk, and an Alma with a key."""

import contextlib
import http.client
import re
import socket
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from starlette.routing import Route
from tests.web.guarded import FORM, SECRET, Answer, Door, serving

import almascan
from almascan.journal import Change, Journal
from almascan.model import Desk, Event, EventKind, Item, Order, Outcome, Row, RowState, Run, RunState
from almascan.settings import Settings
from almascan.simulator import Simulator
from almascan.web.access import Access, Asked, LinkAccess
from almascan.web.access.headers import HEADERS
from almascan.web.application import _ROUTES, make_application
from almascan.web.drafts import Draft, Drafts
from almascan.web.server import listen

RUNS = {
    "planned": 1,
    "running": 2,
    "paused": 3,
    "interrupted": 4,
    "queued": 5,
    "finished": 6,
    "cancelled": 7,
    "open": 8,
    "ready": 9,
}
"""The number of the run that is in a state; the one that is running is worked on by another process."""

UNCLEAR_ROW = 4
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_STATES = {
    "planned": RunState.PLANNED,
    "running": RunState.RUNNING,
    "paused": RunState.PAUSED,
    "interrupted": RunState.RUNNING,
    "queued": RunState.QUEUED,
    "finished": RunState.FINISHED,
    "cancelled": RunState.CANCELLED,
    "open": RunState.PAUSED,
    "ready": RunState.READY,
}
_OF_OURS = ("planned", "open")
_ITEM = Item(
    "99100", "22100", "23100", "30121135336896", "0", process_type="TRANSIT", library="MAIN", title="<b>Träume & </b>"
)


class Stocked(Door):
    """The page's server, and what lies in its folder."""

    def __init__(self, port: int, folder: Path, simulator: Simulator, draft: str, public_host: str) -> None:
        super().__init__(port)
        self.folder = folder
        self.key = simulator.keys["full"]
        self.base_url = simulator.base_url
        self.draft = draft
        self.public_host = public_host or self.host
        self.cookie = ("Cookie", "")
        self.token = ""

    @property
    def values(self) -> dict[str, str]:
        """What the parameters of the routes' paths stand for here."""
        return {
            "run": str(RUNS["planned"]),
            "row": str(UNCLEAR_ROW),
            "format": "csv",
            "source": "paste",
            "list": self.draft,
            "name": "environment",
        }

    def enter(self, access: LinkAccess) -> None:
        """Follow a link, as a browser does."""
        answer = self.ask("GET", access.new_link().removeprefix(self.origin))
        shown = answer.headers["set-cookie"].partition(";")[0]
        person = access.admit(Asked("GET", "/", "/", headers=((b"cookie", shown.encode()),)))
        self.cookie, self.token = ("Cookie", shown), getattr(person, "csrf", "")

    def get(self, target: str) -> Answer:
        """Ask for a page as somebody who is in; of a stream of events only the head and what comes first."""
        if "/events" not in target.partition("?")[0]:
            return self.ask("GET", target, [self.cookie])
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            head = f"GET {target} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {self.cookie[1]}\r\n\r\n"
            connection.sendall(head.encode())
            response = http.client.HTTPResponse(connection)
            response.begin()
            body = response.read1(65536)
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)

    def post(self, target: str, fields: Mapping[str, str | list[str]]) -> Answer:
        """Send a form as somebody who is in."""
        body = urlencode({"csrf": self.token, **fields}, doseq=True, errors="surrogatepass").encode()
        return self.ask("POST", target, [self.cookie, ("Origin", self.origin), FORM], body)

    def contents(self) -> dict[str, bytes | list[str]]:
        """Give all that lies in the folder; of the journal what its tables hold."""
        found: dict[str, bytes | list[str]] = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.startswith("journal.db")
        }
        with contextlib.closing(sqlite3.connect(self.folder / "journal.db")) as connection:
            found["journal"] = list(connection.iterdump())
        return found

    def files_with(self, text: str) -> list[str]:
        """Give the names of the files in the folder that hold a text."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [path.name for path in files if text.encode() in path.read_bytes()]


def templates() -> list[tuple[str, str]]:
    """Give every method and path of the application, the paths with their parameters."""
    found = []
    for route in _ROUTES:
        assert isinstance(route, Route)
        found += [(method, route.path) for method in sorted(route.methods or ())]
    return found


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill a path's parameters in.

    Raises:
        KeyError: It has a parameter that nobody has thought of.
    """
    return _PARAMETER.sub(lambda named: values[named.group(1)], template)


def check_harmless(page: Stocked, answer: Answer) -> None:
    """See that an answer has every security header, and tells neither the key nor how the program lies on the machine."""
    for name, value in HEADERS.items():
        assert answer.headers.get(name.lower()) == value
    assert answer.headers["cache-control"] == "no-store"
    assert not _told(answer, page.key, str(Path(almascan.__file__).parent), sys.prefix, "Traceback")


def check_silent(page: Stocked, answer: Answer) -> None:
    """See that an answer is harmless, and says nothing of the folder and of what is in it to whoever is outside."""
    check_harmless(page, answer)
    assert not _told(answer, str(page.folder), "</script>.csv", "30121135336896", "ada")


def _told(answer: Answer, *secrets: str) -> list[str]:
    said = answer.body + repr(answer.headers).encode()
    return [secret for secret in secrets if secret.encode() in said]


@contextlib.contextmanager
def stocked(folder: Path, simulator: Simulator, access: Access | None = None) -> Iterator[Stocked]:
    """Serve the page in a thread.

    Args:
        folder: Where its journal, its lists and its profiles are.
        simulator: The Alma that is set up, with its full key.
        access: Who is let in; None for whoever has a link, which is followed then.
    """
    journal = Journal(folder / "journal.db", create=True)
    draft = Drafts(folder / "journal.db.lists", journal).add(Draft("", "text", "Pasted"), b"30121135336896\n1.5E+13\n")
    _add_runs(journal, simulator)
    settings = Settings(base_url=simulator.base_url, library=simulator.library, circ_desk=simulator.circ_desk)
    environ = {
        "ALMASCAN_API_KEY": simulator.keys["full"],
        "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    listener = listen("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    links = LinkAccess(SECRET, "ada", port)
    application = make_application(journal, access or links, settings, environ)
    with journal.lease("01RUNNING"), serving(application, listener):
        page = Stocked(port, folder, simulator, draft.id, next(iter(access.site.origins)) if access else "")
        if access is None:
            page.enter(links)
        yield page
    journal.close()


def add_run(journal: Journal, run: Run, rows: Sequence[Row]) -> int:
    """Record a run whose rows have been worked on; return its number."""
    number = journal.add_run(run, rows)
    journal.seal_run(number, list_digest="d", list_notes={"blank": 2})
    story = (Event(1.7e9, EventKind.LOOKED, "Alma has <u>it</u> in transit."),)
    saved = journal.save([Change(msgspec.structs.replace(row, run=number), row.state, story) for row in rows])
    assert set(saved) == {None}
    return number


def _add_runs(journal: Journal, simulator: Simulator) -> None:
    """Add a run in every state; most are of institutions without a key here: nobody works on them."""
    for word, number in RUNS.items():
        order = Order(Desk(simulator.library, simulator.circ_desk), rate=5.0, settle_seconds=0.2, keep_calls=0)
        run = Run(
            0,
            simulator.institution if word in _OF_OURS else f"01{word.upper()}",
            simulator.base_url if word in _OF_OURS else "http://127.0.0.1:9/almaws/v1",
            "sandbox",
            RunState.LOADING,
            f"<script>{word}</script>.csv",
            "",
            {},
            order,
            0,
            "ada",
            1.7e9,
            is_open=word == "open",
        )
        added = add_run(journal, run, list(_rows(word)))
        assert added == number
        started = None if word in ("planned", "ready", "queued") else 1.7e9
        journal.change_run(
            added, state=_STATES[word], started_at=started, reason="A person said so." * (word == "paused")
        )


def _rows(word: str) -> Iterator[Row]:
    looked = RowState.READY if word == "planned" else RowState.NEW
    yield Row(0, 1, looked, given="30121135336896", barcode="30121135336896", before=_ITEM, pid="23100")
    yield Row(0, 2, RowState.FAILED, Outcome.BAD_BARCODE, given="3.01E+13", note="It was cut.", finished_at=1.7e9)
    yield Row(0, 3, RowState.DONE, Outcome.IN_PLACE, "00123", "00123", before=_ITEM, after=_ITEM, finished_at=1.7e9)
    yield Row(0, 5, RowState.SKIPPED, Outcome.ON_LOAN, given="<i>", barcode="<i>", before=_ITEM, finished_at=1.7e9)
    yield Row(0, 6, RowState.ATTENTION, Outcome.ON_HOLD_SHELF, "7", "7", after=_ITEM, finished_at=1.7e9)
    if word != "cancelled":
        yield Row(0, UNCLEAR_ROW, RowState.UNCLEAR, given="unclear", barcode="unclear", before=_ITEM, sent_at=1.7e9)
