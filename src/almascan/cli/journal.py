"""``almascan journal``: whether it is whole, what it holds as lines for other programs, and going on with a back-up of it."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.errors import ExitCode

if TYPE_CHECKING:
    from almascan.journal.inspection import Inspection
    from almascan.journal.place import Place
    from almascan.journal.salvage import Exported
    from almascan.restoring import Restored

_LATEST = "its file that ends in -wal"


@click.group(name="journal")
def command() -> None:
    """Look whether the journal is whole, write out everything that can be read of it, or go on with a back-up of it.

    None of them needs a key.
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
    inspection = _inspect(_place_of(given))
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

    Also from a journal in a file that is damaged, cut off or read-only, and from one of a newer version. Ends with exit code 7 where records
    could not be read, and says how many.
    """
    place = _place_of(given)
    try:
        exported = _export(place, output, run)
    except BrokenPipeError:
        raise
    except OSError as error:
        _refuse_output(output, error)
    _say_exported(exported)
    sys.exit(ExitCode.DONE if exported.is_whole else ExitCode.JOURNAL)


@command.command(name="restored")
@click.option("--yes", is_flag=True, help="Do so without asking.")
@options.json_option
@options.profile_option
@options.journal_option
@options.framed
def restored(*, yes: bool, as_json: bool, **given: Any) -> None:
    """Say that the journal was restored from a back-up, so that workers take it and nothing is scanned twice.

    Stop every worker and every page first. Rows that were being sent are read again, and all others looked at before
    they are scanned; those of the recipe any, which does not look, are left out for a person.
    """
    import time

    from almascan.cli.work import ask_to_begin, open_journal
    from almascan.restoring import check_nobody_works, mark_restored

    journal = open_journal(options.settings_of(**given))
    check_nobody_works(journal)
    question = (
        f"Was {journal.place} restored from a back-up, and is every worker and page stopped that used a newer one?"
    )
    if not yes and not ask_to_begin(question):
        options.say("Nothing was changed.", err=False)
        return
    done = mark_restored(journal, at=time.time())
    if as_json:
        options.print_json(done)
    else:
        _print_restored(done)


def _print_restored(done: "Restored") -> None:
    from almascan.progress.text import amount, duration
    from almascan.restoring import WAIT_SECONDS

    options.say(
        "The journal is marked as restored: whoever worked with the newer one can send nothing more.", err=False
    )
    open_runs = f"{amount(done.runs, 'run')} not finished; those of the queue wait {duration(WAIT_SECONDS)} first."
    options.say(f"{open_runs} {amount(done.unclear, 'row')} that had been sent are read again.", err=False)
    if done.for_person:
        runs = ", ".join(map(str, done.runs_for_person))
        sentence = f"{amount(done.for_person, 'row')} left out, for a recipe that does not look: of run {runs}."
        options.say(f"{sentence} Look at the items in Alma; the page (almascan web) takes rows back.", err=False)


def _place_of(given: dict[str, Any]) -> "Place":
    from almascan.journal.place import place_of
    from almascan.settings import journal_place

    return place_of(journal_place(options.settings_of(**given)))


def _inspect(place: "Place") -> "Inspection":
    """Look at a journal with what its place needs, and with nothing of the other's."""
    if isinstance(place, Path):
        from almascan.journal.inspection import inspect_journal

        return inspect_journal(place)
    from almascan.journal.server_look import inspect_server

    return inspect_server(place)


def _export(place: "Place", output: Path | None, run: int | None) -> "Exported":
    """Export a journal with what its place needs, and with nothing of the other's."""
    from almascan.journal.salvage import export_journal, export_to_file, write_whole

    if isinstance(place, Path) and output is not None:
        return export_to_file(place, output, run)
    if isinstance(place, Path):
        exported = export_journal(place, sys.stdout.buffer, run)
    else:
        from almascan.journal.server_look import export_server

        if output is not None:
            return write_whole(output, lambda out: export_server(place, out, run))
        exported = export_server(place, sys.stdout.buffer, run)
    sys.stdout.buffer.flush()
    return exported


def _refuse_output(output: Path | None, error: OSError) -> None:
    from almascan.errors import UsageError

    place = "stdout" if output is None else str(output)
    raise UsageError(f"The export cannot be written to {place}: {error.strerror}. Name another --out.") from error


def _print_inspection(inspection: "Inspection") -> None:
    latest = inspection.latest_bytes
    rows = ", ".join(f"{number:,} {state}" for state, number in inspection.rows.items())
    facts = [
        ("Journal", inspection.path),
        ("Size", f"{inspection.size_bytes:,} bytes" + (f", and {latest:,} not merged yet" if latest else "")),
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
