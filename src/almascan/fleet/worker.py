"""A worker: a process of a fleet that gives runs their turns, until it is told to leave.

It lives through the loss of its database: chunks end, and it begins again when the database is back.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec
from filelock import FileLock, Timeout
from platformdirs import user_state_path

from almascan.errors import AlmascanError, JournalError, UsageError
from almascan.fleet import queue as fleet_queue
from almascan.fleet.chunk import Chunks
from almascan.fleet.members import Members
from almascan.fleet.metrics import Metrics
from almascan.fleet.queue import Queue, QueueLostError
from almascan.fleet.sharing import Share
from almascan.fleet.sweep import Sweep
from almascan.fleet.witness import Witness
from almascan.journal import Journal, say_who
from almascan.journal.place import Server
from almascan.turn import Turn
from almascan.version import __version__

AGAIN_SECONDS = 2.0
"""How long a worker waits before it tries again to reach a database that it lost."""
_DRAINED_SECONDS = 2.0

_LOGGER = logging.getLogger("almascan.fleet")


class Terms(msgspec.Struct, frozen=True):
    """How a worker works.

    Attributes:
        name: Its name, which no other worker at work has.
        concurrency: How many institutions it works for at most at a time.
        turn: How long a chunk is.
        grace_seconds: How long what is in flight may take when it is told to leave.
    """

    name: str
    concurrency: int = 40
    turn: Turn = Turn()
    grace_seconds: float = 60.0


class Worker:
    """A worker.

    Args:
        journal: The journal, on a server.
        members: The institutions that there are keys for.
        metrics: Its numbers.
        terms: How it works.
        process: What tells its process from others.
    """

    def __init__(self, journal: Journal, members: Members, metrics: Metrics, terms: Terms, *, process: int) -> None:
        self._journal = journal
        self._members = members
        self._terms = terms
        self._machine = f"{say_who()} (process {process})"
        self._witness = Witness(journal)
        self._share = Share()
        self._chunks = Chunks(journal, members, metrics, self._witness, share=self._share, turn=terms.turn)
        self._sweep = Sweep(
            journal,
            members,
            self._chunks,
            metrics,
            self._witness,
            share=self._share,
            enlist=self._enlist,
            name=terms.name,
            concurrency=terms.concurrency,
        )
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Finish what is in flight, take nothing new, and end."""
        if not self._leaving.is_set():
            _LOGGER.info("Finishing what is in flight, and leaving.")
        self._leaving.set()
        self._chunks.stop("Its worker leaves.")

    async def work(self) -> None:
        """Work until it is told to leave.

        Raises:
            JournalError: The journal is an older copy, or could not be used at the start.
            UsageError: Another worker of its name is at work, or its folder cannot be written.
        """
        with _named(self._terms.name):
            await self._work_under_its_name()

    async def _work_under_its_name(self) -> None:
        await asyncio.to_thread(self._witness.check)
        drained = await asyncio.to_thread(self._enlist)
        _LOGGER.info("It works on the journal %s.", self._journal.place)
        try:
            if drained:
                await self._wait_while_drained()
            while not self._leaving.is_set():
                await self._work_while_reached()
        finally:
            self._members.close()
            await self._chunks.finish(self._terms.grace_seconds)
            await self._chunks.close()
            with suppress(AlmascanError):
                await asyncio.to_thread(self._journal.dismiss_worker, self._terms.name)
        _LOGGER.info("It has left.")

    def _enlist(self) -> bool:
        """Write down that it is there; say whether it is to take nothing new."""
        return self._journal.enlist_worker(self._terms.name, self._machine, __version__)

    async def _wait_while_drained(self) -> None:
        """Wait for word that it may take something: whoever restarts a worker does not undo what a person said."""
        _LOGGER.warning("It was told to take nothing new. Say: almascan drain %s --undo", self._terms.name)
        while not self._leaving.is_set():
            await self._sweep.look()
            if not self._sweep.is_draining:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), _DRAINED_SECONDS)

    async def _work_while_reached(self) -> None:
        """Work for as long as the database can be reached, and wait a while when it no longer is."""
        assert isinstance(self._journal.place, Server)  # noqa: S101 - the command takes no other
        try:
            async with fleet_queue.opened(self._journal.place, self._work_chunk) as queue:
                await self._serve(queue)
        except (QueueLostError, JournalError) as error:
            await asyncio.to_thread(self._give_up_on_older_copy)
            _LOGGER.warning("The database is lost, and tried again: %s", _said(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), AGAIN_SECONDS)

    async def _serve(self, queue: Queue) -> None:
        """Take jobs and look after the rest, until told to leave or the database is lost."""
        self._queue = queue
        await self._sweep.look()
        terms = self._terms
        taking = asyncio.create_task(
            queue.work(
                name=terms.name,
                codes=self._share.queues,
                concurrency=terms.concurrency,
                grace_seconds=terms.grace_seconds,
            )
        )
        sweeping, leaving = asyncio.create_task(self._sweep.work(queue)), asyncio.create_task(self._leaving.wait())
        tasks = {taking, sweeping, leaving}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if sweeping in done and self._sweep.is_draining:
                _LOGGER.info("It was told to take nothing new.")
                self.leave()
        finally:
            if not self._leaving.is_set():
                self._chunks.stop("The database was lost.")
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _work_chunk(self, run_id: int) -> None:
        """Give a run its turn, and have it get the next one."""
        with self._share.taking():
            ended = await self._chunks.work(run_id)
        if ended is not None and ended.again_seconds == 0.0 and not self._leaving.is_set():
            with suppress(QueueLostError):  # the sweep finds the run due
                await self._queue.defer_run(run_id, ended.run.institution)

    def _give_up_on_older_copy(self) -> None:
        """End where the journal that is back is an older copy; where it is not back, wait for it."""
        try:
            self._journal.mark()
        except JournalError:
            return
        self._witness.check()


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Keep a worker's name for this process, as long as it lives, on this machine.

    Raises:
        UsageError: Another process has it, or the lock cannot be made.
    """
    folder = user_state_path("almascan")
    path = folder / f"worker-{''.join(each if each.isalnum() or each in '-_' else '_' for each in name)}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise UsageError(f"A worker named {name} runs on this machine already: choose another --name.") from None
    except (OSError, NotImplementedError) as error:
        raise UsageError(f"The lock {path} cannot be made: {error}. Make its folder writable.") from None
    try:
        yield
    finally:
        lock.release()


def _said(error: Exception) -> str:
    """Give the driver's own words, without what is put around them on the way."""
    cause = error.__cause__ or error
    return " ".join(str(getattr(cause, "orig", None) or cause).split())
