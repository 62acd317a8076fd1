"""What a run came to: which outcomes need a person, in which order to show them, which command comes next."""

from collections.abc import Mapping

import msgspec

from almascan.model import Group, Outcome, Run, RunState
from almascan.progress.text import amount

_ORDER = (Group.ATTENTION, Group.OPEN, Group.FAILED, Group.SKIPPED, Group.DONE)


class Command(msgspec.Struct, frozen=True):
    """A command to type next, and what it does."""

    line: str
    purpose: str


def needs_person(outcome: Outcome) -> bool:
    """Whether somebody has to look: not what is done, a duplicate, left out by a person, or never tried."""
    return outcome.group is not Group.DONE and outcome not in (Outcome.DUPLICATE, Outcome.LEFT_OUT, Outcome.NOT_TRIED)


def count_done(counts: Mapping[Outcome, int]) -> int:
    """Count the rows that are done."""
    return sum(count for outcome, count in counts.items() if outcome.group is Group.DONE)


def count_for_person(counts: Mapping[Outcome, int]) -> int:
    """Count the rows that need a person."""
    return sum(count for outcome, count in counts.items() if needs_person(outcome))


def count_for_retry(counts: Mapping[Outcome, int]) -> int:
    """Count the failed rows that may be tried once more."""
    return sum(count for outcome, count in counts.items() if outcome.can_be_retried)


def in_order(counts: Mapping[Outcome, int]) -> list[Outcome]:
    """Give the outcomes that occur, those that need a person first."""
    places = {outcome: place for place, outcome in enumerate(Outcome)}
    occurring = (outcome for outcome, count in counts.items() if count)
    return sorted(occurring, key=lambda one: (not needs_person(one), _ORDER.index(one.group), places[one]))


def verdict(run: Run, counts: Mapping[Outcome, int]) -> str:
    """Say in a sentence or three how many rows are done, how many need a person, and how many are still to be tried."""
    done, person = count_done(counts), count_for_person(counts)
    untried = counts.get(Outcome.NOT_TRIED, 0)
    sentences = [f"{done:,} of {amount(run.rows, 'row')} {'is' if run.rows == 1 else 'are'} done."]
    if person:
        sentences.append(f"{person:,} {'needs' if person == 1 else 'need'} a person.")
    if untried and run.state is RunState.PLANNED:
        sentences.append(f"{untried:,} {'is' if untried == 1 else 'are'} for resume to scan.")
    elif untried:
        sentences.append(f"{untried:,} {'was' if untried == 1 else 'were'} not tried yet.")
    return " ".join(sentences)


def work_seconds(run: Run) -> float | None:
    """Give the seconds from the run's start to its end, pauses included; None while it has not both."""
    if run.started_at is None or run.finished_at is None:
        return None
    return max(0.0, run.finished_at - run.started_at)


def rows_per_minute(run: Run, counts: Mapping[Outcome, int]) -> float | None:
    """Give the rows that have their answer per minute of the run; None while it has no end, or took no time."""
    seconds = work_seconds(run)
    answered = sum(count for outcome, count in counts.items() if outcome.group is not Group.OPEN)
    return answered * 60 / seconds if seconds else None


def next_commands(run: Run, counts: Mapping[Outcome, int], example: int | None = None) -> list[Command]:
    """Give the commands that make sense now, the most pressing first.

    Args:
        run: The run.
        counts: Rows per outcome.
        example: The number of a row that needs a person, to show how a row is asked about; None where there is none.
    """
    untried, unclear = (counts.get(outcome, 0) for outcome in (Outcome.NOT_TRIED, Outcome.UNCLEAR))
    failed = count_for_retry(counts)
    commands = []
    if run.state is not RunState.CANCELLED and (untried or run.state is not RunState.FINISHED):
        commands.append(Command(f"almascan resume {run.id}", _resume_purpose(run, untried)))
    if failed or unclear:
        commands.append(Command(f"almascan retry {run.id}", _retry_purpose(failed, unclear)))
    if unclear:
        commands.append(Command(f"almascan settle {run.id} ROW --done", "says that an unclear row's scan happened"))
    if example is not None:
        commands.append(Command(f"almascan show {run.id} {example}", "tells a row's whole story"))
    report = f"almascan report {run.id} --format"
    commands.append(Command(f"{report} html --output run-{run.id}.html", "makes a page to read and print"))
    commands.append(Command(f"{report} csv --output run-{run.id}.csv", "makes a table for a spreadsheet"))
    return commands


def _resume_purpose(run: Run, untried: int) -> str:
    if run.state is RunState.PLANNED:
        return f"looks at the {amount(untried, 'row')} once more and scans what is as planned"
    return "goes on" + (f" with the {amount(untried, 'row')} not tried yet" if untried else "")


def _retry_purpose(failed: int, unclear: int) -> str:
    tries = f"tries {amount(failed, 'failed row')} once more" if failed else ""
    reads = f"reads {amount(unclear, 'unclear row')} again" if unclear else ""
    return " and ".join(part for part in (tries, reads) if part)
