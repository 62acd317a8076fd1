"""Where commands are given so that everything they print, write and send can be searched for the key."""

import os
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from almascan.cli import almascan

MARKED = "l8xxMARKEDKEYmustnotbeseen"
"""A key that no Alma knows."""

_LOUD = """
import logging, sys
logging.basicConfig(level=1, stream=sys.stderr)
from almascan.__main__ import main
main()
"""
"""Runs the program with every library's log at its most verbose."""


class Workplace:
    """A folder in which commands are given, with everything on that makes them talk."""

    def __init__(self, folder: Path, base_url: str, key: str) -> None:
        self.folder = folder
        self.environment = {
            "ALMASCAN_BASE_URL": base_url,
            "ALMASCAN_API_KEY": key,
            "ALMASCAN_LIBRARY": "MAIN",
            "ALMASCAN_CIRC_DESK": "DEFAULT_CIRC_DESK",
            "ALMASCAN_JOURNAL": str(folder / "journal.db"),
            "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
            "ALMASCAN_RATE": "300",
            "ALMASCAN_SETTLE_SECONDS": "0.2",
            "ALMASCAN_DEBUG": "1",
            "PYTHONASYNCIODEBUG": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def write(self, barcodes: Sequence[str], name: str = "list.txt") -> str:
        """Write a list that has lain there for years; give its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(barcodes) + "\n", encoding="utf-8")
        os.utime(path, (1e9, 1e9))
        return str(path)

    def say(self, *arguments: str, **environment: str) -> str:
        """Give a command; give all that it printed."""
        return CliRunner(env=self.environment | environment).invoke(almascan, arguments).output

    def say_apart(
        self, *arguments: str, until: str | None = None, interrupts: int = 0, seconds: float = 30, **environment: str
    ) -> str:
        """Give a command in a process of its own.

        Args:
            arguments: The command.
            until: Once this is printed the process is killed, or interrupted.
            interrupts: How often it is interrupted instead of being killed.
            seconds: When it is killed at the latest.
            environment: Variables of this command alone.

        Returns:
            All that it printed.
        """
        with subprocess.Popen(
            [sys.executable, "-X", "dev", "-u", "-c", _LOUD, *arguments],
            env=os.environ | self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            timer = threading.Timer(seconds, process.kill)
            timer.start()
            printed = ""
            for line in process.stdout or ():
                printed += line
                if until is not None and until in line and not interrupts:
                    process.kill()
                elif until is not None and (until in line or "Finishing" in line) and interrupts:
                    interrupts -= 1
                    process.send_signal(signal.SIGINT)
            timer.cancel()
        return printed

    def arguments_of(self, command: str) -> tuple[str, ...]:
        """Give what a command needs to talk to Alma."""
        more = {
            "scan": (str(self.folder / "list.txt"), "--yes"),
            "plan": (str(self.folder / "list.txt"),),
            "resume": ("1",),
            "retry": ("1",),
            "watch": (str(self.folder / "drop"), "--once", "--quiet-seconds", "0"),
        }
        return (command, *more.get(command, ()))

    def report(self) -> None:
        """Write every kind of report."""
        for kind in ("csv", "json", "html", "xlsx"):
            path = self.folder / f"report.{kind}"
            self.say("report", "--format", kind, "--output", str(path))
            assert path.stat().st_size

    def everything(self) -> bytes:
        """Give all that is kept, the parts of workbooks unpacked."""
        kept = []
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            kept.append(path.read_bytes())
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as parts:
                    kept += [parts.read(name) for name in parts.namelist()]
        return b"\n".join(kept)


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """Be another host: collect what is sent to it, and answer nothing."""
    received: list[bytes] = []
    ended = threading.Event()

    def serve(server: socket.socket) -> None:
        server.settimeout(0.05)
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(1)
                received.append(connection.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/almaws/v1/items", received
        finally:
            ended.set()
            thread.join()
