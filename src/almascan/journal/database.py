"""Opening the journal's database, wherever it is, bringing its tables up to date, and what its errors say.

What SQLite alone has is in ``sqlite``, what PostgreSQL alone has in ``postgres``; everything else knows no difference.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import MsgspecError
from sqlalchemy import ColumnElement, Connection, Engine, Float, Table, cast, func, inspect, text
from sqlalchemy.exc import DatabaseError, InterfaceError

from almascan.errors import JournalError
from almascan.journal import sqlite
from almascan.journal.place import Place, Server

VERSION = "0002"
"""The newest migration; a journal of another version is migrated, and one that is newer is refused."""


def open_database(place: Place, *, create: bool) -> Engine:
    """Open the journal at a place, bring its tables up to date, and return the engine.

    Args:
        place: The SQLite file, or the server's database.
        create: Whether to make the journal where there is none: the file, readable by its owner alone, or the tables
            in an empty database.

    Raises:
        JournalError: It does not exist, is no journal, is damaged, read-only, cannot be reached, or was written by a
            newer almascan.
        UsageError: What a journal on a server needs is not installed.
    """
    if isinstance(place, Server):
        from almascan.journal import postgres  # noqa: PLC0415 - the single machine needs nothing of it

        engine = postgres.open_server(place)
    else:
        engine = sqlite.open_file(place, create=create)
    try:
        with translated(place):
            _migrate(engine, place, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def translated(place: Place) -> Iterator[None]:
    """Turn a database's error, or a record that nobody can read, into a sentence with the place and what to do."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        raise explain(place, str(error.orig or error)) from error
    except (MsgspecError, TypeError, ValueError) as error:
        raise explain(place, f"a record in it is damaged ({error})") from error


def explain(place: Place, cause: str) -> JournalError:
    """Return the error that says why the journal at a place cannot be used, and what to do about it."""
    if not isinstance(place, Server):
        return sqlite.explain(place, cause)
    from almascan.journal import postgres  # noqa: PLC0415 - the single machine needs nothing of it

    return postgres.explain(place, cause)


def writing(engine: Engine) -> Engine:
    """Return the engine whose transactions write, which begin so that none fails half-way."""
    return engine.execution_options(writes=True)


def is_on_server(connection: Connection) -> bool:
    """Whether a connection is one to a PostgreSQL server."""
    return connection.dialect.name == "postgresql"


def server_clock() -> ColumnElement[float]:
    """Give the time of a server's own clock, in seconds since 1970."""
    return cast(func.extract("epoch", func.clock_timestamp()), Float)


def insert_unless_there(connection: Connection, table: Table, **values: Any) -> None:
    """Insert a record, unless there is one with its key already."""
    dialect: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())


def reading(engine: Engine) -> Engine:
    """Return the engine whose transactions see one state of the journal throughout, whoever writes meanwhile."""
    if engine.dialect.name != "postgresql":
        return engine  # in WAL mode SQLite's do
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _migrate(engine: Engine, place: Place, *, create: bool) -> None:
    with engine.connect() as connection:
        found = _find_version(connection, place)
    if found == VERSION:
        return
    if found == "" and not create:
        raise JournalError(f"There is no journal at {place} yet; a scan or a plan makes it.")
    if found > VERSION:
        raise JournalError(
            f"The journal {place} was written by a newer almascan (its version is {found}, this program's {VERSION}); "
            "update almascan, or name another journal with --journal."
        )
    _upgrade(engine)


def _find_version(connection: Connection, place: Place) -> str:
    """Find a journal's version; "" where there is nothing yet."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return ""
    found = None
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is None:
        raise JournalError(f"{place} is a database, but no journal of almascan's; name another one with --journal.")
    return str(found)


def _upgrade(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and needed once in a journal's life
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "almascan.journal:migrations")
    with writing(engine).begin() as connection:
        if is_on_server(connection):
            # Two that make the same journal at once would both find it empty.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('almascan'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
