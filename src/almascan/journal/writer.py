"""The one thread that writes while a run works: it commits whatever has come together since its last commit.

So a hundred rows that finish at once cost one synchronisation of the disk, and a row that is alone waits for nobody.
Where rows come thick it gives them a moment to come together: every commit costs, here and in the loop it wakes.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from almascan.journal.rows import Change, Saved

GATHER_SECONDS = 0.02
GATHER_ON_SERVER_SECONDS = 0.1
"""A commit on a server takes several trips there, and its work is shared with other machines."""

SaveAll = Callable[[Sequence[Change]], list[Saved]]
_Pending = tuple[Change | None, "asyncio.Future[Saved]"]
"""A change, or None to be told when all before it are written; and who waits."""


class Writer:
    """Saves single changes in group commits; an async context manager, for several users in one event loop.

    Its thread lives while it has users: the runs of forty institutions in one process share their commits.

    Args:
        save_all: Makes changes durable in one transaction, and says what became of each.
        gather_seconds: How long rows that come thick may come together.
    """

    def __init__(self, save_all: SaveAll, gather_seconds: float = GATHER_SECONDS) -> None:
        self._save_all = save_all
        self._gather_seconds = gather_seconds
        self._users = 0
        self._queue: SimpleQueue[_Pending | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        if not self._users:
            self._queue = SimpleQueue()
            self._thread = threading.Thread(target=self._work, args=(self._queue,), name="journal writer", daemon=True)
            self._thread.start()
        self._users += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # What was begun is on disk when its user leaves, whoever stays.
            await self._put(None)
        finally:
            self._users -= 1
        if not self._users and self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    async def save(self, change: Change) -> Saved:
        """Make one change durable.

        Returns:
            None once it is on disk; else why it was not made.

        Raises:
            JournalError: It could not be written.
            RuntimeError: The writer is not open, so nobody would write it: a defect of the caller.
        """
        if not self._users:
            raise RuntimeError("the journal's writer is not open")
        # A write that was begun is waited for: half a record would be none.
        return await asyncio.shield(self._put(change))

    def _put(self, change: Change | None) -> "asyncio.Future[Saved]":
        future: asyncio.Future[Saved] = asyncio.get_running_loop().create_future()
        self._queue.put((change, future))
        return future

    def _work(self, queue: "SimpleQueue[_Pending | None]") -> None:
        ended = False
        batch: list[_Pending | None] = []
        while not ended:
            comes_thick = len(batch) > 1
            batch = [queue.get()]
            if comes_thick:
                time.sleep(self._gather_seconds)
            while not queue.empty():
                batch.append(queue.get())
            ended = None in batch
            pending = [entry for entry in batch if entry is not None]
            if pending:
                self._commit(pending)

    def _commit(self, pending: list[_Pending]) -> None:
        changes = [change for change, _ in pending if change is not None]
        try:
            saved = iter(self._save_all(changes) if changes else [])
            results: list[Saved | Exception] = [None if change is None else next(saved) for change, _ in pending]
        except Exception as error:  # noqa: BLE001 - handed on to everyone who waits
            results = [None if change is None else error for change, _ in pending]
        waiting = [future for _, future in pending]
        loop = waiting[0].get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, waiting, results)


def _tell(waiting: list["asyncio.Future[Saved]"], results: list[Saved | Exception]) -> None:
    for future, result in zip(waiting, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
