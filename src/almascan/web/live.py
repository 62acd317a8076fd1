"""What a run that works in this process tells: the latest snapshot, what was said, and the rate over time."""

import asyncio
from collections import deque
from itertools import pairwise

import msgspec

from almascan.model import Run
from almascan.progress import Snapshot

BARS = 60
"""How many bars the chart of the rate has at most."""
FIRST_BAR_SECONDS = 2.0
MESSAGES = 6


class Bar(msgspec.Struct, frozen=True):
    """Rows answered in a stretch of time: from when to when (seconds since the work began), and how many."""

    since_seconds: float
    until_seconds: float
    rows: int


class Live:
    """A reporter whose last words are kept for whoever looks.

    Attributes:
        begun: Done with the run once it is loaded and its work begins.
        snapshot: How far it is; None before it began.
        messages: The latest sentences.
    """

    def __init__(self) -> None:
        self.begun: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self.snapshot: Snapshot | None = None
        self.messages: deque[str] = deque(maxlen=MESSAGES)
        self._marks: list[tuple[float, int]] = []
        self._step_seconds = FIRST_BAR_SECONDS

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        """Take note of the run."""
        self._marks = [(snapshot.elapsed_seconds, snapshot.finished)]
        self.snapshot = snapshot
        if not self.begun.done():
            self.begun.set_result(run)

    def update(self, snapshot: Snapshot) -> None:
        """Keep how far it is."""
        self.snapshot = snapshot
        if snapshot.elapsed_seconds - self._marks[-1][0] >= self._step_seconds:
            self._marks.append((snapshot.elapsed_seconds, snapshot.finished))
        if len(self._marks) > BARS:
            # Half as many bars, each twice as long: the chart costs the same after a second and after a night.
            self._marks = self._marks[::2]
            self._step_seconds *= 2

    def say(self, sentence: str) -> None:
        """Keep a sentence."""
        self.messages.append(sentence)

    def end(self, snapshot: Snapshot) -> None:
        """Keep where it stands at the end."""
        self.snapshot = snapshot

    def bars(self) -> list[Bar]:
        """Give the rows answered over time, the oldest first."""
        marks = list(self._marks)
        return [Bar(since, until, max(0, rows - before)) for (since, before), (until, rows) in pairwise(marks)]
