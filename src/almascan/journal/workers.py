"""The workers of a fleet, as the journal has them: who is there, what each reports, and who is to take nothing new."""

from typing import NamedTuple

import msgspec
from sqlalchemy import delete, exists, func, or_, select, update

from almascan.errors import UsageError
from almascan.journal import runs
from almascan.journal.database import insert_unless_there
from almascan.journal.schema import LEASES, RUNS, WORKERS
from almascan.journal.server_lease import is_alive
from almascan.journal.store import Store
from almascan.model import RunState

FORGOTTEN_SECONDS = 24 * 3600.0
"""How long a worker that was not heard of any more is still told of."""
HEARD_SECONDS = 15.0
"""How long a worker counts as there after it was heard of last."""


class Works(msgspec.Struct, frozen=True):
    """What a worker does for one institution: the run, its requests a second, its limit, and the day's calls left."""

    institution: str
    run: int
    requests_per_second: float
    rate: float
    remaining_calls: int | None = None


class Report(msgspec.Struct, frozen=True):
    """What a worker says of itself.

    Attributes:
        institutions: How many it has keys for.
        concurrency: How many it works for at most at a time.
        works: What it works on.
        problems: What is wrong with its profiles, by their names.
    """

    institutions: int = 0
    concurrency: int = 0
    works: tuple[Works, ...] = ()
    problems: dict[str, str] = {}


class Worker(NamedTuple):
    """A worker; seconds are by the journal's clock.

    Attributes:
        name: Its name.
        machine: User, machine and process.
        version: almascan's.
        up_seconds: How long ago it started.
        silent_seconds: How long ago it was heard of.
        is_draining: Whether it is to take nothing new.
        report: What it said last.
    """

    name: str
    machine: str
    version: str
    up_seconds: float
    silent_seconds: float
    is_draining: bool
    report: Report

    @property
    def is_alive(self) -> bool:
        """Whether it was heard of lately."""
        return self.silent_seconds < HEARD_SECONDS

    @property
    def can_take(self) -> bool:
        """Whether it is there, and not told to take nothing new."""
        return self.is_alive and not self.is_draining

    @property
    def has_left(self) -> bool:
        """Whether it has left in order, and is remembered for it was told to take nothing new."""
        return self.silent_seconds > self.up_seconds + 1.0  # it was heard of in 1970, then: see ``dismiss_worker``


class InstitutionInQueue(NamedTuple):
    """How an institution stands.

    Attributes:
        institution: Its code.
        holder: Who has its lease; "" for nobody.
        waiting: How many of its runs wait, those included that a worker left which is not heard of any more.
        oldest_seconds: How long the one that has waited longest has, from the moment when its turn was due.
        unclear: How many of its rows are unclear.
    """

    institution: str
    holder: str
    waiting: int
    oldest_seconds: float
    unclear: int


