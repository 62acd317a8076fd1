"""Everything that can still be read of a journal, however damaged, as lines of JSON."""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec

from almascan.errors import JournalError, UsageError
from almascan.journal.place import Place
from almascan.journal.reading import reading
from almascan.journal.schema import FLAGS, STRUCTURES
from almascan.journal.sqlite import latest_records
from almascan.journal.wal import count_dropped

KINDS: dict[str, str] = {"run": "runs", "row": "rows", "event": "events", "action": "actions"}
"""What a line of an export can be, each with the table it comes from."""

_SMALLEST_RECORD_BYTES = 32


class _Table(NamedTuple):
    """What is asked of a table: the column that names the run, and what else than the table knows its records."""

    run_column: str
    last_rowid: str
    indexed: str | None = None


_TABLES = {
    "runs": _Table("id", "SELECT seq FROM sqlite_sequence WHERE name = 'runs'"),
    "rows": _Table(
        "run",
        "SELECT max(+rowid) FROM rows INDEXED BY sqlite_autoindex_rows_1",
        "SELECT count(*) FROM rows INDEXED BY sqlite_autoindex_rows_1",
    ),
    "events": _Table(
        "run",
        "SELECT max(+rowid) FROM events INDEXED BY events_by_row",
        "SELECT count(*) FROM events INDEXED BY events_by_row",
    ),
    "actions": _Table("run", "SELECT seq FROM sqlite_sequence WHERE name = 'actions'"),
}


class Exported(NamedTuple):
    """What came of an export.

    Attributes:
        read: How many records were read of each kind.
        lost: How many of each kind could not be read; at most so many, where nobody can tell.
        dropped: How many of the latest transactions SQLite does not believe; see ``almascan.journal.wal``.
    """

    read: dict[str, int]
    lost: dict[str, int]
    dropped: int

    @property
    def is_whole(self) -> bool:
        """Whether everything that was recorded was read."""
        return not (self.dropped or any(self.lost.values()))


def export_journal(path: Path, out: BinaryIO, run: int | None = None) -> Exported:
    """Write everything that can be read of the journal at ``path``; the journal itself is not written to.

    Args:
        path: The journal, in whatever state.
        out: Where the lines go, in UTF-8. The field ``record`` says what a line is: first ``journal``; then runs,
            rows and events, with the journal's own fields; in the end ``end``, which counts them.
        run: The only run to write; None for all.

    Returns:
        What was read and what was lost.

    Raises:
        JournalError: Not even its tables can be found.
        UsageError: It has no such run.
        OSError: ``out`` cannot be written.
    """
    with reading(path) as connection:
        version = _read_version(connection, path)
        write_line(out, "journal", {"version": version})
        tables = {kind: Salvage(connection, table, run) for kind, table in KINDS.items()}
        for kind, table in tables.items():
            for record in table:
                write_line(out, kind, record)
            if run is not None and kind == "run" and not (table.read or table.lost):
                raise UsageError(say_no_run(path, run))
        exported = Exported(
            {kind: table.read for kind, table in tables.items()},
            {kind: table.lost for kind, table in tables.items()},
            count_dropped(latest_records(path)),
        )
        write_line(out, "end", exported._asdict())
    return exported


def export_to_file(path: Path, output: Path, run: int | None = None) -> Exported:
    """Do as ``export_journal``, into a file that only its owner can read, and that is there whole or not at all.

    Raises:
        JournalError, UsageError, OSError: As ``export_journal``; the file is as it was before.
    """
    taken = {file.absolute() for file in (path.resolve(), path, latest_records(path))}
    if output.absolute() in taken or output.resolve() in taken:
        raise UsageError("The journal cannot be exported into itself; name another file with --out.")
    return write_whole(output, lambda out: export_journal(path, out, run))


def write_whole(output: Path, export: Callable[[BinaryIO], Exported]) -> Exported:
    """Have an export written into a file that only its owner can read, and that is there whole or not at all."""
    with NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as part:
        try:
            exported = export(cast("BinaryIO", part))
            part.flush()
            os.fsync(part.fileno())
            part.close()
            Path(part.name).replace(output)
        except BaseException:
            part.close()
            Path(part.name).unlink(missing_ok=True)
            raise
    return exported


