"""Runs that wait for whichever process works for their institution, and what their next turn has to know."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import func, select, update

from almascan.journal import runs as journal_runs
from almascan.journal.institutions import Institutions
from almascan.journal.schema import LEASES, LOST_ROWS, ROWS, RUNS, WAITING_RUNS
from almascan.journal.server_lease import is_free
from almascan.model import Run, RunState


class Due(NamedTuple):
    """A run whose turn may come: its id, its institution, how many rows it has, and how long it has waited, in seconds."""

    run: int
    institution: str
    rows: int
    waited_seconds: float


class Queueing(Institutions):
    """The part of a journal that is about its queue."""

    def queue_run(
        self, run_id: int, *, reason: str = "", after_seconds: float = 0.0, from_state: RunState | None = None
    ) -> None:
        """Put a run into the queue, unless it is cancelled.

        Args:
            run_id: The run.
            reason: Why it is there and not worked on, in a sentence.
            after_seconds: How long it is left alone first.
            from_state: Only if it is in this state.
        """
        right_state = RUNS.c.state != RunState.CANCELLED if from_state is None else RUNS.c.state == from_state
        here = (RUNS.c.id == run_id, right_state)
        with self._writes() as connection:
            connection.execute(update(RUNS).where(*here).values(**self._in_queue(reason, after_seconds)))

    def put_back(self, run: Run, *, reason: str = "", after_seconds: float = 0.0) -> None:
        """Put a run back into the queue after a turn, unless somebody else has said or done something with it.

        Args:
            run: The run, which is running or still waits; the institution's lease is held.
            reason: Why it is not worked on, in a sentence.
            after_seconds: How long it is left alone first.
        """
        here = (RUNS.c.id == run.id, RUNS.c.state.in_((RunState.RUNNING, RunState.QUEUED)))
        with self._writes() as connection:
            if not self._leases.find_fenced(connection, [run.institution]):
                connection.execute(update(RUNS).where(*here).values(**self._in_queue(reason, after_seconds)))

    def _in_queue(self, reason: str, after_seconds: float) -> dict[str, Any]:
        due_at = self._now() + after_seconds
        return {"state": RunState.QUEUED, "in_queue": True, "due_at": due_at, "reason": reason}

    def queued(self) -> list[Run]:
        """Return the runs that wait for a process to work on them, the oldest first."""
        with self._reads() as connection:
            return journal_runs.list_queued(connection)

    def due(self, institutions: Collection[str] | None = None) -> list[Due]:
        """Return the runs whose turn may come now, those that have waited longest first.

        Args:
            institutions: Those of these institutions alone, in whichever case; None for all.
        """
        waited = (self._now() - func.coalesce(RUNS.c.due_at, RUNS.c.created_at)).label("waited")
        query = (
            select(RUNS.c.id, RUNS.c.institution, RUNS.c.rows, waited)
            .where(WAITING_RUNS, RUNS.c.state == RunState.QUEUED, waited >= 0)
            .order_by(waited.desc(), RUNS.c.id)
        )
        if institutions is not None:
            query = query.where(func.lower(RUNS.c.institution).in_([each.lower() for each in institutions]))
        with self._reads() as connection:
            return [Due(*found) for found in connection.execute(query)]

    def requeue_lost(self) -> int:
        """Put the runs back into the queue whose worker was not heard of any more; return how many there were.

        On a server; a journal in a file does so when the institution's lease is taken.
        """
        left = select(LEASES.c.institution).where(LEASES.c.institution == RUNS.c.institution, is_free())
        values = {"state": RunState.QUEUED, "reason": "Its worker was not heard of any more.", "due_at": self._now()}
        query = update(RUNS).where(WAITING_RUNS, RUNS.c.state == RunState.RUNNING, left.exists())
        with self._writes() as connection:
            return connection.execute(query.values(**values)).rowcount

    def lost_seconds(self, run_id: int) -> dict[int, float]:
        """Return since when it is not known of unclear rows whether they were scanned, by row, in seconds.

        A row that was left to a person is not among them, nor is any of a journal in a file, whose clock may be set: there
        the time counts from the moment when a process takes the run up. It is less than 0 where a scan may still be on
        its way.
        """
        query = select(ROWS.c.row, self._now() - ROWS.c.lost_at)
        query = query.where(ROWS.c.run == run_id, LOST_ROWS, ROWS.c.lost_at.is_not(None))
        with self._reads() as connection:
            return dict(map(tuple, connection.execute(query)))

    def count_unclear(self, institutions: Collection[str]) -> dict[str, int]:
        """Count the unclear rows of some institutions; each of them is there."""
        with self._reads() as connection:
            return dict.fromkeys(institutions, 0) | journal_runs.count_unclear(connection, institutions)
