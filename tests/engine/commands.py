"""The real command as a process of its own, on a bad disk or beside others like it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.kills import environment_of
from tests.cli.invocation import invoke

from almascan.simulator import Simulator

LIMITED = """
import resource, runpy, sys
most_bytes = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
runpy.run_module("almascan", run_name="__main__", alter_sys=True)
"""
"""Runs the command where no file may grow beyond so many bytes; a quota that is used up looks the same."""


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(simulator: Simulator, folder: Path, **settings: str) -> dict[str, str]:
    """Variables of a command whose journal is in a folder; ``settings`` are almascan's, in capitals."""
    quick = {"ALMASCAN_SETTLE_SECONDS": "0.5"}
    return environment_of(simulator, folder) | quick | {f"ALMASCAN_{name}": value for name, value in settings.items()}


def say(environ: Mapping[str, str], *arguments: str, most_bytes: int | None = None) -> Said:
    """Give a command, and wait until it has ended."""
    how = ["-m", "almascan"] if most_bytes is None else ["-c", LIMITED, str(most_bytes)]
    done = subprocess.run(
        [sys.executable, *how, *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def say_here(environ: Mapping[str, str], *arguments: str) -> Said:
    """Give a command in this process, which is quicker; for what is no matter of processes."""
    result = invoke(arguments, environ)
    return Said(result.exit_code, result.stdout, result.stderr)


def write_list(folder: Path, lines: Sequence[str], name: str = "list.txt") -> str:
    """Write a list, and give its path."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)
