"""Opening the journal's database: SQLite in WAL mode with full synchronisation, and its migrations."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from almascan.errors import JournalError

VERSION = "0001"
"""The newest migration; a journal of another version is migrated, and one that is newer is refused."""

_BUSY_TIMEOUT_MILLISECONDS = 15_000
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
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": _BUSY_TIMEOUT_MILLISECONDS / 1000})
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
    """Turn a database's error into a sentence with the file, the cause and what to do."""
    try:
        yield
    except DatabaseError as error:
        cause = str(error.orig or error)
        raise JournalError(f"The journal {path} cannot be used: {cause}. {_advice(cause)}") from error


def _advice(cause: str) -> str:
    advice = {
        "full": "Free some space on its disk, then resume: what was recorded is safe.",
        "readonly": "Make the file and its folder writable, or name another with --journal.",
        "unable to open": "See that it is a file, and that it and its folder are writable, or name another with --journal.",
        "not a database": "Name another file with --journal, or restore this one from a back-up.",
        "malformed": "Restore it from a back-up, or name another file with --journal.",
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
        f"busy_timeout={_BUSY_TIMEOUT_MILLISECONDS}",
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
