"""How a process that works on runs sees what others change of them: whoever asks at one moment is answered by one read."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from almascan.errors import UsageError
from almascan.journal import runs
from almascan.journal.store import Store
from almascan.model import Run

GATHER_SECONDS = 0.02
"""How long those who ask at about the same moment are waited for."""


class _Look(NamedTuple):
    """A read that is about to be made, and the runs that are asked for."""

    wanted: set[int]
    reading: "asyncio.Task[Mapping[int, Run]]"


class AtWork(Store):
    """The part of a journal that is about runs which are worked on."""

    _look: _Look | None = None

    async def look_at(self, run_id: int) -> Run:
        """Return a run as it is now; forty runs that are looked at together cost one read.

        Raises:
            UsageError: It was deleted.
            JournalError: The journal cannot be used.
        """
        look = self._look
        if look is None or look.reading.get_loop() is not asyncio.get_running_loop():
            wanted: set[int] = set()
            look = self._look = _Look(wanted, asyncio.create_task(self._read_soon(wanted)))
            look.reading.add_done_callback(_hear_of_error)
        look.wanted.add(run_id)
        found = await asyncio.shield(look.reading)
        if run_id not in found:
            raise UsageError(f"The journal {self.place} has no run {run_id} any more.")
        return found[run_id]

    async def _read_soon(self, wanted: set[int]) -> Mapping[int, Run]:
        await asyncio.sleep(GATHER_SECONDS)
        if self._look is not None and self._look.wanted is wanted:
            self._look = None  # who asks from now on is not answered by what is read now
        return await asyncio.to_thread(self._read_runs, frozenset(wanted))

    def _read_runs(self, run_ids: frozenset[int]) -> Mapping[int, Run]:
        with self._reads() as connection:
            return runs.find_numbered(connection, run_ids)


def _hear_of_error(reading: "asyncio.Task[Mapping[int, Run]]") -> None:
    """Take an error as heard of: whoever asked may have gone meanwhile."""
    if not reading.cancelled():
        reading.exception()
