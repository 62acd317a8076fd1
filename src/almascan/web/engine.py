"""The runs that work in the page's process: several of one institution at once, under one limiter, row by row.

Each run has a runner, a client and a stop of its own; all of an institution share its pacer. A run with fewer rows left
goes before one with more, so that ten books overtake a night's batch.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec

from almascan.alma import Pacer
from almascan.errors import AlmascanError, ExitCode, LeaseError, UsageError
from almascan.institution import CAREFUL_RATE
from almascan.journal import Journal
from almascan.lists import Listing
from almascan.model import Order, Outcome, Run, RunState
from almascan.run import Ended, Runner
from almascan.stop import Stop
from almascan.web.connections import Connection, Connections
from almascan.web.live import Live

TAKE_UP_SECONDS = 2.0
"""How often it is looked whether a terminal has left a run."""
LEFT_TO_WORKERS_SECONDS = 30.0
"""How long a run waits for the workers of a fleet, where there are any, before the page takes it up."""

Act = Callable[[Runner], Awaitable[Ended | None]]


class Work(msgspec.Struct):
    """A run that is worked on here, or whose list is being read.

    Attributes:
        stop: Ends it early.
        live: What it tells.
        run_id: The run, once it has a number.
        institution: Whose run it is, once that is known.
        runner: Works on it, once it is connected.
        task: Its work.
    """

    stop: Stop
    live: Live
    run_id: int | None = None
    institution: str = ""
    runner: Runner | None = None
    task: "asyncio.Task[Ended | None] | None" = None


class Engine:
    """Works on runs of all institutions that there are keys for; used within one event loop.

    Args:
        journal: Where the runs are.
        connections: The institutions and their keys.
    """

    def __init__(self, journal: Journal, connections: Connections) -> None:
        self._journal = journal
        self._connections = connections
        self._pacers: dict[str, Pacer] = {}
        self._works: list[Work] = []
        self._taking_up: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take up what terminals leave."""
        self._taking_up = asyncio.create_task(self._take_up())

    async def close(self) -> None:
        """Finish what is in flight and stop; every run can be resumed."""
        if self._taking_up is not None:
            self._taking_up.cancel()
        works = list(self._works)
        for work in works:
            work.stop.request("The page's server was stopped; resume goes on.", ExitCode.INTERRUPTED)
        await asyncio.gather(*(work.task for work in works if work.task), return_exceptions=True)

    def work_on(self, run_id: int) -> Work | None:
        """Give the work on a run, if it is worked on here."""
        return next((work for work in self._works if work.run_id == run_id), None)

    # What a person, or a terminal, has it do

    async def plan(self, connection: Connection, listing: Listing, order: Order, *, rows: int, who: str) -> Run:
        """Begin to look at every item of a list; return the run once its list is read.

        Args:
            connection: Whose Alma.
            listing: The list.
            order: What is to be done with it.
            rows: About how many rows it has: the fewer, the sooner its turn.
            who: The person.

        Raises:
            StopError, AttemptError: The list, the order, the key or the desk cannot be used, or Alma is not reached.
        """
        return await self._begin(connection, lambda runner: runner.plan(listing, order), precedence=rows, who=who)

    async def open(self, connection: Connection, order: Order, name: str, *, who: str) -> Run:
        """Begin an open run, for a handheld scanner; raises as ``plan``."""
        return await self._begin(connection, lambda runner: runner.open(order, name), precedence=0, who=who)

    async def resume(self, run_id: int, *, who: str, limit: int | None = None) -> None:
        """Begin to go on with a run; return once it works.

        Raises:
            StopError, AttemptError: As ``plan``; or there is no key for its institution.
        """
        await self._go_on(run_id, lambda runner: runner.resume(run_id, limit=limit), who=who, limit=limit)

    async def retry(self, run_id: int, *, who: str) -> None:
        """Begin to try the failed rows of a run once more; raises as ``resume``."""
        await self._go_on(run_id, lambda runner: runner.retry(run_id), who=who)

    def stop(self, run_id: int, reason: str) -> None:
        """Have the work on a run finish what is in flight and end, if it is worked on here."""
        work = self.work_on(run_id)
        if work is not None:
            work.stop.request(reason)

    def more(self, run_id: int) -> None:
        """Say that an open run has a new row, or was closed."""
        work = self.work_on(run_id)
        if work is not None and work.runner is not None:
            work.runner.more()

    # How it does it

    async def _go_on(self, run_id: int, act: Act, *, who: str, limit: int | None = None) -> None:
        if self.work_on(run_id) is not None:
            raise UsageError(f"Run {run_id} is being worked on already.")
        # Counted in before anything is waited for: two persons may press the same button at the same moment.
        with self._working(run_id) as work:
            run = await asyncio.to_thread(self._journal.run, run_id)
            connection = await self._connections.meet_institution(run.institution)
            if connection is None:
                raise UsageError(f"There is no key for {run.institution} here: add it on the set-up page.")
            left = (await asyncio.to_thread(self._journal.counts, run_id)).get(Outcome.NOT_TRIED, 0)
            precedence = 0 if run.is_open else min(left, limit or left)
            await self._start(work, connection, act, precedence=precedence, who=who)

    async def _begin(self, connection: Connection, act: Act, *, precedence: int, who: str) -> Run:
        with self._working() as work:
            return await self._start(work, connection, act, precedence=precedence, who=who)

    @contextlib.contextmanager
    def _working(self, run_id: int | None = None) -> Iterator[Work]:
        """Count a work in; it is counted off when it ends, or is not begun."""
        work = Work(Stop(), Live(), run_id)
        self._works.append(work)
        try:
            yield work
        finally:
            if work.task is None:
                self._works.remove(work)

    async def _start(self, work: Work, connection: Connection, act: Act, *, precedence: int, who: str) -> Run:
        """Begin a work, and wait until its run is loaded."""
        work.institution = (await self._connections.meet(connection)).code
        work.task = asyncio.create_task(self._work(work, connection, act, precedence=precedence, who=who))
        work.task.add_done_callback(lambda _: self._works.remove(work))
        begun = work.live.begun
        waited: set[asyncio.Future[Any]] = {work.task, begun}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            return begun.result()
        begun.cancel()
        ended = work.task.result()
        if ended is None:
            raise UsageError("The run was not begun.")
        return ended.run

    async def _work(self, work: Work, connection: Connection, act: Act, *, precedence: int, who: str) -> Ended | None:
        pacer = self._pacers.setdefault(work.institution, Pacer(CAREFUL_RATE))
        work.live.begun.add_done_callback(lambda begun: _take_number(work, begun))
        async with await self._connections.client(connection, pacer=pacer, precedence=precedence) as alma:
            work.runner = Runner(alma, self._journal, work.live, stop=work.stop, who=who)
            try:
                return await act(work.runner)
            except AlmascanError:
                raise
            except Exception as error:
                if work.run_id is not None:
                    await asyncio.to_thread(self._pause, work.run_id, _say_defect(error))
                raise

    def _pause(self, run_id: int, reason: str) -> None:
        self._journal.change_run(run_id, state=RunState.PAUSED, reason=reason)

    async def _take_up(self) -> None:
        """Take up the runs that terminals leave, the oldest first."""
        while True:
            with contextlib.suppress(AlmascanError):  # a journal that is locked for long is looked into again
                for run in await asyncio.to_thread(self._list_left):
                    await self._take(run)
            await asyncio.sleep(TAKE_UP_SECONDS)

    def _list_left(self) -> list[Run]:
        """List the runs that wait, but for those that workers of a fleet are about to take."""
        journal = self._journal
        if not journal.is_shared:
            return journal.queued()
        takers = any(worker.can_take for worker in journal.workers())
        patience_seconds = LEFT_TO_WORKERS_SECONDS if takers else 0.0
        return [journal.run(due.run) for due in journal.due() if due.waited_seconds >= patience_seconds]

    async def _take(self, run: Run) -> None:
        if self.work_on(run.id) is not None or await self._connections.meet_institution(run.institution) is None:
            return
        ours = any(work.institution == run.institution for work in self._works)
        if not ours and await asyncio.to_thread(self._journal.is_leased, run.institution):
            return
        try:
            await self.resume(run.id, who=run.who)
        except LeaseError:
            return
        except AlmascanError as error:
            await asyncio.to_thread(self._pause, run.id, str(error))


def _take_number(work: Work, begun: "asyncio.Future[Run]") -> None:
    if not begun.cancelled():
        work.run_id = begun.result().id


def _say_defect(error: Exception) -> str:
    return f"This is a defect in almascan ({type(error).__name__}: {error}). Please report it; resume goes on."
