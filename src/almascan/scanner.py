"""One row, from the list to its answer: locate, look, decide, record, send, judge, and read again what is unclear.

The only place in almascan that calls the client's scan. Its loop is ``docs/why.md`` "A row's life": each method takes
the row one step further, and a step that changed nothing at Alma may be taken again.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from almascan import rules
from almascan.alma import Alma
from almascan.clock import Clock, Stamp
from almascan.errors import (
    ExitCode,
    ItemNotFoundError,
    KeyRefusedError,
    NoAnswerError,
    NotSentError,
    QuotaError,
    Refusal,
    RefusedError,
    ThrottledError,
)
from almascan.journal import NEVER, Blocked, Change, Claim, Overtaken, Writer
from almascan.model import (
    FINAL_STATES,
    RECIPES,
    Event,
    EventKind,
    Group,
    Item,
    ItemIds,
    Outcome,
    Row,
    RowState,
    Run,
)
from almascan.rules import Finding, Place, Verdict
from almascan.stop import Stop

LOOK_LASTS_SECONDS = 30.0
RECORD_LASTS_SECONDS = 5.0
MOST_SENDS = 3
FIRST_REREAD_SECONDS = 2.0
RECENT_SECONDS = 24 * 3600.0
"""How long an item that was sent is left alone by a recipe that does not look."""
CONNECT_AGAIN_SECONDS = 2.0

_STATE_OF = {
    Group.DONE: RowState.DONE,
    Group.ATTENTION: RowState.ATTENTION,
    Group.SKIPPED: RowState.SKIPPED,
    Group.FAILED: RowState.FAILED,
}


class Case:
    """One row while it is worked on: as it is now, how the journal has it, and what happened since it was saved."""

    def __init__(self, row: Row, opened: Stamp) -> None:
        self.row = row
        self.was = row.state
        self.events: list[Event] = []
        self.looked = opened
        self.lost = opened

    @property
    def ids(self) -> ItemIds:
        """The item's ids; known in every state but new."""
        return ItemIds(self.row.mms_id, self.row.holding_id, self.row.pid)

    def to(self, state: RowState, **changes: Any) -> None:
        """Go on to a state, in memory alone."""
        self.row = self.row.to(state, **changes)


