"""``almascan retry [RUN]``: the failed rows once more."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.work import conclude, open_journal, run_argument, work

if TYPE_CHECKING:
    from almascan.run import Ended, Runner


@click.command()
@run_argument
@options.connection_options
@options.journal_option
@options.progress_option
@options.framed
def command(run: int | None, **given: Any) -> None:
    """Try a run's failed rows once more, and read its unclear ones again.

    An unclear row is never sent again before its item was read. Damaged barcodes stay as they are: correct them in
    the list and scan that.
    """
    settings = options.settings_of(**given)
    journal = open_journal(settings)
    found = journal.run(run)

    async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended":
        begin()
        return await runner.retry(found.id)

    conclude(journal, work(options.aimed_at(settings, found), journal, act))
