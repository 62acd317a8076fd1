"""The frame around every command: which exit code an error ends with, and what is said."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.cli.invocation import environment, invoke

from almascan.cli import options
from almascan.errors import (
    AlmascanError,
    ExitCode,
    ItemNotFoundError,
    JournalError,
    KeyRefusedError,
    LeaseError,
    ListError,
    NoAnswerError,
    NotSentError,
    QuotaError,
    Refusal,
    RefusedError,
    StopError,
    ThrottledError,
    UsageError,
)
from almascan.settings import Settings, find_key


def run(body: Callable[[], object], environ: dict[str, str] | None = None) -> Result:
    """Run a function as a framed command."""

    @click.command()
    @options.framed
    def command() -> None:
        body()

    return CliRunner(env={"ALMASCAN_DEBUG": None, **(environ or {})}).invoke(command, [])


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> object:
        raise error

    return body


REFUSAL = Refusal(400, "1", "no")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x."), 2),
        (ListError("x."), 2),
        (ItemNotFoundError("x."), 3),
        (RefusedError(REFUSAL), 3),
        (QuotaError("x."), 4),
        (KeyRefusedError("x."), 5),
        (LeaseError("x."), 6),
        (JournalError("x."), 7),
        (NotSentError("x."), 8),
        (NoAnswerError("x."), 8),
        (ThrottledError(REFUSAL), 8),
        (StopError("x."), 1),
    ],
)
def test_an_error_is_one_line_on_stderr_and_its_exit_code(error: AlmascanError, code: int) -> None:
    result = run(raising(error))
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"almascan: {error}\n")


def test_an_error_of_a_group_of_tasks_is_said_like_any_other() -> None:
    async def fail(error: Exception) -> None:
        raise error

    async def fail_together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(ValueError("because of the other")))
            group.create_task(fail(QuotaError("Used up.")))

    result = run(lambda: options.run_async(fail_together()))
    assert (result.exit_code, result.stderr) == (ExitCode.QUOTA, "almascan: Used up.\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_ends_with_130(error: BaseException) -> None:
    result = run(raising(error))
    assert (result.exit_code, result.stderr) == (ExitCode.INTERRUPTED, "almascan: interrupted.\n")


def test_a_defect_is_one_sentence_and_shows_where_only_when_asked() -> None:
    result = run(raising(ValueError("odd")))
    assert result.exit_code == ExitCode.INTERNAL
    assert "this is a defect in almascan (ValueError: odd)" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run(raising(ValueError("odd")), {"ALMASCAN_DEBUG": "1"}).stderr


def test_clicks_own_errors_stay_clicks() -> None:
    assert run(raising(click.UsageError("no such option"))).exit_code == ExitCode.USAGE
    assert run(lambda: sys.exit(ExitCode.LEFTOVERS)).exit_code == ExitCode.LEFTOVERS


def test_a_reader_that_goes_away_ends_the_command_without_a_word(tmp_path: Path) -> None:
    environ = {name: value for name, value in environment(tmp_path).items() if value is not None}
    process = subprocess.Popen(
        [sys.executable, "-m", "almascan", "profiles", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ | {"PATH": "", "SYSTEMROOT": "C:\\Windows"},
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(timeout=60) == ExitCode.INTERRUPTED


def test_a_table_in_a_pipe_keeps_each_row_in_one_line_and_shows_no_control_characters() -> None:
    long = "long " * 100
    result = run(lambda: options.print_table("T", ["a", "b"], [[f"{long}end", "[red]x\x1b[0m"], [None, 3]]))
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].split("  ")[-1] == "[red]x [0m"
    assert lines[2].strip() == "3"


def test_a_sentence_commands_no_terminal_and_is_one_line() -> None:
    result = run(raising(UsageError("The file \x1b]0;owned\x07\u202e\nname.")))
    assert result.stderr == "almascan: The file  ]0;owned name.\n"


def test_a_long_sentence_is_cut() -> None:
    assert len(run(raising(UsageError("x" * 100_000))).stderr) < 2000


@pytest.mark.parametrize("debug", [None, "1"])
def test_a_defect_that_quotes_the_key_shows_it_in_neither_sentence_nor_traceback(debug: str | None) -> None:
    key = "l8xxMARKEDKEYmustnotbeseen"

    def body() -> None:
        found = find_key(Settings(), {"ALMASCAN_API_KEY": key})
        raise RuntimeError(f"Authorization: apikey {found.value}")

    result = run(body, {"ALMASCAN_DEBUG": debug} if debug else {})
    assert result.exit_code == ExitCode.INTERNAL
    assert "apikey [key]" in result.stderr
    assert ("Traceback" in result.stderr) is (debug is not None)
    assert key not in result.output


def test_a_mistyped_command_line_commands_no_terminal(tmp_path: Path) -> None:
    for arguments in (["show", "\x1b[2J"], ["runs", "1", "\x1b[2J"], ["\x1b[2J"], ["runs", "--\x1b[2J"]):
        result = invoke(arguments, environment(tmp_path))
        assert result.exit_code == ExitCode.USAGE
        assert "\x1b" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", "--barcodes", "301\udcff"],
        ["scan", "--set", "\udcff"],
        ["scan", "list.txt", "--column", "\udcff"],
        ["plan", "list.txt", "--library", "\udcff"],
        ["show", "--journal", "\udcff"],
    ],
)
def test_a_value_whose_bytes_are_no_text_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    result = invoke(arguments, environment(tmp_path))
    assert result.exit_code == ExitCode.USAGE
    assert "holds bytes that are no text; type its value anew." in result.stderr


def test_json_is_utf_8_whatever_the_locale() -> None:
    result = run(lambda: options.print_json({"name": "Universitätsbibliothek 図書館"}))
    assert json.loads(result.stdout_bytes.decode("utf-8")) == {"name": "Universitätsbibliothek 図書館"}


def test_help_says_what_a_setting_is_for_and_its_variable(tmp_path: Path) -> None:
    text = " ".join(invoke(["check", "--help"], environment(tmp_path)).stdout.split())
    assert "Alma's code of the circulation desk where the scans happen. [ALMASCAN_CIRC_DESK]" in text


def test_no_option_of_any_command_takes_a_key() -> None:
    from almascan.cli import COMMANDS, almascan  # noqa: PLC0415 - loads every command

    context = click.Context(almascan)
    commands = [command for name in COMMANDS if (command := almascan.get_command(context, name))]
    assert len(commands) == len(COMMANDS)
    nested = [each for group in commands if isinstance(group, click.Group) for each in group.commands.values()]
    flags = {flag for command in [*commands, *nested] for option in command.params for flag in option.opts}
    assert {flag for flag in flags if "key" in flag} <= {"--key-env", "--key-file", "--keyring"}