class Scanner:
    """Brings the rows of one run to their answers.

    Args:
        alma: The institution's client.
        writer: Makes rows durable.
        run: The run.
        place: Where it scans.
        keep_calls: Stop when fewer of the day's calls remain.
        stop: Says whether the run goes on.
        clock: The time.

    Attributes:
        unclear: How many rows wait to be read again.
    """

    def __init__(
        self, alma: Alma, writer: Writer, run: Run, place: Place, *, keep_calls: int, stop: Stop, clock: Clock
    ) -> None:
        self._alma = alma
        self._writer = writer
        self._run = run
        self._recipe = RECIPES[run.order.recipe].narrowed(run.order.allow, run.order.skip)
        self._place = place
        self._keep_calls = keep_calls
        self._stop = stop
        self._clock = clock
        self._steps: dict[RowState, Callable[[Case], Awaitable[None]]] = {
            RowState.NEW: self._locate,
            RowState.LOCATED: self._look,
            RowState.READY: self._send,
        }
        self.unclear = 0

    async def bring(self, row: Row, taken: Stamp) -> Row:
        """Bring a row to its answer, or as far as it can be brought now.

        Args:
            row: The row as the journal has it; none in state sending.
            taken: When the lease was taken: no scan of an earlier process left after it.

        Returns:
            The row as the journal has it now.

        Raises:
            StoppedError: The run stops; what the journal has of the row is true.
            StopError: The run must stop.
        """
        case = Case(row, taken)
        if case.row.state is RowState.READY:
            case.to(RowState.LOCATED)
        while case.row.state not in FINAL_STATES:
            self._stop.check()
            self._check_calls()
            if case.row.state is RowState.UNCLEAR:
                if not await self._settle(case):
                    break
                continue
            try:
                await self._steps[case.row.state](case)
            except (NotSentError, ThrottledError, NoAnswerError) as error:
                await self._bear(case, error)
        return case.row

    # The steps of a row's life

    async def _locate(self, case: Case) -> None:
        """Find the item's ids, unless the list gave them."""
        if case.row.ids is None:
            try:
                ids = await self._alma.find(case.row.barcode)
            except ItemNotFoundError as error:
                return await self._fail(case, Outcome.NOT_FOUND, error.refusal)
            except RefusedError as error:
                return await self._fail(case, Outcome.REFUSED, error.refusal)
            case.row = msgspec.structs.replace(case.row, mms_id=ids.mms_id, holding_id=ids.holding_id, pid=ids.pid)
            self._note(case, EventKind.LOCATED, f"The barcode is item {ids.pid}.")
        return case.to(RowState.LOCATED)

    async def _look(self, case: Case) -> None:
        """Look at the item as it is now, and decide."""
        if not self._recipe.looks:
            return case.to(RowState.READY, before=None)
        looked = self._clock.now()
        try:
            item = await self._read(case.ids)
        except ItemNotFoundError as error:
            return await self._fail(case, Outcome.NOT_FOUND, error.refusal)
        except RefusedError as error:
            return await self._fail(case, Outcome.REFUSED, error.refusal)
        case.looked = looked
        self._note(case, EventKind.LOOKED, rules.describe(item))
        reason = rules.decide(item, self._recipe, self._place, case.row.barcode)
        seen = {**_ids_of(item), "barcode": case.row.barcode or item.barcode, "before": item, "looked_at": looked.wall}
        if reason is None:
            return case.to(RowState.READY, **seen)
        self._note(case, EventKind.DECIDED, reason.sentence)
        note = "" if reason is not Outcome.OTHER_ITEM else f"Alma answered with barcode {item.barcode!r}."
        return await self._answer(case, reason, note=note, **seen)

    async def _send(self, case: Case) -> None:
        """Record that the scan is about to be sent, send it, and take its answer."""
        slot = self._alma.slot()
        try:
            await slot.near()
            self._stop.check()
            if self._recipe.looks and self._clock.age_at_most(case.looked) > LOOK_LASTS_SECONDS:
                return case.to(RowState.LOCATED)
            recorded = self._clock.now()
            if not await self._record(case, recorded):
                return None
            after = await self._alma.scan_in(
                case.ids,
                self._run.order.desk,
                self._run.order.options,
                slot=slot,
                may_leave=lambda: self._clock.age_at_most(recorded) < RECORD_LASTS_SECONDS,
            )
        except (ThrottledError, NotSentError, KeyRefusedError, QuotaError) as error:
            await self._take_back(case, str(error))
            raise
        except RefusedError as error:
            return await self._fail(case, Outcome.REFUSED, error.refusal)
        except ItemNotFoundError as error:
            return await self._fail(case, Outcome.NOT_FOUND, error.refusal)
        except NoAnswerError as error:
            return await self._lose(case, error)
        finally:
            slot.cancel()
        return await self._accept(case, after)

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
            now = await self._read(case.ids)
        except (NotSentError, ThrottledError, NoAnswerError) as error:
            await self._bear(case, error)
            if not settled or isinstance(error, NotSentError):
                return Finding.WAIT
            return await self._leave(case, note=f"It cannot be read again: {error}")
        except (ItemNotFoundError, RefusedError) as error:
            return await self._leave(case, note=f"It cannot be read again: {error}")
        verdict = rules.judge_lost_answer(
            case.row.before, now, self._recipe, self._place, settled=settled, barcode=case.row.barcode
        )
        if verdict.finding is not Finding.WAIT:
            self._note(case, EventKind.REREAD, f"{rules.describe(now)}: the scan {_FOUND[verdict.finding]}.")
        return await self._take(case, now, verdict)

    async def _take(self, case: Case, now: Item, verdict: Verdict) -> Finding:
        """Act on what reading an unclear row's item said."""
        if verdict.finding is Finding.UNKNOWN:
            return await self._leave(case, after=now)
        if verdict.outcome is not None:
            await self._answer(case, verdict.outcome, after=now, note="Found by reading the item again.")
        elif verdict.finding is Finding.DID_NOT_HAPPEN:
            if case.row.sends >= MOST_SENDS:
                return await self._leave(case, after=now, note=f"Sent {MOST_SENDS} times, each time to no effect.")
            await self._save(case, RowState.LOCATED, **_ids_of(now), alma_code="", alma_message="", tracking_id="")
        return verdict.finding

    async def _leave(self, case: Case, **changes: Any) -> Finding:
        """Leave an unclear row to a person."""
        await self._save(case, RowState.UNCLEAR, **changes)
        return Finding.UNKNOWN

    # What the steps do

    async def _read(self, ids: ItemIds) -> Item:
        """Read an item, with its requests where the answer does not tell them."""
        item = await self._alma.read(ids)
        if item.requested is not None:
            return item
        return msgspec.structs.replace(item, requested=await self._alma.has_requests(item.ids))

    async def _record(self, case: Case, recorded: Stamp) -> bool:
        """Put the intent to scan on disk; False where another row has sent the same item."""
        sent_since = NEVER if self._recipe.looks else recorded.wall - RECENT_SECONDS
        claim = Claim(self._run.institution, sent_since)
        was = case.row
        number = was.sends + 1
        self._note(case, EventKind.SENDING, f"Scan {number} is sent to {self._run.order.desk}.")
        case.to(RowState.SENDING, sends=number, sent_at=recorded.wall)
        blocked = await self._write(case, claim)
        if blocked is None:
            return True
        case.row = was
        case.events.pop()
        same_run = blocked.run == self._run.id
        outcome = Outcome.DUPLICATE if same_run else Outcome.SENT_IN_EARLIER_RUN
        note = f"same item as row {blocked.row}" if same_run else f"sent by run {blocked.run}, row {blocked.row}"
        await self._answer(case, outcome, note=note)
        return False

    async def _take_back(self, case: Case, why: str) -> None:
        """Record that a scan that was about to be sent had no effect."""
        if case.row.state is RowState.SENDING:
            self._note(case, EventKind.NOTHING_HAPPENED, why)
            await self._save(case, RowState.READY, sends=case.row.sends - 1)

    async def _lose(self, case: Case, error: NoAnswerError) -> None:
        """Record that nobody knows whether the scan happened."""
        case.lost = self._clock.now()
        self._note(case, EventKind.LOST, str(error))
        await self._save(case, RowState.UNCLEAR, **_refusal_of(error.refusal))

    async def _accept(self, case: Case, after: Item) -> None:
        """Judge Alma's answer to a scan."""
        outcome = rules.judge(after, self._recipe, case.row.barcode)
        note = "" if outcome is not Outcome.WRONG_ITEM else f"Alma answered with barcode {after.barcode!r}."
        self._note(case, EventKind.ANSWERED, rules.describe(after))
        barcode = case.row.barcode or after.barcode
        await self._answer(case, outcome, after=after, barcode=barcode, note=note)

    async def _fail(self, case: Case, outcome: Outcome, refusal: Refusal | None) -> None:
        self._note(case, EventKind.ANSWERED, f"Alma refused: {refusal}" if refusal else outcome.sentence)
        await self._answer(case, outcome, **_refusal_of(refusal))

    async def _answer(self, case: Case, outcome: Outcome, **changes: Any) -> None:
        """Give the row its answer."""
        state = _STATE_OF[outcome.group]
        await self._save(case, state, outcome=outcome, finished_at=self._clock.now().wall, **changes)

    async def _bear(self, case: Case, error: NotSentError | ThrottledError | NoAnswerError) -> None:
        """Go on after a request without a usable answer, or stop where the next would have none either."""
        if isinstance(error, ThrottledError) and case.row.state is not RowState.READY:
            self._stop.request(f"Alma has refused every request for a minute: {error}", ExitCode.PAUSED)
        elif rules.is_silent(self._alma.unanswered_in_a_row):
            self._stop.request(
                f"{self._alma.unanswered_in_a_row} requests in a row got no answer from Alma; the last: {error}",
                ExitCode.PAUSED,
            )
        self._stop.check()
        if isinstance(error, NotSentError):
            await self._stop.sleep(self._clock, CONNECT_AGAIN_SECONDS)
        elif isinstance(error, NoAnswerError) and case.row.state in (RowState.NEW, RowState.LOCATED):
            note = f"It could not be looked up: {error}"
            await self._answer(case, Outcome.REFUSED, note=note, **_refusal_of(error.refusal))

    def _check_calls(self) -> None:
        remaining = self._alma.remaining_calls
        if remaining is not None and remaining < self._keep_calls:
            raise QuotaError(rules.say_floor(remaining, self._keep_calls, self._clock.now().wall))

    def _note(self, case: Case, kind: EventKind, text: str) -> None:
        case.events.append(Event(self._clock.now().wall, kind, text))

    async def _save(self, case: Case, state: RowState, **changes: Any) -> None:
        """Go on to a state, and make it durable."""
        case.to(state, **changes)
        await self._write(case, None)

    async def _write(self, case: Case, claim: Claim | None) -> Blocked | None:
        saved = await self._writer.save(Change(case.row, case.was, tuple(case.events), claim))
        if isinstance(saved, Overtaken):
            self._stop.request(f"Another process has changed row {case.row.row} (it is {saved.state} now).")
            self._stop.check()
        if saved is None:
            case.was = case.row.state
            case.events.clear()
        return saved if isinstance(saved, Blocked) else None


_FOUND = {
    Finding.HAPPENED: "happened",
    Finding.DID_NOT_HAPPEN: "did not happen",
    Finding.UNKNOWN: "may have happened or not",
}


def _ids_of(item: Item) -> dict[str, str]:
    return {"mms_id": item.mms_id, "holding_id": item.holding_id, "pid": item.pid}


def _refusal_of(refusal: Refusal | None) -> dict[str, str]:
    if refusal is None:
        return {}
    code = refusal.code or f"HTTP {refusal.status}"
    return {"alma_code": code, "alma_message": refusal.message, "tracking_id": refusal.tracking_id}
