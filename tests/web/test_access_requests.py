"""What is asked of every request: its address, its method, whose page has it sent, and the token of a change."""

from collections.abc import Iterator
from typing import cast

import pytest
from tests.web.guarded import FORM, SECRET, Answer, Guarded, Headers, guarded
from tests.web.test_access_links import assert_refused, enter

from almascan.web.access import LinkAccess, Person, Refusal
from almascan.web.access.asked import Asked
from almascan.web.access.headers import HEADERS

BOUNDARY = "----WebKitFormBoundaryabc(123"
MULTIPART = ("Content-Type", f'multipart/form-data; boundary="{BOUNDARY}"')


@pytest.fixture(scope="module")
def page() -> Iterator[Guarded]:
    with guarded(lambda port: LinkAccess(SECRET, "ada", port)) as running:
        yield running


@pytest.fixture(scope="module")
def session(page: Guarded) -> tuple[str, str]:
    return enter(page)


@pytest.fixture
def through(page: Guarded) -> list[str]:
    page.through.clear()
    return page.through


@pytest.fixture
def token(page: Guarded, session: tuple[str, str]) -> str:
    asked = Asked("GET", "/", "/", headers=((b"cookie", session[1].encode()),))
    return cast("Person", page.access.admit(asked)).csrf


def own(page: Guarded, session: tuple[str, str]) -> Headers:
    return [session, ("Origin", page.origin), ("Sec-Fetch-Site", "same-origin")]


def parts(*fields: tuple[str, str], boundary: str = BOUNDARY) -> bytes:
    pieces = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields]
    return "\r\n".join([*pieces, f"--{boundary}--", ""]).encode()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1:{port}@evil.example",
        "0.0.0.0:{port}",
        "127.1:{port}",
        "[::]:{port}",
        " ",
        "",
    ],
)
@pytest.mark.parametrize("target", ["/", "/static/page.css", "/enter?token=1"])
def test_another_host_gets_nothing(page: Guarded, session: tuple[str, str], host: str, target: str) -> None:
    answer = page.ask("GET", target, [session], host=host.format(port=page.port))
    assert answer.status == 400
    assert answer.body in (f"{Refusal.WRONG_HOST.sentence}\n".encode(), b"Invalid HTTP request received.")


def test_the_page_answers_to_each_of_its_own_hosts(page: Guarded, session: tuple[str, str]) -> None:
    for host in ("127.0.0.1", "localhost", "LocalHost", "[::1]"):
        assert page.ask("GET", "/", [session], host=f"{host}:{page.port}").status == 200


def test_two_hosts_are_none(page: Guarded, session: tuple[str, str]) -> None:
    assert page.ask("GET", "/", [session, ("Host", page.host)]).status == 400
    old = f"GET / HTTP/1.0\r\nHost: {page.host}\r\nHost: evil.example\r\nCookie: {session[1]}\r\n\r\n"
    assert page.send(old.encode()).status == 400
    assert page.send(f"GET / HTTP/1.0\r\nCookie: {session[1]}\r\n\r\n".encode()).status == 400


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "http://127.0.0.1:{port}/",
        "//",
        "//evil.example/",
        "/static/../",
        "/static/%2e%2e/",
        "/static/..%2f",
        "/..%2f",
        "/static/%252e%252e%252f",
        "/static/..\\",
        "/static/%5c",
        "/static/./page.css",
        "/static//page.css",
        "/static/page.css%00",
        "/static/%0d%0aSet-Cookie:x",
        "*",
        "evil.example:80",
    ],
)
def test_an_address_with_two_readings_has_none(
    page: Guarded, session: tuple[str, str], through: list[str], target: str
) -> None:
    assert page.ask("GET", target.format(port=page.port)).status == 400
    assert page.ask("GET", target.format(port=page.port), [session]).status == 400
    assert through == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND"])
def test_other_methods_are_refused(
    page: Guarded, session: tuple[str, str], through: list[str], token: str, method: str
) -> None:
    for target in ("/", "/static/page.css"):
        answer = page.ask(method, target, [*own(page, session), ("X-CSRF-Token", token)])
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert through == []


def test_a_get_with_a_body_is_refused(page: Guarded, session: tuple[str, str], through: list[str]) -> None:
    assert_refused(page.ask("GET", "/", [session], b"x"), Refusal.TOO_LARGE)
    chunked = [session, ("Transfer-Encoding", "chunked")]
    assert_refused(page.ask("GET", "/", chunked, b"1\r\nx\r\n0\r\n\r\n"), Refusal.TOO_LARGE)
    assert through == []


def test_a_head_is_a_get_without_its_body(page: Guarded, session: tuple[str, str]) -> None:
    answer = page.ask("HEAD", "/", [session])
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "3", b"")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "unheard-of"])
def test_another_site_s_page_gets_nothing_but_a_link_that_is_followed(
    page: Guarded, session: tuple[str, str], through: list[str], site: str
) -> None:
    sent = [session, ("Sec-Fetch-Site", site)]
    for mode, dest in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("no-cors", "script")):
        for target in ("/", "/static/page.css"):
            answer = page.ask("GET", target, [*sent, ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest)])
            assert_refused(answer, Refusal.FROM_ELSEWHERE)
    assert_refused(page.ask("GET", "/", sent), Refusal.FROM_ELSEWHERE)
    assert through == []
    followed = [*sent, ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    assert page.ask("GET", "/", followed).status == 200


def test_a_change_with_its_token_is_let_through(
    page: Guarded, session: tuple[str, str], through: list[str], token: str
) -> None:
    form = own(page, session)
    answers: list[Answer] = [
        page.ask("POST", "/change", [*form, FORM], f"name=a&csrf={token}".encode()),
        page.ask("POST", "/change", [*form, MULTIPART], parts(("csrf", token), ("name", "b"))),
        page.ask("POST", "/change", [*form, MULTIPART, ("X-CSRF-Token", token)], parts(("name", "c"))),
        page.ask("POST", "/change", [*form, ("X-CSRF-Token", token)]),
        page.ask("POST", "/change", [session, ("Origin", page.origin), FORM], f"csrf={token}&name=e".encode()),
    ]
    assert [answer.status for answer in answers] == [303] * 5
    assert through == [f"POST /change {name}" for name in ("a", "b", "c", "", "e")]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}, http://evil.example",
    ],
)
def test_a_change_from_another_origin_is_refused(
    page: Guarded, session: tuple[str, str], through: list[str], token: str, origin: str | None
) -> None:
    sent = [session, ("X-CSRF-Token", token)]
    sent += [] if origin is None else [("Origin", origin.format(port=page.port))]
    assert_refused(page.ask("POST", "/change", sent), Refusal.WRONG_ORIGIN)
    assert through == []


