"""One stretch of work on a run: from taking its rows up until they have their answers, or it stops."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import msgspec

from almascan.alma import Alma, Limit
from almascan.clock import Clock, Stamp
from almascan.crew import Crew
from almascan.desks import Desks
from almascan.errors import ExitCode
from almascan.finder import Finder
from almascan.hours import Hours
from almascan.institution import pace_of
from almascan.intake import Intake
from almascan.journal import Journal
from almascan.model import Group, Outcome, Run, RunState
from almascan.progress import Reporter
from almascan.scanner import Scanner
from almascan.stop import Stop, StoppedError
from almascan.tally import Tally

WATCH_SECONDS = 1.0
"""How often a working process looks whether another one has paused or cancelled its run, or added a row to it."""


class Ended(msgspec.Struct, frozen=True):
    """How a run's work ended: the run, its rows by their answer, and the exit code of the command."""

    run: Run
    counts: dict[Outcome, int]
    exit_code: ExitCode


class Shift:
    """Brings the open rows of a run to their answers.

    Args:
        alma: The institution's client.
        journal: The journal; the institution's lease is held.
        reporter: Is told how far the run is.
        desks: Says where rows are scanned.
        stop: Ends the work early.
        clock: The time.
        hours: Between which moments rows are worked on.
        news: Set whenever a row has come to an open run, or it was closed.
        pace: The limit that is kept meanwhile; it follows the run's order, which a person may change.
        limit: How many rows to try.
        only_plans: Whether rows are looked at and decided, and none is scanned.
    """

    def __init__(
        self,
        alma: Alma,
        journal: Journal,
        reporter: Reporter,
        desks: Desks,
        *,
        stop: Stop,
        clock: Clock,
        hours: Hours,
        news: asyncio.Event,
        pace: Limit | None,
        limit: int | None = None,
        only_plans: bool = False,
    ) -> None:
        self._alma = alma
        self._journal = journal
        self._reporter = reporter
        self._desks = desks
        self._stop = stop
        self._clock = clock
        self._hours = hours
        self._news = news
        self._pace = pace
        self._limit = limit
        self._only_plans = only_plans

    async def work(self, run: Run) -> Ended:
        """Work on a run that is begun.

        Args:
            run: The run.

        Returns:
            How it ended, which is recorded.

        Raises:
            AttemptError, StopError: A desk cannot be looked up, or the journal not used.
        """
        taken = self._clock.now()
        await asyncio.to_thread(self._journal.recover, run.id)
        first_time = run.started_at is None and not self._only_plans
        watching = asyncio.create_task(self._watch(run))
        self._stop.watch(self._news.set)
        try:
            await self._wait_to_begin()
            if first_time:
                now = self._clock.now().wall
                run = await asyncio.to_thread(self._journal.change_run, run.id, started_at=now)
            await self._work_on_rows(run, taken, first_time=first_time)
        finally:
            self._stop.unwatch(self._news.set)
            watching.cancel()
        return await asyncio.to_thread(self._conclude, run.id)

    async def _work_on_rows(self, run: Run, taken: Stamp, *, first_time: bool) -> None:
        tally = Tally(await asyncio.to_thread(self._journal.counts, run.id), self._alma, self._clock)
        stop, clock = self._stop, self._clock
        async with self._journal.writer() as writer:
            scanner = Scanner(self._alma, writer, run, self._desks, stop=stop, clock=clock, only_plans=self._only_plans)
            crew = Crew(scanner, self._alma, tally, self._reporter, stop=stop, clock=clock, watch_first=first_time)
            self._reporter.begin(run, crew.snapshot())
            try:
                async with self._finding(run, scanner):
                    rows = Intake(self._journal, run, self._limit, tally=tally, news=self._news, stop=stop)
                    await crew.work(rows, taken)
            finally:
                self._reporter.end(crew.snapshot())

    @asynccontextmanager
    async def _finding(self, run: Run, scanner: Scanner) -> AsyncIterator[None]:
        """Have the scanner find barcodes through temporary sets, where the order says so."""
        if run.order.locate != "set":
            yield
            return
        finder = Finder(
            self._alma,
            self._journal,
            run.institution,
            scanner.read,
            stop=self._stop,
            clock=self._clock,
            say=self._reporter.say,
        )
        async with finder:
            scanner.finder = finder
            yield

    async def _wait_to_begin(self) -> None:
        """Wait until the hour at which the run may begin."""
        seconds = (self._hours.not_before or 0.0) - self._clock.now().wall
        if seconds > 0:
            self._reporter.say(f"It begins in {seconds / 3600:.1f} hours.")
            with suppress(StoppedError):
                await self._stop.sleep(self._clock, seconds)

    async def _watch(self, run: Run) -> None:
        """Stop when somebody pauses or cancels the run, or its hours are over; see new rows and another pace."""
        while not self._stop.requested:
            await self._clock.sleep(WATCH_SECONDS)
            if self._hours.until is not None and self._clock.now().wall >= self._hours.until:
                self._stop.request("Its hours are over (--until); resume goes on.")
            was, run = run, self._journal.run(run.id)
            if (was.rows, was.is_open) != (run.rows, run.is_open):
                self._news.set()
            if was.order != run.order and self._pace is not None:
                self._pace.change(*pace_of(run.order, run.environment))
            if run.state is not RunState.RUNNING:
                self._stop.request(f"It was {run.state} from elsewhere.")

    def _conclude(self, run_id: int) -> Ended:
        """Record how the work ended."""
        counts = self._journal.counts(run_id)
        is_open = self._journal.run(run_id).is_open
        if self._stop.requested and (is_open or counts.get(Outcome.NOT_TRIED) or counts.get(Outcome.UNCLEAR)):
            state, reason, exit_code = RunState.PAUSED, self._stop.reason, self._stop.exit_code
        elif self._only_plans:
            state, reason, exit_code = RunState.PLANNED, "", ExitCode.DONE
        elif is_open or counts.get(Outcome.NOT_TRIED):
            state, exit_code = RunState.PAUSED, ExitCode.LEFTOVERS
            reason = f"It was asked to try {self._limit} rows; the rest is for resume."
        else:
            state, reason, exit_code = RunState.FINISHED, "", exit_code_of(counts)
        self._journal.change_run(run_id, finished_at=self._clock.now().wall)
        run = self._journal.change_run(run_id, state=state, reason=reason)
        if self._alma.remaining_calls is not None:
            self._journal.see_calls(run.institution, self._alma.remaining_calls)
        return Ended(run, counts, exit_code)


def exit_code_of(counts: Mapping[Outcome, int]) -> ExitCode:
    """Say whether a finished run leaves something to a person; a duplicate and what a person left out do not."""
    settled = (Outcome.DUPLICATE, Outcome.LEFT_OUT)
    left = [outcome for outcome in counts if outcome.group is not Group.DONE and outcome not in settled]
    return ExitCode.LEFTOVERS if left else ExitCode.DONE
