"""One row while it is worked on: as it is now, how the journal has it, and what happened since it was saved."""

from typing import Any

from almascan.clock import Clock, Stamp
from almascan.errors import LeaseError, Refusal
from almascan.journal import Blocked, Change, Claim, Fenced, Overtaken, Writer
from almascan.model import Event, EventKind, Group, Item, ItemIds, Outcome, Row, RowState
from almascan.rules import Place
from almascan.stop import Stop

_STATE_OF = {
    Group.DONE: RowState.DONE,
    Group.ATTENTION: RowState.ATTENTION,
    Group.SKIPPED: RowState.SKIPPED,
    Group.FAILED: RowState.FAILED,
}

MOST_BROKEN = 3
"""With the client's own three tries nine requests: one such item alone does not make an Alma that is silent."""


class Case:
    """One row while it is worked on.

    Args:
        row: The row as the journal has it.
        opened: When the work on it began; no scan of an earlier process left after it.
        writer: Makes it durable.
        clock: The time.
        stop: Is told when another process has changed the row.

    Attributes:
        row: The row as it is now.
        seen: The item on an earlier look, by which a change since is told.
        place: Where it is scanned, once that is known.
        looked: When the item was last looked at.
        blocked: Which row stood in the way of its scan last, if one did.
        throttled: Since when its scan is refused by the second, if it is.
        broken: How often in a row whatever was asked of Alma for it ended with a broken connection.
        lost: Since when a scan without an answer may not take effect any more but for the settling time.
    """

    def __init__(self, row: Row, opened: Stamp, *, writer: Writer, clock: Clock, stop: Stop) -> None:
        self.row = row
        self.seen = row.before
        self.place: Place | None = None
        self.looked = opened
        self.blocked: Blocked | None = None
        self.lost = opened
        self.throttled: Stamp | None = None
        self.broken = 0
        self._was = row.state
        self._events: list[Event] = []
        self._writer = writer
        self._clock = clock
        self._stop = stop

    @property
    def may_mend(self) -> bool:
        """Whether a connection that broke may be the way's fault, so that a look is worth another request."""
        return 0 < self.broken < MOST_BROKEN

    @property
    def ids(self) -> ItemIds:
        """The item's ids; known in every state but new."""
        return ItemIds(self.row.mms_id, self.row.holding_id, self.row.pid)

    def note(self, kind: EventKind, text: str) -> None:
        """Add a moment to its story, written with the next save."""
        self._events.append(Event(self._clock.now().wall, kind, text))

    def to(self, state: RowState, **changes: Any) -> None:
        """Go on to a state, in memory alone."""
        self.broken = 0
        self.row = self.row.to(state, **changes)

    async def save(self, state: RowState, **changes: Any) -> None:
        """Go on to a state, and make it durable."""
        self.to(state, **changes)
        await self._write(None)

    async def claim(self, claim: Claim, text: str, **changes: Any) -> Blocked | None:
        """Put the intent to send on disk.

        Args:
            claim: What must hold.
            text: What is sent, for the story.
            changes: Fields of the row.

        Returns:
            None when it is on disk; else which row stands in the way, and this one is as before.
        """
        before = self.row
        self.note(EventKind.SENDING, text)
        self.to(RowState.SENDING, **changes)
        blocked = await self._write(claim)
        if blocked is not None:
            self.row = before
            self._events.pop()
        return blocked

    async def answer(self, outcome: Outcome, **changes: Any) -> None:
        """Give the row its answer."""
        state = _STATE_OF[outcome.group]
        await self.save(state, outcome=outcome, finished_at=self._clock.now().wall, **changes)

    async def fail(self, outcome: Outcome, refusal: Refusal | None, **changes: Any) -> None:
        """Give the row an answer that Alma gave."""
        self.note(EventKind.ANSWERED, f"Alma refused: {refusal}" if refusal else outcome.sentence)
        await self.answer(outcome, **fields_of_refusal(refusal), **changes)

    async def _write(self, claim: Claim | None) -> Blocked | None:
        saved = await self._writer.save(Change(self.row, self._was, tuple(self._events), claim))
        if isinstance(saved, Overtaken):
            self._stop.request(f"Another process has changed row {self.row.row} (it is {saved.state} now).")
            self._stop.check()
        if isinstance(saved, Fenced):
            raise LeaseError(
                f"Another process works for {saved.institution} by now; what it does not finish is for it."
            )
        if saved is None:
            self._was = self.row.state
            self._events.clear()
        return saved if isinstance(saved, Blocked) else None


def fields_of_ids(item: Item) -> dict[str, str]:
    """Give an item's own ids as fields of a row."""
    return {"mms_id": item.mms_id, "holding_id": item.holding_id, "pid": item.pid}


def fields_of_refusal(refusal: Refusal | None) -> dict[str, str]:
    """Give what Alma said as fields of a row."""
    if refusal is None:
        return {}
    code = refusal.code or f"HTTP {refusal.status}"
    return {"alma_code": code, "alma_message": refusal.message, "tracking_id": refusal.tracking_id}
