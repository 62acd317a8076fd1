"""Marks by which a journal is told from an older copy of it, and what makes such a copy fit to go on with.

A back-up that is restored is older than what was sent since. So the journal counts beats while workers use it, each worker
remembers the number that it saw last, and a journal that counts less, or is on another server than it says, is an older
copy. ``docs/why.md`` "The fleet" has the reasons.
"""

from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, select, text, update

from almascan.journal.database import insert_unless_there, is_on_server
from almascan.journal.schema import LEASES, MARKS
from almascan.journal.store import Store

LIFT = 2**32
"""By how much a restored journal's epochs and beats grow: more than any journal gives out between two back-ups."""

_SYSTEM = text("SELECT system_identifier FROM pg_control_system()")


class Mark(NamedTuple):
    """A journal's mark.

    Attributes:
        journal: Its name, the same in every copy.
        beats: How far it has counted.
        is_at_home: Whether it is on the server that it was marked on.
    """

    journal: str
    beats: int
    is_at_home: bool


class Marks(Store):
    """The part of a journal that tells it from an older copy."""

    def beat(self) -> Mark:
        """Count one beat, and return the mark; whoever reads a smaller number later has an older copy."""
        with self._writes() as connection:
            found = self._mark(connection)
            if found.is_at_home:
                connection.execute(update(MARKS).values(beats=MARKS.c.beats + 1))
        return found._replace(beats=found.beats + 1)

    def mark(self) -> Mark:
        """Return the mark; the first time it is made."""
        with self._writes() as connection:
            return self._mark(connection)

    def lift(self) -> None:
        """Have every epoch and the beats be above any that was ever given out, and nobody hold a lease."""
        with self._writes() as connection:
            self._mark(connection)
            connection.execute(update(LEASES).values(epoch=LEASES.c.epoch + LIFT, heard_at=0.0, left_at=None))
            values = {"beats": MARKS.c.beats + LIFT, "first_epoch": MARKS.c.first_epoch + LIFT}
            connection.execute(update(MARKS).values(system=_system(connection), **values))

    def _mark(self, connection: Connection) -> Mark:
        system = _system(connection)
        values = {"id": 1, "journal": str(uuid4()), "beats": 0, "system": system, "first_epoch": 0}
        insert_unless_there(connection, MARKS, **values)
        found = connection.execute(select(MARKS)).one()
        return Mark(found.journal, found.beats, found.system == system)


def _system(connection: Connection) -> str:
    """Name the server's data, the same in physical copies of it; "" for a file."""
    return str(connection.execute(_SYSTEM).scalar()) if is_on_server(connection) else ""
