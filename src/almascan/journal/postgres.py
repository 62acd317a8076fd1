"""A journal on a PostgreSQL server: how it is reached, what is demanded of it, and what its errors say."""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, NoSuchModuleError

from almascan.errors import JournalError, UsageError
from almascan.journal.place import Server

CONNECT_SECONDS = 5
"""How long a server may take to let somebody in."""

_MOST_CONNECTIONS = 10
"""How many connections of a process work at once; those beyond wait for one."""

IDLE_SECONDS = 8
"""How long a transaction may wait for its program before the server ends it: what a machine that stands still or is cut off
has locked is free before its lease is."""

_LOST = ("57P01", "57P02", "57P03", "08")
"""The beginnings of PostgreSQL's codes for a server that ends, starts or lost a connection."""

_LOCKED = "55P03"
"""PostgreSQL's code for a lock that was not to be had in time."""


def open_server(server: Server) -> Engine:
    """Return the engine of a journal on a server, once the server is found fit to keep one.

    Raises:
        JournalError: It cannot be reached, or would lose what it says is on disk.
        UsageError: The packages for it are not installed, or the address cannot be understood.
    """
    try:
        engine = create_engine(
            _url(server),
            pool_pre_ping=True,
            pool_size=_MOST_CONNECTIONS,
            max_overflow=0,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "almascan",
                # A machine that is cut off is noticed within the life of a lease.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 12_000,
            },
        )
    except (NoSuchModuleError, ModuleNotFoundError):
        raise UsageError(
            "A journal on PostgreSQL needs more packages. Install them with: pipx install 'almascan[fleet]'"
        ) from None
    event.listen(engine, "connect", _set_up_connection)
    try:
        with engine.connect() as connection:
            _refuse_unsafe(connection, server)
    except (DatabaseError, InterfaceError) as error:
        engine.dispose()
        raise explain(server, str(error.orig or error)) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def explain(server: Server, cause: str) -> JournalError:
    """Return the error that says why the journal on a server cannot be used, and what to do about it."""
    said = " ".join(cause.split())
    return JournalError(f"The journal {server} cannot be used: {said.rstrip('.?')}. {_advice(said)}")


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the connection to the server was lost, so that another one may do."""
    if not isinstance(error, DatabaseError | InterfaceError):
        return False
    code = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or code.startswith(_LOST)


def is_locked(error: BaseException | None) -> bool:
    """Whether an error says that something was locked for longer than it was waited for."""
    return isinstance(error, DatabaseError) and getattr(error.orig, "sqlstate", "") == _LOCKED


def _set_up_connection(connection: Any, _record: Any) -> None:
    # Said in the session and not when it begins: a pooler between takes no such options.
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    connection.commit()


def _url(server: Server) -> URL:
    return make_url(server.address).set(drivername="postgresql+psycopg")


def _refuse_unsafe(connection: Connection, server: Server) -> None:
    """Refuse a server that loses what it said was on disk, or cannot keep every text."""
    for setting in ("fsync", "synchronous_commit"):
        if connection.exec_driver_sql(f"SHOW {setting}").scalar() == "off":
            raise JournalError(
                f"The journal {server} is refused: its PostgreSQL has {setting} off, so that what it confirms may be lost "
                f"in a crash, and items be scanned twice. Set {setting} = on, and try again."
            )
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise JournalError(
            f"The journal {server} is refused: its encoding is {encoding}, which cannot keep every title. Make a database "
            "with: createdb --encoding=UTF8 --template=template0 NAME"
        )


def _advice(cause: str) -> str:
    advice = {
        "password": "See that the user and the password are right: PostgreSQL's own ~/.pgpass or PGPASSWORD gives it.",
        "does not exist": "Make the database with createdb, or name another one with --journal.",
        "permission denied": "Let the user own the database.",
        "No space left": "Free some space on its disk, then resume: what was recorded is safe.",
        "read-only": "It is a standby: name the primary server.",
        "too many": "Raise max_connections, or run fewer workers.",
        "damaged": "Restore it from a back-up.",
    }
    unreachable = "See that the server runs and can be reached, then resume: what was recorded is safe."
    return next((text for word, text in advice.items() if word in cause), unreachable)
