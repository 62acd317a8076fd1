"""``almascan resume [RUN]``: go on with what is not finished."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.work import (
    Times,
    check_notify,
    conclude,
    notify_option,
    open_journal,
    run_argument,
    time_options,
    work,
)

if TYPE_CHECKING:
    from almascan.run import Ended, Runner


@click.command()
@run_argument
@options.connection_options
@time_options
@options.pace_options
@options.journal_option
@options.progress_option
@notify_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Try the next N rows; the rest is for later.")
@options.framed
def command(run: int | None, limit: int | None, notify: tuple[str, ...], **given: Any) -> None:
    """Go on with a run that was interrupted, paused or stopped by a limit.

    Takes the latest run unless RUN is named, and asks nothing: what the run was asked to do stands. Rows whose scan
    got no answer are read again before anything else happens to them.
    """
    times = Times(given.pop("not_before"), given.pop("until"), given.pop("wait"))
    settings = options.settings_of(**given)
    check_notify(notify)
    journal = open_journal(settings)
    found = journal.run(run)
    settings = options.aimed_at(settings, found)
    changes = {
        name: getattr(settings, name)
        for name in ("rate", "per_minute", "keep_calls", "settle_seconds")
        if given[name] is not None
    }

    async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended":
        begin()
        return await runner.resume(found.id, limit=limit, changes=changes)

    conclude(journal, work(settings, journal, act, times), notify)
