"""What the journal keeps of institutions: who works for one, its calls left by day, and its temporary Alma sets."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update

from almascan.journal.database import insert_unless_there
from almascan.journal.file_lease import FileLeases
from almascan.journal.lease import Lease, Leases
from almascan.journal.place import Server
from almascan.journal.schema import CALLS, TEMPORARY_SETS
from almascan.journal.server_lease import ServerLeases
from almascan.journal.store import Store
from almascan.journal.who import say_who

_SECONDS_A_DAY = 86_400
_CALLS_SEEN_DAYS = 7


class Institutions(Store):
    """The part of a journal that is about institutions."""

    def __init__(self, place: Path | str, *, create: bool = True, wall_clock: Callable[[], float] = time.time) -> None:
        super().__init__(place, create=create, wall_clock=wall_clock)
        self._leases = self._make_leases()

    def _make_leases(self) -> Leases:
        if not isinstance(self.place, Server):
            return FileLeases(self._engine, self.place)
        return ServerLeases(self._engine, self.place)

    def close(self) -> None:
        """Close its connections, and renew no lease any more."""
        self._leases.close()
        super().close()

    def lease(self, institution: str) -> AbstractContextManager[Lease]:
        """Hold the institution's lease; all who work with this journal object share it, in threads too.

        Who takes it first pauses the runs that a dead process left running, or puts them back into their queue.

        Raises:
            LeaseError: Another process, or another journal object, has it.
        """
        return self._leases.hold(institution, f"{say_who()} (process {os.getpid()})", self._wall_clock())

    def is_leased(self, institution: str) -> bool:
        """Whether some process works for the institution now."""
        return self._leases.is_held(institution)

    def end_silent(self) -> None:
        """End what processes that stand still keep locked on a server; they are made to begin anew when they wake up."""
        self._leases.end_silent()

    def is_sure_of(self, institution: str) -> bool:
        """Whether a lease that is held here cannot be another process's by now; asks nobody."""
        return self._leases.is_sure(institution)

    def tell_next(self, institution: str, departures: tuple[float, ...]) -> None:
        """Have the lease's next holder told how long ago the latest requests left; see ``Leases.tell_next``."""
        self._leases.tell_next(institution, departures)

    def see_calls(self, institution: str, remaining: int) -> None:
        """Remember how many calls an institution had left today, if that is the most seen today."""
        day = int(self._wall_clock() // _SECONDS_A_DAY)
        key = (CALLS.c.institution == institution, CALLS.c.day == day)
        with self._writes() as connection:
            insert_unless_there(connection, CALLS, institution=institution, day=day, remaining=remaining)
            connection.execute(update(CALLS).where(*key, CALLS.c.remaining < remaining).values(remaining=remaining))

    def most_calls_seen(self, institution: str) -> int:
        """Return the largest number of remaining calls that was seen in the last seven days; 0 for none."""
        since = int(self._wall_clock() // _SECONDS_A_DAY) - _CALLS_SEEN_DAYS
        query = select(func.max(CALLS.c.remaining)).where(CALLS.c.institution == institution, CALLS.c.day > since)
        with self._reads() as connection:
            return connection.execute(query).scalar() or 0

    def remember_set(self, institution: str, name: str) -> None:
        """Remember a temporary Alma set before it is made."""
        with self._writes() as connection:
            connection.execute(insert(TEMPORARY_SETS).values(institution=institution, name=name))

    def forget_set(self, institution: str, name: str) -> None:
        """Forget a temporary Alma set, once it is deleted."""
        here = (TEMPORARY_SETS.c.institution == institution, TEMPORARY_SETS.c.name == name)
        with self._writes() as connection:
            connection.execute(delete(TEMPORARY_SETS).where(*here))

    def remembered_sets(self, institution: str) -> list[str]:
        """Return the names of temporary Alma sets that may still be there."""
        query = select(TEMPORARY_SETS.c.name).where(TEMPORARY_SETS.c.institution == institution)
        with self._reads() as connection:
            return list(connection.execute(query).scalars())
