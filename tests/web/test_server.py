"""The server in a process of its own: how it begins, and how it ends."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from almascan.errors import UsageError
from almascan.web.server import listen

ROOT = Path(__file__).resolve().parents[2]
LONG_SECONDS = "60"


class Served:
    """A running page, and a browser that is in."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        link = urlsplit(self.next_line())
        self.port = link.port or 0
        self.link = f"{link.path}?{link.query}"
        self.cookie = ""

    def next_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def rest(self) -> tuple[int, list[str], str]:
        """Wait for the end: exit code, the words still said, and stderr."""
        said, errors = self.process.communicate(timeout=60)
        return self.process.returncode, said.split(), errors

    def ask(self, target: str) -> http.client.HTTPResponse:
        with self.asking(target) as response:
            response.read()
        if shown := response.getheader("Set-Cookie"):
            self.cookie = shown.partition(";")[0]
        return response

    @contextlib.contextmanager
    def asking(self, target: str) -> Iterator[http.client.HTTPResponse]:
        """Ask, and read what is wanted of the answer."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", target, headers={"Cookie": self.cookie} if self.cookie else {})
            with connection.getresponse() as response:
                yield response


@contextlib.contextmanager
def served(finishing_seconds: str = "0", port: int = 0) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.served_page", str(port), finishing_seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield Served(process)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_it_in_good_order_and_with_success(number: signal.Signals) -> None:
    with served("0.3") as page:
        page.process.send_signal(number)
        assert page.rest() == (0, ["ending", "finishing", "finished", "ended"], "")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_a_terminal_that_is_closed_ends_it_in_good_order() -> None:
    with served() as page:
        page.process.send_signal(signal.SIGHUP)
        assert page.rest() == (0, ["ending", "finishing", "finished", "ended"], "")


@pytest.mark.parametrize("target", ["/events", "/stream"])
def test_pages_that_are_open_do_not_keep_it(target: str) -> None:
    with served() as page, contextlib.ExitStack() as opened:
        page.ask(page.link)
        streams = [opened.enter_context(page.asking(target)) for _ in range(3)]
        assert [stream.read(4) != b"" for stream in streams] == [True] * 3
        page.process.send_signal(signal.SIGINT)
        assert page.rest() == (0, ["ending", "finishing", "finished", "ended"], "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_does_not_wait(number: signal.Signals) -> None:
    with served(LONG_SECONDS) as page:
        page.process.send_signal(number)
        assert (page.next_line(), page.next_line()) == ("ending", "finishing")
        page.process.send_signal(number)
        code, said, errors = page.rest()
        assert code != 0
        assert said == []
        assert errors.endswith("KeyboardInterrupt\n")


def test_what_its_application_fails_to_begin_with_is_said() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "tests.web.served_page", "0", "-1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert process.stdout == ""
    assert process.stderr.endswith("almascan.errors.JournalError: The journal is full.\n")


def test_a_session_holds_after_a_restart() -> None:
    with served() as page:
        page.ask(page.link)
        port, cookie = page.port, page.cookie
        page.process.send_signal(signal.SIGINT)
        page.rest()
    with served(port=port) as again:
        assert again.ask("/nothing").status == 403
        again.cookie = cookie
        assert again.ask("/nothing").status == 404


def test_a_defect_is_told_to_whoever_runs_it_and_nothing_else_is() -> None:
    with served() as page:
        page.ask(page.link)
        assert page.ask("/fail").status == 500
        assert page.next_line() == "ZeroDivisionError"
        response = page.ask("/nothing")
        assert response.getheader("Server") is None
        page.process.send_signal(signal.SIGINT)
        assert page.rest() == (0, ["ending", "finishing", "finished", "ended"], "")


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            UsageError, match=f"Port {port} of 127.0.0.1 cannot be used .* --port {port + 1}.* --port 0"
        ):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_it_listens_on_ipv6_too() -> None:
    try:
        listener = listen("::1", 0)
    except UsageError:
        pytest.skip("this machine has no IPv6")
    with contextlib.closing(listener):
        assert listener.getsockname()[0] == "::1"