class Workers(Store):
    """The part of a journal on a server that is about a fleet's workers."""

    def enlist_worker(self, name: str, machine: str, version: str) -> bool:
        """Write down that a worker begins; return whether one of its name was told to take nothing new.

        On one machine a lock keeps names apart, so that a worker that was killed may begin anew at once.

        Raises:
            UsageError: A worker of this name is at work on another machine.
        """
        here = WORKERS.c.name == name
        new = {"name": name, "machine": machine, "version": version, "started_at": 0.0, "heard_at": 0.0, "report": "{}"}
        with self._writes() as connection:
            insert_unless_there(connection, WORKERS, **new, is_draining=False)
            silent = (self._now() - WORKERS.c.heard_at).label("silent")
            query = select(WORKERS.c.machine, WORKERS.c.is_draining, silent).where(here).with_for_update()
            found = connection.execute(query).one()
            if found.silent < HEARD_SECONDS and _host(found.machine) != _host(machine):
                raise UsageError(f"A worker named {name} is at work already, {found.machine}: choose another --name.")
            values = {"machine": machine, "version": version, "started_at": self._now(), "heard_at": self._now()}
            connection.execute(update(WORKERS).where(here).values(**values))
        return bool(found.is_draining)

    def hear_worker(self, name: str, report: Report) -> bool | None:
        """Write down what a worker says of itself.

        Returns:
            Whether it is to take nothing new; None where it was silent for so long that it was forgotten.
        """
        said = msgspec.json.encode(report).decode()
        query = update(WORKERS).where(WORKERS.c.name == name).values(heard_at=self._now(), report=said)
        with self._writes() as connection:
            is_draining: bool | None = connection.execute(query.returning(WORKERS.c.is_draining)).scalar()
        return is_draining

    def dismiss_worker(self, name: str) -> None:
        """Forget a worker that has left, unless it was told to take nothing new, and those silent for a day."""
        old = (self._now() - WORKERS.c.heard_at > FORGOTTEN_SECONDS) & ~WORKERS.c.is_draining
        with self._writes() as connection:
            connection.execute(delete(WORKERS).where((WORKERS.c.name == name) & ~WORKERS.c.is_draining | old))
            connection.execute(update(WORKERS).where(WORKERS.c.name == name).values(report="{}", heard_at=0.0))

    def drain_worker(self, name: str, *, drain: bool = True) -> None:
        """Have a worker take nothing new, or take runs again.

        Raises:
            UsageError: There is no worker of this name.
        """
        query = update(WORKERS).where(WORKERS.c.name == name).values(is_draining=drain)
        with self._writes() as connection:
            if not connection.execute(query).rowcount:
                names = ", ".join(connection.execute(select(WORKERS.c.name).order_by(WORKERS.c.name)).scalars())
                there = f"there are: {names}" if names else "there is none"
                raise UsageError(f"There is no worker named {name}; {there}. Say: almascan runs --fleet")

    def workers(self) -> list[Worker]:
        """Return the workers, by their names."""
        up, silent = self._now() - WORKERS.c.started_at, self._now() - WORKERS.c.heard_at
        columns = (WORKERS.c.name, WORKERS.c.machine, WORKERS.c.version, up, silent, WORKERS.c.is_draining)
        with self._reads() as connection:
            found = connection.execute(select(*columns, WORKERS.c.report).order_by(WORKERS.c.name)).all()
        return [Worker(*each)._replace(report=msgspec.json.decode(each[6], type=Report)) for each in found]

    def institutions_in_queue(self) -> list[InstitutionInQueue]:
        """Return how the institutions stand that have a holder, runs in the queue, or unclear rows."""
        lease_of = LEASES.c.institution == RUNS.c.institution
        heard_at = select(LEASES.c.heard_at).where(lease_of).scalar_subquery()
        waited = self._now() - func.coalesce(RUNS.c.due_at, heard_at, RUNS.c.created_at)
        is_left = (RUNS.c.state == RunState.RUNNING) & RUNS.c.in_queue & ~exists().where(lease_of, is_alive())
        waiting = (
            select(RUNS.c.institution, func.count(), func.max(waited))
            .where(or_(RUNS.c.state == RunState.QUEUED, is_left))
            .group_by(RUNS.c.institution)
        )
        with self._reads() as connection:
            holders = dict(
                map(tuple, connection.execute(select(LEASES.c.institution, LEASES.c.holder).where(is_alive())))
            )
            queues = {each[0]: (each[1], max(0.0, each[2])) for each in connection.execute(waiting)}
            lost = runs.count_unclear(connection)
        return [
            InstitutionInQueue(code, holders.get(code, ""), *queues.get(code, (0, 0.0)), lost.get(code, 0))
            for code in sorted(holders.keys() | queues.keys() | lost.keys())
        ]


def _host(machine: str) -> str:
    """Give a worker's user and machine without its process."""
    return machine.partition(" (process ")[0]
