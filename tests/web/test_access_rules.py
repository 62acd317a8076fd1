"""The rules as pure functions, with whatever anybody may send."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.guarded import SECRET, Clock

from almascan.errors import UsageError
from almascan.web.access import Asked, LinkAccess, Person, Refusal, loopback_site, read_secret, secret_path
from almascan.web.access.csrf import find_field, find_first_field
from almascan.web.access.proxy_access import read_name
from almascan.web.access.rules import find_refusal, is_static

SITE = loopback_site(8766)
HOST = (b"host", b"127.0.0.1:8766")
ORIGIN = (b"origin", b"http://127.0.0.1:8766")
ANY_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"cookie"]),
        st.sampled_from(
            [
                HOST[1],
                ORIGIN[1],
                b"null",
                b"same-origin",
                b"cross-site",
                b"none",
                b"navigate",
                b"document",
                b"",
                b"\xff",
            ]
        ),
    ),
    max_size=8,
).map(tuple)
PATHS = st.text(st.sampled_from("/.a%2eEfF\\;~"), max_size=12)


@given(st.text(), PATHS, PATHS, ANY_HEADERS)
def test_whatever_comes_through_is_plain(
    method: str, target: str, path: str, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    asked = Asked(method, target, path, headers=headers)
    if find_refusal(asked, SITE) is None:
        assert method in ("GET", "HEAD", "POST")
        assert [value for name, value in headers if name == b"host"] == [HOST[1]]
        assert path.startswith("/")
        assert os.path.normpath(path).rstrip("/") == path.rstrip("/")
    if find_refusal(asked, SITE) is None and method == "POST":
        assert [value for name, value in headers if name == b"origin"] == [ORIGIN[1]]
        assert {value for name, value in headers if name == b"sec-fetch-site"} <= {b"same-origin"}


@given(PATHS)
def test_nothing_outside_its_folder_is_taken_for_the_style(path: str) -> None:
    asked = Asked("GET", path, path, headers=(HOST,))
    if find_refusal(asked, SITE) is None and is_static(asked):
        assert os.path.normpath(path).startswith("/static")


def test_a_plain_request_is_let_through() -> None:
    assert find_refusal(Asked("GET", "/runs/1", "/runs/1", headers=(HOST,)), SITE) is None
    assert find_refusal(Asked("POST", "/runs/1", "/runs/1", headers=(HOST, ORIGIN)), SITE) is None
    assert find_refusal(Asked("GET", "/b%C3%BCcher", "/bücher", headers=(HOST,)), SITE) is None


def test_on_port_80_the_host_has_no_port_as_browsers_leave_it_away() -> None:
    assert find_refusal(Asked("GET", "/", "/", headers=((b"host", b"localhost"),)), loopback_site(80)) is None


@given(st.binary(max_size=300))
def test_no_cookie_of_any_bytes_is_a_session(cookie: bytes) -> None:
    access = LinkAccess(SECRET, "ada", 8766, now=Clock())
    for header in (cookie, b"almascan-8766=" + cookie):
        assert access.admit(Asked("GET", "/", "/", headers=((b"cookie", header),))) is Refusal.NO_SESSION


@given(st.text(max_size=100))
def test_no_query_that_was_not_given_out_lets_anybody_in(query: str) -> None:
    access = LinkAccess(SECRET, "ada", 8766, now=Clock())
    access.new_link()
    for each in (query, f"token={query}"):
        assert access.admit(Asked("GET", "/enter", "/enter", each)) is Refusal.OLD_LINK


@given(st.lists(st.binary(max_size=210), max_size=3))
def test_a_name_is_one_line_that_can_be_shown(values: list[bytes]) -> None:
    name = read_name(values)
    if name is not None:
        assert len(values) == 1
        assert name.isprintable()
        assert 0 < len(name) <= 200


@given(
    st.text(
        st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters=","), min_size=1, max_size=200
    )
)
def test_a_plain_name_is_taken_as_it_is(name: str) -> None:
    assert read_name([name.encode()]) == name


@given(st.binary(max_size=200), st.text(st.characters(max_codepoint=255), max_size=80))
def test_any_body_has_a_token_or_none(body: bytes, content_type: str) -> None:
    assert isinstance(find_field(body), str)
    token = find_first_field(body, f"multipart/form-data; boundary={content_type}")
    assert token == ""


@given(
    st.text(st.sampled_from("ab0-_"), min_size=1, max_size=60),
    st.text(st.sampled_from("abAB0'()+_,./:=?-"), min_size=1, max_size=70),
)
def test_the_token_of_a_browser_s_form_is_found_whatever_parts_its_fields(token: str, boundary: str) -> None:
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n--{boundary}\r\nContent'
    assert find_first_field(body.encode(), f'multipart/form-data; boundary="{boundary}"') == token


def test_a_person_s_token_belongs_to_the_session_alone() -> None:
    access = LinkAccess(SECRET, "ada", 8766)
    people = []
    for _ in range(2):
        entered = access.admit(Asked("GET", "/enter", "/enter", access.new_link().partition("?")[2]))
        cookie = getattr(entered, "cookie", "").partition(";")[0].encode()
        people.append([access.admit(Asked("GET", "/", "/", headers=((b"cookie", cookie),))) for _ in range(2)])
    assert all(isinstance(person, Person) for pair in people for person in pair)
    assert people[0][0] == people[0][1]
    assert people[0][0] != people[1][0]


def test_the_secret_is_made_once_and_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = secret_path(tmp_path / "journal.db")
    secret = read_secret(path)
    assert path.name == "journal.db.page-secret"
    assert len(secret) >= 43
    assert read_secret(path) == secret
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such modes")
def test_a_secret_that_others_can_use_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = secret_path(tmp_path / "journal.db")
    read_secret(path)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="Delete it, and a new one is made"):
        read_secret(path)


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 60, "é".encode() * 40])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    path = secret_path(tmp_path / "journal.db")
    read_secret(path)
    path.write_bytes(content)
    with pytest.raises(UsageError, match="does not hold the page's secret"):
        read_secret(path)


def test_a_secret_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_secret(tmp_path)


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_says_what_happened_in_a_sentence(refusal: Refusal) -> None:
    assert refusal.status in range(400, 500)
    assert refusal.sentence.endswith(".")
