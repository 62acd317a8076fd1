"""The rows of a run in flight: as many at once as it takes to keep Alma's limit used, and no more.

A new row is begun whenever fewer than a handful of requests wait for their turn. So the number in flight follows from
how long Alma takes, and a scan that takes two minutes holds up no other.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable

from almascan import rules
from almascan.alma import Alma
from almascan.clock import Clock, Stamp
from almascan.errors import StopError
from almascan.model import FINAL_STATES, Outcome, Row
from almascan.progress import Reporter, Snapshot
from almascan.scanner import Scanner
from almascan.stop import Stop, StoppedError

MOST_IN_FLIGHT_SECONDS = 120
"""Rows in flight are at most what is begun in this time: as long as the longest scan may take."""
FEWEST_WAITING = 4
WAITING_SECONDS = 0.1
REPORT_SECONDS = 0.25
RATE_SECONDS = 5.0
SAY_AGAIN_SECONDS = 30.0


class Tally:
    """What has come out so far, and how fast.

    Args:
        counts: The answers of all rows before the work began.
        alma: Counts the requests.
        clock: The time.
    """

    def __init__(self, counts: dict[Outcome, int], alma: Alma, clock: Clock) -> None:
        self.counts = Counter(counts)
        self.first: list[Outcome] = []
        self.ended = 0
        self._alma = alma
        self._clock = clock
        self._total = sum(counts.values())
        self._began = clock.now().monotonic
        self._requests_before = alma.requests
        self._recent: deque[tuple[float, int, int]] = deque([(self._began, 0, 0)])

    def count(self, before: Outcome, row: Row) -> None:
        """Count a row that has moved from one answer to another."""
        self.counts[before] -= 1
        self.counts[row.answer] += 1
        if row.state in FINAL_STATES:
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
        waiting = self.counts[Outcome.NOT_TRIED]
        return Snapshot(
            total=self._total,
            finished=self._total - waiting - self.counts[Outcome.UNCLEAR],
            counts={outcome: number for outcome, number in self.counts.items() if number},
            requests=requests,
            requests_per_second=(requests - requests_then) / seconds,
            rows_per_second=(self.ended - ended_then) / seconds,
            remaining_calls=self._alma.remaining_calls,
            in_flight=in_flight,
            unclear=unclear,
            throttled=self._alma.pacer.refusals,
            elapsed_seconds=elapsed,
            eta_seconds=waiting * elapsed / self.ended if self.ended else None,
        )


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
    ) -> None:
        self._scanner = scanner
        self._pacer = alma.pacer
        self._tally = tally
        self._reporter = reporter
        self._stop = stop
        self._clock = clock
        self._watch_first = watch_first
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._defect: Exception | None = None
        rate = self._pacer.rate_now
        self._most_waiting = max(FEWEST_WAITING, round(rate * WAITING_SECONDS))
        self._most_in_flight = max(FEWEST_WAITING, round(rate * MOST_IN_FLIGHT_SECONDS))

    async def work(self, rows: Iterable[Row], taken: Stamp) -> None:
        """Bring rows to their answers, until there is none left or the run stops.

        Args:
            rows: The rows without an answer.
            taken: When the lease was taken.

        Raises:
            Exception: A defect; what was in flight is recorded as far as it came.
        """
        self._pacer.watch(self._moved.set)
        self._stop.watch(self._moved.set)
        telling = asyncio.create_task(self._tell())
        try:
            for row in rows:
                await self._room()
                if self._stop.requested:
                    break
                self._begin(row, taken)
            await self._finish()
        finally:
            telling.cancel()
        if self._defect is not None:
            raise self._defect

    async def _room(self) -> None:
        """Wait until another row may be begun, or the run stops."""
        while not self._stop.requested and (
            self._pacer.waiting >= self._most_waiting
            or len(self._tasks) - self._scanner.unclear >= self._most_in_flight
        ):
            self._moved.clear()
            await self._moved.wait()
        # Where there is always room, the rows already begun still want to be served.
        await asyncio.sleep(0)

    def _begin(self, row: Row, taken: Stamp) -> None:
        task = asyncio.create_task(self._bring(row, taken))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._moved.set()

    async def _bring(self, row: Row, taken: Stamp) -> None:
        try:
            ended = await self._scanner.bring(row, taken)
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
        try:
            while self._tasks and not abandoned.done():
                await asyncio.wait({abandoned, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            abandoned.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

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
