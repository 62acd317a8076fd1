"""Alma's door in virtual time: a limit per second that counts requests as they arrive, and a way there that drifts."""

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from almascan.alma.pacing import Pace, Passage

Drift = Callable[[random.Random], float]
Window = Literal["sliding", "calendar"]


def drift(seconds: float) -> Drift:
    """Evenly distributed from nothing to so many seconds."""
    return lambda rng: rng.uniform(0, seconds)


@dataclass
class Door:
    """Lets ``limit`` requests through in any second (sliding), or in each second of a clock of its own (calendar)."""

    limit: int
    window: Window
    accepted: int = 0
    refused: int = 0
    _recent: deque[float] = field(default_factory=deque)
    _seconds: Counter[int] = field(default_factory=Counter)

    def offer(self, now: float) -> bool:
        if self.window == "calendar":
            self._seconds[int(now + 0.37)] += 1
            is_let_in = self._seconds[int(now + 0.37)] <= self.limit
        else:
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            is_let_in = len(self._recent) < self.limit
            if is_let_in:
                self._recent.append(now)
        self.accepted += is_let_in
        self.refused += not is_let_in
        return is_let_in


@dataclass
class Journey:
    """A client that always has something to send, and its way to the door and back.

    Attributes:
        one_way_seconds: The quickest way there, and back.
        up, down: What the way there and back takes beyond that.
        work: What Alma itself takes to answer.
        slack_seconds: How late a timer fires, at most.
        others: Requests a second of another system, at random moments, at the same door.
    """

    pace: Pace
    door: Door
    up: Drift
    down: Drift
    work: Drift = field(default=lambda _: 0.0)
    one_way_seconds: float = 0.125
    slack_seconds: float = 0.001
    others: float = 0.0
    start: float = 1_000_000.0
    others_accepted: int = 0
    departures: list[float] = field(default_factory=list)

    def travel(self, seconds: float, seed: int) -> None:
        rng, number = random.Random(seed), count()
        events = [(self.start, next(number), self._send)]
        if self.others:
            events.append((self.start, next(number), self._send_others))
        now = self.start

        def at(delay: float, event: Callable[..., None]) -> None:
            heapq.heappush(events, (now + delay, next(number), event))

        while events and now < self.start + seconds:
            now, _, event = heapq.heappop(events)
            event(now, rng, at)

    def _send(self, now: float, rng: random.Random, at: Callable[..., None]) -> None:
        if self.pace.earliest(now) <= now:
            passage = self.pace.depart(now)
            self.departures.append(now)
            at(self.one_way_seconds + self.up(rng), lambda *rest: self._arrive(passage, *rest))
        wait_seconds = max(0.0, self.pace.earliest(now) - now)
        at(wait_seconds + 1e-6 + rng.uniform(0, self.slack_seconds), self._send)

    def _arrive(self, passage: Passage, now: float, rng: random.Random, at: Callable[..., None]) -> None:
        is_let_in = self.door.offer(now)
        back = self.one_way_seconds + self.down(rng) + (self.work(rng) if is_let_in else 0)
        at(back, lambda *rest: self._answer(passage, is_let_in, *rest))

    def _answer(self, passage: Passage, is_let_in: bool, now: float, *_: object) -> None:
        self.pace.answered(passage, now)
        if not is_let_in:
            self.pace.refused(now)

    def _send_others(self, now: float, rng: random.Random, at: Callable[..., None]) -> None:
        self.others_accepted += self.door.offer(now)
        at(rng.expovariate(self.others), self._send_others)
