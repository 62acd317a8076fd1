"""The two clocks that a run keeps, as one object that tests replace.

The wall clock can be set, and the monotonic clock stands still while a laptop sleeps. So an age is measured on both:
what has to be refused when it is too old goes by the larger, what is permitted after a while by the smaller.
"""

import asyncio
import time
from typing import NamedTuple


class Stamp(NamedTuple):
    """One moment on both clocks, in seconds."""

    wall: float
    monotonic: float


class Clock:
    """The clocks of this machine."""

    def now(self) -> Stamp:
        """Read both clocks."""
        return Stamp(time.time(), time.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(seconds)

    def age_at_most(self, since: Stamp) -> float:
        """Return the larger age in seconds: for refusing what is too old."""
        now = self.now()
        return max(now.wall - since.wall, now.monotonic - since.monotonic)

    def age_at_least(self, since: Stamp) -> float:
        """Return the smaller age in seconds: for permitting what must wait."""
        now = self.now()
        return min(now.wall - since.wall, now.monotonic - since.monotonic)
