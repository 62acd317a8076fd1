"""``almascan drain NAME``: have a worker take nothing new."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal


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
    from almascan.errors import UsageError

    journal = open_journal(options.settings_of(**given))
    if not journal.is_shared:
        raise UsageError(
            f"The journal {journal.place} is a file of this machine, and has no workers. Give --journal postgresql://..."
        )
    journal.drain_worker(name, drain=not undo)
    word = "may take runs again." if undo else "takes nothing new, finishes what is in flight, and leaves."
    click.echo(f"Worker {name} {word}")
