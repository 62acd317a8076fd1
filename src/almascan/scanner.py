"""One row, from the list to its answer: locate, look, decide, record, send, judge, and read again what is unclear.

The only place in almascan that calls the client's scan. Its loop is ``docs/why.md`` "A row's life": each method takes
the row one step further, and a step that changed nothing at Alma may be taken again.
"""

from collections.abc import Awaitable, Callable

import msgspec

from almascan import rules
from almascan.alma import Alma
from almascan.case import Case, fields_of_ids, fields_of_refusal
from almascan.clock import Clock, Stamp
from almascan.desks import Desks
from almascan.errors import (
    BrokenConnectionError,
    ExitCode,
    ItemNotFoundError,
    KeyRefusedError,
    NoAnswerError,
    NotSentError,
    QuotaError,
    RefusedError,
    ThrottledError,
)
from almascan.finder import Finder
from almascan.journal import NEVER, Claim, Writer
from almascan.model import FINAL_STATES, Desk, EventKind, Item, ItemIds, Outcome, Row, RowState, Run
from almascan.rules import Finding, Place, Step, Verdict
from almascan.stop import ALMA_AGAIN_SECONDS, Stop

LOOK_LASTS_SECONDS = 30.0
RECORD_LASTS_SECONDS = 5.0
MOST_SENDS = 3
FIRST_REREAD_SECONDS = 2.0
RECENT_SECONDS = 24 * 3600.0
"""How long an item that was sent is left alone by a recipe that does not look."""
CONNECT_AGAIN_SECONDS = 2.0
THROTTLED_LASTS_SECONDS = 60.0


