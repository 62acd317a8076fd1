"""The rows of a run in flight: as many at once as it takes to keep Alma's limit used, and no more.

A new row is begun whenever fewer than a handful of the run's requests wait for their turn, and none of a run that goes
first. So the number in flight follows from how long Alma takes, and a scan that takes two minutes holds up no other.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

from almascan import rules
from almascan.alma import Alma
from almascan.clock import Clock, Stamp
from almascan.errors import StopError
from almascan.model import FINAL_STATES, Row
from almascan.progress import Reporter, Snapshot
from almascan.scanner import Scanner
from almascan.stop import Stop, StoppedError
from almascan.tally import Tally

MOST_IN_FLIGHT_SECONDS = 120
"""Rows in flight are at most what is begun in this time: as long as the longest scan may take."""
FEWEST_WAITING = 4
WAITING_SECONDS = 0.1
REPORT_SECONDS = 0.25
SAY_AGAIN_SECONDS = 30.0


class Crew:
    """Brings many rows of one run forward at once.

    Args:
        scanner: Brings one row forward.
        alma: The institution's client, with its pacer.
        tally: Counts what comes out.
        reporter: Is told how far it is.
        stop: Says whether to go on.
        clock: The time.
        watch_first: Whether the first rows are looked at for a mistake that all share.
        quiet_seconds: How long to go on though every row only waits to be read again; None for as long as it takes.
    """

    def __init__(
        self,
        scanner: Scanner,
        alma: Alma,
        tally: Tally,
        reporter: Reporter,
        *,
        stop: Stop,
        clock: Clock,
        watch_first: bool,
        quiet_seconds: float | None = None,
    ) -> None:
        self._scanner = scanner
        self._lane = alma.lane
        self._pacer = alma.pacer
        self._tally = tally
        self._reporter = reporter
        self._stop = stop
        self._clock = clock
        self._watch_first = watch_first
        self._quiet_seconds = quiet_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._busy = asyncio.Event()
        self._defect: Exception | None = None
        self._is_over = False

    async def work(self, rows: AsyncIterator[Row], taken: Stamp, lost: Mapping[int, Stamp]) -> None:
        """Bring rows to their answers, until there is none left or the run stops.

        Args:
            rows: The rows, of which those with an answer are passed over; they end when the run stops.
            taken: When the run was taken up.
            lost: Since when rows are unclear that were so before, as far as it is known, by their number.

        Raises:
            Exception: A defect; what was in flight is recorded as far as it came.
        """
        self._pacer.watch(self._moved.set)
        self._stop.watch(self._moved.set)
        telling = asyncio.create_task(self._tell())
        try:
            async for row in rows:
                if row.state in FINAL_STATES:
                    self._busy.set()
                    continue
                await self._room()
                if self._ends:
                    break
                self._begin(row, lost.get(row.row, taken))
            await self._finish()
        finally:
            telling.cancel()
            self._pacer.unwatch(self._moved.set)
            self._stop.unwatch(self._moved.set)
        if self._defect is not None:
            raise self._defect

    def begin_no_more(self) -> None:
        """Have the rows in flight finish, and begin no other."""
        self._is_over = True
        self._moved.set()

    @property
    def _ends(self) -> bool:
        return self._is_over or self._stop.requested

    async def _room(self) -> None:
        """Wait until another row may be begun, or none is to be."""
        while not self._ends and not self._has_room():
            self._moved.clear()
            await self._moved.wait()
        # Where there is always room, the rows already begun still want to be served.
        await asyncio.sleep(0)

    def _has_room(self) -> bool:
        rate = self._pacer.pace.rate
        return (
            not self._lane.is_overtaken
            and self._lane.waiting < max(FEWEST_WAITING, round(rate * WAITING_SECONDS))
            and len(self._tasks) - self._scanner.unclear < max(FEWEST_WAITING, round(rate * MOST_IN_FLIGHT_SECONDS))
        )

    def _begin(self, row: Row, opened: Stamp) -> None:
        self._busy.set()
        task = asyncio.create_task(self._bring(row, opened))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._moved.set()

    async def _bring(self, row: Row, opened: Stamp) -> None:
        try:
            ended = await self._scanner.bring(row, opened)
        except StoppedError:
            return
        except StopError as error:
            self._stop.request_for(error)
        except Exception as error:  # noqa: BLE001 - raised by work, once what is in flight has ended
            self._defect = self._defect or error
            self._stop.request(f"almascan failed: {error}")
        else:
            self._tally.count(row.answer, ended)
            self._watch()

    def _watch(self) -> None:
        """Stop where all the first rows share a mistake."""
        alike = rules.all_alike(self._tally.first) if self._watch_first else None
        if alike is not None:
            self._watch_first = False
            self._stop.request(
                f"The first {rules.ALIKE_ROWS} rows all ended alike ({alike}: {alike.sentence}) "
                "Look whether desk, list and recipe are right; resume goes on."
            )

    async def _finish(self) -> None:
        """Wait for what is in flight, unless a person does not want to."""
        if self._scanner.unclear and not self._stop.requested:
            self._reporter.say("The last rows wait to be read again, for no answer to their scan came.")
        abandoned = asyncio.create_task(self._stop.abandoned())
        quiet = asyncio.create_task(self._end_when_quiet())
        try:
            while self._tasks and not abandoned.done():
                await asyncio.wait({abandoned, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            abandoned.cancel()
            quiet.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _end_when_quiet(self) -> None:
        """Stop when every row that is left has only waited to be read again for a while, where that is no reason to stay."""
        quiet = 0.0
        while self._quiet_seconds is not None and quiet < self._quiet_seconds:
            await self._clock.sleep(REPORT_SECONDS)
            quiet = quiet + REPORT_SECONDS if len(self._tasks) == self._scanner.unclear else 0.0
        if self._quiet_seconds is not None:
            self._stop.request("What is left of it waits to be read again.", again_seconds=0.0)

    def snapshot(self) -> Snapshot:
        """Say how far the run is."""
        return self._tally.snapshot(len(self._tasks), self._scanner.unclear)

    async def _tell(self) -> None:
        said_at = -SAY_AGAIN_SECONDS
        while True:
            snapshot = self.snapshot()
            self._reporter.update(snapshot)
            slowed = self._pacer.rate_now < self._pacer.pace.rate
            if slowed and snapshot.elapsed_seconds - said_at > SAY_AGAIN_SECONDS:
                said_at = snapshot.elapsed_seconds
                self._reporter.say(
                    f"Alma refused a request by the second: the rate is {self._pacer.rate_now:.1f} now, and recovers."
                )
            await self._clock.sleep(REPORT_SECONDS)
            # Looked at anew: a row may have begun and ended meanwhile, and is still to be told of.
            if not self._tasks and not self.snapshot().requests_per_second:
                # Nothing changes until the next row comes, which may be hours away in an open run.
                self._busy.clear()
                await self._busy.wait()
