"""``almascan web``: what it prints, whom it lets in, and what it refuses to begin with."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.cli.invocation import _read_until, environment, invoke
from tests.web.guarded import Door

from almascan.cli.web import has_screen
from almascan.web.server import listen


@contextlib.contextmanager
def running(folder: Path, *options: str, terminal: int | None = None) -> Iterator["subprocess.Popen[str]"]:
    variables = {**os.environ, "ALMASCAN_CONFIG": str(folder / "none.toml")}
    process = subprocess.Popen(
        [sys.executable, "-m", "almascan", "web", "--port", "0", "--journal", str(folder / "journal.db"), *options],
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.PIPE if terminal is None else terminal,
        text=True,
        env={name: value for name, value in variables.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_the_link_stands_alone_on_the_first_line_and_lets_in(tmp_path: Path) -> None:
    with running(tmp_path, "--no-browser") as process:
        assert process.stdout is not None
        link = urlsplit(process.stdout.readline().strip())
        door = Door(link.port or 0)
        answer = door.ask("GET", f"{link.path}?{link.query}")
        assert answer.status == 303
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert door.ask("GET", "/nothing", [("Cookie", cookie)]).status == 404
        assert door.ask("GET", "/nothing").status == 403
        process.send_signal(signal.SIGINT)
        said, told = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert told.splitlines() == [
        "This link opens the page, once, within ten minutes. Ctrl-C ends it.",
        "Finishing what is in flight; Ctrl-C once more stops at once.",
    ]


def test_behind_a_proxy_there_is_no_link(tmp_path: Path) -> None:
    with running(tmp_path, "--proxy", "127.0.0.1", "--origin", "https://scan.example.org") as process:
        assert process.stderr is not None
        assert "https://scan.example.org" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_enter_prints_a_new_link(tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - POSIX only

    ours, theirs = pty.openpty()
    with running(tmp_path, "--no-browser", terminal=theirs) as process:
        os.close(theirs)
        first = _read_until(ours, "Enter prints a new link.")
        os.write(ours, b"\n")
        second = _read_until(ours, "/enter?token=")
        process.send_signal(signal.SIGINT)
        _read_until(ours, None)
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert "/enter?token=" in first
    assert second.strip() not in first


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bind", "0.0.0.0"], "--bind 0.0.0.0 would open the page to the network"),  # noqa: S104 - it is refused
        (["--bind", "192.0.2.1"], "--bind 192.0.2.1 would open the page to the network"),
        (["--bind", "localhost"], "--bind must be an IP address"),
        (["--proxy", "127.0.0.1"], "--proxy needs --origin"),
        (["--origin", "https://scan.example.org"], "need --proxy"),
        (["--proxy-user-header", "Remote-User"], "need --proxy"),
        (["--proxy", "proxy", "--origin", "https://scan.example.org"], "--proxy must be the IP address"),
        (["--proxy", "127.0.0.1", "--origin", "http://scan.example.org"], "must begin with https://"),
    ],
)
def test_what_would_let_in_others_is_refused(tmp_path: Path, options: list[str], said: str) -> None:
    result = invoke(["web", "--port", "0", "--journal", str(tmp_path / "journal.db"), *options], environment(tmp_path))
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_port_that_is_taken_ends_it_with_one_sentence(tmp_path: Path) -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["web", "--port", port, "--journal", str(tmp_path / "journal.db")]
        result = invoke(arguments, environment(tmp_path))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "--port 0" in result.stderr


def test_a_browser_is_opened_only_where_there_is_a_screen() -> None:
    assert has_screen({}, "darwin")
    assert has_screen({}, "win32")
    assert has_screen({"DISPLAY": ":0"}, "linux")
    assert not has_screen({"DISPLAY": ""}, "linux")
