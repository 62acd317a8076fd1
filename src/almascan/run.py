"""The main flow: read the list, locate, look, decide, scan, and leave a record that reports are made from.

``Runner.scan`` is the whole of it, from top to bottom. What happens to one row is ``almascan.scanner``, how many rows
are in flight ``almascan.crew``, what is decided ``almascan.rules``, what is recorded ``almascan.journal``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import chain, islice
from typing import Any

import msgspec

from almascan import rules
from almascan.alma import Alma
from almascan.clock import Clock, Stamp
from almascan.crew import Crew, Tally
from almascan.desks import Desks
from almascan.errors import ExitCode, KeyRefusedError, UsageError
from almascan.finder import Finder
from almascan.hours import Hours
from almascan.intervene import reopen_failed
from almascan.journal import Journal, say_who
from almascan.lists import Listing
from almascan.loading import load_list
from almascan.model import DEFAULT_PACE, Environment, Group, Order, Outcome, Row, RowState, Run, RunState
from almascan.preview import Institution, Preview, make_preview
from almascan.progress import Reporter
from almascan.scanner import Scanner
from almascan.stop import Stop, StoppedError

WATCH_SECONDS = 1.0
"""How often a working process looks whether another one has paused or cancelled its run."""


class Ended(msgspec.Struct, frozen=True):
    """How a run's work ended: the run, its rows by their answer, and the exit code of the command."""

    run: Run
    counts: dict[Outcome, int]
    exit_code: ExitCode


