"""``almascan delete RUN``: remove a run from the journal."""

from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import ask_to_begin, open_journal


@click.command()
@click.argument("run", type=click.IntRange(1), metavar="RUN")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@options.profile_option
@options.journal_option
@options.framed
def command(run: int, yes: bool, **given: Any) -> None:
    """Remove a RUN from the journal for good, with its rows and their stories; Alma is not touched.

    A run that is being worked on, has unclear rows, or sent scans in the last 24 hours is kept: others go by it.
    """
    import time  # noqa: PLC0415 - keeps --help quick

    from almascan.intervene import delete  # noqa: PLC0415

    journal = open_journal(options.settings_of(**given))
    found = journal.run(run)
    if not yes and not ask_to_begin(f"Delete run {found.id} ({found.list_name}, {found.rows:,} rows) for good?"):
        click.echo("Nothing was deleted.")
        return
    delete(journal, found.id, at=time.time())
    click.echo(f"Run {found.id} is deleted.")
