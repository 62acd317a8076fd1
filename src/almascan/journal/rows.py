"""A run's rows: loading, saving and reading them; each function works on a connection that its caller opened.

A change names the state that the journal has the row in: where another process has moved it on meanwhile, the change
is not made and its caller is told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    not_,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy import (
    Row as Record,
)

from almascan.journal.database import is_on_server, server_clock
from almascan.journal.schema import EVENTS, LOST_ROWS, OPEN_ROWS, ROWS, RUNS
from almascan.model import FINAL_STATES, Desk, Event, Item, Outcome, Row, RowState

_PAGE = 2_000
_LOST = frozenset({RowState.SENDING, RowState.UNCLEAR})
NEVER = float("inf")


class Claim(NamedTuple):
    """What must hold for a row to be sent: no other row of the institution stands in the way of its item.

    Attributes:
        institution: Whose runs are looked through.
        sent_since: Items that any run sent, or had its answer for, after this moment (seconds since 1970) are not sent
            again: the moment of the look, or as long ago as the recipe says that does not look; ``NEVER`` for any.
    """

    institution: str
    sent_since: float = NEVER


class Change(NamedTuple):
    """A row as it is to be from now on.

    Attributes:
        row: The row.
        was: The state in which the journal has it.
        events: What happened, for its story.
        claim: With an intent to send, what must hold.
    """

    row: Row
    was: RowState
    events: tuple[Event, ...] = ()
    claim: Claim | None = None


class Blocked(NamedTuple):
    """Why an intent was not recorded: another row, of this run or an earlier one, has sent the same item."""

    run: int
    row: int


class Overtaken(NamedTuple):
    """Why a change was not made: the journal has the row in another state."""

    state: str


class Fenced(NamedTuple):
    """Why an intent was not recorded: the institution's lease is another process's by now."""

    institution: str


Saved = Blocked | Overtaken | Fenced | None
"""What became of a change; None where it was made."""

_COLUMNS = tuple(column.name for column in ROWS.columns if column is not ROWS.c.lost_at)
_SELECT = select(*(ROWS.c[name] for name in _COLUMNS))
_CHANGING = tuple(name for name in _COLUMNS if name not in {"run", "row", "given"})
_OTHER = ROWS.alias("other")
# Spelled as in the partial index, which SQLite then uses.
_OTHERS_SENT: ColumnElement[bool] = literal_column("other.sends > 0")

_NEW = tuple(name for name in _COLUMNS if name not in {"step", "sends", "before", "after", "looked_at", "sent_at"})
_LOADED = attrgetter(*_NEW[1:])
_INSERT = insert(ROWS).values(
    {name: bindparam(name) for name in _NEW} | {"step": literal_column("0"), "sends": literal_column("0")}
)
_INSERT_EVENT = insert(EVENTS)
# One statement for a batch: the server takes each of many as a statement of its own, and so does the driver.
_INSERT_EVENTS_ON_SERVER = text(
    """INSERT INTO events ("run", "row", "at", "kind", "text") SELECT "run", "row", "at", "kind", "text"
    FROM unnest(CAST(:run AS int[]), CAST(:row AS int[]), CAST(:at AS float8[]), CAST(:kind AS text[]), CAST(:text AS text[]))
    WITH ORDINALITY AS new ("run", "row", "at", "kind", "text", place) ORDER BY place"""
)
_UPDATE = (
    update(ROWS)
    .where(ROWS.c.run == bindparam("at_run"), ROWS.c.row == bindparam("at_row"), ROWS.c.state == bindparam("was"))
    .values({name: bindparam(name) for name in _CHANGING})
)


def _in_the_way(*, run: Any, row: Any, step: Any, pid: Any, institution: Any, since: Any) -> Any:
    return (
        select(_OTHER.c.run, _OTHER.c.row)
        .join(RUNS, RUNS.c.id == _OTHER.c.run)
        .where(
            _OTHER.c.pid == pid,
            _OTHERS_SENT,
            RUNS.c.institution == institution,
            not_(and_(_OTHER.c.run == run, _OTHER.c.row == row)),
            or_(
                and_(_OTHER.c.run == run, _OTHER.c.step >= step),
                or_(_OTHER.c.state == RowState.SENDING, _OTHER.c.state == RowState.UNCLEAR),
                _OTHER.c.sent_at > since,
                # A look that came while the other's scan was under way saw the item as it was before.
                _OTHER.c.finished_at > since,
            ),
        )
    )


_CLAIM = _UPDATE.where(
    not_(
        exists(
            _in_the_way(
                run=bindparam("at_run"),
                row=bindparam("at_row"),
                step=bindparam("step"),
                pid=bindparam("pid"),
                institution=bindparam("institution"),
                since=bindparam("sent_since"),
            )
        )
    )
)


def load(connection: Connection, run: int, rows: Sequence[Row]) -> None:
    """Insert new rows of a run, one at least; the run that they name does not matter."""
    values = [(run, *_LOADED(_with_desk_as_text(row) if row.desk else row)) for row in rows]
    if is_on_server(connection):
        return _copy(connection, values)
    # Handed to the driver as they are: SQLAlchemy's own preparation of each row takes longer than SQLite's work.
    compiled = _INSERT.compile(dialect=connection.dialect)
    connection.exec_driver_sql(compiled.string, values)
    return None


def _copy(connection: Connection, values: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows as PostgreSQL takes them fastest."""
    names = ", ".join(map(connection.dialect.identifier_preparer.quote, (*_NEW, "sends")))
    driver: Any = connection.connection
    with driver.cursor() as cursor, cursor.copy(f"COPY rows ({names}) FROM STDIN") as copy:
        for row in values:
            copy.write_row([*map(_storable, row), 0])


