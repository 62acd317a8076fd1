"""How far a chunk is, told to the metrics and the log instead of a screen."""

import logging
from collections import Counter

from almascan.fleet.metrics import Metrics
from almascan.model import Group, Run
from almascan.progress import Snapshot


class ChunkReporter:
    """Feeds the metrics with what has changed since it was last told, and logs the sentences in between.

    Args:
        metrics: The worker's numbers.
        institution: Whose chunk it is, as the metrics name it.
        logger: Takes the sentences.
    """

    def __init__(self, metrics: Metrics, institution: str, logger: logging.Logger) -> None:
        self._metrics = metrics
        self._institution = institution
        self._logger = logger
        self._last: Snapshot | None = None

    @property
    def requests_per_second(self) -> float:
        """How many requests were sent a second lately."""
        return 0.0 if self._last is None else self._last.requests_per_second

    def begin(self, run: Run, snapshot: Snapshot) -> None:  # noqa: ARG002 - the log's context names the run
        """Take where the run stands as what is already counted."""
        self._last = snapshot
        self.update(snapshot)

    def update(self, snapshot: Snapshot) -> None:
        """Count what has come since the last time, and keep where it stands."""
        last, metrics, institution = self._last or snapshot, self._metrics, self._institution
        for outcome, number in (Counter(snapshot.counts) - Counter(last.counts)).items():
            if outcome.group is not Group.OPEN:
                metrics.count_rows(institution, outcome, number)
        metrics.count_requests(institution, max(0, snapshot.requests - last.requests))
        metrics.count_refusals(institution, max(0, snapshot.throttled - last.throttled))
        metrics.set_rate(institution, snapshot.requests_per_second)
        metrics.set_rows_in_flight(institution, snapshot.in_flight)
        if snapshot.remaining_calls is not None:
            metrics.set_remaining_calls(institution, snapshot.remaining_calls)
        self._last = snapshot

    def say(self, sentence: str) -> None:
        """Log a sentence."""
        self._logger.info("%s", sentence)

    def end(self, snapshot: Snapshot) -> None:
        """Count what came last."""
        self.update(snapshot)
