"""Alma's limits on requests, per second, minute and day; ``docs/alma.md`` "Thresholds". Time is passed in."""

from collections import deque

from almascan.simulator.config import SimulatorConfig, Window
from almascan.simulator.refusals import Refusal, refuse_day, refuse_second

DAY_SECONDS = 86_400
NO_LIMIT_REMAINING = 1_000_000
"""What X-Exl-Api-Remaining says where the day has no limit."""


class Limit:
    """So many requests in any window of so many seconds (sliding), or in each of the clock's (calendar)."""

    def __init__(self, requests: int, seconds: int, window: Window) -> None:
        self.requests = requests
        self.seconds = seconds
        self.window = window
        self._times: deque[float] = deque()

    def is_met(self, now: float) -> bool:
        """Say whether one request more would be too many at ``now``, in seconds since 1970."""
        times = self._times
        start = now - self.seconds
        if self.window == "calendar":
            start = now // self.seconds * self.seconds
        # In a sliding window a request that is exactly as old as the window has left it; the clock may go back.
        while times and (times[0] < start or times[0] > now or (self.window == "sliding" and times[0] == start)):
            times.popleft()
        return len(times) >= self.requests

    def count(self, now: float) -> None:
        """Count a request that arrived at ``now``."""
        self._times.append(now)


class Thresholds:
    """All limits of an institution together, over all its keys."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self._limits = [
            Limit(requests, seconds, config.window)
            for requests, seconds in ((config.per_second, 1), (config.per_minute, 60))
            if requests
        ]
        self._day = 0
        self._day_requests = 0

    def admit(self, now: float) -> None:
        """Count a request that arrives at ``now`` (seconds since 1970, GMT), or refuse it.

        Raises:
            Refusal: If a limit is met. Whether the request counts all the same is a setting.
        """
        refusal = self._find_met(now)
        if refusal is None or self._config.refused_requests_count:
            for limit in self._limits:
                limit.count(now)
            self._day_requests += 1
        if refusal is not None:
            raise refusal

    def remaining(self, now: float) -> int:
        """Return how many requests are left until midnight, which is GMT's unless set otherwise."""
        if not self._config.per_day:
            return NO_LIMIT_REMAINING
        self._turn_day(now)
        return max(0, self._config.per_day - self._day_requests)

    def _find_met(self, now: float) -> Refusal | None:
        self._turn_day(now)
        if self._config.per_day and self._day_requests >= self._config.per_day:
            return refuse_day(self._config.daily_status)
        return refuse_second() if any(limit.is_met(now) for limit in self._limits) else None

    def _turn_day(self, now: float) -> None:
        day = int((now - self._config.midnight_hours * 3600) // DAY_SECONDS)
        if day != self._day:
            self._day, self._day_requests = day, 0
