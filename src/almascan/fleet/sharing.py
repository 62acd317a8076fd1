"""How workers share the institutions among them, so that one that comes takes its part at once.

Whoever has more than an even part leaves what becomes free to the others for a moment, and takes it after all where nobody
does: they may have no key for it. A turn goes on for as long as nobody waits for its end.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from almascan.fleet.queue import queue_of
from almascan.journal.queueing import Due
from almascan.journal.workers import Worker

LEFT_SECONDS = 1.5
"""How long a run is left to workers that have less to do."""
SETTLING_SECONDS = 10.0
"""How long after a worker has come the others make room for it."""
WAITING_SECONDS = 3.0
"""After so long a run waits for a turn to end, and not for the next look."""
LEFT_AGAIN_SECONDS = 120.0
"""How long nothing is offered to workers with less to do after they left something standing, while they and their keys stay the same."""


def even_part(capacities: Iterable[int], demand: int) -> int:
    """Say how many institutions each worker has where they are shared as evenly as can be.

    Args:
        capacities: How many each worker can work for at most at a time.
        demand: How many have work.

    Returns:
        The smallest number that is enough where each worker has so many, or as many as it can.
    """
    left = sorted(capacities)
    part = 0
    while left and demand > 0:
        # All that are left take as much more as the smallest of them can, or as is needed.
        step = min(left[0] - part, -(-demand // len(left)))
        part += step
        demand -= step * len(left)
        while left and left[0] <= part:
            left.pop(0)
    return part


def part_of(workers: Iterable[Worker], waiting: int) -> int | None:
    """Say how many institutions each of some workers should have; None where there is nobody to share with.

    Args:
        workers: All workers, as they reported last.
        waiting: How many institutions have a run that waits, and nobody who works for them.
    """
    there = [worker.report for worker in workers if worker.can_take]
    capacities = [min(report.institutions, report.concurrency) for report in there]
    demand = sum(len(report.works) for report in there) + waiting
    return max(1, even_part(capacities, demand)) if len(there) > 1 else None


class Share:
    """A worker's share: which jobs it takes so that it has no more than its part, and what it hands over.

    Args:
        clock: Seconds of a clock that never goes back.

    Attributes:
        queues: The queues that it takes jobs from, as they are now.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.queues: list[str] = []
        self._clock = clock
        self._taken = 0
        self._part: int | None = None
        self._all: list[str] = []
        self._left: list[str] = []
        self._left_at = -math.inf
        self._wanted: frozenset[str] = frozenset()
        self._lacks_hands = False
        self._since: dict[str, float] = {}
        self._able: dict[str, int] = {}

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Count a job that was taken, until it has ended."""
        self._taken += 1
        self._choose()
        try:
            yield
        finally:
            self._taken -= 1
            self._choose()

    def others_wait(self, institution: str) -> bool:
        """Whether the end of a turn is waited for: by another run of its institution, or by one that no worker has a hand for."""
        return self._lacks_hands or queue_of(institution) in self._wanted

    @property
    def surplus(self) -> int:
        """How many institutions it has that workers with less to do could take, as far as is known."""
        is_refused = self._clock() - self._left_at < LEFT_AGAIN_SECONDS
        return 0 if is_refused else self._too_many

    def look(self, codes: Iterable[str], due: Sequence[Due], workers: Collection[Worker]) -> int:
        """See how things stand.

        Args:
            codes: The institutions that there are keys for.
            due: The runs whose turn may come, those that have waited longest first.
            workers: All workers, as they reported last.

        Returns:
            How many of its turns are to end at once, to make room for a worker that has come, those that end already among
            them; 0 where that one leaves standing what there is.
        """
        at_work = {queue_of(work.institution) for worker in workers if worker.is_alive for work in worker.report.works}
        # A run that waits for another one of its institution waits for no worker.
        waited = {queue_of(each.institution): each.waited_seconds for each in reversed(due)}
        waiting = waited.keys() - at_work
        self._all = [queue_of(code) for code in codes]
        self._left = sorted(each for each in waiting if waited[each] > LEFT_SECONDS)
        self._wanted = frozenset(each for each in waited if waited[each] > WAITING_SECONDS)
        self._lacks_hands = not self._wanted <= at_work
        self._part = part_of(workers, len(waiting))
        now = self._clock()
        able = {worker.machine: worker.report.institutions for worker in workers if worker.can_take}
        self._judge_others(now, able)
        self._since = {machine: self._since.get(machine, now) for machine in able}
        self._choose()
        is_settling = any(now - since < SETTLING_SECONDS for since in self._since.values())
        return self._too_many if is_settling and not self._left else 0

    def _judge_others(self, now: float, able: dict[str, int]) -> None:
        """Note whether the others leave standing what is left to them; others than before, or with other keys, may not.

        Args:
            now: By the clock.
            able: The workers that can take something, by their machines, and how many institutions each has keys for.
        """
        if able != self._able:
            self._able, self._left_at = able, -math.inf
        if self._left and not self._has_room:
            self._left_at = now

    @property
    def _has_room(self) -> bool:
        return self._part is None or self._taken < self._part

    @property
    def _too_many(self) -> int:
        return 0 if self._part is None else max(0, self._taken - self._part)

    def _choose(self) -> None:
        """Take what comes as long as there is room in the part, and then what others leave standing."""
        self.queues[:] = self._all if self._has_room else self._left
