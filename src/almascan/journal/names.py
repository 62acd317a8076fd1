"""What rows are called: finding them by a barcode or an item's PID, in a list that is loaded or in all runs.

Each function works on a connection that its caller opened.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, insert, literal, select, union, update

from almascan.journal import rows as journal_rows
from almascan.journal.database import is_on_server
from almascan.journal.schema import LEARNED_ROWS, LOOKED_ROWS, NAMES, ROWS, RUNS, SENT_ROWS
from almascan.model import Outcome, Row, RowState, RunState

_NO_FIRST = (Outcome.BAD_BARCODE, Outcome.DUPLICATE)
"""Rows with these answers stand for no item that a later row may name again."""

_MANY = 5_000


def index_names(connection: Connection, run: int) -> None:
    """Write down what a loaded run's rows are called, in the names' order, in which it costs least."""
    number = 0
    for name in (ROWS.c.barcode, ROWS.c.pid):
        named = select(ROWS.c.run, name, ROWS.c.row).where(ROWS.c.run == run, name != "")
        if name is ROWS.c.pid:
            named = named.where(ROWS.c.pid != ROWS.c.barcode)
        into = insert(NAMES).from_select(["run", "name", "row"], named.order_by(name, ROWS.c.row))
        number += connection.execute(into).rowcount
    if number >= _MANY and is_on_server(connection):
        # Its planner has not seen the new rows yet, and would take minutes to compare them with each other.
        connection.exec_driver_sql("ANALYZE rows, names")


def add_names(connection: Connection, row: Row) -> None:
    """Write down what a single row is called."""
    names = sorted({row.barcode, row.pid} - {""})
    if names:
        connection.execute(insert(NAMES), [{"run": row.run, "name": name, "row": row.row} for name in names])


def mark_duplicates(connection: Connection, run: int, at: float) -> int:
    """Answer every later row that names an item as an earlier one does; return how many there are.

    The names of the run's rows must have been written down.
    """
    return sum(_mark_repeated(connection, run, column, at) for column in (ROWS.c.barcode, ROWS.c.pid))


def _mark_repeated(connection: Connection, run: int, name: ColumnElement[str], at: float) -> int:
    """Answer the later rows of each name in one statement: a list may be in itself twice, a million rows long."""
    first = func.min(ROWS.c.row).over(partition_by=name).label("first")
    is_candidate = [ROWS.c.run == run, ROWS.c.state == RowState.NEW, name != ""]
    if not is_on_server(connection):
        # SQLite sorts slowly, and has the names in their order.
        here = NAMES.c.run == run
        repeated = select(NAMES.c.name).where(here).group_by(NAMES.c.name).having(func.count() > 1)
        is_candidate.append(ROWS.c.row.in_(select(NAMES.c.row).where(here, NAMES.c.name.in_(repeated))))
    named = select(ROWS.c.row, first).where(*is_candidate).subquery()
    later = select(named).where(named.c.row > named.c.first).subquery()
    note: ColumnElement[str] = literal("duplicate of row ") + cast(later.c.first, Text)
    mark = (
        update(ROWS)
        .where(ROWS.c.run == run, ROWS.c.row == later.c.row)
        .values(state=RowState.SKIPPED, outcome=Outcome.DUPLICATE, note=note, finished_at=at)
    )
    return connection.execute(mark).rowcount


def find_first(connection: Connection, row: Row) -> int | None:
    """Find the first row of a run that names the same item, and is neither damaged nor a duplicate itself."""
    return min(filter(None, (_find_named(connection, row, column) for column in ("barcode", "pid"))), default=None)


def _find_named(connection: Connection, row: Row, column: str) -> int | None:
    name = getattr(row, column)
    query = (
        select(func.min(ROWS.c.row))
        .join(NAMES, (NAMES.c.run == ROWS.c.run) & (NAMES.c.row == ROWS.c.row))
        .where(NAMES.c.run == row.run, NAMES.c.name == name, ROWS.c[column] == name)
        .where(func.coalesce(ROWS.c.outcome, "").not_in(_NO_FIRST))
    )
    return connection.execute(query).scalar() if name else None


def find_rows(connection: Connection, name: str, limit: int) -> list[Row]:
    """Find the rows of all runs that are called so, of the newest run first.

    Args:
        connection: The connection.
        name: A barcode, in whichever case; digits may be an item's PID as well.
        limit: How many at most.
    """
    spellings = {name, name.upper(), name.lower()}
    # Asked for run by run, for the names are in their order within each.
    runs = select(RUNS.c.id).where(RUNS.c.state != RunState.LOADING)
    listed = select(NAMES.c.run, NAMES.c.row).where(NAMES.c.run.in_(runs), NAMES.c.name.in_(spellings))
    found = union(listed, *(_seen(column, where, spellings) for column, where in _LEARNED)).subquery()
    query = select(found).order_by(found.c.run.desc(), found.c.row).limit(limit)
    return list(_read(connection, connection.execute(query).all()))


_LEARNED = ((ROWS.c.barcode, LEARNED_ROWS), (ROWS.c.pid, SENT_ROWS), (ROWS.c.pid, LOOKED_ROWS))
"""What Alma has said of rows; each as spelled in an index, which SQLite then uses."""


def _seen(column: Any, where: Any, spellings: Iterable[str]) -> Any:
    return select(ROWS.c.run, ROWS.c.row).where(column.in_(spellings), where)


def _read(connection: Connection, found: Iterable[Any]) -> Iterable[Row]:
    for run, number in found:
        row = journal_rows.read(connection, run, number)
        if row is not None:
            yield row
