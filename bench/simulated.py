"""A simulator in a process of its own, for what is measured against it."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START_SECONDS = 20


@contextlib.contextmanager
def run_simulator(ready_file: Path, *options: str) -> Iterator[dict[str, Any]]:
    """Run a simulator with some options; yields what its ready file says."""
    command = [sys.executable, "-m", "almascan", "simulator", "--port", "0", "--ready-file", str(ready_file), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(START_SECONDS * 20):
                if ready_file.exists():
                    break
                time.sleep(0.05)
            yield json.loads(ready_file.read_text(encoding="utf-8"))
        finally:
            process.terminate()


def ask_control(ready: dict[str, Any], path: str) -> bytes:
    """Ask a simulator's control plane."""
    address = ready["base_url"].replace("/almaws/v1", f"/simulator/{path}")
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the simulator's own address
        content: bytes = answer.read()
    return content
