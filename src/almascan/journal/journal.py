"""The journal: what runs there are, what became of each of their rows, and who works for whom."""

import getpass
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from almascan.errors import UsageError
from almascan.journal import institutions, opened
from almascan.journal import rows as journal_rows
from almascan.journal import runs as journal_runs
from almascan.journal.database import open_database, translated, writing
from almascan.journal.lease import Leases, hold_loading_turn
from almascan.journal.rows import Change, Saved
from almascan.journal.writer import Writer
from almascan.model import Desk, Event, EventKind, Outcome, Row, RowState, Run, RunState

_LOAD_BATCH = 5_000


class Journal:
    """A journal in one SQLite file; its methods may be called in threads.

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
        self._leases = Leases(self._engine, path)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def writer(self) -> Writer:
        """Return the thread that saves rows while runs work: one for all of them."""
        return self._writer

    @contextmanager
    def _reads(self) -> Iterator[Connection]:
        with translated(self.path), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writes(self) -> Iterator[Connection]:
        """Open a transaction: what is done in it is on disk in the end, or not done."""
        with translated(self.path), self._writing.begin() as connection:
            yield connection

    # Institutions

    def lease(self, institution: str) -> AbstractContextManager[int]:
        """Hold the institution's lease; all who work with this journal share it, in one process or its threads.

        Who takes it first pauses the runs that a dead process left running.

        Raises:
            LeaseError: Another process, or another journal object, has it.
        """
        return self._leases.hold(institution, f"{say_who()} (process {os.getpid()})", self._wall_clock())

    def is_leased(self, institution: str) -> bool:
        """Whether some process works for the institution now."""
        return self._leases.is_held(institution)

    @contextmanager
    def loading(self, institution: str) -> Iterator[None]:
        """Have the turn to load a list for an institution, with its lease or without it.

        It waits in its thread until others have loaded theirs, and deletes what dead loaders left.

        Raises:
            LeaseError: It waited too long.
        """
        with hold_loading_turn(self.path, institution):
            with self._reads() as connection:
                unfinished = journal_runs.list_unfinished(connection, institution)
            for run_id in unfinished:
                self.delete_run(run_id)
            yield

    def see_calls(self, institution: str, remaining: int) -> None:
        """Remember how many calls an institution had left today, if that is the most seen today."""
        with self._writes() as connection:
            institutions.see_calls(connection, institution, self._wall_clock(), remaining)

    def most_calls_seen(self, institution: str) -> int:
        """Return the largest number of remaining calls that was seen in the last seven days; 0 for none."""
        with self._reads() as connection:
            return institutions.most_calls_seen(connection, institution, self._wall_clock())

    def remember_set(self, institution: str, name: str) -> None:
        """Remember a temporary Alma set before it is made."""
        with self._writes() as connection:
            institutions.remember_set(connection, institution, name)

    def forget_set(self, institution: str, name: str) -> None:
        """Forget a temporary Alma set, once it is deleted."""
        with self._writes() as connection:
            institutions.forget_set(connection, institution, name)

    def remembered_sets(self, institution: str) -> list[str]:
        """Return the names of temporary Alma sets that may still be there."""
        with self._reads() as connection:
            return institutions.list_sets(connection, institution)

    # Runs

    def add_run(self, run: Run, rows: Iterable[Row]) -> int:
        """Record a run and load its rows part by part; return its id.

        Until ``seal_run`` it is in state loading: never scanned, and deleted by the next loader if this process dies.

        Args:
            run: The run; its id is given by the journal.
            rows: Its rows; their run is this one, whatever they say. An error on the way leaves no run behind.
        """
        with self._writes() as connection:
            run_id = journal_runs.add(connection, run)
        left = iter(rows)
        try:
            while batch := list(islice(left, _LOAD_BATCH)):
                with self._writes() as connection:
                    journal_rows.load(connection, run_id, batch)
        except BaseException:
            self.delete_run(run_id)
            raise
        return run_id

    def seal_run(self, run_id: int, *, list_digest: str, list_notes: Mapping[str, int]) -> Run:
        """Answer the duplicates and make a loaded run whole, ready to be worked on."""
        with self._writes() as connection:
            journal_rows.mark_duplicates(connection, run_id, self._wall_clock())
            journal_runs.seal(connection, run_id, list_digest, list_notes)
        return self.run(run_id)

    def append_row(self, run_id: int, row: Row) -> Row:
        """Add a row to an open run under the next number, and return it as recorded.

        Args:
            run_id: The run.
            row: The row; its run and number are given by the journal. Where an earlier row names the same item it is
                answered as a duplicate at once.

        Raises:
            UsageError: The run is closed or cancelled, or there is none.
        """
        with self._writes() as connection:
            appended = opened.append_row(connection, run_id, row, self._wall_clock())
        if appended is None:
            raise UsageError(f"Run {self.run(run_id).id} is closed: no row can be added. Begin a new one.")
        return appended

    def close_run(self, run_id: int) -> Run:
        """Have no more rows added to an open run."""
        return self.change_run(run_id, is_open=False)

    def delete_run(self, run_id: int) -> None:
        """Delete a run with its rows and their stories."""
        with self._writes() as connection:
            journal_runs.remove(connection, run_id)

    def begin_run(self, run_id: int) -> Run:
        """Say that the work on a run begins, and return it; the lease must be held.

        Raises:
            UsageError: It was cancelled at any time before this, or somebody who shares the lease works on it.
        """
        with self._writes() as connection:
            before = journal_runs.begin(connection, run_id)
        if before is RunState.CANCELLED:
            raise UsageError(f"Run {run_id} was cancelled, which is for good. Scan its list anew to go on.")
        if before is RunState.RUNNING:
            raise UsageError(f"Run {run_id} is being worked on already.")
        return self.run(run_id)

    def change_run(self, run_id: int, **values: Any) -> Run:
        """Set fields of a run by name, and return it; a change of state leaves a cancelled run as it is."""
        with self._writes() as connection:
            journal_runs.change(connection, run_id, **values)
        return self.run(run_id)

    def run(self, run_id: int | None = None) -> Run:
        """Return a run, or the latest one.

        Raises:
            UsageError: There is no such run.
        """
        with self._reads() as connection:
            run = journal_runs.find(connection, run_id)
        if run is None:
            missing = "no run yet" if run_id is None else f"no run {run_id}"
            raise UsageError(f"The journal {self.path} has {missing}; say: almascan runs")
        return run

    def runs(self, limit: int | None = None) -> list[Run]:
        """Return the latest runs, the newest first."""
        with self._reads() as connection:
            return journal_runs.list_latest(connection, limit)

    def queued(self) -> list[Run]:
        """Return the runs that wait for a process to work on them, the oldest first."""
        with self._reads() as connection:
            return journal_runs.list_queued(connection)

    def state_in_words(self, run: Run) -> str:
        """Say where a run is, telling one that works from one whose process died."""
        if run.state is RunState.RUNNING and not self.is_leased(run.institution):
            return "interrupted"
        return run.state

    def twin(self, run: Run) -> Run | None:
        """Return the latest earlier run of the institution whose list was the same, byte for byte."""
        with self._reads() as connection:
            return journal_runs.find_twin(connection, run)

    # Rows

    def counts(self, run_id: int) -> dict[Outcome, int]:
        """Count a run's rows by their answer."""
        with self._reads() as connection:
            return journal_rows.count(connection, run_id)

    def row(self, run_id: int, row: int) -> Row:
        """Return one row.

        Raises:
            UsageError: The run has no such row.
        """
        with self._reads() as connection:
            found = journal_rows.read(connection, run_id, row)
        if found is None:
            raise UsageError(f"Run {run_id} has no row {row}; its report lists the rows: almascan report {run_id}")
        return found

    def story(self, run_id: int, row: int) -> list[Event]:
        """Return what happened to a row, in order."""
        with self._reads() as connection:
            return journal_rows.read_story(connection, run_id, row)

    def desks(self, run_id: int) -> list[tuple[Desk, int]]:
        """Return the desks that a run's rows name, each with how many rows name it."""
        with self._reads() as connection:
            return journal_rows.list_desks(connection, run_id)

    def planned(self, run_id: int) -> int:
        """Count the rows that a plan says to scan."""
        with self._reads() as connection:
            return journal_rows.count_planned(connection, run_id)

    def example(self, run_id: int, outcomes: Sequence[Outcome]) -> int | None:
        """Return the number of the first row with one of some outcomes; None where there is none."""
        with self._reads() as connection:
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
        with self._reads() as connection:
            return read(connection, after)

    def save(self, changes: Sequence[Change]) -> list[Saved]:
        """Make changes durable in one transaction; return what became of each."""
        with self._writes() as connection:
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
