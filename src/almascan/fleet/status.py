"""How a fleet stands: its workers, the institutions that wait or are worked for, and all of it in numbers.

Composed of what the journal says alone, so that it can be asked from any machine; no worker is asked.
"""

from collections.abc import Mapping, Sequence

import msgspec

from almascan.journal import Journal
from almascan.journal.workers import InstitutionInQueue, Worker, Works

VERSION = 1
"""Counts up when a field is renamed, removed or means something else; fields may be added without it."""


class Work(msgspec.Struct, frozen=True):
    """What a worker works on.

    Attributes:
        institution: The institution's code.
        run: The run that has its turn.
    """

    institution: str
    run: int


class WorkerStatus(msgspec.Struct, frozen=True):
    """One worker.

    Attributes:
        name: Its name.
        machine: User, machine and process.
        version: almascan's.
        up_seconds: How long ago it started.
        silent_seconds: How long ago it was heard of; None where it has left and was told to take nothing new.
        is_alive: Whether it was heard of lately.
        is_draining: Whether it is to take nothing new.
        institutions: How many institutions it has a key for.
        concurrency: How many it works for at most at a time.
        works: What it works on; nothing where it is not alive.
        problems: What is wrong with its profiles, by their names; "" stands for the file of profiles.
    """

    name: str
    machine: str
    version: str
    up_seconds: float
    silent_seconds: float | None
    is_alive: bool
    is_draining: bool
    institutions: int
    concurrency: int
    works: tuple[Work, ...]
    problems: dict[str, str]


class InstitutionStatus(msgspec.Struct, frozen=True):
    """One institution that is worked for, has runs that wait, or unclear rows.

    Attributes:
        institution: Its code.
        worker: The worker that works for it; "" for none.
        holder: User, machine and process that has its lease: a worker, a page or a command; "" for nobody.
        run: The run that a worker works on.
        requests_per_second: How many requests the worker sends now.
        rate: How many it may.
        remaining_calls: How many of the day's calls are left, as the worker was told last.
        waiting_runs: How many of its runs wait for a turn.
        oldest_waiting_seconds: How long the turn has been due that has waited longest; None where no run waits.
        unclear_rows: How many of its rows are unclear.
    """

    institution: str
    worker: str
    holder: str
    run: int | None
    requests_per_second: float | None
    rate: float | None
    remaining_calls: int | None
    waiting_runs: int
    oldest_waiting_seconds: float | None
    unclear_rows: int


class Totals(msgspec.Struct, frozen=True):
    """The fleet in numbers.

    Attributes:
        workers: How many workers are alive.
        draining: How many of those are to take nothing new.
        worked_for: How many institutions somebody works for.
        requests_per_second: How many requests all workers send now.
        waiting_runs: How many runs wait for a turn.
        oldest_waiting_seconds: How long the turn has been due that has waited longest; None where no run waits.
        unclear_rows: How many rows are unclear.
    """

    workers: int
    draining: int
    worked_for: int
    requests_per_second: float
    waiting_runs: int
    oldest_waiting_seconds: float | None
    unclear_rows: int


class FleetStatus(msgspec.Struct, frozen=True):
    """How a fleet stands; all seconds are by the clock of the journal's server.

    Attributes:
        version: ``VERSION``.
        journal: The journal's address, without a password.
        workers: The workers, by name.
        institutions: The institutions, by code.
        totals: All of it in numbers.
    """

    version: int
    journal: str
    workers: tuple[WorkerStatus, ...]
    institutions: tuple[InstitutionStatus, ...]
    totals: Totals


def read_status(journal: Journal) -> FleetStatus:
    """Read how the fleet of a journal on a server stands.

    Raises:
        JournalError: The journal cannot be used.
    """
    found = journal.workers()
    at_work = {works.institution: (each.name, works) for each in found if each.is_alive for works in each.report.works}
    names = {each.machine: each.name for each in found}
    workers = tuple(map(_describe_worker, found))
    institutions = tuple(_describe_institution(each, at_work, names) for each in journal.institutions_in_queue())
    return FleetStatus(VERSION, str(journal.place), workers, institutions, _add_up(workers, institutions))


def _describe_worker(worker: Worker) -> WorkerStatus:
    report = worker.report
    return WorkerStatus(
        name=worker.name,
        machine=worker.machine,
        version=worker.version,
        up_seconds=round(worker.up_seconds, 1),
        silent_seconds=None if worker.has_left else round(worker.silent_seconds, 1),
        is_alive=worker.is_alive,
        is_draining=worker.is_draining,
        institutions=report.institutions,
        concurrency=report.concurrency,
        works=tuple(Work(each.institution, each.run) for each in report.works if worker.is_alive),
        problems=report.problems,
    )


def _describe_institution(
    found: InstitutionInQueue, at_work: Mapping[str, tuple[str, Works]], names: Mapping[str, str]
) -> InstitutionStatus:
    name, works = at_work.get(found.institution, ("", None))
    return InstitutionStatus(
        institution=found.institution,
        worker=names.get(found.holder, "" if found.holder else name),
        holder=found.holder,
        run=None if works is None else works.run,
        requests_per_second=None if works is None else round(works.requests_per_second, 1),
        rate=None if works is None else works.rate,
        remaining_calls=None if works is None else works.remaining_calls,
        waiting_runs=found.waiting,
        oldest_waiting_seconds=round(found.oldest_seconds, 1) if found.waiting else None,
        unclear_rows=found.unclear,
    )


def _add_up(workers: Sequence[WorkerStatus], institutions: Sequence[InstitutionStatus]) -> Totals:
    waiting = [each.oldest_waiting_seconds for each in institutions if each.oldest_waiting_seconds is not None]
    return Totals(
        workers=sum(each.is_alive for each in workers),
        draining=sum(each.is_alive and each.is_draining for each in workers),
        worked_for=sum(bool(each.holder) for each in institutions),
        requests_per_second=round(sum((each.requests_per_second or 0.0 for each in institutions), 0.0), 1),
        waiting_runs=sum(each.waiting_runs for each in institutions),
        oldest_waiting_seconds=max(waiting, default=None),
        unclear_rows=sum(each.unclear_rows for each in institutions),
    )
