"""An open journal: its place, its connections, and transactions that are on disk in the end or not made."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Float, event, literal
from sqlalchemy.pool import ConnectionPoolEntry

from almascan.errors import JournalError
from almascan.journal.database import open_database, reading, server_clock, translated, writing
from almascan.journal.place import Server, local_path, place_of

PATIENCE_SECONDS = 10.0
"""How long a lost connection to a server is made anew before what was to be written counts as failed: within the life of
a lease, for after that another process may have the institution."""
_AGAIN_SECONDS = 0.25

Result = TypeVar("Result")


class Store:
    """A journal's database, opened; its methods may be called in threads.

    Args:
        place: The file, or a PostgreSQL server's address that begins with ``postgresql://``.
        create: Whether to make it where there is none.
        wall_clock: Seconds since 1970.

    Attributes:
        place: Where it is; as a text it shows no password.
        path: Beside which path this machine keeps what belongs to it; of a journal in a file the file itself.
        is_shared: Whether it is on a server, for processes on many machines.

    Raises:
        JournalError: It cannot be opened; so may every method, when the disk is full, the file damaged or the server gone.
        UsageError: The address cannot be understood, or a package for it is missing.
    """

    def __init__(self, place: Path | str, *, create: bool = True, wall_clock: Callable[[], float] = time.time) -> None:
        self.place = place_of(place)
        self.path = local_path(self.place)
        self.is_shared = isinstance(self.place, Server)
        self._wall_clock = wall_clock
        self._engine = open_database(self.place, create=create)
        self._writing = writing(self._engine)
        self._reading = reading(self._engine)
        self._is_closed = False
        event.listen(self._engine, "checkin", self._part_with)

    def close(self) -> None:
        """Close its connections; one that a thread is using, as soon as it is done with it."""
        self._is_closed = True
        self._engine.dispose()

    def _part_with(self, _connection: Any, entry: ConnectionPoolEntry) -> None:
        if self._is_closed:
            entry.invalidate()

    def _now(self) -> ColumnElement[float]:
        """Give the time in seconds since 1970, by the one clock that all who use the journal share."""
        if self.is_shared:
            return server_clock()
        return literal(self._wall_clock(), Float)

    @contextmanager
    def _reads(self) -> Iterator[Connection]:
        """See one state of the journal, whoever writes meanwhile."""
        with translated(self.place), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def _writes(self) -> Iterator[Connection]:
        """Open a transaction: what is done in it is on disk in the end, or not done."""
        with translated(self.place), self._writing.begin() as connection:
            yield connection

    def _persist(self, write: Callable[[], Result]) -> Result:
        """Do what writes and may be done twice, and do it again where the connection to the server was lost meanwhile."""
        if not self.is_shared:
            return write()
        from almascan.journal.postgres import is_lost  # noqa: PLC0415 - the single machine needs nothing of it

        given_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return write()
            except JournalError as error:
                if error.__cause__ is None or not is_lost(error.__cause__) or time.monotonic() > given_up_at:
                    raise
            time.sleep(_AGAIN_SECONDS)