def _storable_for(connection: Connection, values: dict[str, Any]) -> dict[str, Any]:
    """Give values as the connection's database can keep them."""
    return {name: _storable(value) for name, value in values.items()} if is_on_server(connection) else values


def _storable(value: Any) -> Any:
    """Give a value as PostgreSQL can keep it: it has no text with a zero character in it."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) and "\0" in value else value


def _with_desk_as_text(row: Row) -> Row:
    return msgspec.structs.replace(row, desk=msgspec.json.encode(row.desk).decode())


def save(connection: Connection, changes: Sequence[Change], fenced: Collection[str] = frozenset()) -> list[Saved]:
    """Make changes in their order, claims after the others; return what became of each.

    Args:
        connection: In a transaction that writes.
        changes: The changes.
        fenced: The institutions of which no claim is made.
    """
    results: dict[int, Saved] = {}
    plain, claims = _without_claim(changes), _with_claim(changes)
    for index in [index for index, change in claims.items() if _institution_of(change) in fenced]:
        results[index] = Fenced(_institution_of(claims.pop(index)))
    for statement, group in ((_UPDATE, plain), (_CLAIM, claims)):
        results |= _apply(connection, statement, group)
    events = [
        {"run": change.row.run, "row": change.row.row, "at": event.at, "kind": event.kind, "text": event.text}
        for index, change in enumerate(changes)
        if results[index] is None
        for event in change.events
    ]
    if events:
        _insert_events(connection, events)
    return [results[index] for index in range(len(changes))]


def _insert_events(connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
    """Add to the rows' stories, one event at least, in their order."""
    if is_on_server(connection):
        columns = {name: [_storable(event[name]) for event in events] for name in events[0]}
        connection.execute(_INSERT_EVENTS_ON_SERVER, columns)
    else:
        connection.execute(_INSERT_EVENT, events)


def _institution_of(change: Change) -> str:
    return "" if change.claim is None else change.claim.institution


@cache
def _keeping_time(statement: Any) -> Any:
    """Have a change also say, by the server's clock, since when nobody knows whether the row's scan happened."""
    is_lost = and_(
        bindparam("state", type_=String) == RowState.UNCLEAR, bindparam("was", type_=String) == RowState.SENDING
    )
    return statement.values(lost_at=case((is_lost, server_clock()), else_=null()))


def put_off(connection: Connection, run: int, rows: Collection[int], seconds: float) -> None:
    """Have the scans of unclear rows count as lost so much later, for they may still be on their way till then."""
    here = (ROWS.c.run == run, ROWS.c.row.in_(rows), LOST_ROWS)
    connection.execute(update(ROWS).where(*here).values(lost_at=ROWS.c.lost_at + seconds))


def _without_claim(changes: Sequence[Change]) -> dict[int, Change]:
    return {index: change for index, change in enumerate(changes) if change.claim is None}


def _with_claim(changes: Sequence[Change]) -> dict[int, Change]:
    return {index: change for index, change in enumerate(changes) if change.claim is not None}


def _apply(connection: Connection, statement: Any, group: Mapping[int, Change]) -> dict[int, Saved]:
    if not group:
        return {}
    parameters = [_storable_for(connection, _parameters(change)) for change in group.values()]
    if is_on_server(connection):
        statement = _keeping_time(statement)
    if connection.execute(statement, parameters).rowcount == len(group):
        return dict.fromkeys(group)
    return {index: _look_why(connection, change) for index, change in group.items()}


