"""Every address of the page itself, tried without a session, by another name, from another site and past the proxy."""

import re
from collections.abc import Iterator

import pytest
from starlette.routing import Route
from tests.web.guarded import SECRET, Door, serving

from almascan.journal import Journal
from almascan.settings import Settings
from almascan.web.access import Access, Asked, LinkAccess, ProxyAccess, Refusal
from almascan.web.application import _ROUTES, make_application
from almascan.web.server import listen

_VALUES = {"run": "1", "row": "1", "format": "csv", "source": "file"}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def addresses(route: Route) -> Iterator[tuple[str, str]]:
    path = _PARAMETER.sub(lambda found: _VALUES.get(found.group(1), "x"), route.path)
    yield from ((method, path) for method in sorted(route.methods or ()))


ADDRESSES = sorted({each for route in _ROUTES if isinstance(route, Route) for each in addresses(route)})


class Page(Door):
    """The page, and a person who is in."""

    def __init__(self, access: Access, port: int) -> None:
        super().__init__(port)
        self.access = access
        self.cookie = ("Cookie", "")
        self.token = ("X-CSRF-Token", "")

    def enter(self, access: LinkAccess) -> None:
        answer = self.ask("GET", access.new_link().removeprefix(self.origin))
        shown = answer.headers["set-cookie"].partition(";")[0]
        person = access.admit(Asked("GET", "/", "/", headers=((b"cookie", shown.encode()),)))
        self.cookie, self.token = ("Cookie", shown), ("X-CSRF-Token", getattr(person, "csrf", ""))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    listener = listen("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    access = LinkAccess(SECRET, "ada", port)
    journal = Journal(tmp_path_factory.mktemp("page") / "journal.db", create=True)
    with serving(make_application(journal, access, Settings(), {}), listener):
        found = Page(access, port)
        found.enter(access)
        yield found
    journal.close()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page behind a proxy that is elsewhere."""
    listener = listen("127.0.0.1", 0)
    access = ProxyAccess(SECRET, ["192.0.2.7"], "https://scan.example.org")
    journal = Journal(tmp_path_factory.mktemp("past") / "journal.db", create=True)
    with serving(make_application(journal, access, Settings(), {}), listener):
        yield Page(access, listener.getsockname()[1])
    journal.close()


def test_there_are_addresses_to_try() -> None:
    assert {method for method, _ in ADDRESSES} == {"GET", "HEAD", "POST"}
    assert len(ADDRESSES) > 40


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_no_address_of_the_page_lets_anybody_in_who_has_no_business_there(
    page: Page, past: Page, method: str, path: str
) -> None:
    origin = ("Origin", page.origin)
    user = ("X-Forwarded-User", "ada")
    elsewhere = [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")]
    public = ("Origin", "https://scan.example.org")
    refused = [
        (page.ask(method, path, [origin]), Refusal.NO_SESSION),
        (page.ask(method, path, [origin, user, page.token]), Refusal.NO_SESSION),
        (page.ask(method, path, [origin, page.cookie, page.token], host="evil.example"), Refusal.WRONG_HOST),
        (page.ask(method, path, [*elsewhere, page.cookie, page.token]), Refusal.WRONG_ORIGIN),
        (past.ask(method, path, [public, user], host="scan.example.org"), Refusal.NOT_FROM_PROXY),
    ]
    if method == "POST":
        refused.append((page.ask(method, path, [origin, page.cookie]), Refusal.NO_CSRF))
    for answer, refusal in refused:
        assert answer.status == refusal.status
        assert answer.headers["cache-control"] == "no-store"
        assert not {"location", "set-cookie", "content-disposition"} & answer.headers.keys()


def test_whoever_is_in_gets_the_page(page: Page) -> None:
    assert page.ask("GET", "/setup", [page.cookie]).status == 200
    assert page.ask("GET", "/static/page.css").status == 200
