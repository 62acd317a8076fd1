"""``almascan settle RUN ROW``: a person's word on an unclear row."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import time
from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal
from almascan.errors import UsageError


@click.command()
@click.argument("run", type=click.IntRange(1), metavar="RUN")
@click.argument("row", type=click.IntRange(1), metavar="ROW")
@click.option("--done", is_flag=True, help="The scan happened, or the item is where it belongs: nothing more to do.")
@click.option("--again", is_flag=True, help="The scan did not happen: resume scans the row again.")
@options.profile_option
@options.journal_option
@options.framed
def command(run: int, row: int, done: bool, again: bool, **given: Any) -> None:
    """Say what became of an unclear ROW of a RUN, after looking at the item in Alma."""
    from almascan.intervene import settle

    if done == again:
        raise UsageError("Say one of --done and --again, after a look at the item in Alma.")
    journal = open_journal(options.settings_of(**given))
    settled = settle(journal, run, row, done=done, at=time.time())
    following = "" if done else f" To scan it: almascan resume {run}"
    click.echo(f"Row {row} of run {run} is {settled.answer} now.{following}")
