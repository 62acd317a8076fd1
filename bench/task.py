"""One task in a process of its own, which tells what it took of time, processor and memory.

    python -m bench.task TOLD load LIST INSTITUTION
    python -m bench.task TOLD command report 1 --format csv ...

``load`` reads a list into the journal as a new run; ``command`` is any command of almascan. Where the journal is, and
which Alma is meant, the environment says as it does for almascan. What it took is written to
the file TOLD as JSON. Imports are not counted: they are the business of ``bench.start``.
"""

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from almascan.__main__ import main as run_command
from almascan.alma import resolve_base_url
from almascan.errors import ExitCode
from almascan.journal import Journal
from almascan.lists import open_list
from almascan.loading import load_list
from almascan.model import Desk, Order, Run, RunState
from almascan.settings import journal_place, load_settings
from bench.expense import Expense, read_expense, tell_expense


def run_task(told: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Expense:
    """Run a task in a process of its own, and give what it took.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [sys.executable, "-m", "bench.task", str(told), *arguments]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return read_expense(told)


def load(listed: str, institution: str) -> None:
    """Read a list into the journal of the settings, as an institution's run that was begun."""
    settings = load_settings({}, environ=os.environ)
    order = Order(Desk(settings.library, settings.circ_desk), rate=1000.0, keep_calls=0)
    base_url = resolve_base_url(settings.base_url)
    opened = Journal(journal_place(settings))
    with open_list(listed) as reading:
        run = Run(
            0,
            institution,
            base_url,
            "production",
            RunState.LOADING,
            reading.name,
            "",
            {},
            order,
            0,
            "bench",
            time.time(),
        )
        opened.begin_run(load_list(opened, reading, run).id)
    opened.close()


def command(*arguments: str) -> None:
    """Run a command of almascan; what it prints goes nowhere.

    Raises:
        RuntimeError: It failed, which rows left over are not.
    """
    sys.argv = ["almascan", *arguments]
    said = io.StringIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.redirect_stderr(said):
        try:
            run_command()
        except SystemExit as ended:
            if ended.code not in (None, ExitCode.DONE, ExitCode.LEFTOVERS):
                raise RuntimeError(said.getvalue()) from ended


def main() -> None:
    told, task, *arguments = sys.argv[1:]
    work = load if task == "load" else command
    tell_expense(Path(told), lambda: work(*arguments))


if __name__ == "__main__":
    main()
