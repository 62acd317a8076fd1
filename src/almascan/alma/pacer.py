"""The queue in front of Alma: everything that is sent for one institution takes its turn here.

Each client has a lane, and the lane of better precedence goes first: ten books overtake a night's batch. Within one
precedence a scan goes before a question about requests, that before a read, and that before a look-up, so that what is
begun is finished first. A scan that was told it is near keeps its turn whoever comes, for by then it is recorded and
must leave soon. One timer drives it; nothing polls.
"""

import asyncio
import heapq
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from enum import Enum, IntEnum, auto
from typing import TypeVar

from almascan.alma.pacing import TICK_SECONDS, Pace, Passage

NEAR_SECONDS = 1.0
_BEFORE_ALL = -math.inf
"""The precedence in the queue of what is near."""

Key = TypeVar("Key", bound=Hashable)


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
        lane: Whose it is.
        precedence: Its lane's when it was taken.
        rank: Who goes first: the precedence, and within it the priority; within one rank the older slot does.
        order: Its age, or once it is near the age of that.
        place: Where it is; the pacer's business, like the rest.
        called: Set by the pacer when the wait is over.
        passage: Its request on the way to Alma and back.
    """

    __slots__ = ("_pacer", "called", "lane", "order", "passage", "place", "precedence", "rank")

    def __init__(self, pacer: "Pacer", lane: "Lane", priority: Priority, order: int) -> None:
        self._pacer = pacer
        self.lane = lane
        self.precedence = lane.precedence
        self.rank = (lane.precedence, priority)
        self.order = order
        self.place = Place.FAR
        self.called: asyncio.Future[None] | None = None
        self.passage: Passage | None = None

    def __lt__(self, other: "Slot") -> bool:
        return (self.rank, self.order) < (other.rank, other.order)

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


class Lane:
    """One client's way into the queue of its institution.

    Args:
        pacer: The institution's limit, shared with the other lanes.
        precedence: Who goes first: the smaller number.

    Attributes:
        precedence: That of the slots taken from now on.
        waiting: How many of its slots wait for their turn.
    """

    def __init__(self, pacer: "Pacer", precedence: float = 0.0) -> None:
        self._pacer = pacer
        self.precedence = precedence
        self.waiting = 0

    @property
    def is_overtaken(self) -> bool:
        """Whether slots of better precedence wait for their turn."""
        return self._pacer.is_overtaken(self.precedence)

    def slot(self, priority: Priority = Priority.SCAN) -> Slot:
        """Take a place in the queue; see ``Pacer.slot``."""
        return self._pacer.slot(priority, self)


class Limit:
    """What one who works allows: requests a second, and a minute (0: no limit); ``Pacer.limited`` makes it."""

    def __init__(self, rate: float, per_minute: int, changed: Callable[[], None]) -> None:
        self.rate = rate
        self.per_minute = per_minute
        self._changed = changed

    def change(self, rate: float, per_minute: int) -> None:
        """Allow more or less from now on."""
        self.rate, self.per_minute = rate, per_minute
        self._changed()


class Pacer:
    """The limit of one institution and the queue in front of it; used within one event loop.

    Args:
        rate: Requests a second that no second may exceed; see ``Pace``.
        per_minute: Requests that no minute may exceed; 0 is no limit.
    """

    def __init__(self, rate: float, per_minute: int = 0) -> None:
        self.pace = Pace(rate, per_minute)
        self._limits: list[Limit] = []
        self._lane = Lane(self)
        self._waiting: Counter[float] = Counter()
        self._slots = 0
        self._far: list[Slot] = []
        self._armed: list[Slot] = []
        self._close: Counter[tuple[float, Priority]] = Counter()
        self._last_turn = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._watchers: list[Callable[[], None]] = []

    @contextmanager
    def limited(self, rate: float, per_minute: int = 0) -> Iterator["Limit"]:
        """Keep a limit while somebody works.

        Of all limits that are kept at a time the smallest count; after the last one that one stays.

        Args:
            rate: Requests a second that no second may exceed; see ``Pace.limit``.
            per_minute: Requests that no minute may exceed; 0 is no limit.

        Yields:
            The limit, which may be changed meanwhile.
        """
        limit = Limit(rate, per_minute, self._keep_smallest)
        self._limits.append(limit)
        try:
            self._keep_smallest()
            yield limit
        finally:
            self._limits.remove(limit)
            if self._limits:
                self._keep_smallest()

    def _keep_smallest(self) -> None:
        """Set the smallest limits of all; the same ones anew would forget Alma's refusals."""
        rate = min(limit.rate for limit in self._limits)
        per_minute = min((limit.per_minute for limit in self._limits if limit.per_minute), default=0)
        if (rate, per_minute) != (self.pace.rate, self.pace.per_minute):
            self.pace.limit(rate, per_minute)
            self._schedule()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have a function called whenever fewer slots wait, until ``unwatch``."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call a function no more."""
        self._watchers.remove(watcher)

    @property
    def waiting(self) -> int:
        """How many slots wait for their turn."""
        return self._waiting.total()

    def is_overtaken(self, precedence: float) -> bool:
        """Whether slots of a better precedence than this wait for their turn."""
        return bool(self._waiting) and min(self._waiting) < precedence

    @property
    def rate_now(self) -> float:
        """Requests a second at present; less than what was told for some seconds after a refusal."""
        return self.pace.rate if self._loop is None else self.pace.rate_at(self._loop.time())

    @property
    def refusals(self) -> int:
        """How many requests Alma refused by the second."""
        return self.pace.refusals

    def slot(self, priority: Priority = Priority.SCAN, lane: Lane | None = None) -> Slot:
        """Take a place in the queue; await its ``turn``, or ``cancel`` it.

        Args:
            priority: Who goes first within one precedence.
            lane: Whose it is; by default a lane of precedence 0.

        Returns:
            The place.
        """
        slot = Slot(self, lane or self._lane, priority, self._next_order())
        slot.lane.waiting += 1
        self._waiting[slot.precedence] += 1
        return slot

    async def wait_near(self, slot: Slot) -> None:
        """Wait until a slot's turn will come within about a second."""
        await self._wait(slot, self._far)

    async def wait_turn(self, slot: Slot) -> None:
        """Wait until a slot's request may leave."""
        if slot.place is Place.FAR:
            self._close[slot.rank] += 1
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
        if slot.place is Place.OVER:
            return
        if slot.place is Place.TURN and slot.passage is not None:
            self.pace.withdraw(slot.passage)
            slot.passage = None
        elif slot.place in (Place.NEAR, Place.ARMED):
            _take_one(self._close, slot.rank)
            self._count_off(slot)
        elif slot.place is Place.FAR:
            self._count_off(slot)
        slot.place = Place.OVER
        self._schedule()

    def _next_order(self) -> int:
        self._slots += 1
        return self._slots

    def _count_off(self, slot: Slot) -> None:
        slot.lane.waiting -= 1
        _take_one(self._waiting, slot.precedence)
        for watcher in self._watchers:
            watcher()

    async def _wait(self, slot: Slot, queue: list[Slot]) -> None:
        self._loop = asyncio.get_running_loop()
        called = slot.called = self._loop.create_future()
        heapq.heappush(queue, slot)
        # Behind another one it changes nothing about when the next turn comes.
        if self._timer is None or queue[0] is slot:
            self._dispatch()
        try:
            await called
        except asyncio.CancelledError:
            self.give_back(slot)
            raise

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _wake(self) -> None:
        self._timer = None
        self._dispatch()

    def _dispatch(self) -> None:
        """Call whoever's time has come, and set the timer for the next."""
        now = self._now()
        earliest = self.pace.earliest(now)
        while earliest <= now and (slot := self._first(self._armed, Place.ARMED)):
            heapq.heappop(self._armed)
            _take_one(self._close, slot.rank)
            self._count_off(slot)
            slot.passage = self.pace.depart(now)
            self._last_turn = now
            self._call(slot, Place.TURN)
            earliest = self.pace.earliest(now)
        while (slot := self._first(self._far, Place.FAR)) and self._near_at(slot, now, earliest) <= now:
            heapq.heappop(self._far)
            slot.rank, slot.order = (_BEFORE_ALL, slot.rank[1]), self._next_order()
            self._close[slot.rank] += 1
            self._call(slot, Place.NEAR)
        self._set_timer(now, earliest)

    def _schedule(self) -> None:
        """Set the timer anew, for a turn may come sooner now."""
        if self._far or self._armed:
            now = self._now()
            self._set_timer(now, self.pace.earliest(now))

    def _set_timer(self, now: float, earliest: float) -> None:
        """Set the one timer for the next time that somebody is to be called; one that is set for sooner stays."""
        at = earliest if self._first(self._armed, Place.ARMED) else math.inf
        if slot := self._first(self._far, Place.FAR):
            at = min(at, self._near_at(slot, now, earliest))
        if at == math.inf:
            return
        at = max(at, now, self._last_turn + TICK_SECONDS)
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        # Kept here, for not every event loop's timers tell their time.
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_at(at, self._wake)

    def _near_at(self, slot: Slot, now: float, earliest: float) -> float:
        """When a slot is near: a second before its turn, as far as those before it tell; not while it is overtaken."""
        if self.is_overtaken(slot.precedence):
            return math.inf
        ahead = sum(number for rank, number in self._close.items() if rank <= slot.rank)
        return max(now, earliest) + ahead / self.pace.rate_at(now) - NEAR_SECONDS

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


def _take_one(counter: Counter[Key], key: Key) -> None:
    """Count one less, and forget what there is none of: precedences come and go for weeks."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
