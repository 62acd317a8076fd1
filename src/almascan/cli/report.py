"""``almascan report [RUN]``: a run's report as a file."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import sys
from pathlib import Path
from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal, run_argument
from almascan.errors import UsageError


@click.command()
@run_argument
@click.option(
    "--format", "format_", metavar="csv|xlsx|json|html", help="The kind of report; by default the output's suffix."
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Instead of stdout.")
@click.option(
    "--split",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write a CSV for each outcome into FOLDER, each usable as the next list.",
)
@options.profile_option
@options.journal_option
@options.framed
def command(run: int | None, format_: str | None, output: Path | None, split: Path | None, **given: Any) -> None:
    """Write a run's report: csv or xlsx for a spreadsheet, json for programs, html to read and print."""
    from almascan.report import find_format, write_report
    from almascan.report.split import split_report

    journal = open_journal(options.settings_of(**given))
    found = journal.run(run)
    if split is not None:
        for outcome, path in split_report(found, journal.rows(found.id), split).items():
            options.say(f"{path}  {outcome}", err=False)
        return
    kind = format_ or (output.suffix.lstrip(".").lower() if output else "csv")
    find_format(kind)  # before a file of that name is opened, and so emptied
    counts, rows = journal.counts(found.id), journal.rows(found.id)
    if output is None:
        write_report(kind, found, counts, rows, sys.stdout.buffer)
        return
    try:
        with output.open("wb") as file:
            write_report(kind, found, counts, rows, file)
    except OSError as error:
        raise UsageError(
            f"The report cannot be written to {output}: {error.strerror}. Name another --output."
        ) from error
    options.say(f"{output} has the report of run {found.id}.")
