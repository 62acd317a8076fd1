"""What a sender may take of time, space and connections."""

import contextlib
import select
import socket
import time
from collections.abc import Iterator

import pytest
from tests.waiting import wait_until
from tests.web.guarded import FORM, SECRET, Guarded, Headers, guarded, read_answer
from tests.web.test_access_links import assert_refused, enter
from tests.web.test_access_requests import MULTIPART, own, parts

from almascan.web.access import Limits, LinkAccess, Refusal
from almascan.web.access.asked import Asked

KIB = 1024
QUICK = Limits(
    upload_bytes=200 * KIB,
    arrival_seconds=0.8,
    silence_seconds=0.3,
    linger_seconds=2.0,
    head_seconds=0.4,
    connections=20,
)
CHUNKED = ("Transfer-Encoding", "chunked")


@pytest.fixture(scope="module")
def page() -> Iterator[Guarded]:
    with guarded(lambda port: LinkAccess(SECRET, "ada", port), QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def sent(page: Guarded) -> Headers:
    """The headers of a change, the token among them."""
    session = enter(page)
    person = page.access.admit(Asked("GET", "/", "/", headers=((b"cookie", session[1].encode()),)))
    return [*own(page, session), ("X-CSRF-Token", getattr(person, "csrf", ""))]


def chunks(piece: bytes, count: int) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece) * count + b"0\r\n\r\n"


def head(page: Guarded, target: str, headers: Headers) -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"Host: {page.host}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(page: Guarded, sent: Headers) -> None:
    page.through.clear()
    assert_refused(page.ask("POST", "/swallow", [*sent, FORM], b"x" * (32 * KIB + 1)), Refusal.TOO_LARGE)
    assert_refused(page.ask("POST", "/swallow", [*sent, MULTIPART], b"x" * (200 * KIB + 1)), Refusal.TOO_LARGE)
    assert page.through == []
    assert page.received_bytes == 0


def test_a_body_of_the_most_that_may_be_is_let_through(page: Guarded, sent: Headers) -> None:
    page.through.clear()
    for kind, size in ((FORM, 32 * KIB), (MULTIPART, 200 * KIB)):
        assert page.ask("POST", "/swallow", [*sent, kind], b"x" * size).body == b"read"
        assert page.ask("POST", "/swallow", [*sent, kind, CHUNKED], chunks(b"x" * KIB, size // KIB)).body == b"read"
    assert page.through == ["swallowed"] * 4


@pytest.mark.parametrize(("kind", "most"), [(FORM, 32 * KIB), (MULTIPART, 200 * KIB)])
def test_a_body_of_unknown_length_is_broken_off_where_it_is_too_large_whatever_the_application_says(
    page: Guarded, sent: Headers, kind: tuple[str, str], most: int
) -> None:
    page.received_bytes = 0
    answer = page.ask("POST", "/swallow", [*sent, kind, CHUNKED], chunks(b"x" * KIB, most // KIB + 1))
    assert_refused(answer, Refusal.TOO_LARGE)
    assert answer.headers["connection"] == "close"
    assert page.received_bytes <= most


def test_a_form_that_is_too_large_to_look_for_its_token_in_is_refused(page: Guarded, sent: Headers) -> None:
    page.through.clear()
    without_token = [each for each in sent if each[0] != "X-CSRF-Token"]
    answer = page.ask("POST", "/change", [*without_token, FORM, CHUNKED], chunks(b"x" * KIB, 40))
    assert_refused(answer, Refusal.TOO_LARGE)
    assert page.through == []


def test_a_large_file_s_token_is_found_without_reading_the_file(page: Guarded, sent: Headers) -> None:
    token = dict(sent)["X-CSRF-Token"]
    without_token = [each for each in sent if each[0] != "X-CSRF-Token"]
    body = parts(("csrf", token), ("name", "a"), ("filler", "x" * 150 * KIB))
    assert page.ask("POST", "/change", [*without_token, MULTIPART], body).status == 303
    assert_refused(page.ask("POST", "/change", [*without_token, MULTIPART], b"x" * 150 * KIB), Refusal.NO_CSRF)


def test_a_browser_that_sends_everything_before_it_reads_comes_to_read_why_it_was_refused(page: Guarded) -> None:
    """Without a session, and with more than the buffers between hold."""
    body = b"x" * 30_000_000
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        headers = [("Origin", page.origin), MULTIPART, ("Content-Length", str(len(body)))]
        connection.sendall(head(page, "/change", headers) + body)
        answer = read_answer(connection, "POST")
    assert_refused(answer, Refusal.NO_SESSION)
    assert answer.headers["connection"] == "close"


def test_a_sender_that_falls_silent_is_refused(page: Guarded, sent: Headers) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        connection.sendall(head(page, "/swallow", [*sent, ("Content-Length", "10")]) + b"x")
        assert_refused(read_answer(connection, "POST"), Refusal.TOO_SLOW)
        assert connection.recv(1) == b""


def test_a_sender_that_drips_is_refused_when_its_time_is_over(page: Guarded, sent: Headers) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        connection.sendall(head(page, "/swallow", [*sent, ("Content-Length", "1000")]))
        for _ in range(100):
            connection.sendall(b"x")
            if select.select([connection], [], [], 0.05)[0]:
                break
        else:
            pytest.fail("it may drip for ever")
        assert_refused(read_answer(connection, "POST"), Refusal.TOO_SLOW)


def test_a_form_that_is_not_sent_to_its_end_is_refused_before_its_token_is_found(page: Guarded, sent: Headers) -> None:
    without_token = [each for each in sent if each[0] != "X-CSRF-Token"]
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        connection.sendall(head(page, "/change", [*without_token, FORM, ("Content-Length", "10")]) + b"csrf")
        assert_refused(read_answer(connection, "POST"), Refusal.TOO_SLOW)


def test_an_answer_to_a_body_that_nobody_read_closes_the_connection(page: Guarded, sent: Headers) -> None:
    answer = page.ask("POST", "/ignore", [*sent, MULTIPART], b"x" * 100 * KIB)
    assert (answer.body, answer.headers["connection"]) == (b"not read", "close")


def test_a_connection_without_a_request_is_closed(page: Guarded) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        assert is_closed(connection)


def test_a_head_that_drips_is_cut_off(page: Guarded) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {page.host}\r\n".encode())
            for number in range(40):
                time.sleep(0.05)
                connection.sendall(f"X-{number}: x\r\n".encode())
        assert is_closed(connection)


def test_a_second_head_that_drips_on_a_kept_connection_is_cut_off(page: Guarded) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {page.host}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        connection.sendall(request)
        assert read_answer(connection).status == 403
        with contextlib.suppress(ConnectionError):
            for byte in request[:-1]:
                time.sleep(0.02)
                connection.sendall(bytes([byte]))
        assert is_closed(connection)


def test_a_head_that_is_too_long_is_refused(page: Guarded) -> None:
    assert page.send(f"GET / HTTP/1.1\r\nHost: {page.host}\r\nX: {'x' * 40 * KIB}".encode()).status == 400


def test_more_connections_than_may_be_are_turned_away_and_later_ones_served_again(page: Guarded) -> None:
    with contextlib.ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection(("127.0.0.1", page.port), timeout=60)) for _ in range(30)
        ]
        assert read_answer(connections[-1]).status == 503
    wait_until(lambda: page.ask("GET", "/").status != 503, "served again")


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other end has closed."""
    try:
        return connection.recv(KIB) == b""
    except ConnectionError:
        return True
