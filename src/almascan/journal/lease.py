"""The lease: one process at a time works for an institution.

On SQLite it is a lock that the operating system takes off the moment the process dies; the journal's table says who
has it, and counts how often it was given out.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, insert, select, update

from almascan.errors import JournalError, LeaseError
from almascan.journal.database import translated, writing
from almascan.journal.schema import LEASES

_PATIENCE_SECONDS = 0.5
"""How long a taken lock is tried again: ``is_held`` takes it for a moment, which is no reason to refuse anybody."""
_POLL_SECONDS = 0.02


def lock_path(journal: Path, institution: str) -> Path:
    """Return where the lock of an institution lies: beside the journal."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", institution)
    return journal.with_name(f"{journal.name}.{name}.lock")


@contextmanager
def hold_lease(engine: Engine, journal: Path, institution: str, holder: str, at: float) -> Iterator[int]:
    """Hold an institution's lease; yields its epoch, which grows each time that it is given out.

    Raises:
        LeaseError: Another process has it; the message says which.
        JournalError: The lock cannot be made, or the journal not written.
    """
    lock = FileLock(lock_path(journal, institution), thread_local=False, mode=0o600)
    try:
        lock.acquire(timeout=_PATIENCE_SECONDS, poll_interval=_POLL_SECONDS)
    except Timeout:
        raise LeaseError(
            f"{_say_holder(engine, journal, institution)} is working for {institution} now; "
            "wait until it is done, or stop it, and try again."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise JournalError(
            f"The lock {lock.lock_file} cannot be made: {getattr(error, 'strerror', None) or error}."
        ) from error
    try:
        with translated(journal):
            epoch = _record(engine, institution, holder, at)
        yield epoch
    finally:
        lock.release()


def is_held(journal: Path, institution: str) -> bool:
    """Whether some process has an institution's lease now."""
    path = lock_path(journal, institution)
    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _record(engine: Engine, institution: str, holder: str, at: float) -> int:
    with writing(engine).begin() as connection:
        epoch = connection.execute(select(LEASES.c.epoch).where(LEASES.c.institution == institution)).scalar()
        next_epoch: int = (epoch or 0) + 1
        values = {"epoch": next_epoch, "holder": holder, "taken_at": at}
        if epoch is None:
            connection.execute(insert(LEASES).values(institution=institution, **values))
        else:
            connection.execute(update(LEASES).where(LEASES.c.institution == institution).values(**values))
    return next_epoch


def _say_holder(engine: Engine, journal: Path, institution: str) -> str:
    with translated(journal), engine.connect() as connection:
        holder = connection.execute(select(LEASES.c.holder).where(LEASES.c.institution == institution)).scalar()
    return str(holder or "Another process")
