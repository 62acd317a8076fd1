"""Finding many items at once through a temporary Alma set: about one request for seventy barcodes instead of one each.

A set takes a thousand barcodes in one request and gives its members' ids back a hundred at a time, in any order and
without their barcodes; so each member is read, which the run's look needs anyway, and matched by the barcode that the
look shows. What does not come back is looked up singly. ``docs/alma.md`` "Sets".
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Self

from almascan.alma import Alma
from almascan.clock import Clock, Stamp
from almascan.errors import AlmascanError, KeyRefusedError, RefusedError, UsageError
from almascan.journal import Journal
from almascan.model import Item, ItemIds
from almascan.stop import Stop, StoppedError

BATCH = 1_000
"""Barcodes that one request adds to a set."""
GATHER_SECONDS = 1.0
"""How long a batch waits for another barcode before it is begun with those that are there."""
NAME = "almascan temporary"


class Seen(NamedTuple):
    """An item as it was looked at, and when."""

    item: Item
    at: Stamp


class Wanted(NamedTuple):
    """A barcode as its row has it, and who waits for its item."""

    barcode: str
    seen: "asyncio.Future[Seen | None]"


Batch = dict[str, Wanted]
"""What is looked for, by barcode without case."""


class Finder:
    """Finds barcodes in batches; an async context manager.

    Args:
        alma: The institution's client.
        journal: Remembers the temporary sets, so that one that a dead process left is deleted later.
        institution: Alma's code of the institution.
        read: Looks at an item.
        stop: Ends the waiting.
        clock: The time.
        say: Tells the person that barcodes are looked up singly, and why.
    """

    def __init__(
        self,
        alma: Alma,
        journal: Journal,
        institution: str,
        read: Callable[[ItemIds], Awaitable[Item]],
        *,
        stop: Stop,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._alma = alma
        self._journal = journal
        self._institution = institution
        self._read = read
        self._stop = stop
        self._clock = clock
        self._say = say
        self._waiting: Batch = {}
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._usable = True

    async def __aenter__(self) -> Self:
        await self._delete_left_over()
        self._task = asyncio.create_task(self._work())
        self._stop.watch(self._give_up)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def find(self, barcode: str) -> Seen | None:
        """Find one barcode's item, together with whatever else is waiting.

        Returns:
            The item as just looked at; None where it is to be looked up singly.

        Raises:
            StoppedError: The run stops meanwhile.
        """
        self._stop.check()
        if not self._usable:
            return None
        key = barcode.strip().casefold()
        if key not in self._waiting:
            self._waiting[key] = Wanted(barcode, asyncio.get_running_loop().create_future())
        self._came.set()
        return await asyncio.shield(self._waiting[key].seen)

    def _give_up(self) -> None:
        for wanted in self._waiting.values():
            if not wanted.seen.done():
                wanted.seen.set_exception(StoppedError())
                wanted.seen.exception()  # seen here, whether or not a row still waits for it

    async def _work(self) -> None:
        """Take batch after batch."""
        while True:
            await self._came.wait()
            count = 0
            while count < len(self._waiting) < BATCH:
                count = len(self._waiting)
                await self._clock.sleep(GATHER_SECONDS)
            self._came.clear()
            batch = {key: self._waiting[key] for key in list(self._waiting)[:BATCH]}
            try:
                await self._find_batch(batch)
            except (KeyRefusedError, RefusedError) as error:
                self._usable = False
                self._say(f"Barcodes are looked up singly, for a temporary set cannot be used: {error}")
            except AlmascanError as error:
                self._say(f"A batch of barcodes is looked up singly: {error}")
            finally:
                for key, wanted in batch.items():
                    self._waiting.pop(key, None)
                    if not wanted.seen.done():
                        wanted.seen.set_result(None)
            if self._waiting:
                self._came.set()

    async def _find_batch(self, batch: Batch) -> None:
        members = await self._members([wanted.barcode for wanted in batch.values()])
        await asyncio.gather(*(self._look(ids, batch) for ids in members))

    async def _look(self, ids: ItemIds, batch: Batch) -> None:
        """Look at one member, and hand it to the row that asked for its barcode."""
        try:
            self._stop.check()
            at = self._clock.now()
            item = await self._read(ids)
        except (AlmascanError, StoppedError):
            return
        wanted = batch.get(item.barcode.strip().casefold())
        if wanted is not None and not wanted.seen.done():
            wanted.seen.set_result(Seen(item, at))

    async def _members(self, barcodes: list[str]) -> list[ItemIds]:
        """Have a temporary set find the ids, and delete it again."""
        name = f"{NAME} {secrets.token_hex(6)}"
        self._journal.remember_set(self._institution, name)
        made = await self._alma.create_set(name, "Made by almascan to find items by barcode; it deletes it itself.")
        try:
            await self._alma.add_members(made.id, barcodes)
            found = [ids async for ids in self._alma.members_of(made)]
        finally:
            await self._alma.delete_set(made.id)
            self._journal.forget_set(self._institution, name)
        return list(dict.fromkeys(found))

    async def _delete_left_over(self) -> None:
        """Delete what a dead process left."""
        for name in self._journal.remembered_sets(self._institution):
            try:
                left = await self._alma.find_set(name)
                await self._alma.delete_set(left.id)
            except AlmascanError as error:
                if not isinstance(error, UsageError):  # which says that there is no such set any more
                    continue
            self._journal.forget_set(self._institution, name)
