"""Counting a run's rows by their answer, and reading the few of them that a person wants to see.

It costs about the same for a run of any length: each answer has its rows in an index. Each function works on a
connection that its caller opened.
"""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from sqlalchemy import JSON, ColumnElement, Connection, Select, and_, cast, func, or_, select, true, type_coerce

from almascan.journal import rows
from almascan.journal.database import is_on_server
from almascan.journal.schema import EVENTS, LOST_ROWS, OPEN_ROWS, ROWS, RUNS
from almascan.model import FINAL_STATES, Group, Outcome, Row, RowState

_LOST = frozenset({RowState.SENDING, RowState.UNCLEAR})
_NOT_TRIED = frozenset(RowState) - FINAL_STATES - _LOST
_LATEST_MOMENTS = 2_000
"""How many moments of all runs are looked through for a run's latest rows: no index by time has to be kept for it."""
_ANSWERED = tuple(outcome for outcome in Outcome if outcome.group is not Group.OPEN)


class Filter(msgspec.Struct, frozen=True):
    """Which rows are wanted; every part narrows.

    Attributes:
        answers: Rows with one of these answers; none of them named means all.
        states: Rows in one of these states, likewise.
        text: Rows whose barcode, title or call number holds this text, or what the list gave for them, in whichever case.
    """

    answers: Collection[Outcome] = ()
    states: Collection[RowState] = ()
    text: str = ""


def count(connection: Connection, run_ids: Collection[int]) -> dict[int, dict[Outcome, int]]:
    """Count the rows of some runs by their answer; rows without one count as unclear or not tried."""
    counts: dict[int, dict[Outcome, int]] = {}
    for run_id, all_rows, *numbers in connection.execute(_COUNTS.where(RUNS.c.id.in_(run_ids))):
        by_answer = dict(zip((*_ANSWERED, Outcome.UNCLEAR), numbers, strict=True))
        by_answer[Outcome.NOT_TRIED] = all_rows - sum(numbers)
        counts[run_id] = {outcome: number for outcome, number in by_answer.items() if number > 0}
    return counts


def _number(condition: Any) -> Any:
    return select(func.count()).where(ROWS.c.run == RUNS.c.id, condition).scalar_subquery()


# An answer at a time: SQLite counts the entries of an index faster than it groups them.
_COUNTS = select(
    RUNS.c.id, RUNS.c.rows, *(_number(ROWS.c.outcome == outcome) for outcome in _ANSWERED), _number(LOST_ROWS)
)


def read_page(connection: Connection, run: int, wanted: Filter, *, after: int, limit: int) -> list[Row]:
    """Read the next rows after a row's number, in their order."""
    ahead = select(ROWS.c.row).where(ROWS.c.run == run, ROWS.c.row > after).order_by(ROWS.c.row).limit(limit)
    numbers = sorted(_number_rows(connection, ahead, wanted))
    return rows.read_numbered(connection, run, numbers[:limit])


def read_page_back(connection: Connection, run: int, wanted: Filter, *, before: int | None, limit: int) -> list[Row]:
    """Read the last rows before a row's number, or the last of all, in their order."""
    behind = select(ROWS.c.row).where(ROWS.c.run == run).order_by(ROWS.c.row.desc()).limit(limit)
    if before is not None:
        behind = behind.where(ROWS.c.row < before)
    numbers = sorted(_number_rows(connection, behind, wanted))
    return rows.read_numbered(connection, run, numbers[-limit:])


def read_latest(connection: Connection, run: int, limit: int) -> list[Row]:
    """Read the rows that something happened to last, the latest first, as far as the journal's latest moments tell."""
    moments = select(EVENTS.c.id, EVENTS.c.run, EVENTS.c.row).order_by(EVENTS.c.id.desc()).limit(_LATEST_MOMENTS)
    latest = moments.subquery()
    last = func.max(latest.c.id)
    query = select(latest.c.row).where(latest.c.run == run).group_by(latest.c.row).order_by(last.desc()).limit(limit)
    numbers = list(connection.execute(query).scalars())
    found = {row.row: row for row in rows.read_numbered(connection, run, numbers)}
    return [found[number] for number in numbers if number in found]


def find_first(connection: Connection, run: int, answers: Collection[Outcome]) -> int | None:
    """Find the first row that has one of some answers."""
    first = select(ROWS.c.row).where(ROWS.c.run == run).order_by(ROWS.c.row).limit(1)
    return min(_number_rows(connection, first, Filter(answers)), default=None) if answers else None


def _number_rows(connection: Connection, query: Select[int], wanted: Filter) -> Iterator[int]:
    """Give the numbers that a query finds of each answer that is wanted, by its index."""
    if wanted.states:
        query = query.where(ROWS.c.state.in_(wanted.states))
    if wanted.text:
        query = query.where(_holds(connection, wanted.text))
    for branch in _branches(wanted):
        yield from connection.execute(query.where(branch)).scalars()


def _branches(wanted: Filter) -> Iterator[Any]:
    """Give a condition for each answer that is wanted, spelled as in its index; one that is true for all of them."""
    if not (wanted.answers or wanted.states):
        yield true()
        return
    answers, states = frozenset(wanted.answers or Outcome), frozenset(wanted.states or RowState)
    for outcome in _ANSWERED:
        if outcome in answers and RowState(outcome.group.value) in states:
            yield ROWS.c.outcome == outcome
    if Outcome.UNCLEAR in answers and states & _LOST:
        yield LOST_ROWS
    if Outcome.NOT_TRIED in answers and states & _NOT_TRIED:
        yield and_(OPEN_ROWS, ROWS.c.state.in_(_NOT_TRIED))


def _holds(connection: Connection, text: str) -> ColumnElement[bool]:
    """Say that a row holds a text; beyond ASCII, SQLite tells upper from lower case, so that each is asked for."""
    item = func.coalesce(ROWS.c.before, ROWS.c.after)
    opened = cast(item, JSON) if is_on_server(connection) else type_coerce(item, JSON)
    parts = (ROWS.c.barcode, ROWS.c.given, opened["title"].as_string(), opened["call_number"].as_string())
    spellings = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    return or_(*(part.icontains(spelling, autoescape=True) for part in parts for spelling in spellings))
