"""What the commands that scan share: making a runner, asking before it begins, Ctrl-C, and saying how it ended."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import click

from almascan.cli.options import connected, say
from almascan.cli.process import live_long
from almascan.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from almascan.hours import Hours
    from almascan.journal import Journal
    from almascan.model import Run
    from almascan.run import Ended, Runner
    from almascan.settings import Settings
    from almascan.stop import Stop

Result = TypeVar("Result")
Deed = Callable[["Runner", Callable[[], None]], Awaitable[Result]]
"""What a command has the runner do; it calls the second argument when the work on rows begins."""
Act = Deed["Ended | None"]


class Times(NamedTuple):
    """What a command says of the time: ``--not-before``, ``--until`` and ``--wait``."""

    not_before: str | None = None
    until: str | None = None
    wait: bool = False


_AT_ANY_TIME = Times()


def time_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--not-before``, ``--until`` and ``--wait``."""
    not_before = click.option("--not-before", metavar="HH:MM", help="Begin with the rows at this time of day.")
    until = click.option("--until", metavar="HH:MM", help="Stop at this time of day; the rest is for resume.")
    wait = click.option("--wait", is_flag=True, help="When the day's calls are used up, wait for new ones and go on.")
    return not_before(until(wait(command)))


def work(
    settings: "Settings",
    journal: "Journal",
    act: Act,
    times: Times = _AT_ANY_TIME,
    *,
    ask_again_seconds: float = 3600.0,
) -> "Ended | None":
    """Connect to Alma, have a runner do something, and close everything again.

    Args:
        settings: The command's settings.
        journal: The journal.
        act: What to do.
        times: When, and whether to wait for the next day's calls.
        ask_again_seconds: How long to wait before Alma is asked whether it has calls again: when it counts anew is
            not certain.

    Returns:
        How it ended; None where it was not confirmed.
    """
    from almascan.errors import QuotaError
    from almascan.hours import read_hours

    hours = read_hours(times.not_before, times.until, time.time())
    while True:
        try:
            ended = perform(settings, journal, act, hours)
        except QuotaError as error:
            if not times.wait:
                raise
            _wait_for_calls(str(error), ask_again_seconds)
            continue
        if ended is None or ended.exit_code is not ExitCode.QUOTA or not times.wait:
            return ended
        _wait_for_calls(ended.run.reason, ask_again_seconds)
        act = _resume(ended.run.id)


def perform(settings: "Settings", journal: "Journal", deed: Deed[Result], hours: "Hours | None" = None) -> Result:
    """Connect to Alma, have a runner do something once, and close everything again.

    Args:
        settings: The command's settings.
        journal: The journal.
        deed: What to do.
        hours: Between which moments rows are worked on.

    Returns:
        What came of it.
    """
    import asyncio

    live_long()
    return asyncio.run(_perform(settings, journal, deed, hours))


async def _perform(settings: "Settings", journal: "Journal", deed: Deed[Result], hours: "Hours | None") -> Result:
    from almascan.institution import CAREFUL_RATE
    from almascan.progress import reporter_for
    from almascan.run import Runner
    from almascan.stop import Stop

    stop = Stop()
    reporter = reporter_for(settings.progress, sys.stderr)
    with interruptible(stop, reporter.say) as begin:
        async with connected(settings, rate=min(settings.rate or CAREFUL_RATE, CAREFUL_RATE)) as alma:
            return await deed(Runner(alma, journal, reporter, stop=stop, hours=hours), begin)


def _resume(run_id: int) -> Act:
    async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended":
        begin()
        return await runner.resume(run_id)

    return act


def _wait_for_calls(why: str, seconds: float) -> None:
    say(f"{why} Asking again in {seconds / 60:.0f} min (--wait); Ctrl-C ends this, resume goes on.")
    time.sleep(seconds)


_HANGUP = getattr(signal, "SIGHUP", None)
"""Sent where the terminal is closed; Windows has none."""


def _ending_signals() -> list[signal.Signals]:
    """What ends a command; nohup has the closing of the terminal ignored, and so it stays."""
    minds_hangup = _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([_HANGUP] if _HANGUP is not None and minds_hangup else [])]


