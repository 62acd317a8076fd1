"""The main flow: read the list, locate, look, decide, scan, and leave a record that reports are made from.

``Runner.scan`` is the whole of it, from top to bottom. The work on a run's rows is ``almascan.shift``, what happens to
one row ``almascan.scanner``, how many rows are in flight ``almascan.crew``, what is decided ``almascan.rules``, what is
recorded ``almascan.journal``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from almascan import rules
from almascan.acquaintance import Acquaintance
from almascan.alma import Alma, Limit
from almascan.clock import Clock
from almascan.desks import Desks
from almascan.errors import AlmascanError, ExitCode, UsageError
from almascan.hours import Hours
from almascan.institution import Institution, meet, pace_of
from almascan.intervene import refuse_unbegun, reopen_failed
from almascan.journal import Journal, Lease, say_who
from almascan.lists import Listing
from almascan.loading import begin_record, load
from almascan.model import Order, Outcome, Run, RunState
from almascan.preview import Preview, make_preview
from almascan.progress import Reporter
from almascan.shift import Ended, Shift, exit_code_of
from almascan.stop import Stop, again_after
from almascan.turn import Turn

__all__ = ["Ended", "Runner"]

Confirm = Callable[[Preview], bool]
"""Is shown what is about to happen, and says whether it may."""


class Runner:
    """Works on runs of one institution, one at a time; several runners of an institution may work beside each other.

    Those share the journal and the pacer, and each has a client, a reporter and a stop of its own.

    Args:
        alma: The institution's client.
        journal: Where runs are recorded.
        reporter: Is told how far a run is; its ``begin`` comes before the first request about a row.
        stop: Ends the work early.
        clock: The time.
        hours: Between which moments rows are worked on.
        who: Who gives the commands; by default the user and the machine.
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
        who: str | None = None,
    ) -> None:
        self.alma = alma
        self._journal = journal
        self._reporter = reporter
        self._stop = stop or Stop()
        self._clock = clock or Clock()
        self._hours = hours or Hours()
        self._who = who or say_who()
        self._news = asyncio.Event()
        self._limit: Limit | None = None

    async def scan(
        self, listing: Listing, order: Order, *, confirm: Confirm = lambda _: True, limit: int | None = None
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
        async with self._met(order) as institution:
            desks = await self._find_desks(order)
            with self._journal.lease(institution.code) as lease:
                run = await self._load(listing, order, institution, desks)
                if not await self._is_confirmed(confirm, run, institution, desks, limit):
                    return None
                return await self._work(run.id, desks, lease, limit=limit)

    async def plan(self, listing: Listing, order: Order, *, limit: int | None = None) -> Ended:
        """Look at every item of a list and decide, and scan none; ``resume`` scans what the plan said.

        Raises:
            StopError, AttemptError: As ``scan``.
        """
        async with self._met(order) as institution:
            desks = await self._find_desks(order)
            with self._journal.lease(institution.code) as lease:
                run = await self._load(listing, order, institution, desks)
                return await self._work(run.id, desks, lease, limit=limit, only_plans=True)

    async def queue(self, listing: Listing, order: Order, *, confirm: Confirm = lambda _: True) -> Run | None:
        """Record a run for whichever process works for the institution, which may be another one just now.

        Args:
            listing: The list.
            order: What is to be done with it.
            confirm: Is shown what is about to happen, and says whether it may.

        Returns:
            The run, for ``resume``; None where it was not confirmed, which leaves nothing behind.

        Raises:
            StopError, AttemptError: As ``scan``, but for another process that works for the institution.
        """
        async with self._met(order) as institution:
            desks = await self._find_desks(order)
            run = await self._load(listing, order, institution, desks)
            if not await self._is_confirmed(confirm, run, institution, desks, None):
                return None
            await asyncio.to_thread(self._journal.queue_run, run.id)
            run = await asyncio.to_thread(self._journal.run, run.id)
        if run.state is RunState.CANCELLED:
            raise UsageError(f"Run {run.id} was cancelled while it was asked about: nothing is left to be scanned.")
        return run

    async def open(self, order: Order, name: str) -> Ended:
        """Begin a run without rows and work on those that come, until it is closed or stops.

        Rows come by ``Journal.append_row``, and ``Journal.close_run`` ends it; tell it by ``more``. Each barcode is
        looked up by itself, whatever the order says.

        Args:
            order: What to do with each.
            name: What stands for a list's name.

        Returns:
            How it ended.

        Raises:
            StopError, AttemptError: As ``scan``.
        """
        order = msgspec.structs.replace(order, locate="single")
        async with self._met(order) as institution:
            desks = await self._find_desks(order)
            with self._journal.lease(institution.code) as lease:
                run = await self._begin_record(name, order, institution)
                run = await load(self._journal, msgspec.structs.replace(run, is_open=True))
                return await self._work(run.id, desks, lease)

    def more(self) -> None:
        """Say that a row has come to the open run that is worked on, or that it was closed; from its event loop."""
        self._news.set()

    async def resume(self, run_id: int, *, limit: int | None = None, changes: Mapping[str, Any] | None = None) -> Ended:
        """Go on with what is not finished of a run, its unclear rows included, or begin a queued one.

        An open run is worked on until it is closed, unless ``limit`` is given.

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

    async def take_turn(self, run_id: int, turn: Turn, acquaintance: Acquaintance) -> Ended:
        """Work on a run of the queue for a while; it goes back there, unless it is finished or must wait for a person.

        Args:
            run_id: The run; one that was paused, cancelled or taken up by somebody meanwhile is left alone.
            turn: How long the turn is.
            acquaintance: What is known of the institution from earlier turns.

        Returns:
            How the turn ended.

        Raises:
            StopError, AttemptError: As ``scan``.
        """
        run = await asyncio.to_thread(self._journal.run, run_id)
        if run.state is not RunState.QUEUED:
            return Ended(run, await asyncio.to_thread(self._journal.counts, run_id), ExitCode.DONE)
        async with self._met(run.order, acquaintance) as institution:
            _check_goes_on(run, institution)
            desks = await acquaintance.desks(self.alma, run.order, self._find_desks)
            with self._journal.lease(institution.code) as lease:
                return await self._work(run.id, desks, lease, turn=turn)

    async def _go_on(self, run: Run, limit: int | None, changes: Mapping[str, Any], *, reopen: bool) -> Ended:
        if run.state is RunState.FINISHED:
            counts = await asyncio.to_thread(self._journal.counts, run.id)
            if not _has_work(counts, reopen=reopen):
                self._reporter.say(f"Run {run.id} is finished: there is nothing to do.")
                return Ended(run, counts, exit_code_of(counts))
        order = msgspec.structs.replace(run.order, **changes)
        async with self._met(order) as institution:
            _check_goes_on(run, institution)
            desks = await self._find_desks(order)
            with self._journal.lease(institution.code) as lease:
                return await self._work(run.id, desks, lease, limit=limit, order=order, reopen=reopen)

    # The parts of the flow, in its order

    @asynccontextmanager
    async def _met(self, order: Order, acquaintance: Acquaintance | None = None) -> AsyncIterator[Institution]:
        """Meet the institution, unless it is known well, and keep the pace that is due there until the end."""
        meeting = meet if acquaintance is None else acquaintance.meet
        institution = await meeting(self.alma, self._reporter.say)
        with self.alma.pacer.limited(*pace_of(order, institution.environment)) as self._limit:
            if self.alma.remaining_calls is not None:
                await asyncio.to_thread(self._journal.see_calls, institution.code, self.alma.remaining_calls)
            yield institution

    async def _find_desks(self, order: Order) -> Desks:
        """Look the order's desks up before anything is sent to them."""
        desks = Desks(self.alma, order.desk_map)
        for step in rules.steps_of(order):
            await desks.find(step.desk)
            await desks.check_work_order(step.desk, step.options)
        return desks

    async def _begin_record(self, name: str, order: Order, institution: Institution) -> Run:
        """Give the run that is about to be recorded."""
        return begin_record(
            name,
            order,
            institution,
            base_url=self.alma.base_url,
            who=self._who,
            at=self._clock.now().wall,
            most_calls_seen=await asyncio.to_thread(self._journal.most_calls_seen, institution.code),
        )

    async def _load(self, listing: Listing, order: Order, institution: Institution, desks: Desks) -> Run:
        """Have a list recorded as a run; one that names an unknown desk leaves nothing behind."""
        run = await load(self._journal, await self._begin_record(listing.name, order, institution), listing)
        async with self._deleted_on_error(run):
            for desk, _ in await asyncio.to_thread(self._journal.desks, run.id):
                await desks.find(desk)
        return run

    async def _is_confirmed(
        self, confirm: Confirm, run: Run, institution: Institution, desks: Desks, limit: int | None
    ) -> bool:
        """Ask whether to begin; where the answer is no, or there is none, nothing is left behind."""
        async with self._deleted_on_error(run):
            preview = make_preview(
                run,
                await asyncio.to_thread(self._journal.counts, run.id),
                institution,
                await desks.find(run.order.desk),
                limit=limit,
                remaining_calls=self.alma.remaining_calls,
                twin=await asyncio.to_thread(self._journal.twin, run),
            )
            confirmed = confirm(preview)
        if not confirmed:
            await asyncio.to_thread(self._journal.delete_run, run.id)
        return confirmed

    @asynccontextmanager
    async def _deleted_on_error(self, run: Run) -> AsyncIterator[None]:
        try:
            yield
        except BaseException:
            await asyncio.to_thread(self._journal.delete_run, run.id)
            raise

    async def _work(
        self,
        run_id: int,
        desks: Desks,
        lease: Lease,
        *,
        limit: int | None = None,
        turn: Turn | None = None,
        only_plans: bool = False,
        order: Order | None = None,
        reopen: bool = False,
    ) -> Ended:
        """Begin a run and bring its open rows to their answers; the lease is held."""
        shift = Shift(
            self.alma,
            self._journal,
            self._reporter,
            desks,
            stop=self._stop,
            clock=self._clock,
            hours=self._hours,
            news=self._news,
            pace=self._limit,
            limit=limit,
            turn=turn,
            only_plans=only_plans,
        )
        run = await asyncio.to_thread(self._journal.begin_run, run_id, in_queue=turn is not None)
        async with self._put_down_on_error(run, in_queue=turn is not None):
            if reopen:
                await asyncio.to_thread(reopen_failed, self._journal, run_id, self._clock.now().wall)
            if order is not None:
                run = await asyncio.to_thread(self._journal.change_run, run_id, order=order)
            return await shift.work(run, lease)

    @asynccontextmanager
    async def _put_down_on_error(self, run: Run, *, in_queue: bool) -> AsyncIterator[None]:
        """Leave no run behind that says it is worked on: other runs may hold the lease for weeks."""
        try:
            yield
        except BaseException as error:
            reason = str(error) if isinstance(error, AlmascanError) else "Its work was cut off in the middle."
            seconds = again_after(error) if in_queue else None
            with suppress(AlmascanError):
                if seconds is None:
                    values = {"held_for": run.institution, "state": RunState.PAUSED, "reason": reason}
                    await asyncio.to_thread(self._journal.change_run, run.id, **values)
                else:
                    await asyncio.to_thread(self._journal.put_back, run, reason=reason, after_seconds=seconds)
            raise


def _check_goes_on(run: Run, institution: Institution) -> None:
    """Refuse a run that is another institution's, or that nobody has said yes to."""
    refuse_unbegun(run)
    if run.institution != institution.code:
        raise UsageError(
            f"Run {run.id} belongs to {run.institution}, and this key to {institution.code}; "
            "use that institution's key or profile."
        )


def _has_work(counts: Mapping[Outcome, int], *, reopen: bool) -> bool:
    """Say whether a run has rows to go on with; with ``reopen`` the failed ones too."""
    failed = reopen and any(outcome.can_be_retried for outcome in counts)
    return failed or Outcome.NOT_TRIED in counts or Outcome.UNCLEAR in counts