class Salvage:
    """The records of a table, in the order of their rowids, as far as they can be read.

    Args:
        connection: From ``reading``.
        table: One of ``KINDS``.
        run: The only run to read; None for all.

    Attributes:
        read: How many records came out so far.
        lost: How many rowids could not be read so far. A rowid that was never given out counts where it would lie
            in a damaged part.
    """

    def __init__(self, connection: sqlite3.Connection, table: str, run: int | None) -> None:
        self.read = 0
        self.lost = 0
        self._connection = connection
        self._table = table
        self._run = run
        wanted = "" if run is None else f" AND +{_TABLES[table].run_column} = {run:d}"
        # The names are from the table above, and the run is a number.
        self._query = f"SELECT rowid, * FROM {table} WHERE rowid BETWEEN ? AND ?{wanted} ORDER BY rowid"  # noqa: S608

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Read range by range, and halve a range that cannot be read until a single record is left."""
        ranges = [(1, self._last_rowid())]
        while ranges:
            first, last = ranges.pop()
            try:
                for rowid, record in self._range(first, last):
                    first = rowid + 1
                    self.read += 1
                    yield record
            except sqlite3.DatabaseError:
                if first >= last:
                    self.lost += 1
                    continue
                middle = (first + last) // 2
                ranges += [(middle + 1, last), (first, middle)]
        self.lost = max(self.lost, self._indexed() - self.read)

    def _range(self, first: int, last: int) -> Iterator[tuple[int, dict[str, Any]]]:
        cursor = self._connection.execute(self._query, (first, last))
        names = [column[0] for column in cursor.description[1:]]
        for rowid, *values in cursor:
            # A damaged pointer may lead to a page that was read before.
            if first <= rowid <= last:
                yield rowid, dict(zip(names, values, strict=True))

    def _last_rowid(self) -> int:
        """Return the largest that anything in the file tells, within what a file of this size can hold."""
        pages, page_bytes = (self._number(f"PRAGMA {name}") or 0 for name in ("page_count", "page_size"))
        most = pages * page_bytes // _SMALLEST_RECORD_BYTES
        told = [self._number(f"SELECT max(rowid) FROM {self._table}"), self._number(_TABLES[self._table].last_rowid)]  # noqa: S608 - a name from the table above
        known = [number for number in told if number is not None]
        return min(most, max(known)) if known else most

    def _indexed(self) -> int:
        """Count the records that the table's index knows: a damaged page may hide some without an error."""
        query = _TABLES[self._table].indexed
        if query is None:
            return 0
        wanted = "" if self._run is None else f" WHERE run = {self._run:d}"
        return self._number(query + wanted) or 0

    def _number(self, query: str) -> int | None:
        """Ask for a number; None where the file is damaged there."""
        try:
            found = self._connection.execute(query).fetchone()
        except sqlite3.DatabaseError:
            return None
        return found[0] if found and isinstance(found[0], int) else 0


def _read_version(connection: sqlite3.Connection, path: Path) -> str | None:
    """Return the journal's version, None where that record is lost, once its tables are found."""
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise JournalError(f"Nothing can be read of {path}: {error}. Restore it from a back-up.") from error
    check_tables(path, tables)
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return None
    return None if found is None else str(found[0])


def check_tables(place: Place, tables: Collection[str]) -> None:
    """Refuse a database whose tables are no journal's."""
    missing = set(KINDS.values()) - set(tables)
    if missing:
        raise JournalError(f"{place} is no journal of almascan's: it has no table {', '.join(sorted(missing))}.")


def say_no_run(place: Place, run: int) -> str:
    """Say that a journal has no run of a number."""
    return f"The journal {place} has no run {run}; say: almascan runs"


def _opened(name: str, value: object) -> object:
    """Give a structure as what its JSON text says, as the text where that is damaged; and a flag as true or false."""
    if name in FLAGS and value in (0, 1):
        return bool(value)
    if name not in STRUCTURES or not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


_encode = msgspec.json.Encoder().encode


def write_line(out: BinaryIO, kind: str, record: Mapping[str, object]) -> None:
    """Write a line of an export: what it is, and the record's fields."""
    out.write(_encode({"record": kind} | {name: _opened(name, value) for name, value in record.items()}) + b"\n")