def _look_why(connection: Connection, change: Change) -> Saved:
    """Say what became of one change of a batch that was not made whole."""
    row = change.row
    found = connection.execute(
        select(ROWS.c.state, ROWS.c.sent_at, ROWS.c.finished_at).where(ROWS.c.run == row.run, ROWS.c.row == row.row)
    ).one_or_none()
    if found is None:
        return Overtaken("deleted")
    if tuple(found) == (row.state, row.sent_at, row.finished_at):
        return None
    if change.claim is not None and found.state == change.was:
        in_the_way = _in_the_way(
            run=row.run,
            row=row.row,
            step=row.step,
            pid=row.pid,
            institution=change.claim.institution,
            since=change.claim.sent_since,
        )
        other = connection.execute(in_the_way.limit(1)).first()
        if other is not None:
            return Blocked(other.run, other.row)
    return Overtaken(found.state)


def _parameters(change: Change) -> dict[str, Any]:
    values = _encode(change.row)
    values |= {"at_run": change.row.run, "at_row": change.row.row, "was": change.was}
    if change.claim is not None:
        values |= change.claim._asdict()
    return values


def read(connection: Connection, run: int, row: int) -> Row | None:
    """Read one row."""
    found = connection.execute(_SELECT.where(ROWS.c.run == run, ROWS.c.row == row)).first()
    return None if found is None else _decode(found)


def read_page(connection: Connection, run: int, after: int, *, only_open: bool, size: int = _PAGE) -> list[Row]:
    """Read the next rows of a run after a row's number; of all rows or of those without an answer."""
    query = _SELECT.where(ROWS.c.run == run, ROWS.c.row > after).order_by(ROWS.c.row).limit(size)
    if only_open:
        query = query.where(OPEN_ROWS)
    return [_decode(found) for found in connection.execute(query)]


def read_numbered(connection: Connection, run: int, numbers: Collection[int]) -> list[Row]:
    """Read the rows of a run that have some numbers, a few hundred at most, in their order."""
    query = _SELECT.where(ROWS.c.run == run, ROWS.c.row.in_(numbers)).order_by(ROWS.c.row)
    return [_decode(found) for found in connection.execute(query)]


def read_in_state(
    connection: Connection, run: int, states: Iterable[RowState], after: int, size: int = _PAGE
) -> list[Row]:
    """Read the next rows in some states after a row's number, in their order."""
    wanted = frozenset(states)
    query = _SELECT.where(ROWS.c.run == run, ROWS.c.row > after, ROWS.c.state.in_(wanted))
    # Spelled out as in an index, it has SQLite go through the few rows of it, and not through all of a long run.
    if wanted <= _LOST:
        query = query.where(LOST_ROWS)
    elif wanted.isdisjoint(FINAL_STATES):
        query = query.where(OPEN_ROWS)
    return [_decode(found) for found in connection.execute(query.order_by(ROWS.c.row).limit(size))]


def count_planned(connection: Connection, run: int) -> int:
    """Count the rows that a plan says to scan."""
    query = select(func.count()).where(ROWS.c.run == run, ROWS.c.state == RowState.READY, OPEN_ROWS)
    return connection.execute(query).scalar_one()


def list_desks(connection: Connection, run: int) -> list[tuple[Desk, int]]:
    """List the desks that rows of a run name, each with how many name it."""
    query = select(ROWS.c.desk, func.count()).where(ROWS.c.run == run, ROWS.c.desk.is_not(None)).group_by(ROWS.c.desk)
    return [(_STRUCTURES["desk"].decode(desk), number) for desk, number in connection.execute(query)]


def read_story(connection: Connection, run: int, row: int) -> list[Event]:
    """Read what happened to a row, in order."""
    query = select(EVENTS).where(EVENTS.c.run == run, EVENTS.c.row == row).order_by(EVENTS.c.id)
    return [msgspec.convert({"at": e.at, "kind": e.kind, "text": e.text}, Event) for e in connection.execute(query)]


def _encode(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    for name in _STRUCTURES:
        if values[name] is not None:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


_STRUCTURES: dict[str, msgspec.json.Decoder[Any]] = {
    "desk": msgspec.json.Decoder(Desk),
    "before": msgspec.json.Decoder(Item),
    "after": msgspec.json.Decoder(Item),
}


def _decode(found: Record[Any]) -> Row:
    values = dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    for name, decoder in _STRUCTURES.items():
        if values[name] is not None:
            values[name] = decoder.decode(values[name])
    values["state"] = RowState(values["state"])
    values["outcome"] = None if values["outcome"] is None else Outcome(values["outcome"])
    return Row(**values)
