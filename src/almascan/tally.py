"""What has come out of a run so far, and how fast."""

from collections import Counter, deque

from almascan import rules
from almascan.alma import Alma
from almascan.clock import Clock
from almascan.model import FINAL_STATES, Outcome, Row, RowState
from almascan.progress import Snapshot

RATE_SECONDS = 5.0
"""The stretch of time that a rate is told of."""


class Tally:
    """What has come out so far, and how fast.

    Args:
        counts: The answers of all rows before the work began.
        alma: Counts the requests.
        clock: The time.

    Attributes:
        total: How many rows the run has.
        counts: How many of them have which answer.
        first: The answers of the first rows that ended in this work.
        ended: How many rows did; of a plan also those that were looked at and are to be scanned.
        planned: How many rows these are.
    """

    def __init__(self, counts: dict[Outcome, int], alma: Alma, clock: Clock) -> None:
        self.counts = Counter(counts)
        self.first: list[Outcome] = []
        self.ended = 0
        self.planned = 0
        self._alma = alma
        self._clock = clock
        self.total = sum(counts.values())
        self._began = clock.now().monotonic
        self._requests_before = alma.requests
        self._refusals_before = alma.pacer.refusals
        self._recent: deque[tuple[float, int, int]] = deque([(self._began, 0, 0)])

    def add(self, row: Row) -> None:
        """Count a row that has come to the run."""
        self.total += 1
        self.counts[row.answer] += 1

    def count(self, before: Outcome, row: Row) -> None:
        """Count a row that has moved from one answer to another."""
        self.counts[before] -= 1
        self.counts[row.answer] += 1
        if row.state is RowState.READY:
            self.planned += 1
            self.ended += 1
        elif row.state in FINAL_STATES:
            self.ended += 1
            if len(self.first) < rules.ALIKE_ROWS:
                self.first.append(row.answer)

    def snapshot(self, in_flight: int, unclear: int) -> Snapshot:
        """Say how far the run is."""
        now = self._clock.now().monotonic
        requests = self._alma.requests - self._requests_before
        self._recent.append((now, requests, self.ended))
        while now - self._recent[0][0] > RATE_SECONDS:
            self._recent.popleft()
        since, requests_then, ended_then = self._recent[0]
        seconds = max(now - since, 1e-6)
        elapsed = now - self._began
        waiting = self.counts[Outcome.NOT_TRIED] - self.planned
        return Snapshot(
            total=self.total,
            finished=self.total - waiting - self.counts[Outcome.UNCLEAR],
            counts={outcome: number for outcome, number in self.counts.items() if number},
            requests=requests,
            requests_per_second=(requests - requests_then) / seconds,
            rows_per_second=(self.ended - ended_then) / seconds,
            remaining_calls=self._alma.remaining_calls,
            in_flight=in_flight,
            unclear=unclear,
            throttled=self._alma.pacer.refusals - self._refusals_before,
            elapsed_seconds=elapsed,
            eta_seconds=waiting * elapsed / self.ended if self.ended else None,
            planned=self.planned,
        )
