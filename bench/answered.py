"""A journal with a million rows that have their answers, in one run or in many, for what is measured on it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from almascan.model import EventKind, Item, Outcome
from bench.million import load_run
from bench.simulated import Simulated

RARE = Outcome.STILL_NOT_IN_PLACE
RARE_ROWS = 5
"""So many rows, the last ones of a run, have the rare answer."""
ACTIONS = 10_000
"""So many lines has the log of who did what."""

_ITEM = Item(
    "9926000000001234",
    "22000000010002204",
    "",
    "",
    "0",
    process_type="TRANSIT",
    library="MAIN",
    library_name="Main",
    location="stacks",
    location_name="Open stacks",
    call_number="QA 76.73 .P98",
    title="TITLE",
)
_SHARES = (
    (90, Outcome.IN_PLACE),
    (3, Outcome.IN_TRANSIT_ELSEWHERE),
    (3, Outcome.ON_LOAN),
    (2, Outcome.NOT_FOUND),
    (2, Outcome.ON_HOLD_SHELF),
)
"""Of a hundred rows so many have an answer."""


def title_of(row: int) -> str:
    """Give the title of a row's item."""
    return f"A title of the usual length, number {row:07d}"


def load_answered(rows: int, runs: int, folder: Path, simulated: Simulated) -> Path:
    """Make a journal of some runs with so many rows each, all finished, and every row with its item and its story."""
    journal, _ = load_run(rows, folder, simulated)
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        for statement, values in _answers(rows):
            connection.execute(statement, values)
        for run in range(2, runs + 1):
            for table in ("rows", "names", "runs"):
                connection.execute(_copy(connection, table), {"run": run})
        for kind, text in ((EventKind.SENDING, "The scan is sent."), (EventKind.ANSWERED, "Alma answered.")):
            story = "INSERT INTO events (run, row, at, kind, text) SELECT run, row, finished_at, ?, ? FROM rows WHERE sends > 0"
            connection.execute(story, (str(kind), text))
        actions = ((1.7e9 + each, "ada", "resume", 1, "") for each in range(ACTIONS))
        connection.executemany("INSERT INTO actions (at, who, action, run, text) VALUES (?, ?, ?, ?, ?)", actions)
        connection.commit()
    return journal


def plan_again(journal: Path) -> None:
    """Make a plan of run 1: nine rows of ten are to be scanned."""
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        connection.execute(
            "UPDATE rows SET state = 'ready', outcome = NULL, sends = 0, after = NULL WHERE run = 1 AND outcome = ?",
            (str(Outcome.IN_PLACE),),
        )
        connection.execute("UPDATE runs SET state = 'planned', started_at = NULL, finished_at = NULL WHERE id = 1")
        connection.commit()


def _answers(rows: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Give what answers the rows of run 1 and finishes it."""
    item = msgspec.json.encode(_ITEM).decode()
    title = "replace(:item, 'TITLE', printf('A title of the usual length, number %07d', row))"
    everything = f"""
        UPDATE rows SET pid = 23000000000000000 + row, mms_id = 9926000000000000 + row, sends = 1, sent_at = 1.7e9 + row,
        looked_at = 1.7e9 + row, finished_at = 1.7e9 + row + 0.3, before = {title}, after = {title},
        state = :state, outcome = :outcome
    """  # noqa: S608 - the text is ours
    yield everything, {"item": item, "state": str(Outcome.IN_PLACE.group), "outcome": str(Outcome.IN_PLACE)}
    first = 0
    for share, outcome in _SHARES:
        values = {"state": str(outcome.group), "outcome": str(outcome), "first": first, "end": first + share}
        if outcome is not Outcome.IN_PLACE:
            where = "row % 100 >= :first AND row % 100 < :end"
            yield f"UPDATE rows SET state = :state, outcome = :outcome WHERE {where}", values  # noqa: S608 - likewise
        first += share
    rare = {"state": str(RARE.group), "outcome": str(RARE), "after": rows - RARE_ROWS}
    yield "UPDATE rows SET state = :state, outcome = :outcome WHERE row > :after", rare
    yield "UPDATE rows SET sends = 0, sent_at = NULL, after = NULL WHERE state IN ('skipped', 'failed')", {}
    yield "UPDATE runs SET state = 'finished', finished_at = 1.8e9, reason = ''", {}


def _copy(connection: sqlite3.Connection, table: str) -> str:
    """Give the statement that copies what run 1 has in a table to another run."""
    own = "id" if table == "runs" else "run"
    columns = [f'"{each[1]}"' for each in connection.execute(f"PRAGMA table_info({table})")]
    taken = [":run" if each == f'"{own}"' else each for each in columns]
    source = f"SELECT {', '.join(taken)} FROM {table} WHERE {own} = 1"  # noqa: S608 - names of the schema
    return f"INSERT INTO {table} ({', '.join(columns)}) {source}"
