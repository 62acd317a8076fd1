"""The page's server in a process of its own, for what is measured on it."""

import contextlib
import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

PATIENCE_SECONDS = 120.0
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


class Served:
    """A running server of the page, and a browser that it has let in.

    Args:
        process: The server.
        link: The address that lets a browser in, once.
    """

    def __init__(self, process: "subprocess.Popen[str]", link: str) -> None:
        parts = urlsplit(link)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self._process = process
        self._connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_SECONDS)
        self._headers = {"Origin": f"http://{self.host}:{self.port}"}
        self._connection.request("GET", f"{parts.path}?{parts.query}")
        answer = self._connection.getresponse()
        answer.read()
        self.cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        self._headers["Cookie"] = self.cookie

    def open(self, path: str) -> bytes:
        """Open a page.

        Raises:
            RuntimeError: It is not shown.
        """
        self._connection.request("GET", path, headers=self._headers)
        return self._read(200, path)

    def send(self, path: str, shown_on: str, **fields: str) -> None:
        """Send a form that a page shows.

        Raises:
            RuntimeError: What it asks for is not done.
        """
        found = _TOKEN.search(self.open(shown_on).decode())
        fields = {"csrf": found.group(1) if found else ""} | fields
        headers = self._headers | {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, urlencode(fields), headers)
        self._read(303, path)

    def processor_seconds(self) -> float | None:
        """Give the seconds of processor that the server has used, all threads together; None where nobody tells."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            return None
        # The name in brackets may hold anything; 14 and 15 are the user's and the system's share, in ticks.
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self, status: int, path: str) -> bytes:
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{path} was answered with {answer.status}: {content[-1500:].decode()}")
        return content


@contextlib.contextmanager
def serve_page(environment: Mapping[str, str]) -> Iterator[Served]:
    """Serve the page as long as the block lasts.

    Args:
        environment: Where its journal is and which Alma is meant, as for every command.
    """
    command = [sys.executable, "-m", "almascan", "web", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Served(process, process.stdout.readline().strip())
        finally:
            process.kill()
