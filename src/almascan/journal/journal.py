"""The journal: what runs there are, what became of each of their rows, and who works for whom."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from almascan.errors import UsageError
from almascan.journal import names, opened, pages
from almascan.journal import rows as journal_rows
from almascan.journal import runs as journal_runs
from almascan.journal.at_work import AtWork
from almascan.journal.audit import AuditLog
from almascan.journal.marks import Marks
from almascan.journal.queueing import Queueing
from almascan.journal.rows import Change, Saved
from almascan.journal.workers import Workers
from almascan.journal.writer import GATHER_ON_SERVER_SECONDS, GATHER_SECONDS, Writer
from almascan.model import Desk, Event, EventKind, Order, Outcome, Row, RowState, Run, RunState

_LOAD_BATCH = 5_000


class Journal(Queueing, Workers, AtWork, Marks, AuditLog):
    """A journal in one SQLite file, or in a database of a PostgreSQL server; its methods may be called in threads.

    Args:
        place: The file, or the server's address, which begins with ``postgresql://``.
        create: Whether to make it where there is none.
        wall_clock: Seconds since 1970.

    Raises:
        JournalError: It cannot be opened; so may every method, when the disk is full, the file damaged or the server gone.
        UsageError: The address cannot be understood, or a package for it is missing.
    """

    def __init__(self, place: Path | str, *, create: bool = True, wall_clock: Callable[[], float] = time.time) -> None:
        super().__init__(place, create=create, wall_clock=wall_clock)
        self._writer = Writer(self.save, GATHER_ON_SERVER_SECONDS if self.is_shared else GATHER_SECONDS)

    def writer(self) -> Writer:
        """Return the thread that saves rows while runs work: one for all of them."""
        return self._writer

    @contextmanager
    def loading(self, institution: str) -> Iterator[None]:
        """Have the turn to load a list for an institution, with its lease or without it.

        It waits in its thread until others have loaded theirs, and deletes what dead loaders left.

        Raises:
            LeaseError: It waited too long.
        """
        with self._leases.loading(institution):
            with self._reads() as connection:
                unfinished = journal_runs.list_unfinished(connection, institution)
            for run_id in unfinished:
                self.delete_run(run_id)
            yield

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
            names.index_names(connection, run_id)
            names.mark_duplicates(connection, run_id, self._wall_clock())
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
        """Delete a run with its rows and their stories, part by part so that others can write meanwhile."""
        with self._writes() as connection:
            journal_runs.hide(connection, run_id)
        is_gone = False
        while not is_gone:
            with self._writes() as connection:
                is_gone = journal_runs.remove_part(connection, run_id)

    def discard_run(self, run_id: int, *, sent_since: float) -> None:
        """Delete a run that nobody needs any more, for good.

        Args:
            run_id: The run.
            sent_since: A run that sent scans after this moment (seconds since 1970) is needed.

        Raises:
            UsageError: There is no such run, or it is needed: it is being worked on, has unclear rows, or sent scans.
        """
        with self._writes() as connection:
            why = self._say_whether_worked_on(connection, run_id)
            why = why or journal_runs.say_why_kept(connection, run_id, sent_since)
            if not why:
                journal_runs.hide(connection, run_id)
        if why:
            raise UsageError(why)
        self.delete_run(run_id)

    def begin_run(self, run_id: int, *, in_queue: bool = False) -> Run:
        """Say that the work on a run begins, and return it; the lease must be held.

        Args:
            run_id: The run.
            in_queue: Whether it goes back into the queue should its process die; else it is a person's to go on with.

        Raises:
            UsageError: It was cancelled or deleted at any time before this, or somebody who shares the lease works on
                it.
        """
        with self._writes() as connection:
            before = journal_runs.begin(connection, run_id, in_queue=in_queue)
        if before is RunState.CANCELLED:
            raise UsageError(f"Run {run_id} was cancelled, which is for good. Scan its list anew to go on.")
        if before is RunState.RUNNING:
            raise UsageError(f"Run {run_id} is being worked on already.")
        if in_queue and before not in (None, RunState.LOADING, RunState.QUEUED):
            raise UsageError(f"Run {run_id} waits for no turn any more: it was {before} from elsewhere.")
        return self._found(None if before is RunState.LOADING else self.run(run_id), run_id)

    def change_run(self, run_id: int, *, held_for: str = "", **values: Any) -> Run:
        """Set fields of a run by name, and return it; a change of state leaves a cancelled run as it is.

        Args:
            run_id: The run.
            held_for: The institution whose lease is held for it; where another process has it by now nothing is set.
            **values: The fields.
        """
        with self._writes() as connection:
            if not (held_for and self._leases.find_fenced(connection, [held_for])):
                journal_runs.change(connection, run_id, **values)
        return self.run(run_id)

    def run(self, run_id: int | None = None) -> Run:
        """Return a run, or the latest one.

        Raises:
            UsageError: There is no such run.
        """
        with self._reads() as connection:
            run = journal_runs.find(connection, run_id)
        return self._found(run, run_id)

    def runs(self, limit: int | None = None, *, before: int | None = None) -> list[Run]:
        """Return the latest runs, the newest first; with ``before`` those that are older than that run."""
        with self._reads() as connection:
            return journal_runs.list_latest(connection, limit, before)

    def state_in_words(self, run: Run) -> str:
        """Say where a run is, telling one that works from one whose process died."""
        if run.state is RunState.RUNNING and not self.is_worked_on(run):
            return "interrupted"
        return run.state

    def is_worked_on(self, run: Run) -> bool:
        """Whether some process works on a run, and has not died while it did."""
        return run.state is RunState.RUNNING and self.is_leased(run.institution)

    def twin(self, run: Run) -> Run | None:
        """Return the latest earlier run of the institution whose list was the same, byte for byte."""
        with self._reads() as connection:
            return journal_runs.find_twin(connection, run)

    def _found(self, run: Run | None, run_id: int | None) -> Run:
        if run is None:
            missing = "no run yet" if run_id is None else f"no run {run_id}"
            raise UsageError(f"The journal {self.place} has {missing}; say: almascan runs")
        return run

    def _say_whether_worked_on(self, connection: Connection, run_id: int) -> str:
        """Say so, asking within a transaction, so that nobody begins meanwhile; "" where nobody works on it."""
        found = journal_runs.find(connection, run_id, lock=True)
        run = self._found(None if found is not None and found.state is RunState.LOADING else found, run_id)
        wait = "pause it first, or wait until it is finished."
        return f"Run {run_id} is being worked on: {wait}" if self.is_worked_on(run) else ""

    def counts(self, run_id: int) -> dict[Outcome, int]:
        """Count a run's rows by their answer."""
        return self.counts_of([run_id]).get(run_id, {})

    def counts_of(self, run_ids: Collection[int]) -> dict[int, dict[Outcome, int]]:
        """Count the rows of several runs by their answer; a run that is not there is left out."""
        with self._reads() as connection:
            return pages.count(connection, run_ids)

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
            return pages.find_first(connection, run_id, outcomes)

    def rows(self, run_id: int, *, only_open: bool = False) -> Iterator[Row]:
        """Stream a run's rows in their order, page by page; all, or those without an answer."""
        return self._stream(
            lambda connection, after: journal_rows.read_page(connection, run_id, after, only_open=only_open)
        )

    def rows_in_state(self, run_id: int, *states: RowState) -> Iterator[Row]:
        """Stream a run's rows in some states in their order, page by page; they may change meanwhile."""
        return self._stream(lambda connection, after: journal_rows.read_in_state(connection, run_id, states, after))

    def rows_numbered(self, run_id: int, numbers: Collection[int]) -> list[Row]:
        """Return the rows of a run that have some numbers, a few hundred at most, in their order."""
        with self._reads() as connection:
            return journal_rows.read_numbered(connection, run_id, numbers)

    def page_of_rows(
        self,
        run_id: int,
        *,
        answers: Collection[Outcome] = (),
        states: Collection[RowState] = (),
        text: str = "",
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Row]:
        """Return some rows of a run in their order, for a table that is turned page by page.

        Args:
            run_id: The run.
            answers: Rows with one of these answers; none of them named means all.
            states: Rows in one of these states, likewise.
            text: Rows whose barcode, title or call number holds this text, or what the list gave for them, in
                whichever case.
            after: The rows that come next after this number.
            before: For turning back: the last rows before this number, whatever ``after`` says.
            limit: How many rows at most.
        """
        wanted = pages.Filter(answers, states, text)
        with self._reads() as connection:
            if before is not None:
                return pages.read_page_back(connection, run_id, wanted, before=before, limit=limit)
            return pages.read_page(connection, run_id, wanted, after=after, limit=limit)

    def latest_rows(self, run_id: int, limit: int = 10) -> list[Row]:
        """Return the rows of a run that is worked on that something happened to last, the latest first.

        Of an open run they are those that were added last.
        """
        with self._reads() as connection:
            run = journal_runs.find(connection, run_id)
            if run is not None and run.is_open:
                return pages.read_page_back(connection, run_id, pages.Filter(), before=None, limit=limit)[::-1]
            return pages.read_latest(connection, run_id, limit)

    def find_rows(self, barcode: str, limit: int = 100) -> list[Row]:
        """Return the rows of all runs with a barcode or, in digits, an item's PID, those of the newest run first.

        Args:
            barcode: As typed; it is looked for in upper and in lower case too.
            limit: How many rows at most.
        """
        with self._reads() as connection:
            return names.find_rows(connection, barcode.strip(), limit)

    def _stream(self, read: Callable[[Connection, int], list[Row]]) -> Iterator[Row]:
        after = -1
        while page := self._page(read, after):
            yield from page
            after = page[-1].row

    def _page(self, read: Callable[[Connection, int], list[Row]], after: int) -> list[Row]:
        with self._reads() as connection:
            return read(connection, after)

    def save(self, changes: Sequence[Change]) -> list[Saved]:
        """Make changes durable in one transaction; return what became of each.

        On a server an intent to send is made durable only while the institution's lease is held by this object.
        """
        return self._persist(lambda: self._save(changes))

    def _save(self, changes: Sequence[Change]) -> list[Saved]:
        with self._writes() as connection:
            institutions = {change.claim.institution for change in changes if change.claim is not None}
            fenced = self._leases.find_fenced(connection, institutions) if institutions else frozenset[str]()
            return journal_rows.save(connection, changes, fenced)

    def amend(
        self, run_id: int, changes: Sequence[Change], *, order: Order | None = None, reopening: str = ""
    ) -> list[Saved]:
        """Make a person's changes of a run in one transaction, unless it is being worked on.

        Args:
            run_id: The run.
            changes: Of its rows; there may be none, to ask whether they may be made.
            order: The run's order from now on.
            reopening: Why a finished run has something to do again: it is paused then, for this reason.

        Returns:
            What became of each change.

        Raises:
            UsageError: There is no such run, or it is being worked on.
        """
        with self._writes() as connection:
            why = self._say_whether_worked_on(connection, run_id)
            saved = [] if why else journal_rows.save(connection, changes)
            if order is not None and not why:
                journal_runs.change(connection, run_id, order=order)
            if reopening and None in saved:
                journal_runs.reopen(connection, run_id, reopening)
        if why:
            raise UsageError(why)
        return saved

    def recover(self, run_id: int, *, more_seconds: float = 0.0) -> int:
        """Put every row that a dead process left in ``sending`` among the unclear ones; return how many.

        Args:
            run_id: The run.
            more_seconds: How much later than now their scans may still leave and be answered, where the process may not
                be dead.
        """
        event = Event(
            self._wall_clock(), EventKind.LOST, "The process that sent it ended before the answer was recorded."
        )
        lost = self.rows_in_state(run_id, RowState.SENDING)
        recovered = 0
        while part := list(islice(lost, _LOAD_BATCH)):
            with self._writes() as connection:
                changes = [Change(row.to(RowState.UNCLEAR), RowState.SENDING, (event,)) for row in part]
                saved = journal_rows.save(connection, changes)
                if more_seconds:
                    journal_rows.put_off(connection, run_id, [row.row for row in part], more_seconds)
            recovered += saved.count(None)
        return recovered