class Runner:
    """Works on runs of one institution.

    Args:
        alma: The institution's client.
        journal: Where runs are recorded.
        reporter: Is told how far a run is.
        stop: Ends the work early.
        clock: The time.
        hours: Between which moments rows are worked on.
    """

    def __init__(
        self,
        alma: Alma,
        journal: Journal,
        reporter: Reporter,
        *,
        stop: Stop | None = None,
        clock: Clock | None = None,
        hours: Hours | None = None,
    ) -> None:
        self.alma = alma
        self._journal = journal
        self._reporter = reporter
        self._stop = stop or Stop()
        self._clock = clock or Clock()
        self._hours = hours or Hours()

    async def scan(
        self,
        listing: Listing,
        order: Order,
        *,
        confirm: Callable[[Preview], bool] = lambda _: True,
        limit: int | None = None,
    ) -> Ended | None:
        """Scan a list in.

        Args:
            listing: The list.
            order: What to do with it.
            confirm: Is shown what is about to happen, and says whether it may.
            limit: How many rows to try now; the rest stays for ``resume``.

        Returns:
            How it ended; None where it was not confirmed, which leaves nothing behind.

        Raises:
            StopError: Nothing was scanned: the key, the desk, the list or the journal cannot be used, or another
                process works for the institution.
            AttemptError: Alma cannot be reached.
        """
        async with self._loaded(listing, order) as (run, institution, desks):
            if not self._confirm(confirm, await self._preview(run, institution, desks, limit)):
                return None
            return await self._work(self._journal.begin_run(run.id), desks, limit=limit)

    async def plan(self, listing: Listing, order: Order, *, limit: int | None = None) -> Ended:
        """Look at every item of a list and decide, and scan none; ``resume`` scans what the plan said.

        Raises:
            StopError, AttemptError: As ``scan``.
        """
        async with self._loaded(listing, order) as (run, _, desks):
            return await self._work(self._journal.begin_run(run.id), desks, limit=limit, only_plans=True)

    async def resume(self, run_id: int, *, limit: int | None = None, changes: Mapping[str, Any] | None = None) -> Ended:
        """Go on with what is not finished of a run, its unclear rows included.

        Args:
            run_id: The run.
            limit: How many rows to try now.
            changes: Fields of the run's order that are to be different from now on (rate, keep_calls, ...).

        Returns:
            How it ended.

        Raises:
            StopError, AttemptError: As ``scan``.
        """
        return await self._go_on(self._journal.run(run_id), limit, changes or {}, reopen=False)

    async def retry(self, run_id: int) -> Ended:
        """Try the failed rows of a run once more, and read its unclear ones again; raises as ``scan``."""
        return await self._go_on(self._journal.run(run_id), None, {}, reopen=True)

    async def _go_on(self, run: Run, limit: int | None, changes: Mapping[str, Any], *, reopen: bool) -> Ended:
        if run.state is RunState.FINISHED:
            counts = self._journal.counts(run.id)
            if not _has_work(counts, reopen=reopen):
                self._reporter.say(f"Run {run.id} is finished: there is nothing to do.")
                return Ended(run, counts, _exit_code(counts))
        order = msgspec.structs.replace(run.order, **changes)
        institution = await self._meet(order)
        _check_goes_on(run, institution)
        desks = await self._find_desks(order)
        with self._journal.lease(institution.code):
            self._journal.begin_run(run.id)
            if reopen:
                reopen_failed(self._journal, run.id, self._clock.now().wall)
            return await self._work(self._journal.change_run(run.id, order=order), desks, limit=limit)

    # The parts of the flow, in its order

    @asynccontextmanager
    async def _loaded(self, listing: Listing, order: Order) -> AsyncIterator[tuple[Run, Institution, Desks]]:
        """Have a list recorded as a run, and the institution's lease held."""
        institution = await self._meet(order)
        desks = await self._find_desks(order)
        with self._journal.lease(institution.code):
            run = load_list(self._journal, listing, self._start(listing, order, institution))
            await self._check_desks(run, desks)
            yield run, institution, desks

    async def _meet(self, order: Order) -> Institution:
        """Try the key before any work, learn whose it is, and set the pace that is due there."""
        code = await self.alma.test_read()
        await self.alma.test_write()
        name: str = code
        environment: Environment = "unknown"
        try:
            general = await self.alma.general()
            name, environment = general.name or code, general.environment
        except KeyRefusedError:
            self._reporter.say("The key may not read the configuration: desks are not checked, nor which Alma this is.")
        institution = Institution(code, name, environment)
        self.alma.pacer.limit(*_pace(order, institution.environment))
        if self.alma.remaining_calls is not None:
            self._journal.see_calls(code, self.alma.remaining_calls)
        return institution

    def _complete(self, order: Order, institution: Institution) -> Order:
        """Fix for the whole run what the order leaves to the institution's circumstances."""
        rate, per_minute = _pace(order, institution.environment)
        keep_calls = order.keep_calls
        if keep_calls is None:
            keep_calls = rules.floor_of_calls(self._journal.most_calls_seen(institution.code))
        return msgspec.structs.replace(order, rate=rate, per_minute=per_minute, keep_calls=keep_calls)

    def _start(self, listing: Listing, order: Order, institution: Institution) -> Run:
        """Give the run that is about to be recorded."""
        return Run(
            id=0,
            institution=institution.code,
            base_url=self.alma.base_url,
            environment=institution.environment,
            state=RunState.LOADING,
            list_name=listing.name,
            list_digest="",
            list_notes={},
            order=self._complete(order, institution),
            rows=0,
            who=say_who(),
            created_at=self._clock.now().wall,
        )

    async def _find_desks(self, order: Order) -> Desks:
        """Look the order's desks up before anything is sent to them."""
        desks = Desks(self.alma, order.desk_map)
        for step in rules.steps_of(order):
            await desks.find(step.desk)
            await desks.check_work_order(step.desk, step.options)
        return desks

    async def _check_desks(self, run: Run, desks: Desks) -> None:
        """Look the desks up that the list's rows name; a list with an unknown one leaves nothing behind."""
        try:
            for desk, _ in self._journal.desks(run.id):
                await desks.find(desk)
        except BaseException:
            self._journal.delete_run(run.id)
            raise

    async def _preview(self, run: Run, institution: Institution, desks: Desks, limit: int | None) -> Preview:
        return make_preview(
            run,
            self._journal.counts(run.id),
            institution,
            await desks.find(run.order.desk),
            limit=limit,
            remaining_calls=self.alma.remaining_calls,
            twin=self._journal.twin(run),
        )

    def _confirm(self, confirm: Callable[[Preview], bool], preview: Preview) -> bool:
        """Ask whether to begin; where the answer is no, or there is none, nothing is left behind."""
        confirmed = False
        try:
            confirmed = confirm(preview)
        finally:
            if not confirmed:
                self._journal.delete_run(preview.run.id)
        return confirmed

    async def _work(self, run: Run, desks: Desks, *, limit: int | None, only_plans: bool = False) -> Ended:
        """Bring the open rows of a run that is begun to their answers; the lease is held."""
        taken = self._clock.now()
        self._journal.recover(run.id)
        first_time = run.started_at is None and not only_plans
        watching = asyncio.create_task(self._watch(run.id))
        try:
            await self._wait_to_begin()
            if not only_plans and run.started_at is None:
                run = self._journal.change_run(run.id, started_at=self._clock.now().wall)
            await self._work_on_rows(run, desks, taken, limit, only_plans=only_plans, first_time=first_time)
        finally:
            watching.cancel()
        return self._conclude(run, limit, only_plans=only_plans)

    async def _work_on_rows(
        self, run: Run, desks: Desks, taken: Stamp, limit: int | None, *, only_plans: bool, first_time: bool
    ) -> None:
        tally = Tally(self._journal.counts(run.id), self.alma, self._clock)
        async with self._journal.writer() as writer:
            scanner = Scanner(self.alma, writer, run, desks, stop=self._stop, clock=self._clock, only_plans=only_plans)
            crew = Crew(
                scanner, self.alma, tally, self._reporter, stop=self._stop, clock=self._clock, watch_first=first_time
            )
            self._reporter.begin(run, crew.snapshot())
            try:
                async with self._finding(run, scanner):
                    await crew.work(_first(self._journal, run.id, limit), taken)
            finally:
                self._reporter.end(crew.snapshot())

    @asynccontextmanager
    async def _finding(self, run: Run, scanner: Scanner) -> AsyncIterator[None]:
        """Have the scanner find barcodes through temporary sets, where the order says so."""
        if run.order.locate != "set":
            yield
            return
        finder = Finder(
            self.alma,
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

    async def _watch(self, run_id: int) -> None:
        """Stop when another process pauses or cancels the run, or its hours are over."""
        while not self._stop.requested:
            await self._clock.sleep(WATCH_SECONDS)
            if self._hours.until is not None and self._clock.now().wall >= self._hours.until:
                self._stop.request("Its hours are over (--until); resume goes on.")
            state = self._journal.run(run_id).state
            if state is not RunState.RUNNING:
                self._stop.request(f"It was {state} from elsewhere.")

    def _conclude(self, run: Run, limit: int | None, *, only_plans: bool) -> Ended:
        """Record how the work ended."""
        counts = self._journal.counts(run.id)
        if self._stop.requested and (counts.get(Outcome.NOT_TRIED) or counts.get(Outcome.UNCLEAR)):
            state, reason, exit_code = RunState.PAUSED, self._stop.reason, self._stop.exit_code
        elif only_plans:
            state, reason, exit_code = RunState.PLANNED, "", ExitCode.DONE
        elif counts.get(Outcome.NOT_TRIED):
            state, exit_code = RunState.PAUSED, ExitCode.LEFTOVERS
            reason = f"It was asked to try {limit} rows; the rest is for resume."
        else:
            state, reason, exit_code = RunState.FINISHED, "", _exit_code(counts)
        self._journal.change_run(run.id, finished_at=self._clock.now().wall)
        run = self._journal.change_run(run.id, state=state, reason=reason)
        if self.alma.remaining_calls is not None:
            self._journal.see_calls(run.institution, self.alma.remaining_calls)
        return Ended(run, counts, exit_code)


def _check_goes_on(run: Run, institution: Institution) -> None:
    """Refuse a run that is another institution's, or that nobody has said yes to."""
    if run.state is RunState.READY:
        raise UsageError(
            f"Run {run.id} was never begun: its process ended before anybody said yes. Scan its list anew, or put the "
            f"run away: almascan cancel {run.id}"
        )
    if run.institution != institution.code:
        raise UsageError(
            f"Run {run.id} belongs to {run.institution}, and this key to {institution.code}; "
            "use that institution's key or profile."
        )


def _pace(order: Order, environment: Environment) -> tuple[float, int]:
    """Return the requests a second and a minute: what was asked for, or what is due there."""
    rate, per_minute = DEFAULT_PACE[environment]
    if order.rate is not None:
        return order.rate, order.per_minute or 0
    return rate, per_minute if order.per_minute is None else order.per_minute


def _first(journal: Journal, run_id: int, limit: int | None) -> Iterator[Row]:
    """Give all open rows of a run, or every unclear one and the first ones not tried yet."""
    rows = journal.rows(run_id, only_open=True)
    if limit is None:
        return rows
    unclear = list(journal.rows_in_state(run_id, RowState.UNCLEAR))
    # One that turns out not to have happened is in hand already when its turn in the list comes.
    in_hand = {row.row for row in unclear}
    not_tried = (row for row in rows if row.answer is Outcome.NOT_TRIED and row.row not in in_hand)
    return chain(unclear, islice(not_tried, limit))


def _has_work(counts: Mapping[Outcome, int], *, reopen: bool) -> bool:
    """Say whether a run has rows to go on with; with ``reopen`` the failed ones too."""
    failed = reopen and any(outcome.group is Group.FAILED and outcome is not Outcome.BAD_BARCODE for outcome in counts)
    return failed or Outcome.NOT_TRIED in counts or Outcome.UNCLEAR in counts


def _exit_code(counts: Mapping[Outcome, int]) -> ExitCode:
    """Say whether a finished run leaves something to a person; a duplicate does not."""
    left = [outcome for outcome in counts if outcome.group is not Group.DONE and outcome is not Outcome.DUPLICATE]
    return ExitCode.LEFTOVERS if left else ExitCode.DONE
