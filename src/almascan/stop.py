"""How a run comes to its end early: asked by a person, by Alma, or by its own judgement."""

import asyncio
from collections.abc import Callable

from almascan.clock import Clock
from almascan.errors import (
    AlmascanError,
    AttemptError,
    ExitCode,
    JournalError,
    KeyRefusedError,
    LeaseError,
    QuotaError,
    StopError,
)

ALMA_AGAIN_SECONDS = 20.0
"""How long an Alma that does not answer, or refuses everything, is left alone by a worker of a fleet."""

_AGAIN_SECONDS: dict[type[AlmascanError], float] = {
    LeaseError: 2.0,
    JournalError: 2.0,
    AttemptError: ALMA_AGAIN_SECONDS,
    KeyRefusedError: 5.0,  # its worker has let go of the key, and another may have a better one
    QuotaError: 3600.0,  # when the day's calls are counted anew is not certain: docs/alma.md "Thresholds"
}


def again_after(error: BaseException) -> float | None:
    """Say after how many seconds it is worth going on though there was an error; None where a person must see to it."""
    return next((seconds for kind, seconds in _AGAIN_SECONDS.items() if isinstance(error, kind)), None)


class StoppedError(Exception):
    """Raised in the work on a row when the run stops; the row stays as the journal has it."""


class Stop:
    """The one place that says whether a run goes on.

    Attributes:
        reason: Why it stops, in a sentence; "" while it does not.
        exit_code: What the command ends with.
        again_seconds: After how long a worker of a fleet may go on by itself; None where a person must say so.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.exit_code = ExitCode.DONE
        self.again_seconds: float | None = None
        self._event = asyncio.Event()
        self._now = asyncio.Event()
        self._watchers: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """Whether the run is to stop."""
        return self._event.is_set()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have a function called when the run is to stop, until ``unwatch``."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call a function no more."""
        self._watchers.remove(watcher)

    def request(
        self, reason: str, exit_code: ExitCode = ExitCode.PAUSED, *, again_seconds: float | None = None
    ) -> None:
        """Let what is in flight finish, and begin nothing new; the first reason stays."""
        if not self.requested:
            self.reason, self.exit_code, self.again_seconds = reason, exit_code, again_seconds
        self._set()

    def request_for(self, error: StopError) -> None:
        """Stop because of an error that no other row would be spared."""
        self.request(str(error), error.exit_code, again_seconds=again_after(error))

    def abandon(self) -> None:
        """Do not even wait for what is in flight."""
        self._set()
        self._now.set()

    def _set(self) -> None:
        self._event.set()
        for watcher in self._watchers:
            watcher()

    async def abandoned(self) -> None:
        """Wait until nothing is waited for any more."""
        await self._now.wait()

    def check(self) -> None:
        """Raise StoppedError if the run is to stop."""
        if self.requested:
            raise StoppedError

    async def sleep(self, clock: Clock, seconds: float) -> None:
        """Wait, but no longer than the run goes on.

        Raises:
            StoppedError: The run stops meanwhile.
        """
        waits = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(self._event.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self.check()
