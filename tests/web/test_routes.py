"""Every address of a page that has something in it, tried by whoever has no business there: nothing is done or told.

Each change is tried with a form that does change something for whoever may send it, which the last test shows.
"""

import html
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from tests.web.guarded import FORM, SECRET, Answer, Headers
from tests.web.stocked import RUNS, Stocked, check_harmless, check_silent, fill, stocked, templates

from almascan.simulator import Simulator, SimulatorConfig
from almascan.web.access import ProxyAccess, Refusal
from almascan.web.access.signing import Sessions

PUBLIC = "https://scan.example.org"
OTHER_METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "post")


class Side(NamedTuple):
    """A way of coming to the page without any business there.

    Attributes:
        headers: What is sent, made for the page.
        reading: Why reading is refused; None where it is not.
        changing: Why a change is refused; None where it is as reading is.
        host: The Host; "" for the page's own.
    """

    headers: Callable[[Stocked], Headers]
    reading: Refusal | None
    changing: Refusal | None = None
    host: str = ""


def inside(*more: tuple[str, str]) -> Callable[[Stocked], Headers]:
    """Give what a browser sends that is in, but for the Origin."""
    return lambda page: [page.cookie, ("X-CSRF-Token", page.token), *more]


def with_session(change: Callable[[str], str]) -> Callable[[Stocked], Headers]:
    """Give what somebody sends who has made a session of the good one."""

    def headers(page: Stocked) -> Headers:
        name, _, good = page.cookie[1].partition("=")
        return [("Origin", page.origin), ("Cookie", f"{name}={change(good)}"), ("X-CSRF-Token", page.token)]

    return headers


def with_token(*sent: tuple[str, str]) -> Callable[[Stocked], Headers]:
    return lambda page: [page.cookie, ("Origin", page.origin), *sent]


def forge(_good: str) -> str:
    return Sessions("another secret that is long enough", time.time).begin("a session")


ON_THIS_MACHINE = {
    "nothing": Side(lambda page: [("Origin", page.origin)], Refusal.NO_SESSION),
    "a user's name": Side(lambda page: [("Origin", page.origin), ("X-Forwarded-User", "ada")], Refusal.NO_SESSION),
    "a session of one's own making": Side(with_session(forge), Refusal.NO_SESSION),
    "a session with a longer signature": Side(with_session(lambda good: f"{good}A"), Refusal.NO_SESSION),
    "a session without a signature": Side(with_session(lambda good: good.rpartition(".")[0]), Refusal.NO_SESSION),
    "an empty session": Side(with_session(lambda _good: ""), Refusal.NO_SESSION),
    "another host": Side(
        lambda page: [page.cookie, ("Origin", page.origin), ("X-CSRF-Token", page.token)],
        Refusal.WRONG_HOST,
        host="evil.example",
    ),
    "another site's script": Side(
        inside(("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")),
        Refusal.FROM_ELSEWHERE,
        Refusal.WRONG_ORIGIN,
    ),
    "another port's page": Side(
        inside(("Origin", "http://127.0.0.1:1"), ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "no-cors")),
        Refusal.FROM_ELSEWHERE,
        Refusal.WRONG_ORIGIN,
    ),
    "a picture on another site": Side(
        inside(("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")),
        Refusal.FROM_ELSEWHERE,
        Refusal.WRONG_ORIGIN,
    ),
    "a page without an origin": Side(inside(("Origin", "null")), None, Refusal.WRONG_ORIGIN),
    "an origin too few": Side(inside(), None, Refusal.WRONG_ORIGIN),
    "a form without its token": Side(with_token(), None, Refusal.NO_CSRF),
    "a form with another token": Side(with_token(("X-CSRF-Token", "A" * 43)), None, Refusal.NO_CSRF),
    "a form with an empty token": Side(with_token(("X-CSRF-Token", "")), None, Refusal.NO_CSRF),
    "a form that is no form": Side(with_token(("Content-Type", "text/plain")), None, Refusal.NO_CSRF),
}
ADA = ("X-Forwarded-User", "ada")
FROM_PROXY = ("Origin", PUBLIC)
PAST_THE_PROXY = {
    "everything else right": Side(lambda _: [FROM_PROXY, ADA], Refusal.NOT_FROM_PROXY),
    "the proxy's address in a header": Side(
        lambda _: [FROM_PROXY, ADA, ("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=192.0.2.7")],
        Refusal.NOT_FROM_PROXY,
    ),
    "the server's own host": Side(lambda page: [("Origin", page.origin), ADA], Refusal.NOT_FROM_PROXY, host="own"),
}
THROUGH_THE_PROXY = {
    "no name": Side(lambda _: [FROM_PROXY], Refusal.NO_USER),
    "an empty name": Side(lambda _: [FROM_PROXY, ("X-Forwarded-User", "")], Refusal.NO_USER),
    "two names": Side(lambda _: [FROM_PROXY, ADA, ("X-Forwarded-User", "bob")], Refusal.NO_USER),
    "a name in another header": Side(lambda _: [FROM_PROXY, ("X_Forwarded_User", "ada")], Refusal.NO_USER),
    "the server's own host": Side(lambda page: [("Origin", page.origin), ADA], Refusal.WRONG_HOST, host="own"),
    "another site": Side(
        lambda _: [("Origin", "https://evil.example"), ADA, ("Sec-Fetch-Site", "cross-site")],
        Refusal.FROM_ELSEWHERE,
        Refusal.WRONG_ORIGIN,
    ),
    "no token": Side(lambda _: [FROM_PROXY, ADA], None, Refusal.NO_CSRF),
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000, per_second=0)) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Stocked]:
    with stocked(tmp_path_factory.mktemp("page"), simulator) as running:
        yield running


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Stocked]:
    """The page behind a proxy that is elsewhere."""
    with stocked(tmp_path_factory.mktemp("past"), simulator, ProxyAccess(SECRET, ["192.0.2.7"], PUBLIC)) as running:
        yield running


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Stocked]:
    """The page behind a proxy on this machine."""
    with stocked(tmp_path_factory.mktemp("proxied"), simulator, ProxyAccess(SECRET, ["127.0.0.1"], PUBLIC)) as running:
        yield running


