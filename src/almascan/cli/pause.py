"""``almascan pause [RUN]``: from another terminal."""

from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal, run_argument


@click.command()
@run_argument
@options.profile_option
@options.journal_option
@options.framed
def command(run: int | None, **given: Any) -> None:
    """Have the process that works on a run finish what is in flight and stop; resume goes on with it."""
    from almascan.intervene import pause  # noqa: PLC0415 - keeps --help quick

    journal = open_journal(options.settings_of(**given))
    paused = pause(journal, journal.run(run).id)
    click.echo(f"Run {paused.id} is being paused. To go on: almascan resume {paused.id}")
