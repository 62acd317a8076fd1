"""``almascan show [RUN] [ROW]``: a run's summary, or a row's whole story."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import sys
from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal, print_summary, run_argument


@click.command()
@run_argument
@click.argument("row", type=click.IntRange(1), required=False, metavar="[ROW]")
@options.json_option
@options.profile_option
@options.journal_option
@options.framed
def command(run: int | None, row: int | None, as_json: bool, **given: Any) -> None:
    """Show a run's summary, or one ROW's story: what the list said, what Alma said when, what was sent and came back."""
    from rich.console import Console

    from almascan.report.json_report import describe_event, describe_row, describe_run
    from almascan.report.screen import story

    journal = open_journal(options.settings_of(**given))
    found = journal.run(run)
    if row is None:
        if as_json:
            options.print_json(describe_run(found) | {"counts": journal.counts(found.id)})
        else:
            print_summary(journal, found.id)
        return
    shown, events = journal.row(found.id, row), journal.story(found.id, row)
    if as_json:
        options.print_json(describe_row(shown) | {"story": [describe_event(event) for event in events]})
    else:
        Console(file=sys.stdout).print(story(shown, events))
