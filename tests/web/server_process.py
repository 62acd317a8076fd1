"""``almascan web`` as a process of its own, with a simulated Alma, and a person's folder."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from almascan.simulator import Simulator

READY_SECONDS = 30


class ServerProcess:
    """The page's server; it can be ended, killed and started again on the same port.

    Args:
        folder: Where the journal, the profiles and what it prints are.
        simulator: The Alma that its environment names; None for a newcomer's, that names none.
        options: More options of ``almascan web``.
        variables: More environment variables.
    """

    def __init__(
        self,
        folder: Path,
        simulator: Simulator | None = None,
        *options: str,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.journal = folder / "journal.db"
        self.port = _free_port()
        self.options = options
        self.variables = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")}
        self.variables |= {
            "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
            "ALMASCAN_JOURNAL": str(self.journal),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "ALMASCAN_SETTLE_SECONDS": "1",
        }
        if simulator is not None:
            self.variables |= {
                "ALMASCAN_BASE_URL": simulator.base_url,
                "ALMASCAN_API_KEY": simulator.keys["full"],
                "ALMASCAN_LIBRARY": simulator.library,
                "ALMASCAN_CIRC_DESK": simulator.circ_desk,
            }
        self.variables |= variables or {}
        self.process: subprocess.Popen[str] | None = None
        self.link = ""
        self._terminal = -1

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """End it."""
        self.kill()

    def start(self) -> None:
        """Start it, and wait for its link."""
        import pty  # noqa: PLC0415 - POSIX only

        self._terminal, theirs = pty.openpty()
        command = [sys.executable, "-m", "almascan", "web", "--no-browser", "--port", str(self.port), *self.options]
        log = (self.folder / "stderr.txt").open("a", encoding="utf-8")
        with log:
            self.process = subprocess.Popen(
                command, stdin=theirs, stdout=subprocess.PIPE, stderr=log, text=True, env=self.variables
            )
        os.close(theirs)
        self.link = self._next_line()
        assert self.link.startswith("http"), self.said()

    def new_link(self) -> str:
        """Press Enter in its terminal, and give the link that it prints."""
        os.write(self._terminal, b"\n")
        return self._next_line()

    def end(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=READY_SECONDS)
        self._close()
        return code

    def kill(self) -> None:
        """Kill it without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._close()

    def said(self) -> str:
        """Give what it has printed on standard error."""
        return (self.folder / "stderr.txt").read_text(encoding="utf-8")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Give a command in a terminal of the same person."""
        return subprocess.run(
            [sys.executable, "-m", "almascan", *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @contextmanager
    def begin_command(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Begin a command in a terminal of the same person; it is killed at the end, unless it has ended."""
        process = subprocess.Popen(
            [sys.executable, "-m", "almascan", *arguments],
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def _next_line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def _close(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self._terminal)
        self.process = None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
