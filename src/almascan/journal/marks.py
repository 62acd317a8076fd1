"""Marks by which a journal is told from an older copy of it, and what makes such a copy fit to go on with.

A back-up that is restored is older than what was sent since. So the journal counts beats while workers use it, each worker
remembers the number that it saw last, and a journal that counts less, or is another database than it says, is an older
copy. ``docs/why.md`` "The fleet" has the reasons.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, func, select, text, update

from almascan.errors import LeaseError
from almascan.journal.database import insert_unless_there, is_on_server
from almascan.journal.lease import say_taken
from almascan.journal.schema import LEASES, LOST_ROWS, MARKS, ROWS
from almascan.journal.server_lease import is_alive
from almascan.journal.store import Store

LIFT = 2**32
"""By how much a restored journal's epochs and beats grow at least, should the clock not be right."""

_PARTS_OF_SECOND = 1_000_000
"""Epochs and beats grow by fewer in a second, so that a number made of the time is above any that was given out by then.

A number that only grew by a fixed step would be given out twice where one back-up is restored twice.
"""
_SYSTEM = text(
    "SELECT system_identifier || '.' || (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "FROM pg_control_system()"
)


class Mark(NamedTuple):
    """A journal's mark.

    Attributes:
        journal: Its name, the same in every copy.
        beats: How far it has counted.
        is_at_home: Whether it is the database that it was marked in.
    """

    journal: str
    beats: int
    is_at_home: bool


class Marks(Store):
    """The part of a journal that tells it from an older copy."""

    def __init__(self, place: Path | str, *, create: bool = True, wall_clock: Callable[[], float] = time.time) -> None:
        super().__init__(place, create=create, wall_clock=wall_clock)
        if self.is_shared:
            # From the beginning: a copy made before the first worker came would else have a name of its own.
            try:
                self.mark()
            except BaseException:
                super().close()
                raise

    def beat(self) -> Mark:
        """Count one beat, and return the mark; whoever reads a smaller number later has an older copy."""
        found = self.mark()
        if found.is_at_home:
            with self._writes() as connection:
                counted = update(MARKS).values(beats=MARKS.c.beats + 1).returning(MARKS.c.beats)
                found = found._replace(beats=connection.execute(counted).scalar_one())
        return found

    def mark(self) -> Mark:
        """Return the mark; the first time it is made."""
        with self._reads() as connection:
            found = _find(connection)
        if found is None:
            with self._writes() as connection:
                found = _make(connection)
        return found

    def fence_all(self) -> None:
        """Have every epoch be above any that was ever given out, so that nobody who had a lease sends any more.

        Raises:
            LeaseError: A lease is held.
        """
        with self._writes() as connection:
            if self.is_shared:
                held = select(LEASES.c.institution, LEASES.c.holder).where(is_alive()).limit(1)
                for institution, holder in connection.execute(held):
                    raise LeaseError(say_taken(institution, holder))
            self._lift_epochs(connection)

    def welcome(self, *, more_seconds: float) -> None:
        """Take an older copy for the journal from now on: it counts further than any other ever did.

        Every lease is as one whose holder fell silent, those that this journal object holds too: who is next is careful.

        Args:
            more_seconds: How much later than now a scan that the copy knows as unclear may still be on its way, for it may
                have been sent again since.
        """
        with self._writes() as connection:
            top = self._lift_epochs(connection)
            connection.execute(update(MARKS).values(beats=top, system=_system(connection)))
            unclear = (LOST_ROWS, ROWS.c.lost_at.is_not(None))
            connection.execute(update(ROWS).where(*unclear).values(lost_at=self._now() + more_seconds))

    def _lift_epochs(self, connection: Connection) -> int:
        """Lift the epochs of all institutions, those that the copy does not know too; return the number they are at."""
        _make(connection)
        known = connection.execute(select(MARKS.c.beats, MARKS.c.first_epoch)).one()
        given_out: int = connection.execute(select(func.max(LEASES.c.epoch))).scalar() or 0
        now: float = connection.execute(select(self._now())).scalar_one()
        top: int = max(int(now * _PARTS_OF_SECOND), known.beats + LIFT, known.first_epoch + LIFT, given_out + LIFT)
        connection.execute(update(LEASES).values(epoch=top, heard_at=0.0, left_at=None))
        connection.execute(update(MARKS).values(first_epoch=top))
        return top


def _find(connection: Connection) -> Mark | None:
    found = connection.execute(select(MARKS)).one_or_none()
    return None if found is None else Mark(found.journal, found.beats, found.system == _system(connection))


def _make(connection: Connection) -> Mark:
    """Make the mark, unless there is one."""
    values = {"id": 1, "journal": str(uuid4()), "beats": 0, "system": _system(connection), "first_epoch": 0}
    insert_unless_there(connection, MARKS, **values)
    found = _find(connection)
    assert found is not None  # noqa: S101 - it was made just now
    return found


def _system(connection: Connection) -> str:
    """Name the database, and the server's data, which physical copies have in common; "" for a file."""
    return str(connection.execute(_SYSTEM).scalar()) if is_on_server(connection) else ""
