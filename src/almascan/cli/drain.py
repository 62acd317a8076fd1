"""``almascan drain NAME``: have a worker take nothing new."""

from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_shared_journal


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--undo", is_flag=True, help="Let it take runs again.")
@options.profile_option
@options.journal_option
@options.framed
def command(name: str, *, undo: bool, **given: Any) -> None:
    """Have a worker of the fleet finish what is in flight, take nothing new and leave; others go on with its runs.

    Started again, it waits until --undo says that it may take runs.
    """
    journal = open_shared_journal(options.settings_of(**given))
    journal.drain_worker(name, drain=not undo)
    word = "may take runs again." if undo else "takes nothing new, finishes what is in flight, and leaves."
    click.echo(f"Worker {name} {word}")
