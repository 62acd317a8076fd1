"""The queue in front of Alma: everything that is sent for one institution takes its turn here.

A scan goes before a question about requests, that before a read, and that before a look-up, so that what is begun is
finished first. One timer drives it; nothing polls.
"""

import asyncio
import heapq
import math
from collections import Counter
from collections.abc import Callable
from enum import Enum, IntEnum, auto

from almascan.alma.pacing import TICK_SECONDS, Pace, Passage

NEAR_SECONDS = 1.0


class Priority(IntEnum):
    """Who goes first."""

    SCAN = 0
    REQUESTS = 1
    READ = 2
    FIND = 3


class Place(Enum):
    """Where a slot is in the queue."""

    FAR = auto()
    NEAR = auto()
    ARMED = auto()
    TURN = auto()
    OVER = auto()


class Slot:
    """A place in the queue, for one request; ``Pacer.slot`` makes it.

    Await ``turn`` and send. A scan awaits ``near`` first, records on disk that it is about to be sent, and then
    awaits ``turn``. A slot that is not used is given back with ``cancel``, which does no harm to one that is.

    Attributes:
        priority: Who goes first; within one priority the older slot does.
        order: Its age.
        place: Where it is; the pacer's business, like the rest.
        called: Set by the pacer when the wait is over.
        passage: Its request on the way to Alma and back.
    """

    __slots__ = ("_pacer", "called", "order", "passage", "place", "priority")

    def __init__(self, pacer: "Pacer", priority: Priority, order: int) -> None:
        self._pacer = pacer
        self.priority = priority
        self.order = order
        self.place = Place.FAR
        self.called: asyncio.Future[None] | None = None
        self.passage: Passage | None = None

    def __lt__(self, other: "Slot") -> bool:
        return (self.priority, self.order) < (other.priority, other.order)

    async def near(self) -> None:
        """Wait until the turn will come within about a second."""
        if self.place is Place.FAR:
            await self._pacer.wait_near(self)

    async def turn(self) -> None:
        """Wait until the request may leave; it then leaves at once, or the slot is cancelled."""
        if self.place in (Place.FAR, Place.NEAR):
            await self._pacer.wait_turn(self)

    def left(self) -> None:
        """Note that its bytes leave now."""
        self._pacer.note_left(self)

    def answered(self) -> None:
        """Note that its answer came now."""
        self._pacer.note_answered(self)

    def refused(self) -> None:
        """Note that Alma refused it by the second."""
        self._pacer.note_refused()

    def cancel(self) -> None:
        """Give the place back, unless the request has left."""
        self._pacer.give_back(self)


