"""When the next request may leave: a limit per second kept at Alma's door, not at ours. Pure; time is passed in.

Alma counts requests as they arrive, and on the way they drift apart or together. So the window is kept by estimated
arrivals: a request may leave when the R-th latest estimated arrival is a second old. A request has arrived at the
latest one smallest round trip before its answer, and most likely within a guard of its departure; the earlier of the
two is the estimate. The quickest way to Alma counts as no time at all, which shifts every arrival alike.
``docs/why.md`` "Pacing" has the measurements.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable

MARGIN_SECONDS = 0.002
SPREAD = 0.8
"""Two requests are at least this share of the even spacing apart: no bursts, and room to catch up after a delay."""

TICK_SECONDS = 0.004
"""Turns as close together as this may be given at once: timers are no finer, and waking for each one costs."""

CUT = 0.9
CUT_PAUSE_SECONDS = 0.3
RECOVERY_PER_SECOND = 0.02
"""Of the rate told: half a request a second, each second, at 25."""

FIRST_GUARD_SECONDS = 0.050
SMALLEST_GUARD_SECONDS = 0.020
GUARD_AFTER_REFUSAL_SECONDS = 0.100
LARGEST_GUARD_SECONDS = 0.300
GUARD_GROWTH = 1.3
"""What a refusal multiplies the guard by, where that is more than ``GUARD_AFTER_REFUSAL_SECONDS``."""
GUARD_DECAY = 0.0001
"""How much the guard shrinks in a second, in seconds."""

_MINUTE_SECONDS = 60.0
_SPARE = 256


class Passage:
    """One request on its way: its turn and the one before, when it left, by when it is taken to have arrived."""

    __slots__ = ("arrival", "left", "turn", "turn_before")

    def __init__(self, turn: float, turn_before: float, left: float, arrival: float) -> None:
        self.turn = turn
        self.turn_before = turn_before
        self.left = left
        self.arrival = arrival


class Pace:
    """The limit of one institution.

    Args:
        rate: Requests a second that no second may exceed, sliding or by the calendar; below 1 and fractions work
            (2.5 lets two through in any second, 0.2 one in five seconds).
        per_minute: Requests that no minute may exceed; 0 is no limit.
        guard_seconds: How much longer than the quickest a request is at first taken to be on its way to Alma.
    """

    def __init__(self, rate: float, per_minute: int = 0, *, guard_seconds: float = FIRST_GUARD_SECONDS) -> None:
        self.limit(rate, per_minute)
        self.refusals = 0
        self._guard_set = (guard_seconds, math.inf)
        self._last_cut = -math.inf
        self._last_turn = -math.inf
        self._round_trips = 0
        self._round_trips_seconds = 0.0
        self._smallest_round_trip = math.inf
        self._arrivals: list[float] = []

    def limit(self, rate: float, per_minute: int) -> None:
        """Set the limits anew; what has left counts against the new ones too.

        Args:
            rate: Requests a second, as for a new pace.
            per_minute: Requests a minute, likewise.
        """
        if not 0 < rate < math.inf or per_minute < 0:
            raise ValueError("the rate is above 0, the limit per minute 0 or more")
        self.rate = rate
        self.per_minute = per_minute
        self._most = max(1, math.floor(rate))
        self._rate_set = (rate, 0.0)

    def rate_at(self, now: float) -> float:
        """The rate kept at a time: what is told, or less for some seconds after refusals."""
        rate, since = self._rate_set
        return min(self.rate, rate + self.rate * RECOVERY_PER_SECOND * (now - since))

    def guard_at(self, now: float) -> float:
        """The guard kept at a time, in seconds."""
        guard, since = self._guard_set
        return max(SMALLEST_GUARD_SECONDS, guard - GUARD_DECAY * max(0.0, now - since))

    def earliest(self, now: float) -> float:
        """When the next request may leave.

        Args:
            now: The time, in seconds of any clock that never goes back.

        Returns:
            The time on the same clock; one that is past means at once.
        """
        rate = self.rate_at(now)
        count = min(self._most, math.ceil(rate))
        return max(
            self._last_turn + SPREAD / rate,
            self._room_after(count, max(1.0, count / rate)),
            self._room_after(self.per_minute, _MINUTE_SECONDS),
        )

    def depart(self, now: float) -> Passage:
        """Note that a request has its turn.

        Args:
            now: The time.

        Returns:
            Its passage, to be told of what follows.
        """
        if self._last_turn == -math.inf:
            self._guard_set = (self._guard_set[0], now)
        # A timer that was late by a tick does not put off the turns behind it.
        turn = min(now, max(self._last_turn + SPREAD / self.rate_at(now), now - TICK_SECONDS))
        passage = Passage(turn, self._last_turn, now, now + self.guard_at(now))
        self._last_turn = turn
        insort(self._arrivals, passage.arrival)
        surplus = len(self._arrivals) - max(self._most, self.per_minute)
        if surplus > _SPARE:
            del self._arrivals[:surplus]
        return passage

    def left(self, passage: Passage, now: float) -> None:
        """Note that its bytes left only now, for a connection had to be made first."""
        passage.left = now
        self._estimate(passage, now + self.guard_at(now))

    def answered(self, passage: Passage, now: float) -> None:
        """Note that its answer came, and so by when it must have arrived."""
        round_trip = now - passage.left
        self._round_trips += 1
        self._round_trips_seconds += round_trip
        self._smallest_round_trip = min(self._smallest_round_trip, round_trip)
        self._estimate(passage, min(passage.arrival, now - self._smallest_round_trip + self._doubt()))

    def refused(self, now: float) -> None:
        """Note that Alma refused a request by the second: cut the rate gently, and trust the way to Alma less."""
        self.refusals += 1
        if now - self._last_cut < CUT_PAUSE_SECONDS:
            return
        self._last_cut = now
        self._rate_set = (self.rate_at(now) * CUT, now)
        guard = max(GUARD_AFTER_REFUSAL_SECONDS, GUARD_GROWTH * self.guard_at(now))
        self._guard_set = (min(LARGEST_GUARD_SECONDS, guard), now)

    def ages(self, now: float) -> list[float]:
        """Say how long ago the requests that still count left, as far as is known: what a next holder has to know.

        Args:
            now: The time.

        Returns:
            Seconds since each is taken to have arrived; less than 0 for one that is still on its way.
        """
        since = now - (_MINUTE_SECONDS if self.per_minute else max(1.0, self._most / self.rate))
        return [now - arrival for arrival in self._arrivals[bisect_left(self._arrivals, since) :]]

    def take_over(self, ages: Iterable[float], now: float) -> None:
        """Count requests that somebody else has sent within the same limit.

        Args:
            ages: How long ago each arrived, in seconds, as ``ages`` gave them.
            now: The time.
        """
        for age in ages:
            insort(self._arrivals, now - age)

    def withdraw(self, passage: Passage) -> None:
        """Note that the request never left; its place is free."""
        index = self._index(passage)
        if index is not None:
            del self._arrivals[index]
        if self._last_turn == passage.turn:
            self._last_turn = passage.turn_before

    def _doubt(self) -> float:
        """How far the smallest round trip seen may be above the smallest there is: of n, about their spread over n."""
        if self._round_trips == 1:
            return SMALLEST_GUARD_SECONDS
        mean = self._round_trips_seconds / self._round_trips
        return 2 * (mean - self._smallest_round_trip) / self._round_trips

    def _room_after(self, count: int, window_seconds: float) -> float:
        """When there is room for one more, with ``count`` allowed in the window."""
        if not count or len(self._arrivals) < count:
            return -math.inf
        return self._arrivals[-count] + window_seconds + MARGIN_SECONDS

    def _estimate(self, passage: Passage, arrival: float) -> None:
        index = self._index(passage)
        if index is None:
            return
        del self._arrivals[index]
        passage.arrival = arrival
        insort(self._arrivals, arrival)

    def _index(self, passage: Passage) -> int | None:
        """Where its estimate stands; None when it is so old that it was let go."""
        index = bisect_left(self._arrivals, passage.arrival)
        is_there = index < len(self._arrivals) and self._arrivals[index] == passage.arrival
        return index if is_there else None
