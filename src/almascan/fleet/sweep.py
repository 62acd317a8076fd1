"""The sweep: what each worker looks after every second beside its chunks.

It gives turns to the runs that are due, ends what silent workers left, says that this worker is there, and learns whether it
is to take nothing new. It runs beside the worker's loop and not as a job of the queue: there it would wait behind what it
is there to clear.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from almascan.fleet.chunk import Chunks
from almascan.fleet.members import Members
from almascan.fleet.metrics import Metrics
from almascan.fleet.queue import Queue
from almascan.fleet.sharing import Share
from almascan.fleet.witness import Witness
from almascan.journal import Journal
from almascan.journal.queueing import Due
from almascan.journal.workers import Report, Worker

_LOGGER = logging.getLogger("almascan.fleet")

SWEEP_SECONDS = 1.0
WITNESS_SECONDS = 10.0
MEMBERS_SECONDS = 3.0
FORGET_SECONDS = 60.0
"""How long after its last turn an institution's numbers are still told."""


class Sweep:
    """What a worker looks after.

    Args:
        journal: The journal.
        members: The institutions that there are keys for.
        chunks: What the worker works on.
        metrics: Its numbers.
        witness: Tells an older copy of the journal.
        share: Which jobs it takes.
        enlist: Writes down that the worker is there, and says whether it is to take nothing new.
        name: The worker's.
        concurrency: How many institutions it works for at most at a time.

    Attributes:
        is_draining: Whether it is to take nothing new.
    """

    def __init__(
        self,
        journal: Journal,
        members: Members,
        chunks: Chunks,
        metrics: Metrics,
        witness: Witness,
        *,
        share: Share,
        enlist: Callable[[], bool],
        name: str,
        concurrency: int,
    ) -> None:
        self._name = name
        self._concurrency = concurrency
        self._journal = journal
        self._members = members
        self._chunks = chunks
        self._metrics = metrics
        self._witness = witness
        self._share = share
        self._enlist = enlist
        self._witnessed = self._refreshed = time.monotonic()
        self._said: dict[str, str] = {}
        self._measured: dict[str, float] = {}
        self.is_draining = False

    async def work(self, queue: Queue) -> None:
        """Look after it all until cancelled, or until this worker is to take nothing new.

        Raises:
            JournalError: The journal cannot be used, or is an older copy.
            QueueLostError: The queue's database cannot be reached.
        """
        while not self.is_draining:
            due = await self.look()
            await queue.give_back()
            await queue.defer(due)
            await asyncio.sleep(SWEEP_SECONDS)

    async def look(self) -> list[Due]:
        """Look after what is the journal's, and see to this worker's share; return the runs whose turn may come.

        Raises:
            JournalError: As ``work``.
        """
        due, workers = await asyncio.to_thread(self._look)
        self._chunks.hand_over(self._share.look(self._members.codes, due, workers))
        return due

    def _look(self) -> tuple[list[Due], list[Worker]]:
        now = time.monotonic()
        if now - self._refreshed > MEMBERS_SECONDS or not self._members.codes:
            self._journal.end_silent()
            self._members.refresh()
            self._refreshed = time.monotonic()
        if now - self._witnessed > WITNESS_SECONDS:
            self._witness.check()
            self._measure_unclear()
            self._witnessed = now
        works = self._chunks.works
        problems = self._members.problems
        self._say_new(problems)
        report = Report(len(self._members.codes), self._concurrency, works, problems)
        is_draining = self._journal.hear_worker(self._name, report)
        self.is_draining = self._enlist() if is_draining is None else is_draining
        self._journal.requeue_lost()
        due = self._journal.due(self._members.codes)
        self._measure({work.institution for work in works}, due)
        return due, self._journal.workers()

    def _say_new(self, problems: dict[str, str]) -> None:
        """Log what has come to be wrong with the profiles."""
        for profile, sentence in problems.items():
            if self._said.get(profile) != sentence:
                _LOGGER.warning("%s", sentence, extra={"profile": profile})
        self._said = problems

    def _measure(self, institutions: set[str], due: list[Due]) -> None:
        """Set the numbers that are no chunk's own."""
        self._metrics.set_leases_held(len(institutions))
        self._metrics.set_queue(len(due), max((each.waited_seconds for each in due), default=0.0))
        now = time.monotonic()
        self._measured |= dict.fromkeys(institutions, now)
        for institution in [each for each, at in self._measured.items() if now - at > FORGET_SECONDS]:
            self._metrics.forget(institution)
            del self._measured[institution]

    def _measure_unclear(self) -> None:
        for institution, unclear in self._journal.count_unclear(self._measured).items():
            self._metrics.set_unclear_rows(institution, unclear)
