"""A simulator in a process of its own, for what is measured against it."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

START_SECONDS = 60


class Simulated(NamedTuple):
    """A running simulator: what its ready file says, and its control plane.

    Attributes:
        ready: The ready file's content: base_url, keys, library, circ_desk, barcodes, ...
    """

    ready: dict[str, Any]

    @property
    def base_url(self) -> str:
        """Where its API is."""
        return str(self.ready["base_url"])

    @property
    def key(self) -> str:
        """A key that may do everything."""
        return str(self.ready["keys"]["full"])

    def ask(self, path: str, **query: object) -> bytes:
        """Ask its control plane."""
        address = f"{self.base_url.removesuffix('/almaws/v1')}/simulator/{path}?{urlencode(query)}"
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - the simulator's own address
            content: bytes = answer.read()
        return content

    def stats(self, **query: object) -> dict[str, Any]:
        """Ask for its sums: requests, refused, scans, items_scanned_twice, ..."""
        sums: dict[str, Any] = json.loads(self.ask("stats", **query))
        return sums

    def counts(self) -> dict[str, int]:
        """Ask for the scans of every item that was scanned, by barcode."""
        scans: dict[str, int] = json.loads(self.ask("counts"))
        return scans

    def barcodes(self, number: int, state: str = "in_transit", **query: object) -> list[str]:
        """Ask for barcodes of items in a state."""
        return self.ask("barcodes", state=state, limit=number, **query).decode().split()


@contextlib.contextmanager
def run_simulator(*options: str) -> Iterator[Simulated]:
    """Run a simulator with some options of ``almascan simulator``, as long as the block lasts.

    Raises:
        RuntimeError: It did not come up.
    """
    with tempfile.TemporaryDirectory() as folder:
        ready_file = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "almascan", "simulator", "--port", "0", "--ready-file", str(ready_file)]
        with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as process:
            try:
                _wait_for(ready_file, process)
                yield Simulated(json.loads(ready_file.read_text(encoding="utf-8")))
            finally:
                process.terminate()


def _wait_for(ready_file: Path, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise RuntimeError("The simulator did not come up.")
        time.sleep(0.02)
