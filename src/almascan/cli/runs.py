"""``almascan runs``: what runs there are, and how a fleet stands."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.work import open_journal, open_shared_journal

if TYPE_CHECKING:
    from almascan.fleet.status import FleetStatus, InstitutionStatus, WorkerStatus
    from almascan.journal import Journal
    from almascan.model import Run

_OF_WORKERS = ("worker", "state", "up", "heard of", "keys", "works for", "machine", "version")
_OF_INSTITUTIONS = (
    "institution",
    "worker",
    "run",
    "requests/s",
    "limit",
    "calls left",
    "waiting",
    "oldest",
    "unclear",
)


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The latest N runs.")
@click.option("--fleet", is_flag=True, help="Instead of runs: the workers, and the institutions that they work for.")
@options.json_option
@options.profile_option
@options.journal_option
@options.framed
def command(limit: int, as_json: bool, fleet: bool, **given: Any) -> None:
    """List the runs of the journal, the newest first, or say how the workers of a fleet stand."""
    settings = options.settings_of(**given)
    if fleet:
        _show_fleet(open_shared_journal(settings), as_json=as_json)
    else:
        _show_runs(open_journal(settings), limit, as_json=as_json)


def _show_runs(journal: "Journal", limit: int, *, as_json: bool) -> None:
    from almascan.progress.text import date_time
    from almascan.report.json_report import describe_run
    from almascan.report.summary import count_done, count_for_person

    runs = journal.runs(limit)
    if as_json:
        options.print_json([describe_run(run) | {"counts": journal.counts(run.id)} for run in runs])
        return
    lines = []
    for run in runs:
        counts = journal.counts(run.id)
        about = (run.id, _say_state(journal, run), date_time(run.created_at), run.list_name, str(run.order.desk))
        lines.append((*about, run.rows, count_done(counts), count_for_person(counts)))
    columns = ("run", "state", "when", "list", "desk", "rows", "done", "need a person")
    options.print_table(f"Runs in {journal.place}", columns, lines)


def _say_state(journal: "Journal", run: "Run") -> str:
    """Say where a run is; of one that waits that it does, whether or not a worker that died has begun it."""
    from almascan.model import RunState

    state = journal.state_in_words(run)
    waits = run.state is RunState.QUEUED or (run.in_queue and state == "interrupted")
    return "waits for its turn" if waits else state


def _show_fleet(journal: "Journal", *, as_json: bool) -> None:
    from almascan.fleet.status import read_status

    status = read_status(journal)
    if as_json:
        options.print_json(status)
    else:
        _print_fleet(status)


def _print_fleet(status: "FleetStatus") -> None:
    if status.workers:
        options.print_table(f"Workers of {status.journal}", _OF_WORKERS, map(_worker_line, status.workers))
        click.echo()
    if status.institutions:
        options.print_table("Institutions", _OF_INSTITUTIONS, map(_institution_line, status.institutions))
        click.echo()
    options.say(_say_totals(status), err=False)
    for worker in status.workers:
        for profile, sentence in worker.problems.items():
            options.say(f"PROBLEM: {worker.name}{f', profile {profile}' if profile else ''}: {sentence}", err=False)


def _worker_line(worker: "WorkerStatus") -> tuple[object, ...]:
    from almascan.progress.text import duration

    heard = "" if worker.silent_seconds is None else f"{duration(worker.silent_seconds)} ago"
    up = duration(worker.up_seconds) if worker.is_alive else ""
    works = ", ".join(f"{work.institution} (run {work.run})" for work in worker.works)
    about = (worker.name, _say_worker_state(worker), up, heard, worker.institutions)
    return (*about, works, worker.machine, worker.version)


def _say_worker_state(worker: "WorkerStatus") -> str:
    if worker.silent_seconds is None:
        return "has left"
    if not worker.is_alive:
        return "silent"
    return "takes nothing new" if worker.is_draining else "works" if worker.works else "waits"


def _institution_line(found: "InstitutionStatus") -> tuple[object, ...]:
    from almascan.progress.text import duration, number

    pace = tuple(None if each is None else number(each) for each in (found.requests_per_second, found.rate))
    calls = None if found.remaining_calls is None else number(found.remaining_calls)
    oldest = None if found.oldest_waiting_seconds is None else duration(found.oldest_waiting_seconds)
    who = (found.institution, found.worker or found.holder, found.run)
    return (*who, *pace, calls, found.waiting_runs, oldest, found.unclear_rows)


def _say_totals(status: "FleetStatus") -> str:
    from almascan.progress.text import amount, duration, number

    totals = status.totals
    draining = f", {totals.draining} of them taking nothing new" if totals.draining else ""
    waiting = (
        "" if totals.oldest_waiting_seconds is None else f", the oldest for {duration(totals.oldest_waiting_seconds)}"
    )
    return (
        f"{amount(totals.workers, 'worker')} at work{draining}. "
        f"{amount(totals.worked_for, 'institution')} worked for, at {number(totals.requests_per_second)} requests/s. "
        f"{amount(totals.waiting_runs, 'run')} waiting{waiting}. {amount(totals.unclear_rows, 'unclear row')}."
    )
