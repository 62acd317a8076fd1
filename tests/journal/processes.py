"""Processes that use a journal, and are killed when a test is through with them, however it ended."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from almascan.journal import Journal
from almascan.journal.place import Server


class Process:
    """A running Python program that was given a journal's place."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self._running = running
        self.pid = running.pid

    def readline(self) -> str:
        """Wait for a line that it prints."""
        assert self._running.stdout is not None
        line = self._running.stdout.readline()
        assert line, "it ended early"
        return line

    def read(self) -> str:
        """Give the rest of what it printed, once it has ended."""
        assert self._running.stdout is not None
        return self._running.stdout.read()

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        self._running.kill()
        self._running.wait()


@contextmanager
def started(code: str, journal: Path | Journal) -> Iterator[Process]:
    """Start a program on a journal, and kill it in the end."""
    command = [sys.executable, "-c", code, address_of(journal) if isinstance(journal, Journal) else str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        process = Process(running)
        try:
            yield process
        finally:
            process.kill()


def address_of(journal: Journal) -> str:
    """Say where a journal is, as ``Journal`` takes it."""
    return journal.place.address if isinstance(journal.place, Server) else str(journal.place)


_WRITE_AND_WAIT = """
import sys
from pathlib import Path
from tests.journal.samples import add, new
from almascan.journal import Journal
journal = Journal(Path(sys.argv[1]))
for _ in range(3):
    add(journal, [new(number, f"b{number}") for number in range(1, 31)])
print("written", flush=True)
sys.stdin.read()
"""


def leave_unmerged(journal: Path) -> None:
    """Have a process make a journal of three runs of thirty rows, and kill it before SQLite merges them into the file."""
    with started(_WRITE_AND_WAIT, journal) as writer:
        writer.readline()
        writer.kill()
