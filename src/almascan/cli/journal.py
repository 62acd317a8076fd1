"""``almascan journal``: whether the journal is whole, and what it holds, as lines for other programs."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.errors import ExitCode

if TYPE_CHECKING:
    from almascan.journal.inspection import Inspection
    from almascan.journal.salvage import Exported

_LATEST = "its file that ends in -wal"


@click.group(name="journal")
def command() -> None:
    """Look whether the journal is whole, or write out everything that can be read of it.

    Neither writes into the journal, and neither needs a key.
    """


@command.command(name="check")
@options.json_option
@options.profile_option
@options.journal_option
@options.framed
def check(*, as_json: bool, **given: Any) -> None:
    """Look whether the journal is whole, and say what to do where it is not.

    Reads every row. Ends with exit code 7 where something is wrong; rows that wait to be settled or resumed are said
    and are nothing wrong.
    """
    from almascan.journal.inspection import inspect_journal

    inspection = inspect_journal(_file_of(given, "amcheck and its log tell whether a database is whole"))
    if as_json:
        options.print_json(inspection)
    else:
        _print_inspection(inspection)
    sys.exit(ExitCode.JOURNAL if inspection.problems else ExitCode.DONE)


@command.command(name="export")
@click.option(
    "--out",
    "--output",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Instead of stdout; written whole or not at all.",
)
@click.option("--run", type=click.IntRange(1), metavar="N", help="One run alone; by default all.")
@options.profile_option
@options.journal_option
@options.framed
def export(output: Path | None, run: int | None, **given: Any) -> None:
    """Write all runs, rows and moments of their stories as lines of JSON, as far as they can be read.

    Also from a journal that is damaged, cut off, read-only or of a newer version. Ends with exit code 7 where records
    could not be read, and says how many.
    """
    from almascan.journal.salvage import export_journal, export_to_file

    path = _file_of(given, "pg_dump saves it, and almascan report writes a run's rows")
    try:
        if output is None:
            exported = export_journal(path, sys.stdout.buffer, run)
            sys.stdout.buffer.flush()
        else:
            exported = export_to_file(path, output, run)
    except BrokenPipeError:
        raise
    except OSError as error:
        _refuse_output(output, error)
    _say_exported(exported)
    sys.exit(ExitCode.DONE if exported.is_whole else ExitCode.JOURNAL)


def _file_of(given: dict[str, Any], instead: str) -> Path:
    """Give the journal's file; of a journal on a server say what PostgreSQL has instead."""
    from almascan.errors import UsageError
    from almascan.settings import journal_place

    place = journal_place(options.settings_of(**given))
    if isinstance(place, str):
        raise UsageError(
            f"This journal is on a server, and the command is for one in a file. PostgreSQL's own {instead}."
        )
    return place


def _refuse_output(output: Path | None, error: OSError) -> None:
    from almascan.errors import UsageError

    place = "stdout" if output is None else str(output)
    raise UsageError(f"The export cannot be written to {place}: {error.strerror}. Name another --out.") from error


def _print_inspection(inspection: "Inspection") -> None:
    rows = ", ".join(f"{number:,} {state}" for state, number in inspection.rows.items())
    facts = [
        ("Journal", inspection.path),
        ("Size", f"{inspection.size_bytes:,} bytes, and {inspection.latest_bytes:,} not merged yet"),
        ("Version", inspection.version or "unknown"),
        ("Runs", f"{inspection.runs:,}"),
        ("Rows", f"{sum(inspection.rows.values()):,}" + (f" ({rows})" if rows else "")),
        ("Events", f"{inspection.events:,}"),
    ]
    options.print_table("", ("", ""), facts)
    for remark in inspection.notes:
        options.say(f"{remark.sentence} {remark.next_step}", err=False)
    for remark in inspection.problems:
        options.say(f"PROBLEM: {remark.sentence} {remark.next_step}", err=False)
    if not inspection.problems:
        options.say("The journal is whole.", err=False)


def _say_exported(exported: "Exported") -> None:
    counts = ", ".join(_say_number(number, kind) for kind, number in exported.read.items())
    options.say(f"Exported {counts}.")
    lost = ", ".join(_say_number(number, kind) for kind, number in exported.lost.items() if number)
    if lost:
        options.say(f"almascan: {lost} at most could not be read: the journal is damaged there.")
    if exported.dropped:
        sentence = (
            f"almascan: {exported.dropped} or more of its latest records could not be read: {_LATEST} is damaged."
        )
        options.say(sentence)


def _say_number(number: int, kind: str) -> str:
    return f"{number:,} {kind}{'' if number == 1 else 's'}"
