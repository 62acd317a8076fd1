"""What the commands share: options that settings stand behind, the frame around a command, and ways to print."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import functools
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import click

from almascan.errors import AlmascanError, AttemptError, ExitCode, RowError, StopError, UsageError

if TYPE_CHECKING:
    from almascan.alma import Alma
    from almascan.model import Run
    from almascan.settings import Settings

_PIPE_WIDTH = 100_000
_LONGEST_DEFECT = 300

P = ParamSpec("P")
T = TypeVar("T")


class _SettingOption(click.Option):
    """An option of a setting: its help is the table's, read only when help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from almascan.settings import SETTINGS

        setting = next(setting for setting in SETTINGS if setting.name == self.name)
        default = "" if setting.default in ("", None) else f"; default {setting.default}"
        self.help = f"{setting.help} [{setting.variable}{default}]"
        return super().get_help_record(ctx)


def setting_option(name: str, *flags: str, metavar: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Give the option of a setting; its text is converted and checked by ``load_settings``.

    Args:
        name: The setting's name, which is also the argument's.
        flags: How it is written on the command line.
        metavar: What stands for its value in the help.
    """
    return click.option(*flags, name, cls=_SettingOption, metavar=metavar, default=None)


profile_option = setting_option("profile", "--profile", metavar="NAME")
base_url_option = setting_option("base_url", "--base-url", metavar="REGION|URL")
journal_option = setting_option("journal", "--journal", metavar="FILE|ADDRESS")
recipe_option = setting_option("recipe", "--recipe", metavar="NAME")
progress_option = setting_option("progress", "--progress", metavar="KIND")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def connection_options(command: Callable[P, T]) -> Callable[P, T]:
    """Add ``--profile`` and ``--base-url``."""
    return profile_option(base_url_option(command))


def desk_options(command: Callable[P, T]) -> Callable[P, T]:
    """Add ``--library``, ``--desk`` and ``--department``."""
    library = setting_option("library", "--library", metavar="CODE")
    desk = setting_option("circ_desk", "--desk", "--circ-desk", metavar="CODE")
    department = setting_option("department", "--department", metavar="CODE")
    return library(desk(department(command)))


def pace_options(command: Callable[P, T]) -> Callable[P, T]:
    """Add ``--rate``, ``--per-minute``, ``--keep-calls`` and ``--settle-seconds``."""
    rate = setting_option("rate", "--rate", metavar="N")
    per_minute = setting_option("per_minute", "--per-minute", metavar="N")
    keep_calls = setting_option("keep_calls", "--keep-calls", metavar="N")
    settle_seconds = setting_option("settle_seconds", "--settle-seconds", metavar="SECONDS")
    return rate(per_minute(keep_calls(settle_seconds(command))))


def settings_of(**options: object) -> "Settings":
    """Merge a command's options with the environment, the profile and the defaults.

    Args:
        options: The keyword arguments that the options of this module gave to the command.

    Raises:
        UsageError: A value is wrong, or the profile is not there.
    """
    from almascan.settings import load_settings

    return load_settings(options, environ=os.environ)


def connect(settings: "Settings", *, rate: float | None = None) -> "Alma":
    """Give the client for the address and the key of the settings; use it with ``async with``.

    Args:
        settings: The settings.
        rate: Requests a second; None takes the client's own careful default.

    Raises:
        UsageError: No address is given, or it is none of Alma's.
        KeyRefusedError: There is no key.
    """
    from almascan.alma import Alma, Pacer, resolve_base_url
    from almascan.settings import read_key

    if not settings.base_url:
        raise UsageError(
            "Nothing says which Alma is meant: give --base-url (a region such as eu, or a simulator's address), or make "
            "a profile with: almascan profiles add main"
        )
    base_url, key = resolve_base_url(settings.base_url), read_key(settings, os.environ)
    return Alma(base_url, key, pacer=None if rate is None else Pacer(rate))


@asynccontextmanager
async def connected(settings: "Settings", *, rate: float | None = None) -> AsyncIterator["Alma"]:
    """Connect to Alma as ``connect`` does and, where the settings name an institution, see that the key is its own.

    A key from the environment counts before a profile's, so the two may not belong together.

    Raises:
        KeyRefusedError: The key is another institution's; nothing but the test of the key was sent.
        AttemptError, StopError: Alma gives no usable answer.
    """
    from almascan.institution import check_institution

    async with connect(settings, rate=rate) as alma:
        if settings.institution:
            check_institution(settings, await alma.test_read())
        yield alma


def aimed_at(settings: "Settings", run: "Run") -> "Settings":
    """Give the settings with the run's own address where they name none."""
    import msgspec

    return settings if settings.base_url else msgspec.structs.replace(settings, base_url=run.base_url)


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    import asyncio

    return asyncio.run(coroutine)


def framed(command: Callable[P, T]) -> Callable[P, T]:
    """Turn every error of a command into one sentence on stderr and an exit code.

    A defect, which is every exception that is not almascan's own, shows its traceback only with ALMASCAN_DEBUG=1.
    """

    @functools.wraps(command)
    def frame(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            _check_texts(kwargs)
            result = command(*args, **kwargs)
            sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - the one place that every error ends in
            _leave(error)
        return result

    return frame


def _check_texts(given: Mapping[str, object]) -> None:
    """Refuse values that are no text; a list's own name may be any bytes that the system allows.

    Raises:
        UsageError: A value holds bytes that are not in the terminal's encoding.
    """
    for name, value in given.items():
        if isinstance(value, str) and name != "list_" and any("\ud800" <= each <= "\udfff" for each in value):
            raise UsageError(
                f"--{name.strip('_').replace('_', '-')} holds bytes that are no text; type its value anew."
            )


def _leave(error: BaseException) -> NoReturn:
    """Say what happened and exit."""
    error = _first(error)
    if os.environ.get("ALMASCAN_DEBUG") == "1":
        for line in "".join(traceback.format_exception(error)).splitlines():
            say(line)
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        sys.exit(ExitCode.INTERRUPTED)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        say("almascan: interrupted.")
        sys.exit(ExitCode.INTERRUPTED)
    if isinstance(error, AlmascanError):
        say(f"almascan: {error}")
        sys.exit(exit_code_of(error))
    say(
        f"almascan: this is a defect in almascan ({type(error).__name__}: {str(error)[:_LONGEST_DEFECT]}). Please report it with this "
        "line; ALMASCAN_DEBUG=1 shows where it happened."
    )
    sys.exit(ExitCode.INTERNAL)


def exit_code_of(error: BaseException) -> ExitCode:
    """Give the exit code that an error of almascan ends a command with."""
    if isinstance(error, StopError):
        return error.exit_code
    if isinstance(error, AttemptError):
        return ExitCode.UNREACHABLE
    return ExitCode.LEFTOVERS if isinstance(error, RowError) else ExitCode.INTERNAL


def _first(error: BaseException) -> BaseException:
    """Give the error that a group of tasks failed with: the first that is almascan's own, else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_first(one) for one in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, AlmascanError)), leaves[0])


def _silence_stdout() -> None:
    """Let Python's own flush at exit go nowhere: whoever read the output has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def say(sentence: str, *, err: bool = True) -> None:
    """Print a sentence, on stderr unless told otherwise.

    What it quotes from a list, from Alma or from a file's name commands no terminal, and a key is taken out of it.
    """
    from almascan.progress.text import plain
    from almascan.settings.keys import without_keys

    click.echo(plain(without_keys(sentence)), err=err)


def print_json(value: object) -> None:
    """Print a value as JSON in UTF-8, indented by two; its texts are exact and command no terminal."""
    import msgspec

    from almascan.progress.text import json_bytes

    click.echo(msgspec.json.format(json_bytes(value).decode(), indent=2))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on stdout.

    On a terminal it fits the width; in a pipe or a file each row is one line, however long, without lines drawn.

    Args:
        title: What stands above it on a terminal; "" for nothing.
        columns: The headings.
        rows: The cells; None is shown as nothing.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from almascan.progress.text import plain

    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout) if terminal else Console(file=sys.stdout, width=_PIPE_WIDTH, color_system=None)
    table = Table(
        title=title if terminal and title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD if terminal and any(columns) else None,
        show_header=any(columns),
        pad_edge=False,
    )
    for column in columns:
        table.add_column(Text(column), no_wrap=not terminal, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else plain(str(value))) for value in row))
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))
