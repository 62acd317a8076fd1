"""``almascan cancel RUN``: end a run for good."""

from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal


@click.command()
@click.argument("run", type=click.IntRange(1), metavar="RUN")
@options.profile_option
@options.journal_option
@options.framed
def command(run: int, **given: Any) -> None:
    """End a RUN for good: what is in flight is finished and recorded, and the rest is never scanned."""
    from almascan.intervene import cancel  # noqa: PLC0415 - keeps --help quick

    journal = open_journal(options.settings_of(**given))
    cancelled = cancel(journal, run)
    click.echo(f"Run {cancelled.id} is cancelled; its report says what was done: almascan report {cancelled.id}")