def _silence(terminals: Iterable[int]) -> None:
    """Let what is still printed go nowhere: writing to a terminal that has gone is an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in terminals:
        os.dup2(nowhere, number)
    os.close(nowhere)


@contextmanager
def interruptible(stop: "Stop", say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Until the work begins Ctrl-C ends the command; from then on the first finishes what is in flight.

    Args:
        stop: The run's stop.
        say: Tells the person.

    Yields:
        To be called when the work begins.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _ending_signals()}
    terminals = [number for number in (1, 2) if os.isatty(number)]
    presses = 0

    def interrupt() -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            return stop.abandon()
        stop.request("It was interrupted; resume goes on.", ExitCode.INTERRUPTED)
        return say("Finishing what is in flight; Ctrl-C once more stops at once.")

    def obey(number: int, _frame: object) -> None:
        if number == _HANGUP:
            _silence(terminals)
        loop.call_soon_threadsafe(interrupt)

    def begin() -> None:
        for number in before:
            signal.signal(number, obey)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield begin
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_what_queue_ignores(*names: str) -> None:
    """Refuse the options of these names, where they were typed, that whoever takes the run up would not hear of."""
    from click.core import ParameterSource

    from almascan.errors import UsageError

    context = click.get_current_context()
    typed = [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if typed:
        shown = ", ".join(f"--{name.replace('_', '-')}" for name in typed)
        raise UsageError(
            f"--queue leaves the work to another process, which does not hear of {shown}; say one of them."
        )


notify_option = click.option(
    "--notify", multiple=True, envvar="ALMASCAN_NOTIFY", metavar="URL", help="Tell how it ended there, through apprise."
)


def check_notify(addresses: tuple[str, ...]) -> None:
    """Refuse addresses that nobody could be told at, before any work."""
    if addresses:
        from almascan.notice import check_addresses

        check_addresses(addresses)


def send_notice(addresses: tuple[str, ...], journal: "Journal", ended: "Ended") -> None:
    """Tell how a run ended; a failure is said and changes nothing."""
    if addresses:
        from almascan.notice import tell

        if not tell(addresses, ended.run, journal.counts(ended.run.id)):
            say("almascan: not every address of --notify was reached.")


def conclude_queued(journal: "Journal", run: "Run | None") -> NoReturn:
    """Print where a run waits that was left for another process, and exit."""
    if run is None:
        _say_nothing_was_kept()
    taker = "a worker, or almascan web," if journal.is_shared else "almascan web"
    click.echo(f"Run {run.id} waits: {taker} takes it up, or: almascan resume {run.id}")
    sys.exit(ExitCode.DONE)


def _say_nothing_was_kept() -> NoReturn:
    say("Nothing was scanned, and nothing was kept.")
    sys.exit(ExitCode.USAGE)


def conclude(journal: "Journal", ended: "Ended | None", notify: tuple[str, ...] = ()) -> NoReturn:
    """Print how a run ended on stdout, tell whoever is to be told, and exit with its code."""
    if ended is None:
        _say_nothing_was_kept()
    send_notice(notify, journal, ended)
    print_summary(journal, ended.run.id)
    sys.exit(ended.exit_code)


def print_summary(journal: "Journal", run_id: int) -> None:
    """Print a run's summary on stdout."""
    from rich.console import Console

    from almascan.model import Outcome
    from almascan.report.screen import summary
    from almascan.report.summary import needs_person

    example = journal.example(run_id, [outcome for outcome in Outcome if needs_person(outcome)])
    Console(file=sys.stdout).print(summary(journal.run(run_id), journal.counts(run_id), example=example))


def open_journal(settings: "Settings", *, create: bool = False) -> "Journal":
    """Open the journal that the settings name, and warn where others than its owner may use it."""
    from almascan.journal import Journal
    from almascan.settings import journal_place

    place = journal_place(settings)
    if not isinstance(place, str):
        _warn_of_others(
            place
        )  # before it is opened: what SQLite puts beside it meanwhile is gone when the command ends
    journal = Journal(place, create=create)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(journal.close)
    return journal


def open_shared_journal(settings: "Settings", *, create: bool = False) -> "Journal":
    """Open a journal that a fleet's workers share.

    Raises:
        UsageError: It is a file of this machine.
    """
    from almascan.errors import UsageError

    journal = open_journal(settings, create=create)
    if not journal.is_shared:
        raise UsageError(
            f"The journal {journal.place} is a file of this machine, and workers need one that they share. Give "
            "--journal postgresql://user@host/database"
        )
    return journal


def _warn_of_others(journal: "Path") -> None:
    """Say so where others may read or change the journal or what SQLite keeps beside it: it tells what was scanned."""
    from almascan.settings.permissions import closing_command, find_open_to_others

    parts = [journal, *(journal.with_name(f"{journal.name}{suffix}") for suffix in ("-wal", "-shm"))]
    if found := find_open_to_others(parts):
        say(f"almascan: others than its owner can use the journal {journal}. Type: {closing_command(found)}")


def ask_to_begin(question: str, flag: str = "--yes") -> bool:
    """Ask on the terminal whether to begin; without one, say which option answers instead.

    Raises:
        UsageError: There is no terminal to ask on.
    """
    from almascan.errors import UsageError

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"There is no terminal to ask on. Say {flag} to begin without being asked.")
    return click.confirm(question, default=False, err=True)


def run_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument RUN, which defaults to the latest run."""
    return click.argument("run", type=click.IntRange(1), required=False, metavar="[RUN]")(command)