class Pacer:
    """The limit of one institution and the queue in front of it; used within one event loop.

    Args:
        rate: Requests a second that no second may exceed; see ``Pace``.
        per_minute: Requests that no minute may exceed; 0 is no limit.
    """

    def __init__(self, rate: float, per_minute: int = 0) -> None:
        self.pace = Pace(rate, per_minute)
        self.waiting = 0
        """How many slots wait for their turn."""
        self._slots = 0
        self._far: list[Slot] = []
        self._armed: list[Slot] = []
        self._close: Counter[Priority] = Counter()
        self._last_turn = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watchers: list[Callable[[], None]] = []

    def limit(self, rate: float, per_minute: int = 0) -> None:
        """Set the limits anew, once it is known whose Alma this is; see ``Pace.limit``."""
        self.pace.limit(rate, per_minute)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have a function called whenever fewer slots wait."""
        self._watchers.append(watcher)

    @property
    def rate_now(self) -> float:
        """Requests a second at present; less than what was told for some seconds after a refusal."""
        return self.pace.rate if self._loop is None else self.pace.rate_at(self._loop.time())

    @property
    def refusals(self) -> int:
        """How many requests Alma refused by the second."""
        return self.pace.refusals

    def slot(self, priority: Priority = Priority.SCAN) -> Slot:
        """Take a place in the queue; await its ``turn``, or ``cancel`` it.

        Args:
            priority: Who goes first.

        Returns:
            The place.
        """
        self._slots += 1
        self.waiting += 1
        return Slot(self, priority, self._slots)

    async def wait_near(self, slot: Slot) -> None:
        """Wait until a slot's turn will come within about a second."""
        await self._wait(slot, self._far)

    async def wait_turn(self, slot: Slot) -> None:
        """Wait until a slot's request may leave."""
        if slot.place is Place.FAR:
            self._close[slot.priority] += 1
        slot.place = Place.ARMED
        await self._wait(slot, self._armed)

    def note_left(self, slot: Slot) -> None:
        """Note that a slot's bytes leave now."""
        if slot.passage is not None and slot.place is Place.TURN:
            slot.place = Place.OVER
            self.pace.left(slot.passage, self._now())

    def note_answered(self, slot: Slot) -> None:
        """Note that a slot's answer came now."""
        if slot.passage is not None:
            self.pace.answered(slot.passage, self._now())
            slot.passage = None
            self._schedule()

    def note_refused(self) -> None:
        """Note that Alma refused a request by the second."""
        self.pace.refused(self._now())

    def give_back(self, slot: Slot) -> None:
        """Take a slot out of the queue, or back from its turn if its request has not left."""
        if slot.place is Place.TURN and slot.passage is not None:
            self.pace.withdraw(slot.passage)
            slot.passage = None
        elif slot.place in (Place.NEAR, Place.ARMED):
            self._close[slot.priority] -= 1
            self._count_off()
        elif slot.place is Place.FAR:
            self._count_off()
        slot.place = Place.OVER
        self._schedule()

    def _count_off(self) -> None:
        self.waiting -= 1
        for watcher in self._watchers:
            watcher()

    async def _wait(self, slot: Slot, queue: list[Slot]) -> None:
        self._loop = asyncio.get_running_loop()
        called = slot.called = self._loop.create_future()
        heapq.heappush(queue, slot)
        self._dispatch()
        try:
            await called
        except asyncio.CancelledError:
            self.give_back(slot)
            raise

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _dispatch(self) -> None:
        """Call whoever's time has come, and set the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._now()
        while (slot := self._first(self._armed, Place.ARMED)) and self.pace.earliest(now) <= now:
            heapq.heappop(self._armed)
            self._close[slot.priority] -= 1
            self._count_off()
            slot.passage = self.pace.depart(now)
            self._last_turn = now
            self._call(slot, Place.TURN)
        while (slot := self._first(self._far, Place.FAR)) and self._near_at(slot, now) <= now:
            heapq.heappop(self._far)
            self._close[slot.priority] += 1
            self._call(slot, Place.NEAR)
        self._schedule()

    def _schedule(self) -> None:
        """Set the one timer for the next time that somebody is to be called."""
        if self._loop is None:
            return
        now = self._loop.time()
        times: list[float] = []
        if self._first(self._armed, Place.ARMED):
            times.append(self.pace.earliest(now))
        if slot := self._first(self._far, Place.FAR):
            times.append(self._near_at(slot, now))
        if not times:
            return
        at = max(min(times), now, self._last_turn + TICK_SECONDS)
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._dispatch)

    def _near_at(self, slot: Slot, now: float) -> float:
        """When a slot is near: a second before its turn, as far as those before it tell."""
        ahead = sum(number for priority, number in self._close.items() if priority <= slot.priority)
        return max(now, self.pace.earliest(now)) + ahead / self.pace.rate_at(now) - NEAR_SECONDS

    def _call(self, slot: Slot, place: Place) -> None:
        slot.place = place
        if slot.called is not None:
            slot.called.set_result(None)

    def _first(self, queue: list[Slot], place: Place) -> Slot | None:
        """The first slot that still waits there; those given back meanwhile are dropped."""
        while queue:
            slot = queue[0]
            if slot.place is place and slot.called is not None and not slot.called.done():
                return slot
            heapq.heappop(queue)
        return None
