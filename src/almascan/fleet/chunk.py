"""One chunk: a run's turn on a worker, from taking the institution's lease to leaving it for the next."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress

import msgspec

from almascan.errors import AlmascanError, KeyRefusedError, LeaseError
from almascan.fleet import logs
from almascan.fleet.members import Members
from almascan.fleet.metrics import Ended as EndedWord
from almascan.fleet.metrics import Metrics
from almascan.fleet.post import Post, Posts
from almascan.fleet.reporter import ChunkReporter
from almascan.fleet.sharing import Share
from almascan.fleet.witness import Witness
from almascan.journal import Journal, Lease
from almascan.journal.workers import Works
from almascan.model import Run, RunState
from almascan.run import Ended, Runner
from almascan.stop import Stop, again_after
from almascan.turn import Turn

LONG_TURNS = 3
"""For how many times the least time of a turn a chunk goes on before it is left to a worker that has less to do."""

_LOGGER = logging.getLogger("almascan.fleet")


class Chunk(msgspec.Struct):
    """A turn that is under way.

    Attributes:
        run_id: Which run has it.
        stop: Ends it early.
        began: When, by a clock that never goes back.
        run: The run, once it was read.
        post: Where it works, once the lease is taken.
        reporter: Is told how far it is.
    """

    run_id: int
    stop: Stop
    began: float
    run: Run | None = None
    post: Post | None = None
    reporter: ChunkReporter | None = None


class Chunks:
    """The chunks that a worker works on.

    Args:
        journal: The journal.
        members: The institutions that there are keys for.
        metrics: The worker's numbers.
        witness: Tells an older copy of the journal.
        share: Says whether others wait for a chunk to end.
        turn: How long a chunk is.
    """

    def __init__(
        self, journal: Journal, members: Members, metrics: Metrics, witness: Witness, *, share: Share, turn: Turn
    ) -> None:
        self._journal = journal
        self._members = members
        self._metrics = metrics
        self._witness = witness
        self._share = share
        self._turn = turn
        self._posts = Posts(members, journal)
        self._chunks: list[Chunk] = []
        self._tasks: set[asyncio.Task[Ended | None]] = set()

    async def work(self, run_id: int) -> Ended | None:
        """Give a run its turn; what goes wrong is recorded with the run, and logged.

        Returns:
            How it ended; None where there was no turn.
        """
        chunk = Chunk(run_id, Stop(), time.monotonic())
        self._chunks.append(chunk)
        task = asyncio.create_task(self._work(chunk))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The time of grace is over: what is in flight is read again by whoever has the run next.
            chunk.stop.request("Its worker leaves.", again_seconds=0.0)
            chunk.stop.abandon()
            await asyncio.wait({task})
            raise
        finally:
            self._chunks.remove(chunk)

    async def _work(self, chunk: Chunk) -> Ended | None:
        began, code = time.monotonic(), ""
        word: EndedWord = "error"
        try:
            chunk.run = await asyncio.to_thread(self._journal.run, chunk.run_id)
            code = chunk.run.institution
            with logs.context(institution=code, run=chunk.run_id):
                ended = await self._take_turn(chunk, chunk.run)
                word = _word_for(ended)
                return ended
        except AlmascanError as error:
            await self._bear(chunk, error)
            return None
        except Exception as error:
            _LOGGER.exception("This is a defect in almascan. Please report it; run %s is paused.", chunk.run_id)
            self._metrics.count_error(code, "defect")
            with suppress(AlmascanError):
                await self._pause(chunk.run_id, f"almascan failed: {type(error).__name__}. Please report it.")
            return None
        finally:
            if code:
                self._metrics.count_chunk(code, word, time.monotonic() - began)

    async def _take_turn(self, chunk: Chunk, run: Run) -> Ended:
        await asyncio.to_thread(self._witness.check)
        async with self._leased(run.institution) as lease:
            if lease.is_seized:
                _LOGGER.warning("The worker that had it was not heard of any more; its lease is taken over.")
            chunk.post = await self._posts.take(lease, run)
            reporter = chunk.reporter = ChunkReporter(self._metrics, run.institution, _LOGGER)
            runner = Runner(chunk.post.alma, self._journal, reporter, stop=chunk.stop, who=run.who)
            turn = msgspec.structs.replace(self._turn, others_wait=lambda: self._should_end(chunk))
            try:
                return await runner.take_turn(run.id, turn, chunk.post.acquaintance)
            finally:
                self._posts.tell_next(lease, chunk.post)

    def _should_end(self, chunk: Chunk) -> bool:
        """Whether a turn whose time is over should end: somebody waits or has less to do, or there is another key by now."""
        if chunk.run is None or chunk.post is None or self._share.others_wait(chunk.run.institution):
            return True
        if self._has_been_long(chunk) and chunk in self._chunks[: self._share.surplus]:
            return True
        try:
            return self._members.key(chunk.run.institution).value != chunk.post.key.value
        except KeyRefusedError:
            return True

    def _has_been_long(self, chunk: Chunk) -> bool:
        return time.monotonic() - chunk.began > LONG_TURNS * self._turn.seconds

    @asynccontextmanager
    async def _leased(self, institution: str) -> AsyncIterator[Lease]:
        """Hold a lease, with what it asks of the database in a thread."""
        with ExitStack() as stack:
            lease = await asyncio.to_thread(stack.enter_context, self._journal.lease(institution))
            held = stack.pop_all()
        try:
            yield lease
        finally:
            await asyncio.to_thread(held.close)

    async def _bear(self, chunk: Chunk, error: AlmascanError) -> None:
        """Say what ended a turn, and have the run tried again where that is worth while."""
        run, code = chunk.run, "" if chunk.run is None else chunk.run.institution
        with logs.context(institution=code, run=chunk.run_id):
            _LOGGER.warning("%s", error)
        self._metrics.count_error(code, type(error).__name__)
        if run is None:
            return
        if isinstance(error, KeyRefusedError):
            self._members.forget_key(code, "" if chunk.post is None else chunk.post.key.value)
            await self._posts.leave(code)
        seconds = again_after(error)
        with suppress(AlmascanError):  # the journal is gone: its runs are found when it is back
            if seconds is not None:
                reason = "" if isinstance(error, LeaseError) else str(error)
                await asyncio.to_thread(
                    self._journal.queue_run,
                    run.id,
                    reason=reason,
                    after_seconds=seconds,
                    from_state=RunState.QUEUED,
                )
            else:
                await self._pause(run.id, str(error))

    async def _pause(self, run_id: int, reason: str) -> None:
        """Pause a run that still waits for a turn, or the next one would end alike."""
        if (await asyncio.to_thread(self._journal.run, run_id)).state is RunState.QUEUED:
            await asyncio.to_thread(self._journal.change_run, run_id, state=RunState.PAUSED, reason=reason)

    def stop(self, reason: str) -> None:
        """Have every chunk finish what is in flight and end; its run goes back into the queue."""
        for chunk in self._chunks:
            chunk.stop.request(reason, again_seconds=0.0)

    def hand_over(self, number: int) -> None:
        """Have so many chunks end, those first that have been at it longest, so that another worker takes their runs."""
        for chunk in self._chunks[:number]:
            chunk.stop.request("Another worker has less to do.", again_seconds=0.0)

    async def finish(self, seconds: float) -> None:
        """Wait until the chunks have ended, and abandon those that take longer than so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for chunk in self._chunks:
            chunk.stop.abandon()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close the clients."""
        await self._posts.close()

    @property
    def works(self) -> tuple[Works, ...]:
        """What is worked on."""
        return tuple(
            Works(
                chunk.run.institution,
                chunk.run_id,
                chunk.reporter.requests_per_second,
                chunk.post.alma.pacer.pace.rate,
                chunk.post.alma.remaining_calls,
            )
            for chunk in self._chunks
            if chunk.run is not None and chunk.post is not None and chunk.reporter is not None
        )


def _word_for(ended: Ended) -> EndedWord:
    if ended.again_seconds is not None:
        return "on"
    return "paused" if ended.run.state is RunState.PAUSED else "over"
