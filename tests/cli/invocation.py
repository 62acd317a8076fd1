"""Running commands as a person does: with arguments and an environment, and on a terminal where they ask."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from almascan.cli import almascan
from almascan.simulator import Simulator


def environment(tmp_path: Path, simulator: Simulator | None = None, key: str = "full") -> dict[str, str | None]:
    """Variables that keep a command away from this machine's profiles; None takes one away."""
    environ: dict[str, str | None] = {name: None for name in os.environ if name.startswith("ALMASCAN_")}
    environ["ALMASCAN_CONFIG"] = str(tmp_path / "profiles.toml")
    if simulator is not None:
        environ["ALMASCAN_BASE_URL"] = simulator.base_url
        environ["ALMASCAN_API_KEY"] = simulator.keys.get(key, key)
    return environ


def invoke(arguments: Sequence[str], environ: Mapping[str, str | None]) -> Result:
    """Run a command in this process, without a terminal."""
    return CliRunner(env=environ).invoke(almascan, arguments)


def converse(
    arguments: Sequence[str], environ: Mapping[str, str | None], answers: Sequence[tuple[str, str]]
) -> tuple[int, str]:
    """Run a command on a terminal of its own, and answer its questions.

    Args:
        arguments: The command's arguments.
        environ: Variables on top of this process's.
        answers: Pieces of the questions in their order, each with what is typed.

    Returns:
        The exit code, and everything that stood on the terminal.
    """
    import pty  # noqa: PLC0415 - POSIX only

    ours, theirs = pty.openpty()
    variables = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "COLUMNS": "200", **environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "almascan", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={name: value for name, value in variables.items() if value is not None},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        shown = "".join(_answer(ours, question, answer) for question, answer in answers)
        shown += _read_until(ours, None)
        return process.wait(timeout=60), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _answer(terminal: int, question: str, answer: str) -> str:
    shown = _read_until(terminal, question)
    os.write(terminal, f"{answer}\n".encode())
    return shown


def _read_until(terminal: int, question: str | None) -> str:
    """Read until a question stands there, or to the end."""
    shown, deadline = b"", time.monotonic() + 20
    while question is None or question.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"{question} was not asked: {shown.decode()}"
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux's way of saying that the other end is closed
            piece = b""
        if not piece:
            assert question is None, f"{question} was not asked: {shown.decode()}"
            break
        shown += piece
    return shown.decode()
