"""The queue that hands chunks to workers: procrastinate's jobs in the journal's own database.

A job says no more than which run is to have a turn. Its lock is the institution, so that at most one worker has a job of
it; its queue likewise, so that a worker is given only what it has a key for. What is due, and how far a run is, the journal
alone says: a job that is lost, or one too many, does no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from psycopg_pool import AsyncConnectionPool

from almascan.journal.place import Server
from almascan.journal.queueing import Due
from almascan.journal.server_lease import BEAT_SECONDS, STALE_SECONDS

POLL_SECONDS = 0.25
"""How often a worker with a free hand asks for a job."""

_QUICKER_SECONDS = 1.0
_TASK = "almascan.work_chunk"
_CONNECTIONS = 4
_CONNECT_SECONDS = 5.0
_WAITING = "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock IS NOT NULL"
_ARE_THERE = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS are_there"
# Without it a fetch looks through all jobs for those of the same lock: docs/scale.md has the measurement.
_INDEX = """CREATE INDEX IF NOT EXISTS almascan_jobs_by_lock ON procrastinate_jobs (lock, priority, id)
    WHERE status IN ('todo', 'doing')"""

WorkChunk = Callable[[int], Awaitable[None]]
"""Gives a run its turn, by its id."""

QueueLostError = ConnectorException
"""Raised where the database cannot be reached."""


class Queue:
    """The jobs of one journal.

    Args:
        app: Procrastinate's own, opened.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def work(self, *, name: str, codes: list[str], concurrency: int, grace_seconds: float) -> None:
        """Take jobs and give their runs a turn, until cancelled; then wait for those that are under way.

        Args:
            name: The worker's.
            codes: The queues whose jobs are taken, as ``queue_of`` names them; the list may change meanwhile.
            concurrency: How many at a time.
            grace_seconds: How long a turn that is under way may take when this is cancelled.

        Raises:
            QueueLostError: The database cannot be reached.
        """
        await self._app.run_worker_async(
            name=name,
            queues=codes,
            concurrency=concurrency,
            fetch_job_polling_interval=POLL_SECONDS,
            listen_notify=False,
            install_signal_handlers=False,
            delete_jobs="always",
            shutdown_graceful_timeout=grace_seconds,
            update_heartbeat_interval=BEAT_SECONDS,
            stalled_worker_timeout=STALE_SECONDS,
        )

    async def defer(self, due: Collection[Due]) -> int:
        """Have runs get a turn, each unless it waits for one already; return how many are new."""
        if not due:
            return 0
        waiting = {each["queueing_lock"] for each in await self._app.connector.execute_query_all_async(_WAITING)}
        deferred = 0
        for each in due:
            if _name(each.run) not in waiting:
                deferred += await self.defer_run(each.run, each.institution)
        return deferred

    async def defer_run(self, run_id: int, institution: str) -> bool:
        """Have a run get a turn, after those of its institution that wait; say whether it did not wait for one already."""
        job: Any = self._app.configure_task(
            _TASK, lock=queue_of(institution), queue=queue_of(institution), queueing_lock=_name(run_id)
        )
        try:
            await job.defer_async(run_id=run_id)
        except AlreadyEnqueued:
            return False
        return True

    async def give_back(self) -> int:
        """End the jobs that silent workers left, so that others of their institutions can begin; return how many.

        They are not tried again as they are, for their run may have another job by now: the journal says what is due.
        """
        manager = self._app.job_manager
        stalled: Iterable[Any] = await manager.get_stalled_jobs(seconds_since_heartbeat=STALE_SECONDS)
        ended = 0
        for job in stalled:
            await manager.finish_job_by_id_async(job_id=job.id, status=Status.FAILED, delete_job=True)
            ended += 1
        return ended


@asynccontextmanager
async def opened(server: Server, work_chunk: WorkChunk) -> AsyncIterator[Queue]:
    """Open the queue in a journal's database, and make its tables there where there are none.

    Args:
        server: The journal's database.
        work_chunk: Gives a run its turn, where a job says so.

    Raises:
        QueueLostError: The database cannot be reached.
    """
    app = App(connector=PsycopgConnector())
    # Procrastinate's own would be waited for through half a minute, and the error then be none of its.
    pool = AsyncConnectionPool(
        server.address,
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=_CONNECT_SECONDS,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )

    @app.task(name=_TASK)
    async def work_job(run_id: int) -> None:
        await work_chunk(run_id)

    async with pool, app.open_async(pool):
        await _make_tables(app)
        yield Queue(app)


async def _make_tables(app: App) -> None:
    """Make what is not there; where another worker that starts at the same moment was quicker, find that it is there."""
    for is_last in (False, True):
        try:
            found = await app.connector.execute_query_one_async(_ARE_THERE)
            if not found["are_there"]:
                await app.schema_manager.apply_schema_async()
            return await app.connector.execute_query_async(_INDEX)
        except ConnectorException:
            if is_last:
                raise
        await asyncio.sleep(_QUICKER_SECONDS)
    return None


def queue_of(institution: str) -> str:
    """Name an institution's queue and lock, however its code is spelled."""
    return institution.casefold()


def _name(run_id: int) -> str:
    return f"run {run_id}"
