"""Opening the journal's database: SQLite in WAL mode with full synchronisation, and its migrations."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import MsgspecError
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from almascan.errors import JournalError

VERSION = "0001"
"""The newest migration; a journal of another version is migrated, and one that is newer is refused."""

BUSY_TIMEOUT_MILLISECONDS = 15_000
"""How long a command waits while another process writes."""

SMALLEST_PAGE_BYTES = 512
"""No database is smaller."""

_CACHE_KIBIBYTES = 8_192


def open_database(path: Path, *, create: bool) -> Engine:
    """Open the journal at ``path``, bring its tables up to date, and return the engine.

    Args:
        path: The SQLite file.
        create: Whether to make it, readable by its owner alone, where it does not exist.

    Raises:
        JournalError: It does not exist, is no journal, is damaged, read-only, or written by a newer almascan.
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
    try:
        with translated(path):
            _migrate(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def writing(engine: Engine) -> Engine:
    """Return the engine whose transactions take the write lock when they begin, so that none fails half-way."""
    return engine.execution_options(writes=True)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn a database's error, or a record that nobody can read, into a sentence with the file and what to do."""
    try:
        yield
    except DatabaseError as error:
        raise explain(path, str(error.orig or error)) from error
    except (MsgspecError, TypeError, ValueError) as error:
        raise explain(path, f"a record in it is damaged ({error})") from error


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


def _migrate(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        found = None
        if "alembic_version" in tables:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == VERSION:
        return
    if found is None and tables:
        raise JournalError(f"{path} is a database, but no journal of almascan's; name another file with --journal.")
    if found is not None and found > VERSION:
        raise JournalError(
            f"The journal {path} was written by a newer almascan (its version is {found}, this program's {VERSION}); "
            "update almascan, or name another file with --journal."
        )
    _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and needed once in a journal's life
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "almascan.journal:migrations")
    with writing(engine).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
