"""The lease: one process at a time works for an institution; and whose turn it is to load a list.

On SQLite they are locks that the operating system takes off the moment the process dies; the journal's table says who
has a lease, and counts how often it was given out.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from sqlalchemy import Engine, insert, select, update

from almascan.errors import JournalError, LeaseError
from almascan.journal import runs
from almascan.journal.database import translated, writing
from almascan.journal.schema import LEASES

_PATIENCE_SECONDS = 0.5
"""How long a taken lock is tried again: ``is_held`` takes it for a moment, which is no reason to refuse anybody."""
_POLL_SECONDS = 0.02

LOADING_PATIENCE_SECONDS = 300.0
"""How long a list waits until others are loaded; a million rows take ten seconds or so."""
_LOADING_POLL_SECONDS = 0.1


class _Held(msgspec.Struct):
    """A lease that was taken: its lock, its epoch, and how many share it."""

    lock: FileLock
    epoch: int
    users: int = 0


class Leases:
    """The leases that one journal holds; several runs of an institution share one, in threads too.

    Args:
        engine: The journal's database.
        journal: Its file, beside which the locks lie.
    """

    def __init__(self, engine: Engine, journal: Path) -> None:
        self._engine = engine
        self._journal = journal
        self._held: dict[str, _Held] = {}
        self._mutex = threading.Lock()

    @contextmanager
    def hold(self, institution: str, holder: str, at: float) -> Iterator[int]:
        """Hold an institution's lease; yields its epoch, which grows each time that a process takes it.

        Whoever takes it pauses the runs that a dead process left running; who shares it finds siblings at work.

        Args:
            institution: Whose.
            holder: Who is named to those who are refused.
            at: Seconds since 1970.

        Raises:
            LeaseError: Another process has it; the message says which.
            JournalError: The lock cannot be made, or the journal not written.
        """
        with self._mutex:
            held = self._held.get(institution) or self._take(institution, holder, at)
            self._held[institution] = held
            held.users += 1
        try:
            yield held.epoch
        finally:
            with self._mutex:
                held.users -= 1
                if not held.users:
                    del self._held[institution]
                    held.lock.release()

    def is_held(self, institution: str) -> bool:
        """Whether some process has an institution's lease now, this one included."""
        return institution in self._held or is_held(self._journal, institution)

    def _take(self, institution: str, holder: str, at: float) -> _Held:
        lock = FileLock(lock_path(self._journal, institution), thread_local=False, mode=0o600)
        if not _acquire(lock, _PATIENCE_SECONDS, _POLL_SECONDS):
            raise LeaseError(
                f"{self._say_holder(institution)} is working for {institution} now; "
                "wait until it is done, or stop it, and try again."
            )
        try:
            return _Held(lock, self._record(institution, holder, at))
        except BaseException:
            lock.release()
            raise

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


@contextmanager
def hold_loading_turn(
    journal: Path, institution: str, patience_seconds: float = LOADING_PATIENCE_SECONDS
) -> Iterator[None]:
    """Wait until nobody else loads a list for an institution, and keep others waiting meanwhile.

    It blocks its thread. Two threads of a process take turns like two processes.

    Raises:
        LeaseError: It took longer than ``patience_seconds``.
        JournalError: The lock cannot be made.
    """
    lock = FileLock(lock_path(journal, institution, "loading"), thread_local=False, mode=0o600)
    if not _acquire(lock, patience_seconds, _LOADING_POLL_SECONDS):
        raise LeaseError(
            f"Another list is still being read for {institution} after {patience_seconds:.0f} seconds of waiting; "
            "nothing was read of this one. Try again when that one is read."
        )
    try:
        yield
    finally:
        lock.release()


def lock_path(journal: Path, institution: str, purpose: str = "") -> Path:
    """Return where a lock of an institution lies: beside the journal."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", institution)
    return journal.with_name(".".join(filter(None, (journal.name, name, purpose, "lock"))))


def is_held(journal: Path, institution: str, purpose: str = "") -> bool:
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
