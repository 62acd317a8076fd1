"""One stretch of work on a run: from taking its rows up until they have their answers, or it stops."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import msgspec

from almascan.alma import Alma, Limit
from almascan.clock import Clock, Stamp
from almascan.crew import Crew
from almascan.desks import Desks
from almascan.errors import ExitCode, JournalError, LeaseError
from almascan.finder import Finder
from almascan.hours import Hours
from almascan.institution import pace_of
from almascan.intake import Intake
from almascan.journal import Journal, Lease
from almascan.model import Group, Outcome, Run, RunState
from almascan.progress import Reporter
from almascan.scanner import Scanner
from almascan.stop import Stop, StoppedError
from almascan.tally import Tally
from almascan.turn import (
    ASK_SECONDS,
    QUIET_SECONDS,
    Turn,
    quiet_after_taking,
    seconds_until_next,
    since_when,
    still_on_its_way,
)

WATCH_SECONDS = 1.0
"""How often a working process looks whether another one has paused or cancelled its run, or added a row to it; all its
runs at the same moments, which costs one read of the journal."""
WATCH_LEASE_SECONDS = 0.25


class Ended(msgspec.Struct, frozen=True):
    """How a run's work ended: the run, its rows by their answer, and the exit code of the command.

    After a turn that left something to do, ``again_seconds`` says when the next is worth while.
    """

    run: Run
    counts: dict[Outcome, int]
    exit_code: ExitCode
    again_seconds: float | None = None


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
        turn: How long to work before others have their turn; the run then goes back into the queue.
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
        turn: Turn | None = None,
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
        self._limit = limit if turn is None else turn.rows
        self._turn = turn
        self._only_plans = only_plans

    async def work(self, run: Run, lease: Lease) -> Ended:
        """Work on a run that is begun.

        Args:
            run: The run.
            lease: The institution's lease, which is held.

        Returns:
            How it ended, which is recorded.

        Raises:
            AttemptError, StopError: A desk cannot be looked up, or the journal not used.
        """
        taken, more_seconds = self._clock.now(), still_on_its_way(lease, self._clock)
        await asyncio.to_thread(self._journal.recover, run.id, more_seconds=more_seconds)
        lost = since_when(await asyncio.to_thread(self._journal.lost_seconds, run.id), self._clock.now())
        first_time = run.started_at is None and not self._only_plans
        watching = [asyncio.create_task(each) for each in (self._watch(run), self._watch_lease(run))]
        self._stop.watch(self._news.set)
        try:
            await self._wait_to_begin(quiet_after_taking(lease, self._clock))
            if first_time:
                now = self._clock.now().wall
                run = await asyncio.to_thread(self._journal.change_run, run.id, started_at=now)
            await self._work_on_rows(run, taken, lost, first_time=first_time)
        finally:
            self._stop.unwatch(self._news.set)
            for each in watching:
                each.cancel()
        return await asyncio.to_thread(self._conclude, run.id)

    async def _work_on_rows(self, run: Run, taken: Stamp, lost: Mapping[int, Stamp], *, first_time: bool) -> None:
        tally = Tally(await asyncio.to_thread(self._journal.counts, run.id), self._alma, self._clock)
        stop, clock = self._stop, self._clock
        async with self._journal.writer() as writer:
            scanner = Scanner(self._alma, writer, run, self._desks, stop=stop, clock=clock, only_plans=self._only_plans)
            crew = Crew(
                scanner,
                self._alma,
                tally,
                self._reporter,
                stop=stop,
                clock=clock,
                watch_first=first_time,
                quiet_seconds=None if self._turn is None else QUIET_SECONDS,
            )
            self._reporter.begin(run, crew.snapshot())
            ending = asyncio.create_task(self._end_turn(crew))
            try:
                async with self._finding(run, scanner):
                    await crew.work(self._take_in(run, tally, lost), taken, lost)
            finally:
                ending.cancel()
                self._reporter.end(crew.snapshot())

    def _take_in(self, run: Run, tally: Tally, lost: Mapping[int, Stamp]) -> Intake:
        """Give the rows that are worked on now."""
        turn = self._turn
        return Intake(
            self._journal,
            run,
            self._limit,
            tally=tally,
            news=self._news,
            stop=self._stop,
            unclear=None if turn is None else lost.keys(),
            goes_on=lambda: turn is not None and not turn.others_wait(),
        )

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

    async def _wait_to_begin(self, quiet_seconds: float) -> None:
        """Wait until the hour at which the run may begin, and until nothing of an earlier holder leaves any more."""
        seconds = (self._hours.not_before or 0.0) - self._clock.now().wall
        if seconds > 0:
            self._reporter.say(f"It begins in {seconds / 3600:.1f} hours.")
        if seconds > 0 or quiet_seconds:
            with suppress(StoppedError):
                await self._stop.sleep(self._clock, max(seconds, quiet_seconds))

    async def _end_turn(self, crew: Crew) -> None:
        """Begin no row any more when the turn's time is over and somebody waits."""
        if self._turn is not None:
            await self._clock.sleep(self._turn.seconds)
            while not self._turn.others_wait():
                await self._clock.sleep(ASK_SECONDS)
            crew.begin_no_more()

    async def _watch_lease(self, run: Run) -> None:
        """Stop at once when the institution may be another process's: it then keeps the pace alone."""
        while self._journal.is_sure_of(run.institution):
            await self._clock.sleep(WATCH_LEASE_SECONDS)
        self._stop.request_for(
            LeaseError(f"Nothing was heard of the journal for long, so another process may work for {run.institution}.")
        )
        self._stop.abandon()

    async def _watch(self, run: Run) -> None:
        """Stop when somebody pauses or cancels the run, or its hours are over; see new rows and another pace."""
        while not self._stop.requested:
            await self._clock.sleep(WATCH_SECONDS - self._clock.now().monotonic % WATCH_SECONDS)
            if self._hours.until is not None and self._clock.now().wall >= self._hours.until:
                self._stop.request("Its hours are over (--until); resume goes on.")
            try:
                was, run = run, await self._journal.look_at(run.id)
            except JournalError:
                continue  # whoever has something to record is told, and the lease is watched
            if (was.rows, was.is_open) != (run.rows, run.is_open):
                self._news.set()
            if was.order != run.order and self._pace is not None:
                self._pace.change(*pace_of(run.order, run.environment))
            if run.state is not RunState.RUNNING:
                self._stop.request(f"It was {run.state} from elsewhere.")

    def _conclude(self, run_id: int) -> Ended:
        """Record how the work ended."""
        counts, run = self._journal.counts(run_id), self._journal.run(run_id)
        # Paused from elsewhere and resumed before what was in flight had finished, it is in the queue already.
        is_queued = run.state is RunState.QUEUED
        if is_queued or (self._turn is not None and not (self._stop.requested and self._stop.again_seconds is None)):
            seconds = self._seconds_until_next_turn(run, counts)
            if seconds is not None:
                return self._put_back(run, counts, seconds)
        is_open = run.is_open
        if self._stop.requested and (is_open or counts.get(Outcome.NOT_TRIED) or counts.get(Outcome.UNCLEAR)):
            state, reason, exit_code = RunState.PAUSED, self._stop.reason, self._stop.exit_code
        elif self._only_plans:
            state, reason, exit_code = RunState.PLANNED, "", ExitCode.DONE
        elif is_open or counts.get(Outcome.NOT_TRIED):
            state, exit_code = RunState.PAUSED, ExitCode.LEFTOVERS
            reason = f"It was asked to try {self._limit} rows; the rest is for resume."
        else:
            state, reason, exit_code = RunState.FINISHED, "", exit_code_of(counts)
        self._journal.change_run(run_id, held_for=run.institution, finished_at=self._clock.now().wall)
        run = self._journal.change_run(run_id, held_for=run.institution, state=state, reason=reason)
        self._see_calls(run)
        return Ended(run, counts, exit_code)

    def _seconds_until_next_turn(self, run: Run, counts: Mapping[Outcome, int]) -> float | None:
        """Say when the run's next turn is worth while; None where nothing is left to do."""
        asked = self._stop.again_seconds or 0.0
        if counts.get(Outcome.NOT_TRIED):
            return asked
        lost = self._journal.lost_seconds(run.id)
        return max(asked, seconds_until_next(lost, run.order.settle_seconds)) if lost else None

    def _put_back(self, run: Run, counts: dict[Outcome, int], seconds: float) -> Ended:
        """Put the run back into the queue, unless somebody has paused or cancelled it meanwhile."""
        reason = self._stop.reason if self._stop.again_seconds else ""
        self._journal.put_back(run, reason=reason, after_seconds=seconds)
        run = self._journal.run(run.id)
        self._see_calls(run)
        return Ended(run, counts, ExitCode.PAUSED, seconds if run.state is RunState.QUEUED else None)

    def _see_calls(self, run: Run) -> None:
        if self._alma.remaining_calls is not None:
            self._journal.see_calls(run.institution, self._alma.remaining_calls)


def exit_code_of(counts: Mapping[Outcome, int]) -> ExitCode:
    """Say whether a finished run leaves something to a person; a duplicate and what a person left out do not."""
    settled = (Outcome.DUPLICATE, Outcome.LEFT_OUT)
    left = [outcome for outcome in counts if outcome.group is not Group.DONE and outcome not in settled]
    return ExitCode.LEFTOVERS if left else ExitCode.DONE
