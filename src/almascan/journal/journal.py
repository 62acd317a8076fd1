"""The journal: what runs there are, what became of each of their rows, and who works for whom."""

import getpass
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy import Row as Record

from almascan.errors import UsageError
from almascan.journal import rows as journal_rows
from almascan.journal.database import open_database, translated, writing
from almascan.journal.lease import hold_lease, is_held
from almascan.journal.rows import Change, Saved
from almascan.journal.schema import CALLS, EVENTS, ROWS, RUNS, TEMPORARY_SETS
from almascan.journal.writer import Writer
from almascan.model import Desk, Event, EventKind, Order, Outcome, Row, RowState, Run, RunState

_SECONDS_A_DAY = 86_400
_CALLS_SEEN_DAYS = 7
_LOAD_BATCH = 5_000


class Journal:
    """A journal in one SQLite file.

    Args:
        path: The file.
        create: Whether to make it where there is none.
        wall_clock: Seconds since 1970.

    Raises:
        JournalError: It cannot be opened; so may every method, when the disk is full or the file damaged.
    """

    def __init__(self, path: Path, *, create: bool = True, wall_clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._wall_clock = wall_clock
        self._engine = open_database(path, create=create)
        self._writing = writing(self._engine)
        self._writer = Writer(self.save)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def writer(self) -> Writer:
        """Return the thread that saves rows while runs work: one for all of them."""
        return self._writer

    # Institutions

    def lease(self, institution: str) -> AbstractContextManager[int]:
        """Hold the institution's lease; raises LeaseError where another process has it."""
        holder = f"{say_who()} (process {os.getpid()})"
        return hold_lease(self._engine, self.path, institution, holder, self._wall_clock())

    def is_leased(self, institution: str) -> bool:
        """Whether some process works for the institution now."""
        return is_held(self.path, institution)

    def see_calls(self, institution: str, remaining: int) -> None:
        """Remember how many calls an institution had left today, if that is the most seen today."""
        day = int(self._wall_clock() // _SECONDS_A_DAY)
        key = (CALLS.c.institution == institution, CALLS.c.day == day)
        with translated(self.path), self._writing.begin() as connection:
            seen = connection.execute(select(CALLS.c.remaining).where(*key)).scalar()
            if seen is None:
                connection.execute(insert(CALLS).values(institution=institution, day=day, remaining=remaining))
            elif remaining > seen:
                connection.execute(update(CALLS).where(*key).values(remaining=remaining))

    def most_calls_seen(self, institution: str) -> int:
        """Return the largest number of remaining calls that was seen in the last seven days; 0 for none."""
        since = int(self._wall_clock() // _SECONDS_A_DAY) - _CALLS_SEEN_DAYS
        query = select(func.max(CALLS.c.remaining)).where(CALLS.c.institution == institution, CALLS.c.day > since)
        with translated(self.path), self._engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def remember_set(self, institution: str, name: str) -> None:
        """Remember a temporary Alma set before it is made."""
        with translated(self.path), self._writing.begin() as connection:
            connection.execute(insert(TEMPORARY_SETS).values(institution=institution, name=name))

    def forget_set(self, institution: str, name: str) -> None:
        """Forget a temporary Alma set, once it is deleted."""
        here = (TEMPORARY_SETS.c.institution == institution, TEMPORARY_SETS.c.name == name)
        with translated(self.path), self._writing.begin() as connection:
            connection.execute(delete(TEMPORARY_SETS).where(*here))

    def remembered_sets(self, institution: str) -> list[str]:
        """Return the names of temporary Alma sets that may still be there."""
        query = select(TEMPORARY_SETS.c.name).where(TEMPORARY_SETS.c.institution == institution)
        with translated(self.path), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    # Runs

    def add_run(self, run: Run, rows: Iterable[Row]) -> int:
        """Record a run and load its rows part by part; return its id.

        Until ``seal_run`` it is in state loading: never scanned, and swept away if this process dies.

        Args:
            run: The run; its id is given by the journal.
            rows: Its rows; their run is this one, whatever they say. An error on the way leaves no run behind.
        """
        values = _encode_run(run) | {"state": RunState.LOADING}
        with translated(self.path), self._writing.begin() as connection:
            run_id: int = connection.execute(insert(RUNS).values(**values).returning(RUNS.c.id)).scalar_one()
        left = iter(rows)
        try:
            while batch := list(islice(left, _LOAD_BATCH)):
                with translated(self.path), self._writing.begin() as connection:
                    journal_rows.load(connection, run_id, batch)
        except BaseException:
            self.delete_run(run_id)
            raise
        return run_id

    def seal_run(self, run_id: int, *, list_digest: str, list_notes: Mapping[str, int]) -> Run:
        """Answer the duplicates and make a loaded run whole, ready to be worked on."""
        with translated(self.path), self._writing.begin() as connection:
            journal_rows.mark_duplicates(connection, run_id, self._wall_clock())
            number = connection.execute(select(func.count()).where(ROWS.c.run == run_id)).scalar_one()
            values = {
                "rows": number,
                "list_digest": list_digest,
                "list_notes": msgspec.json.encode(list_notes).decode(),
                "state": RunState.READY,
            }
            connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(**values))
        return self.run(run_id)

    def sweep(self, institution: str) -> int:
        """Clear up after processes that died; the lease must be held.

        Runs whose loading never ended are deleted, and those left running are paused.

        Returns:
            How many were deleted.
        """
        here = RUNS.c.institution == institution
        query = select(RUNS.c.id).where(here, RUNS.c.state == RunState.LOADING)
        dead = update(RUNS).where(here, RUNS.c.state == RunState.RUNNING)
        with translated(self.path), self._writing.begin() as connection:
            unfinished = list(connection.execute(query).scalars())
            connection.execute(
                dead.values(state=RunState.PAUSED, reason="Its process ended in the middle of the work.")
            )
        for run_id in unfinished:
            self.delete_run(run_id)
        return len(unfinished)

    def delete_run(self, run_id: int) -> None:
        """Delete a run with its rows and their stories."""
        with translated(self.path), self._writing.begin() as connection:
            connection.execute(delete(EVENTS).where(EVENTS.c.run == run_id))
            connection.execute(delete(ROWS).where(ROWS.c.run == run_id))
            connection.execute(delete(RUNS).where(RUNS.c.id == run_id))

    def begin_run(self, run_id: int) -> Run:
        """Say that a process works on a run, and return it.

        Raises:
            UsageError: It was cancelled, at any time before this.
        """
        run = self.change_run(run_id, state=RunState.RUNNING, reason="", finished_at=None)
        if run.state is RunState.CANCELLED:
            raise UsageError(f"Run {run_id} was cancelled, which is for good. Scan its list anew to go on.")
        return run

    def change_run(self, run_id: int, **values: Any) -> Run:
        """Set fields of a run by name, and return it; a change of state leaves a cancelled run as it is."""
        if "order" in values:
            values["order"] = msgspec.json.encode(values["order"]).decode()
        with translated(self.path), self._writing.begin() as connection:
            change = update(RUNS).where(RUNS.c.id == run_id).values(**values)
            if "state" in values:
                change = change.where(RUNS.c.state != RunState.CANCELLED)
            connection.execute(change)
        return self.run(run_id)

    def run(self, run_id: int | None = None) -> Run:
        """Return a run, or the latest one.

        Raises:
            UsageError: There is no such run.
        """
        query = select(RUNS).where(RUNS.c.state != RunState.LOADING if run_id is None else RUNS.c.id == run_id)
        with translated(self.path), self._engine.connect() as connection:
            found = connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)).first()
            run = None if found is None else _decode_run(found)
        if run is None:
            missing = "no run yet" if run_id is None else f"no run {run_id}"
            raise UsageError(f"The journal {self.path} has {missing}; say: almascan runs")
        return run

    def runs(self, limit: int | None = None) -> list[Run]:
        """Return the latest runs, the newest first."""
        query = select(RUNS).where(RUNS.c.state != RunState.LOADING).order_by(RUNS.c.id.desc()).limit(limit)
        with translated(self.path), self._engine.connect() as connection:
            return [_decode_run(found) for found in connection.execute(query)]

    def state_in_words(self, run: Run) -> str:
        """Say where a run is, telling one that works from one whose process died."""
        if run.state is RunState.RUNNING and not self.is_leased(run.institution):
            return "interrupted"
        return run.state

    def twin(self, run: Run) -> Run | None:
        """Return the latest earlier run of the institution whose list was the same, byte for byte."""
        query = select(RUNS).where(
            RUNS.c.institution == run.institution,
            RUNS.c.list_digest == run.list_digest,
            RUNS.c.id < run.id,
            RUNS.c.state != RunState.LOADING,
        )
        with translated(self.path), self._engine.connect() as connection:
            found = connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)).first()
            return None if found is None else _decode_run(found)

    # Rows

    def counts(self, run_id: int) -> dict[Outcome, int]:
        """Count a run's rows by their answer."""
        with translated(self.path), self._engine.connect() as connection:
            return journal_rows.count(connection, run_id)

    def row(self, run_id: int, row: int) -> Row:
        """Return one row.

        Raises:
            UsageError: The run has no such row.
        """
        with translated(self.path), self._engine.connect() as connection:
            found = journal_rows.read(connection, run_id, row)
        if found is None:
            raise UsageError(f"Run {run_id} has no row {row}; its report lists the rows: almascan report {run_id}")
        return found

    def story(self, run_id: int, row: int) -> list[Event]:
        """Return what happened to a row, in order."""
        with translated(self.path), self._engine.connect() as connection:
            return journal_rows.read_story(connection, run_id, row)

    def desks(self, run_id: int) -> list[tuple[Desk, int]]:
        """Return the desks that a run's rows name, each with how many rows name it."""
        with translated(self.path), self._engine.connect() as connection:
            return journal_rows.list_desks(connection, run_id)

    def planned(self, run_id: int) -> int:
        """Count the rows that a plan says to scan."""
        query = select(func.count()).where(ROWS.c.run == run_id, ROWS.c.state == RowState.READY)
        with translated(self.path), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def example(self, run_id: int, outcomes: Sequence[Outcome]) -> int | None:
        """Return the number of the first row with one of some outcomes; None where there is none."""
        with translated(self.path), self._engine.connect() as connection:
            return journal_rows.find_first(connection, run_id, outcomes)

    def rows(self, run_id: int, *, only_open: bool = False) -> Iterator[Row]:
        """Stream a run's rows in their order, page by page; all, or those without an answer."""
        return self._stream(
            lambda connection, after: journal_rows.read_page(connection, run_id, after, only_open=only_open)
        )

    def rows_in_state(self, run_id: int, *states: RowState) -> Iterator[Row]:
        """Stream a run's rows in some states in their order, page by page; they may change meanwhile."""
        return self._stream(lambda connection, after: journal_rows.read_in_state(connection, run_id, states, after))

    def _stream(self, read: Callable[[Connection, int], list[Row]]) -> Iterator[Row]:
        after = -1
        while page := self._page(read, after):
            yield from page
            after = page[-1].row

    def _page(self, read: Callable[[Connection, int], list[Row]], after: int) -> list[Row]:
        with translated(self.path), self._engine.connect() as connection:
            return read(connection, after)

    def save(self, changes: Sequence[Change]) -> list[Saved]:
        """Make changes durable in one transaction; return what became of each."""
        with translated(self.path), self._writing.begin() as connection:
            return journal_rows.save(connection, changes)

    def recover(self, run_id: int) -> int:
        """Put every row that a dead process left in ``sending`` among the unclear ones; return how many."""
        lost = list(self.rows_in_state(run_id, RowState.SENDING))
        event = Event(
            self._wall_clock(), EventKind.LOST, "The process that sent it ended before the answer was recorded."
        )
        self.save([Change(row.to(RowState.UNCLEAR), RowState.SENDING, (event,)) for row in lost])
        return len(lost)


def say_who() -> str:
    """Return who gives the command: user and machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown user"
    # A name may hold bytes that are no text; Python carries them along as what no database stores.
    return f"{user} on {platform.node() or 'this machine'}".encode(errors="replace").decode()


def _encode_run(run: Run) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(run, name) for name in run.__struct_fields__ if name != "id"}
    # A file's name may hold bytes that are no text; Python carries them along as what no database stores.
    values["list_name"] = run.list_name.encode(errors="replace").decode()
    for name in ("order", "list_notes"):
        values[name] = msgspec.json.encode(values[name]).decode()
    return values


def _decode_run(found: Record[Any]) -> Run:
    values = dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["state"] = RunState(values["state"])
    values["order"] = msgspec.json.decode(values["order"], type=Order)
    values["list_notes"] = msgspec.json.decode(values["list_notes"], type=dict[str, int])
    return Run(**values)