def test_a_change_with_two_origins_or_from_another_site_is_refused(
    page: Guarded, session: tuple[str, str], through: list[str], token: str
) -> None:
    sent = [session, ("Origin", page.origin), ("X-CSRF-Token", token)]
    assert_refused(page.ask("POST", "/change", [*sent, ("Origin", page.origin)]), Refusal.WRONG_ORIGIN)
    for site in ("cross-site", "same-site", "none", ""):
        assert_refused(page.ask("POST", "/change", [*sent, ("Sec-Fetch-Site", site)]), Refusal.WRONG_ORIGIN)
    twice = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")]
    assert_refused(page.ask("POST", "/change", [*sent, *twice]), Refusal.WRONG_ORIGIN)
    assert through == []


def test_a_change_without_its_token_is_refused(
    page: Guarded, session: tuple[str, str], through: list[str], token: str
) -> None:
    form = own(page, session)
    other = f"{'A' if token[0] != 'A' else 'B'}{token[1:]}"
    late = parts(("name", "x"), ("csrf", token))
    answers = [
        page.ask("POST", "/change", [*form, FORM], b"name=a"),
        page.ask("POST", "/change", [*form, FORM], b""),
        page.ask("POST", "/change", [*form, FORM], f"csrf={other}".encode()),
        page.ask("POST", "/change", [*form, FORM], f"csrf={token}&csrf={token}".encode()),
        page.ask("POST", "/change", [*form, FORM], b"&".join([b"a=b"] * 3000) + f"&csrf={token}".encode()),
        page.ask("POST", "/change", [*form, MULTIPART], late),
        page.ask("POST", "/change", [*form, MULTIPART], parts(("csrf", other))),
        page.ask("POST", "/change", [*form, MULTIPART], b"preamble\r\n" + parts(("csrf", token))),
        page.ask("POST", "/change", [*form, MULTIPART], parts(("csrf", token), boundary="another")),
        page.ask("POST", "/change", [*form, ("Content-Type", "multipart/form-data")], parts(("csrf", token))),
        page.ask("POST", "/change", [*form, ("Content-Type", "text/plain")], f"csrf={token}".encode()),
        page.ask("POST", "/change", form, f"csrf={token}".encode()),
        page.ask("POST", f"/change?csrf={token}", form),
        page.ask("POST", "/change", [*form, ("X-CSRF-Token", other)]),
        page.ask("POST", "/change", [*form, ("X-CSRF-Token", token), ("X-CSRF-Token", token)]),
        page.ask("POST", "/change", [*form, ("X-CSRF-Token", "é")]),
    ]
    for answer in answers:
        assert_refused(answer, Refusal.NO_CSRF)
    assert through == []


def test_another_session_s_token_is_none(page: Guarded, session: tuple[str, str], through: list[str]) -> None:
    asked = Asked("GET", "/", "/", headers=((b"cookie", enter(page)[1].encode()),))
    theirs = cast("Person", page.access.admit(asked)).csrf
    answer = page.ask("POST", "/change", [*own(page, session), ("X-CSRF-Token", theirs)])
    assert_refused(answer, Refusal.NO_CSRF)
    assert through == []


def test_every_answer_has_the_headers_that_allow_the_page_alone(page: Guarded, session: tuple[str, str]) -> None:
    answers = {
        200: page.ask("GET", "/", [session]),
        404: page.ask("GET", "/nothing", [session]),
        403: page.ask("GET", "/"),
        303: page.ask("GET", "/enter?token=used", [session]),
        405: page.ask("PUT", "/"),
        500: page.ask("GET", "/fail", [session]),
    }
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    for status, answer in answers.items():
        assert answer.status == status
        assert {name: answer.headers.get(name.lower()) for name in HEADERS} == HEADERS
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_a_defect_that_nobody_answers_has_the_headers_too(page: Guarded, session: tuple[str, str]) -> None:
    answer = page.ask("GET", "/break", [session])
    assert (answer.status, answer.headers["x-frame-options"]) == (500, "DENY")
    assert b"defect" in answer.body


def test_the_style_may_be_kept_for_a_week_and_what_is_not_there_may_not(page: Guarded) -> None:
    assert page.ask("GET", "/static/page.css").headers["cache-control"] == "public, max-age=604800"
    missing = page.ask("GET", "/static/missing.css")
    assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")


def test_a_change_of_the_style_s_address_needs_a_session(page: Guarded) -> None:
    answer = page.ask("POST", "/static/page.css", [("Origin", page.origin)])
    assert_refused(answer, Refusal.NO_SESSION)


def test_an_upgrade_to_another_protocol_leads_nowhere(page: Guarded, through: list[str]) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")]
    assert_refused(page.ask("GET", "/", upgrade), Refusal.NO_SESSION)
    assert through == []
