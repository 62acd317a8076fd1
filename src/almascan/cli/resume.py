"""``almascan resume [RUN]``: go on with what is not finished."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import click

from almascan.cli import options
from almascan.cli.work import (
    Times,
    check_notify,
    conclude,
    conclude_queued,
    notify_option,
    open_journal,
    refuse_what_queue_ignores,
    run_argument,
    time_options,
    work,
)

if TYPE_CHECKING:
    from almascan.journal import Journal
    from almascan.run import Ended, Runner

_OF_WHO_WORKS = ("limit", "until", "wait", "not_before", "notify", "base_url", "progress")
"""The options that are for the process that works on the rows."""


@click.command()
@run_argument
@options.connection_options
@time_options
@options.pace_options
@options.journal_option
@options.progress_option
@notify_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Try the next N rows; the rest is for later.")
@click.option(
    "--queue",
    is_flag=True,
    help="Leave it for a worker, the page (almascan web) or another process that works for the institution.",
)
@options.framed
def command(run: int | None, limit: int | None, queue: bool, notify: tuple[str, ...], **given: Any) -> None:
    """Go on with a run that was interrupted, paused or stopped by a limit.

    Takes the latest run unless RUN is named, and asks nothing: what the run was asked to do stands. Rows whose scan
    got no answer are read again before anything else happens to them.
    """
    if queue:
        refuse_what_queue_ignores(*_OF_WHO_WORKS)
    times = Times(given.pop("not_before"), given.pop("until"), given.pop("wait"))
    settings = options.settings_of(**given)
    check_notify(notify)
    journal = open_journal(settings)
    found = journal.run(run)
    changes = {
        name: getattr(settings, name)
        for name in ("rate", "per_minute", "keep_calls", "settle_seconds")
        if given[name] is not None
    }
    if queue:
        _put_in_queue(journal, found.id, changes)
    settings = options.aimed_at(settings, found)

    async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended":
        begin()
        return await runner.resume(found.id, limit=limit, changes=changes)

    conclude(journal, work(settings, journal, act, times), notify)


def _put_in_queue(journal: "Journal", run_id: int, changes: dict[str, Any]) -> NoReturn:
    from almascan.intervene import put_in_queue

    conclude_queued(journal, put_in_queue(journal, run_id, changes))
