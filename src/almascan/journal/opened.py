"""Open runs, to which rows come one by one: a handheld scanner's; works on a connection that its caller opened."""

import msgspec
from sqlalchemy import Connection, func, select, update

from almascan.journal import names, rows
from almascan.journal.schema import ROWS, RUNS
from almascan.model import Outcome, Row, RowState, RunState


def append_row(connection: Connection, run: int, row: Row, at: float) -> Row | None:
    """Add a row to a run under the next number.

    Args:
        connection: In a transaction that writes, so that nobody takes the number meanwhile.
        run: The run's id.
        row: The row; where an earlier one names the same item, it is answered as a duplicate.
        at: Seconds since 1970.

    Returns:
        The row as recorded; None where the run is not open.
    """
    is_open = select(RUNS.c.is_open).where(RUNS.c.id == run, RUNS.c.state != RunState.CANCELLED).with_for_update()
    if not connection.execute(is_open).scalar():
        return None
    last = connection.execute(select(func.max(ROWS.c.row)).where(ROWS.c.run == run)).scalar() or 0
    row = msgspec.structs.replace(row, run=run, row=last + 1)
    first = names.find_first(connection, row) if row.state is RowState.NEW else None
    if first is not None:
        row = row.to(RowState.SKIPPED, outcome=Outcome.DUPLICATE, note=f"duplicate of row {first}", finished_at=at)
    rows.load(connection, run, [row])
    names.add_names(connection, row)
    connection.execute(update(RUNS).where(RUNS.c.id == run).values(rows=RUNS.c.rows + 1))
    return row
