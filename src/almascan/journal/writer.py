"""The one thread that writes while a run works: it commits whatever has come together since its last commit.

So a hundred rows that finish at once cost one synchronisation of the disk, and a row that is alone waits for nobody.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from almascan.journal.rows import Change, Saved

SaveAll = Callable[[Sequence[Change]], list[Saved]]
_Pending = tuple[Change, "asyncio.Future[Saved]"]


class Writer:
    """Saves single changes in group commits; an async context manager.

    Args:
        save_all: Makes changes durable in one transaction, and says what became of each.
    """

    def __init__(self, save_all: SaveAll) -> None:
        self._save_all = save_all
        self._queue: SimpleQueue[_Pending | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal writer", daemon=True)
        self._open = False

    async def __aenter__(self) -> Self:
        self._thread.start()
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
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
        if not self._open:
            raise RuntimeError("the journal's writer is not open")
        future: asyncio.Future[Saved] = asyncio.get_running_loop().create_future()
        self._queue.put((change, future))
        # A write that was begun is waited for: half a record would be none.
        return await asyncio.shield(future)

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            ended = None in batch
            pending = [entry for entry in batch if entry is not None]
            if pending:
                self._commit(pending)

    def _commit(self, pending: list[_Pending]) -> None:
        try:
            results: list[Saved] | Exception = self._save_all([change for change, _ in pending])
        except Exception as error:  # noqa: BLE001 - handed on to everyone who waits
            results = error
        loop = pending[0][1].get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, [future for _, future in pending], results)


def _tell(futures: list["asyncio.Future[Saved]"], results: list[Saved] | Exception) -> None:
    for index, future in enumerate(futures):
        if future.done():
            continue
        if isinstance(results, Exception):
            future.set_exception(results)
        else:
            future.set_result(results[index])