class Change(NamedTuple):
    """A form that changes something, and what its address's parameters are then."""

    fields: Mapping[str, str]
    values: Mapping[str, str] = {}


def changes(page: Stocked) -> dict[str, Change]:
    """Give a change for each route that makes one, in an order in which all of them can be made."""
    desk = {"connection": "environment", "library": "MAIN", "place": "desk:DEFAULT_CIRC_DESK"}
    key = {"name": "main", "base_url": page.base_url, "key": page.key, "keeping": "file"}
    of_open = {"run": str(RUNS["open"])}
    return {
        "/setup": Change(key),
        "/setup/{name}/desk": Change(desk, {"name": "main"}),
        "/new/{source}": Change({"text": "30121135336896"}),
        "/scanner": Change(desk | {"recipe": "returns"}),
        "/runs/{run:number}/scan": Change({"barcode": "30121135336896"}, of_open),
        "/runs/{run:number}/rows/{row:number}/settle": Change({"word": "done"}),
        "/runs/{run:number}/rows": Change({"row": "1", "action": "leave-out"}),
        "/runs/{run:number}/allow": Change({"reason": "on-loan"}),
        "/runs/{run:number}/rate": Change({"rate": "10"}),
        "/runs/{run:number}/start": Change({"action": "resume"}),
        "/runs/{run:number}/halt": Change({"action": "cancel"}, {"run": str(RUNS["paused"])}),
        "/runs/{run:number}/close": Change({}, of_open),
        "/runs/{run:number}/delete": Change({}, {"run": str(RUNS["cancelled"])}),
        "/lists/{list}": Change(desk | {"recipe": "transit", "rows": "2"}),
    }


class Address(NamedTuple):
    """A method and a path of the application, and the form that a change takes."""

    method: str
    path: str
    fields: Mapping[str, str]


def addresses(page: Stocked) -> Iterator[Address]:
    known = changes(page)
    for method, template in templates():
        change = known.get(template, Change({})) if method == "POST" else Change({})
        yield Address(method, fill(template, page.values | dict(change.values)), change.fields)


