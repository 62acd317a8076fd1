"""``almascan runs``: what runs there are."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from typing import Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The latest N runs.")
@options.json_option
@options.profile_option
@options.journal_option
@options.framed
def command(limit: int, as_json: bool, **given: Any) -> None:
    """List the runs of the journal, the newest first."""
    from almascan.progress.text import date_time
    from almascan.report.json_report import describe_run
    from almascan.report.summary import count_done, count_for_person

    journal = open_journal(options.settings_of(**given))
    runs = journal.runs(limit)
    if as_json:
        options.print_json([describe_run(run) | {"counts": journal.counts(run.id)} for run in runs])
        return
    lines = []
    for run in runs:
        counts = journal.counts(run.id)
        about = (run.id, journal.state_in_words(run), date_time(run.created_at), run.list_name, str(run.order.desk))
        lines.append((*about, run.rows, count_done(counts), count_for_person(counts)))
    columns = ("run", "state", "when", "list", "desk", "rows", "done", "need a person")
    options.print_table(f"Runs in {journal.place}", columns, lines)
