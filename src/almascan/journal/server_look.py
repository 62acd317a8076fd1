"""Looking at a journal on a server as it is: nothing is written, made or migrated, whatever its version.

What is written of a journal is the same lines, and what is looked at in it the same records, as of one in a file. Whether
PostgreSQL's own files are whole PostgreSQL's ``pg_amcheck`` tells, and not almascan.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from sqlalchemy import Connection, CursorResult, Engine, inspect, select, text

from almascan.errors import UsageError
from almascan.journal import postgres
from almascan.journal.database import reading, translated
from almascan.journal.inspection import Inspection, Remark, look_at_records
from almascan.journal.place import Server
from almascan.journal.salvage import KINDS, Exported, check_tables, say_no_run, write_line
from almascan.journal.schema import LEASES
from almascan.journal.server_lease import is_alive

_AT_ONCE = 2_000
"""How many records are in memory at a time."""
_KEYS = {"runs": "id", "rows": "run, row", "events": "id", "actions": "id"}
_SIZE = "SELECT pg_database_size(current_database())"
_NOT_LOOKED_AT = Remark("PostgreSQL's own files were not looked at.", "Its pg_amcheck says whether they are whole.")


def export_server(server: Server, out: BinaryIO, run: int | None = None) -> Exported:
    """Write everything that a journal on a server holds, as one state of it; see ``salvage.export_journal``.

    Raises:
        JournalError: It cannot be used, or is none.
        UsageError: It has no such run.
        OSError: ``out`` cannot be written.
    """
    with _looking(server) as looked:
        check_tables(server, looked.list_tables())
        write_line(out, "journal", {"version": looked.execute("SELECT version_num FROM alembic_version").fetchone()[0]})
        read = dict.fromkeys(KINDS, 0)
        for kind, table in KINDS.items():
            for record in looked.list_records(table, run):
                read[kind] += 1
                write_line(out, kind, record)
            if run is not None and kind == "run" and not read[kind]:
                raise UsageError(say_no_run(server, run))
        exported = Exported(read, dict.fromkeys(KINDS, 0), 0)
        write_line(out, "end", exported._asdict())
    return exported


def inspect_server(server: Server) -> Inspection:
    """Look whether the records of a journal on a server add up; see ``inspection.inspect_journal``.

    Raises:
        JournalError: It cannot be used, or is none.
    """
    with _looking(server) as looked:
        inspection = Inspection(str(server), looked.execute(_SIZE).fetchone()[0], 0)
        inspection.notes.append(_NOT_LOOKED_AT)
        look_at_records(looked, inspection)
    return inspection


class _Answer:
    """What a query found, as ``sqlite3`` gives it."""

    def __init__(self, result: CursorResult[Any]) -> None:
        self._result = result
        self.description = tuple((name,) for name in result.keys())  # noqa: SIM118 - SQLAlchemy's own method

    def __iter__(self) -> Iterator[Any]:
        return iter(self._result)

    def fetchone(self) -> Any:
        return self._result.first()  # and closes it: nobody asks for the rest

    def fetchall(self) -> list[Any]:
        return list(self._result.fetchall())


class _Looked:
    """A journal on a server, of which one state is seen throughout."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection

    def execute(self, query: str) -> _Answer:
        """Ask something; the records come part by part."""
        return _Answer(self._connection.execute(text(query), execution_options={"yield_per": _AT_ONCE}))

    def list_tables(self) -> set[str]:
        """List the tables that there are."""
        return set(inspect(self._connection).get_table_names())

    def list_records(self, table: str, run: int | None) -> Iterator[dict[str, Any]]:
        """List the records of a table, of one run or of all, in their order."""
        wanted = "" if run is None else f"WHERE {'id' if table == 'runs' else 'run'} = {run:d}"
        # The names are from the tables above, and the run is a number.
        answer = self.execute(f"SELECT * FROM {table} {wanted} ORDER BY {_KEYS[table]}")  # noqa: S608
        names = [name for (name,) in answer.description]
        for values in answer:
            yield dict(zip(names, values, strict=True))

    def is_worked_on(self, institution: str, purpose: str = "") -> bool:
        """Whether some process has an institution's lease now, or its turn to load a list."""
        with self._engine.connect() as connection:
            if purpose == "loading":
                asked = text("SELECT pg_try_advisory_xact_lock(hashtext('almascan loading'), hashtext(:institution))")
                return not connection.execute(asked, {"institution": institution}).scalar()
            held = select(LEASES.c.institution).where(LEASES.c.institution == institution, is_alive())
            return connection.execute(held).first() is not None


@contextmanager
def _looking(server: Server) -> Iterator[_Looked]:
    engine = postgres.open_server(server)
    try:
        with translated(server), reading(engine).connect() as connection:
            # It locks nothing, and waits for as long as a person reads what it writes.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            yield _Looked(engine, connection)
    finally:
        engine.dispose()