def send(page: Stocked, side: Side, address: Address) -> Answer:
    """Send what an address takes from a side."""
    headers = [*side.headers(page)]
    body = urlencode(address.fields).encode() if address.method == "POST" else b""
    if body and not any(name == "Content-Type" for name, _ in headers):
        headers.append(FORM)
    host = {"": page.public_host, "own": page.host}.get(side.host, side.host)
    return page.ask(address.method, address.path, headers, body, host=host)


def try_all(page: Stocked, side: Side) -> None:
    """Try every address from a side: each is refused as it should be, and nothing was changed by any."""
    before = page.contents()
    for address in addresses(page):
        refusal = side.changing or side.reading if address.method == "POST" else side.reading
        if refusal is None:
            continue
        answer = send(page, side, address)
        assert answer.status == refusal.status, address
        assert address.method == "HEAD" or refusal.sentence in html.unescape(answer.body.decode()), address
        assert not {"location", "set-cookie", "content-disposition"} & answer.headers.keys(), address
        check_silent(page, answer)
    assert page.contents() == before


@pytest.mark.parametrize("side", ON_THIS_MACHINE)
def test_nobody_without_a_session_a_token_or_a_page_of_ours_gets_or_changes_anything(page: Stocked, side: str) -> None:
    try_all(page, ON_THIS_MACHINE[side])


@pytest.mark.parametrize("side", PAST_THE_PROXY)
def test_nobody_past_the_proxy_gets_or_changes_anything(past: Stocked, side: str) -> None:
    try_all(past, PAST_THE_PROXY[side])


@pytest.mark.parametrize("side", THROUGH_THE_PROXY)
def test_nobody_whom_the_proxy_does_not_name_gets_or_changes_anything(proxied: Stocked, side: str) -> None:
    try_all(proxied, THROUGH_THE_PROXY[side])


def test_an_address_that_is_read_takes_no_change_and_the_reverse(page: Stocked) -> None:
    before, methods = page.contents(), methods_of(page)
    for path, taken in methods.items():
        if "POST" not in taken:
            answer = page.post(path, {"row": "1", "name": "main"})
            assert answer.status == 405, path
            check_harmless(page, answer)
        if "GET" not in taken:
            for answer in (page.get(path), page.ask("HEAD", path, [page.cookie])):
                assert answer.status == 405, path
                check_harmless(page, answer)
    assert page.contents() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_address_knows_another_method(page: Stocked, method: str) -> None:
    before = page.contents()
    for path in methods_of(page):
        answer = page.ask(method, path, [page.cookie, ("Origin", page.origin), ("X-CSRF-Token", page.token)])
        assert answer.status == 405, path
        check_harmless(page, answer)
    assert page.contents() == before


def test_a_look_ahead_is_answered_as_the_page_itself_without_its_content(page: Stocked) -> None:
    before = page.contents()
    for path, taken in methods_of(page).items():
        if "HEAD" in taken and not path.endswith("/events"):
            answer = page.ask("HEAD", path, [page.cookie])
            assert (answer.status, answer.body) == (page.get(path).status, b""), path
            check_harmless(page, answer)
    assert page.contents() == before


def say(answer: Answer) -> str:
    """Give what an answer says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", html.unescape(answer.body.decode())).split())


def methods_of(page: Stocked) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for method, template in templates():
        found.setdefault(fill(template, page.values), set()).add(method)
    return found


def test_the_same_changes_are_made_for_whoever_may_and_the_key_is_in_no_file_but_its_own(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator
) -> None:
    with stocked(tmp_path_factory.mktemp("may"), simulator) as page:
        for template, change in changes(page).items():
            before = page.contents()
            path = fill(template, page.values | dict(change.values))
            answer = page.post(path, change.fields)
            assert answer.status == 303, (path, say(answer))
            check_harmless(page, answer)
            assert page.contents() != before, path
        assert page.files_with(page.key) == ["main.key"]


def test_every_change_is_thought_of(page: Stocked) -> None:
    assert set(changes(page)) == {template for method, template in templates() if method == "POST"}
