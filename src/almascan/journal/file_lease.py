"""Leases of a journal in a file: locks that the operating system takes off the moment the process dies.

The journal's table says who has a lease, and counts how often it was given out.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, insert, select, update

from almascan.clock import Stamp
from almascan.errors import JournalError, LeaseError
from almascan.journal import runs
from almascan.journal.database import translated, writing
from almascan.journal.lease import LOADING_PATIENCE_SECONDS, Lease, Leases, say_loading, say_taken
from almascan.journal.schema import LEASES

_PATIENCE_SECONDS = 0.5
"""How long a taken lock is tried again: ``is_held`` takes it for a moment, which is no reason to refuse anybody."""
_POLL_SECONDS = 0.02
_LOADING_POLL_SECONDS = 0.1


class FileLeases(Leases):
    """The leases that one journal object holds of a journal in a file.

    Args:
        engine: The journal's database.
        journal: Its file, beside which the locks lie.
    """

    def __init__(self, engine: Engine, journal: Path) -> None:
        super().__init__()
        self._engine = engine
        self._journal = journal
        self._locks: dict[str, FileLock] = {}

    def is_held(self, institution: str) -> bool:
        """Whether some process has an institution's lease now, this one included."""
        return institution in self._held or is_locked(self._journal, institution)

    @contextmanager
    def loading(self, institution: str, patience_seconds: float = LOADING_PATIENCE_SECONDS) -> Iterator[None]:
        """Have the turn to load a list; see ``Leases.loading``."""
        lock = FileLock(lock_path(self._journal, institution, "loading"), thread_local=False, mode=0o600)
        if not _acquire(lock, patience_seconds, _LOADING_POLL_SECONDS):
            raise LeaseError(say_loading(institution, patience_seconds))
        try:
            yield
        finally:
            lock.release()

    def _take(self, institution: str, holder: str, at: float) -> Lease:
        lock = FileLock(lock_path(self._journal, institution), thread_local=False, mode=0o600)
        if not _acquire(lock, _PATIENCE_SECONDS, _POLL_SECONDS):
            raise LeaseError(say_taken(institution, self._say_holder(institution)))
        try:
            epoch = self._record(institution, holder, at)
        except BaseException:
            lock.release()
            raise
        self._locks[institution] = lock
        return Lease(institution, epoch, Stamp(at, time.monotonic()))

    def _give_back(self, lease: Lease, departures: tuple[float, ...]) -> None:  # noqa: ARG002 - a pacer outlives none
        self._locks.pop(lease.institution).release()

    def _record(self, institution: str, holder: str, at: float) -> int:
        here = LEASES.c.institution == institution
        with translated(self._journal), writing(self._engine).begin() as connection:
            epoch = connection.execute(select(LEASES.c.epoch).where(here)).scalar()
            next_epoch: int = (epoch or 0) + 1
            values = {"epoch": next_epoch, "holder": holder, "taken_at": at}
            if epoch is None:
                connection.execute(insert(LEASES).values(institution=institution, **values))
            else:
                connection.execute(update(LEASES).where(here).values(**values))
            runs.pause_interrupted(connection, institution)
        return next_epoch

    def _say_holder(self, institution: str) -> str:
        query = select(LEASES.c.holder).where(LEASES.c.institution == institution)
        with translated(self._journal), self._engine.connect() as connection:
            return str(connection.execute(query).scalar() or "Another process")


def lock_path(journal: Path, institution: str, purpose: str = "") -> Path:
    """Return where a lock of an institution lies: beside the journal."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", institution)
    return journal.with_name(".".join(filter(None, (journal.name, name, purpose, "lock"))))


def is_locked(journal: Path, institution: str, purpose: str = "") -> bool:
    """Whether some process has an institution's lease, or another lock of it, now."""
    path = lock_path(journal, institution, purpose)
    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _acquire(lock: FileLock, patience_seconds: float, poll_seconds: float) -> bool:
    try:
        lock.acquire(timeout=patience_seconds, poll_interval=poll_seconds)
    except Timeout:
        return False
    except (OSError, NotImplementedError) as error:
        raise JournalError(
            f"The lock {lock.lock_file} cannot be made: {getattr(error, 'strerror', None) or error}."
        ) from error
    return True
