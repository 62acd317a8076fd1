"""A journal in a file: SQLite in WAL mode with full synchronisation."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from almascan.errors import JournalError

BUSY_TIMEOUT_MILLISECONDS = 15_000
"""How long a command waits while another process writes."""

SMALLEST_PAGE_BYTES = 512
"""No database is smaller."""

_CACHE_KIBIBYTES = 8_192


def open_file(path: Path, *, create: bool) -> Engine:
    """Return the engine of the journal in a file.

    Args:
        path: The SQLite file.
        create: Whether to make it, readable by its owner alone, where it does not exist.

    Raises:
        JournalError: It does not exist, cannot be made, or is cut off.
    """
    if not path.exists():
        if not create:
            raise JournalError(f"There is no journal at {path} yet; a scan or a plan makes it.")
        _create_file(path)
    _refuse_what_was_cut(path)
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_MILLISECONDS / 1000})
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def explain(path: Path, cause: str) -> JournalError:
    """Return the error that says why the journal at ``path`` cannot be used, and what to do about it."""
    return JournalError(f"The journal {path} cannot be used: {cause}. {_advice(cause)}")


def latest_records(path: Path) -> Path:
    """Return where SQLite keeps what it has not merged into the journal's file yet."""
    return path.with_name(f"{path.name}-wal")


def _refuse_what_was_cut(path: Path) -> None:
    """Refuse what SQLite would take for an empty file, and write over, though it was none."""
    latest = latest_records(path)
    # Asked in this order: a journal that another process makes just now has its first page before any record.
    is_new = not (latest.is_file() and latest.stat().st_size)
    size_bytes = path.stat().st_size
    if 0 < size_bytes < SMALLEST_PAGE_BYTES or not (size_bytes or is_new):
        raise JournalError(
            f"The journal {path} is cut off: its first page is not there. Restore it from a back-up, with the files "
            "beside it whose names begin alike, or name another file with --journal."
        )


_CHECK = "Say: almascan journal check. It tells what is damaged and what to do."


def _advice(cause: str) -> str:
    advice = {
        "full": "Free some space on its disk, then resume: what was recorded is safe.",
        "disk I/O": "Its disk may be full, over a quota or failing: see to it, then resume; what was recorded is safe.",
        "damaged": _CHECK,
        "decode": _CHECK,
        "readonly": "Make the file and its folder writable, or name another with --journal.",
        "unable to open": "See that it is a file, and that it and its folder are writable, or name another with --journal.",
        "not a database": "Name another file with --journal, or restore this one from a back-up.",
        "malformed": "Restore it from a back-up, or name another file; almascan journal export saves what can be read.",
        "locked": "Another program holds it; close that program and try again.",
    }
    return next((text for word, text in advice.items() if word in cause), "Check the file and its folder.")


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be made: {error.strerror}. Name a writable place with --journal."
        ) from error


def _set_up_connection(connection: Any, _record: Any) -> None:
    # SQLAlchemy's own advice for SQLite: transactions begin when _begin says so, not when sqlite3 guesses.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
        f"cache_size=-{_CACHE_KIBIBYTES}",
        "temp_store=FILE",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
