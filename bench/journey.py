"""A client's pace at a simulated Alma's limits in virtual time, where no machine's load can blur it.

The real ``Pace`` and the real ``Thresholds`` of the simulator, with a way to Alma and back that takes its time.
"""

import heapq
import math
from collections.abc import Callable
from itertools import count
from random import Random
from typing import NamedTuple

from almascan.alma.pacing import Pace
from almascan.simulator import SimulatorConfig
from almascan.simulator.refusals import Refusal
from almascan.simulator.thresholds import Thresholds

START = 1_700_000_000.37
"""Seconds since 1970, in the middle of one of the clock's seconds."""

SLACK_SECONDS = 0.001
"""How late a timer fires, at most."""


class Sums(NamedTuple):
    """What came of requests at the limit: accepted and refused, our own and the other system's."""

    accepted: int
    refused: int
    others_accepted: int = 0
    others_refused: int = 0


class Journey:
    """A client that always has something to send, and perhaps another system at the same limit.

    Args:
        config: The limits, and how long the way to Alma and back takes.
        rate: Requests a second that the client keeps to.
        others: Requests a second of another system, at random moments.
        seed: Decides what is random.
    """

    def __init__(self, config: SimulatorConfig, rate: float, others: float = 0.0, seed: int = 1) -> None:
        self._pace = Pace(rate, config.per_minute)
        self._thresholds = Thresholds(config)
        self._config = config
        self._others = others
        self._random = Random(seed)
        self._numbers = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._came = [0, 0, 0, 0]

    def travel(self, seconds: float) -> Sums:
        """Let so many seconds pass, counted from the first request's arrival."""
        self._at(START, self._send)
        if self._others:
            self._at(START, self._send_other)
        end = START + self._config.latency_ms / 2000 + seconds
        while self._events and self._events[0][0] < end:
            now, _, event = heapq.heappop(self._events)
            event(now)
        return Sums(*self._came)

    def _at(self, when: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), event))

    def _send(self, now: float) -> None:
        if self._pace.earliest(now) <= now:
            passage = self._pace.depart(now)
            half_seconds = (self._config.latency_ms + self._random.uniform(0, self._config.jitter_ms)) / 2000

            def arrive(arrived: float) -> None:
                is_let_in = self._offer(arrived, 0)
                self._at(arrived + half_seconds, lambda answered: answer(answered, is_let_in))

            def answer(answered: float, is_let_in: bool) -> None:
                self._pace.answered(passage, answered)
                if not is_let_in:
                    self._pace.refused(answered)

            self._at(now + half_seconds, arrive)
        next_at = math.nextafter(max(now, self._pace.earliest(now)), math.inf)
        self._at(next_at + self._random.uniform(0, SLACK_SECONDS), self._send)

    def _offer(self, now: float, whose: int) -> bool:
        """Let a request in or not, and count it."""
        try:
            self._thresholds.admit(now)
        except Refusal:
            self._came[whose + 1] += 1
            return False
        self._came[whose] += 1
        return True

    def _send_other(self, now: float) -> None:
        self._offer(now, 2)
        self._at(now + self._random.expovariate(self._others), self._send_other)
