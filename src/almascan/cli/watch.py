"""``almascan watch FOLDER``: scan the lists that are dropped into a folder."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.order import order_options, read_order
from almascan.cli.work import check_notify, notify_option, open_journal, send_notice, work
from almascan.errors import AttemptError, ExitCode, KeyRefusedError, ListError, StopError, UsageError

if TYPE_CHECKING:
    from almascan.journal import Journal
    from almascan.lists import ListOptions
    from almascan.model import Order
    from almascan.run import Ended, Runner
    from almascan.settings import Settings

LOOK_SECONDS = 2.0
TRY_AGAIN_SECONDS = 60.0


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@order_options
@notify_option
@click.option(
    "--quiet-seconds",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    metavar="N",
    help="A file is complete when it has not changed for so long.",
)
@click.option("--once", is_flag=True, help="Do what is there and end, for a scheduler.")
@options.framed
def command(folder: Path, quiet_seconds: float, once: bool, notify: tuple[str, ...], **given: Any) -> None:
    """Scan every list that is dropped into FOLDER, with one and the same order, and ask nothing.

    A file is taken once it is complete. It is moved to done, or to needs-attention where a row needs a person, with
    its reports beside it; nothing is deleted. After a restart it goes on where it stopped. A key that Alma refuses ends
    the command with exit code 5; what else goes wrong is tried again.
    """
    from almascan.watching import find_complete, find_taken, take

    list_options, order, settings = read_order(given)
    check_notify(notify)
    options.connect(settings)  # no address, or no key at all, ends the command before a file is taken
    journal = open_journal(settings, create=True)
    drop = _Drop(settings, journal, list_options, order, notify)
    while True:
        waiting = find_taken(folder) or [take(path) for path in find_complete(folder, time.time(), quiet_seconds)[:1]]
        if waiting:
            drop.do(waiting[0])
        elif once:
            return
        else:
            time.sleep(LOOK_SECONDS)


class _Drop:
    """What is done with each file."""

    def __init__(
        self,
        settings: "Settings",
        journal: "Journal",
        list_options: "ListOptions",
        order: "Order",
        notify: tuple[str, ...],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._list_options = list_options
        self._order = order
        self._notify = notify

    def do(self, path: Path) -> None:
        """Scan a taken file, or go on with it, and put it away with its reports."""
        from almascan.progress.text import plain
        from almascan.watching import finish

        try:
            ended = self._scan(path)
        except (ListError, UsageError) as error:  # the list, or a desk that it names, is of no use
            put = finish(path, done=False)
            put.with_suffix(f"{put.suffix}.txt").write_text(f"{plain(str(error))}\n", encoding="utf-8")
            options.say(f"{put}: {error}")
            return
        except KeyRefusedError:  # no later try changes that: whoever minds the service is to see it
            raise
        except (StopError, AttemptError) as error:
            options.say(f"{path.name}: {error} Trying again in {TRY_AGAIN_SECONDS:.0f} s.")
            time.sleep(TRY_AGAIN_SECONDS)
            return
        if ended is None or ended.exit_code is ExitCode.INTERRUPTED:
            sys.exit(ExitCode.INTERRUPTED)
        if ended.exit_code is ExitCode.KEY:
            raise KeyRefusedError(f"{path.name}: {ended.run.reason}")
        if ended.exit_code in (ExitCode.QUOTA, ExitCode.UNREACHABLE):
            options.say(f"{path.name}: {ended.run.reason} Trying again in an hour.")
            time.sleep(60 * TRY_AGAIN_SECONDS)
            return
        put = finish(path, done=ended.exit_code is ExitCode.DONE)
        self._report(put, ended)
        options.say(f"{put}: run {ended.run.id} is {ended.run.state}.")
        send_notice(self._notify, self._journal, ended)

    def _scan(self, path: Path) -> "Ended | None":
        from almascan.lists import open_list
        from almascan.watching import run_of

        known = run_of(self._journal, path)
        if known is not None:

            async def resume(runner: "Runner", begin: Callable[[], None]) -> "Ended":
                begin()
                return await runner.resume(known.id)

            return work(self._settings, self._journal, resume)
        with open_list(path, self._list_options) as reading:

            async def scan(runner: "Runner", begin: Callable[[], None]) -> "Ended | None":
                begin()
                return await runner.scan(reading, self._order)

            return work(self._settings, self._journal, scan)

    def _report(self, path: Path, ended: "Ended") -> None:
        from almascan.report import FORMATS, write_report

        for kind in ("xlsx", "html"):
            with path.with_name(f"{path.name}.report{FORMATS[kind].suffix}").open("wb") as file:
                write_report(kind, ended.run, ended.counts, self._journal.rows(ended.run.id), file)
