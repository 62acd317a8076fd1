"""An open journal: its file, its connections, and transactions that are on disk in the end or not made."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from almascan.journal.database import open_database, translated, writing


class Store:
    """A journal's database, opened; its methods may be called in threads.

    Args:
        path: The file.
        create: Whether to make it where there is none.
        wall_clock: Seconds since 1970.

    Raises:
        JournalError: It cannot be opened; so may every method, when the disk is full or the file damaged.
    """

    def __init__(self, path: Path, *, create: bool = True, wall_clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._wall_clock = wall_clock
        self._engine = open_database(path, create=create)
        self._writing = writing(self._engine)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    @contextmanager
    def _reads(self) -> Iterator[Connection]:
        """See one state of the journal, whoever writes meanwhile."""
        with translated(self.path), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writes(self) -> Iterator[Connection]:
        """Open a transaction: what is done in it is on disk in the end, or not done."""
        with translated(self.path), self._writing.begin() as connection:
            yield connection