class Scanner:
    """Brings the rows of one run to their answers.

    Args:
        alma: The institution's client.
        writer: Makes rows durable.
        run: The run.
        desks: Says where rows are scanned.
        stop: Says whether the run goes on.
        clock: The time.
        only_plans: Whether rows are looked at and decided, and none is scanned.

    Attributes:
        unclear: How many rows wait to be read again.
        finder: Finds many barcodes at once; None where each is looked up by itself.
    """

    def __init__(
        self, alma: Alma, writer: Writer, run: Run, desks: Desks, *, stop: Stop, clock: Clock, only_plans: bool = False
    ) -> None:
        self._alma = alma
        self._writer = writer
        self._run = run
        self._steps = rules.steps_of(run.order)
        self._desks = desks
        self._keep_calls = run.order.keep_calls or 0
        self._stop = stop
        self._clock = clock
        self._only_plans = only_plans
        self._actions: dict[RowState, Callable[[Case], Awaitable[None]]] = {
            RowState.NEW: self._locate,
            RowState.LOCATED: self._look,
            RowState.READY: self._send,
        }
        self.unclear = 0
        self.finder: Finder | None = None

    async def bring(self, row: Row, opened: Stamp) -> Row:
        """Bring a row to its answer, or as far as it can be brought now.

        Args:
            row: The row as the journal has it; none in state sending.
            opened: When its run was taken up, or since when it is unclear: no scan of an earlier process left after it.

        Returns:
            The row as the journal has it now.

        Raises:
            StoppedError: The run stops; what the journal has of the row is true.
            StopError: The run must stop.
        """
        case = Case(row, opened, writer=self._writer, clock=self._clock, stop=self._stop)
        if case.row.state is RowState.READY:
            case.to(RowState.LOCATED)
        while case.row.state not in FINAL_STATES:
            self._stop.check()
            self._check_calls()
            if case.row.state is RowState.UNCLEAR:
                if not await self._settle(case):
                    break
                continue
            if self._only_plans and case.row.state is RowState.READY:
                await case.save(RowState.READY)
                break
            try:
                await self._actions[case.row.state](case)
            except (NotSentError, ThrottledError, NoAnswerError) as error:
                await self._bear(case, error)
        return case.row

    # The steps of a row's life

    async def _locate(self, case: Case) -> None:
        """Find the item's ids, unless the list gave them."""
        if case.row.ids is None:
            seen = None if self.finder is None else await self.finder.find(case.row.barcode)
            if seen is not None:
                case.to(RowState.LOCATED, **fields_of_ids(seen.item))
                case.note(EventKind.LOCATED, f"A temporary set found item {seen.item.pid}.")
                return await self._take_look(case, seen.item, seen.at)
            try:
                ids = await self._alma.find(case.row.barcode)
            except ItemNotFoundError as error:
                return await case.fail(Outcome.NOT_FOUND, error.refusal)
            except RefusedError as error:
                return await case.fail(Outcome.REFUSED, error.refusal)
            case.row = msgspec.structs.replace(case.row, mms_id=ids.mms_id, holding_id=ids.holding_id, pid=ids.pid)
            case.note(EventKind.LOCATED, f"The barcode is item {ids.pid}.")
        return case.to(RowState.LOCATED)

    async def _look(self, case: Case) -> None:
        """Look at the item as it is now, and decide."""
        if not self._step(case).recipe.looks and not self._only_plans:
            case.place = await self._desks.place_of(self._desk(case), None)
            return case.to(RowState.READY, before=None)
        looked = self._clock.now()
        try:
            return await self._take_look(case, await self.read(case.ids), looked)
        except ItemNotFoundError as error:
            return await case.fail(Outcome.NOT_FOUND, error.refusal)
        except RefusedError as error:
            return await case.fail(Outcome.REFUSED, error.refusal)

    async def _take_look(self, case: Case, item: Item, looked: Stamp) -> None:
        """Decide on an item as it was just seen."""
        case.looked = looked
        case.note(EventKind.LOOKED, rules.describe(item))
        case.place = await self._desks.place_of(self._desk(case), item)
        await self._decide(case, item, self._step(case))

    async def _decide(self, case: Case, item: Item, step: Step) -> None:
        """Decide on a look: go on to send, or give the row its answer."""
        place = case.place or Place(Desk())
        reason = rules.decide(item, step.recipe, place, case.row.barcode)
        if case.place is None and reason is None:
            reason = Outcome.OTHER_LIBRARY
        seen = {
            **fields_of_ids(item),
            "barcode": case.row.barcode or item.barcode,
            "before": item,
            "looked_at": case.looked.wall,
        }
        if reason is None:
            return case.to(RowState.READY, desk=place.desk, **seen)
        note = _note_on(reason, item, case)
        if case.row.step and reason is Outcome.ALREADY_IN_PLACE:
            reason, note = Outcome.IN_PLACE, "In place after an earlier step."
        case.note(EventKind.DECIDED, reason.sentence)
        return await case.answer(reason, note=note, **seen)

    async def _send(self, case: Case) -> None:
        """Record that the scan is about to be sent, send it, and take its answer."""
        step, slot = self._step(case), self._alma.slot()
        try:
            await slot.near()
            self._stop.check()
            if step.recipe.looks and self._clock.age_at_most(case.looked) > LOOK_LASTS_SECONDS:
                return _look_again(case)
            recorded = self._clock.now()
            desk = case.place.desk if case.place else step.desk
            if not await self._record(case, step, desk, recorded):
                return None
            after = await self._alma.scan_in(
                case.ids,
                desk,
                step.options,
                slot=slot,
                may_leave=lambda: self._clock.age_at_most(recorded) < RECORD_LASTS_SECONDS,
            )
        except (ThrottledError, NotSentError, KeyRefusedError, QuotaError) as error:
            await self._take_back(case, str(error))
            raise
        except RefusedError as error:
            return await case.fail(Outcome.REFUSED, error.refusal, sends=case.row.sends - 1)
        except ItemNotFoundError as error:
            return await case.fail(Outcome.NOT_FOUND, error.refusal, sends=case.row.sends - 1)
        except NoAnswerError as error:
            return await self._lose(case, error)
        finally:
            slot.cancel()
        case.note(EventKind.ANSWERED, rules.describe(after))
        return await self._end_step(case, rules.judge(after, step.recipe, case.row.barcode), after)

    async def _settle(self, case: Case) -> bool:
        """Read an unclear row's item until that says what became of its scan; False leaves it to a person."""
        self.unclear += 1
        try:
            wait_seconds = FIRST_REREAD_SECONDS
            while True:
                left_seconds = self._run.order.settle_seconds - self._clock.age_at_least(case.lost)
                await self._stop.sleep(self._clock, max(0.0, min(wait_seconds, left_seconds)))
                settled = self._clock.age_at_least(case.lost) >= self._run.order.settle_seconds
                finding = await self._reread(case, settled=settled)
                if finding is not Finding.WAIT:
                    return finding is not Finding.UNKNOWN
                wait_seconds *= 2
        finally:
            self.unclear -= 1

    async def _reread(self, case: Case, *, settled: bool) -> Finding:
        """Read an unclear row's item once, and act on what it says."""
        try:
            now = await self.read(case.ids)
            place = await self._desks.place_of(self._desk(case), now) or Place(Desk())
        except (NotSentError, ThrottledError, NoAnswerError) as error:
            await self._bear(case, error)
            if not settled or isinstance(error, NotSentError) or case.may_mend:
                return Finding.WAIT
            return await self._leave(case, note=f"It cannot be read again: {error}")
        except (ItemNotFoundError, RefusedError) as error:
            if not settled:
                return Finding.WAIT
            return await self._leave(case, note=f"It cannot be read again: {error}")
        case.broken = 0
        verdict = rules.judge_lost_answer(
            case.row.before, now, self._step(case), place, settled=settled, barcode=case.row.barcode
        )
        if verdict.finding is not Finding.WAIT:
            case.note(EventKind.REREAD, f"{rules.describe(now)}: the scan {_FOUND[verdict.finding]}.")
        return await self._take(case, now, verdict)

    async def _take(self, case: Case, now: Item, verdict: Verdict) -> Finding:
        """Act on what reading an unclear row's item said."""
        if verdict.finding is Finding.UNKNOWN:
            return await self._leave(case, after=now)
        if verdict.outcome is not None:
            await self._end_step(case, verdict.outcome, now, note="Found by reading the item again.")
        elif verdict.finding is Finding.DID_NOT_HAPPEN:
            if case.row.sends >= MOST_SENDS + case.row.step:
                return await self._leave(case, after=now, note=f"Sent {case.row.sends} times, at last to no effect.")
            await case.save(RowState.LOCATED, **fields_of_ids(now), alma_code="", alma_message="", tracking_id="")
        return verdict.finding

    async def _leave(self, case: Case, *, note: str = "", after: Item | None = None) -> Finding:
        """Leave an unclear row to a person."""
        await case.save(RowState.UNCLEAR, note=note, after=after)
        return Finding.UNKNOWN

    # What the steps do

    def _step(self, case: Case) -> Step:
        return self._steps[case.row.step]

    def _desk(self, case: Case) -> Desk:
        """Say where the row is scanned: where it was, its own desk, or the step's."""
        own = case.row.desk if case.row.step == 0 or case.row.state is RowState.UNCLEAR else None
        return own or self._step(case).desk

    async def read(self, ids: ItemIds) -> Item:
        """Read an item, with its requests where the answer does not tell them.

        Raises:
            RowError, AttemptError, StopError: As the client's ``read``.
        """
        item = await self._alma.read(ids)
        if item.requested is not None:
            return item
        return msgspec.structs.replace(item, requested=await self._alma.has_requests(item.ids))

    async def _record(self, case: Case, step: Step, desk: Desk, recorded: Stamp) -> bool:
        """Put the intent to scan on disk; False where another row has sent the same item, since the look or for good."""
        sent_since = case.looked.wall if step.recipe.looks else recorded.wall - RECENT_SECONDS
        if not step.recipe.looks and self._allows_again():
            sent_since = NEVER
        number = case.row.sends + 1
        blocked = await case.claim(
            Claim(self._run.institution, sent_since),
            f"Scan {number} is sent to {desk}.",
            sends=number,
            sent_at=recorded.wall,
            desk=desk,
        )
        if blocked is None:
            return True
        if blocked.run == self._run.id:
            await case.answer(Outcome.DUPLICATE, note=f"same item as row {blocked.row}")
        elif step.recipe.looks and blocked != case.blocked:
            # A run beside this one has scanned it since the look: another look says what that made of it.
            case.blocked = blocked
            _look_again(case)
        else:
            note = f"sent by run {blocked.run}, row {blocked.row}"
            await case.answer(Outcome.SENT_IN_EARLIER_RUN, note=note)
        return False

    def _allows_again(self) -> bool:
        return Outcome.SENT_IN_EARLIER_RUN in self._run.order.allow

    async def _take_back(self, case: Case, why: str) -> None:
        """Record that a scan that was about to be sent had no effect."""
        if case.row.state is RowState.SENDING:
            case.note(EventKind.NOTHING_HAPPENED, why)
            await case.save(RowState.READY, sends=case.row.sends - 1)

    async def _lose(self, case: Case, error: NoAnswerError) -> None:
        """Record that nobody knows whether the scan happened."""
        case.lost, case.throttled = self._clock.now(), None
        case.note(EventKind.LOST, str(error))
        await case.save(RowState.UNCLEAR, **fields_of_refusal(error.refusal))

    async def _end_step(self, case: Case, outcome: Outcome, after: Item, *, note: str = "") -> None:
        """Give the row its answer, or go on to the next step of its order."""
        barcode = case.row.barcode or after.barcode
        if outcome in rules.CONTINUING and case.row.step + 1 < len(self._steps):
            await case.save(RowState.LOCATED, step=case.row.step + 1, after=after, barcode=barcode)
            return
        if outcome is Outcome.WRONG_ITEM:
            note = f"Alma answered with barcode {after.barcode!r}."
        await case.answer(outcome, after=after, barcode=barcode, note=note)

    async def _bear(self, case: Case, error: NotSentError | ThrottledError | NoAnswerError) -> None:
        """Go on after a request without a usable answer, or stop where the next would have none either."""
        if isinstance(error, ThrottledError) and self._is_throttled_long(case):
            why = f"Alma has refused every request for a minute: {error}"
            self._stop.request(why, ExitCode.PAUSED, again_seconds=ALMA_AGAIN_SECONDS)
        elif rules.is_silent(self._alma.unanswered_in_a_row):
            why = f"{self._alma.unanswered_in_a_row} requests in a row got no answer from Alma; the last: {error}"
            self._stop.request(why, ExitCode.PAUSED, again_seconds=ALMA_AGAIN_SECONDS)
        self._stop.check()
        case.broken = case.broken + 1 if isinstance(error, BrokenConnectionError) else 0
        if isinstance(error, NotSentError) or case.may_mend:
            await self._stop.sleep(self._clock, CONNECT_AGAIN_SECONDS)
        elif isinstance(error, NoAnswerError) and case.row.state in (RowState.NEW, RowState.LOCATED):
            note = f"It could not be looked up: {error}"
            await case.answer(Outcome.REFUSED, note=note, **fields_of_refusal(error.refusal))

    def _is_throttled_long(self, case: Case) -> bool:
        """Whether Alma has refused the row's requests for a minute; the client itself gives up a read only then."""
        case.throttled = case.throttled or self._clock.now()
        is_read = case.row.state is not RowState.READY
        return is_read or self._clock.age_at_most(case.throttled) > THROTTLED_LASTS_SECONDS

    def _check_calls(self) -> None:
        remaining = self._alma.remaining_calls
        if remaining is not None and remaining < self._keep_calls:
            raise QuotaError(rules.say_floor(remaining, self._keep_calls, self._clock.now().wall))


_FOUND = {
    Finding.HAPPENED: "happened",
    Finding.DID_NOT_HAPPEN: "did not happen",
    Finding.UNKNOWN: "may have happened or not",
}


def _look_again(case: Case) -> None:
    """Go back to before the look, and remember what that saw."""
    case.seen = case.row.before
    case.to(RowState.LOCATED)


def _note_on(reason: Outcome, item: Item, case: Case) -> str:
    """Say what else there is to say of a decision not to scan."""
    if reason is Outcome.OTHER_ITEM:
        return f"Alma answered with barcode {item.barcode!r}."
    if case.place is None:
        return f"No home desk is known for {item.library}/{item.location}."
    if case.seen is not None and not case.seen.same_state(item):
        return f"It changed since the last look: it was {rules.describe(case.seen)}; it is {rules.describe(item)}."
    return ""
