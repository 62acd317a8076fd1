"""Runs, their orders, their rows and a row's story: what the journal holds."""

from typing import Any, Literal

import msgspec

from almascan.model.item import Desk, Item, ItemIds, ScanOptions
from almascan.model.life import STEPS, EventKind, RowState, RunState
from almascan.model.outcome import Outcome


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a run was asked to do; kept in the journal as JSON, so fields are added and never renamed.

    Attributes:
        desk: Where to scan.
        options: What else each scan tells Alma.
        recipe: The name of one of ``RECIPES``.
        allow: Reasons not to scan that do not count.
        skip: Reasons not to scan that count as well.
        rate: Requests a second that no second may exceed; None takes the environment's default.
        per_minute: Requests a minute, likewise; 0 is no limit.
        keep_calls: Stop when fewer of the day's calls than this remain; None takes the default floor.
        settle_seconds: How long after a lost answer a scan may still take effect.
        then: Where each item is scanned once more, after it was done at the desk; None for one step alone.
        locate: How barcodes become items: "single" look-ups, or a temporary Alma "set" for a thousand at a time.
        desk_map: Desk codes by library or by "library/location", for scanning each item at its home desk.
    """

    desk: Desk
    options: ScanOptions = ScanOptions()
    recipe: str = "transit"
    allow: tuple[Outcome, ...] = ()
    skip: tuple[Outcome, ...] = ()
    rate: float | None = None
    per_minute: int | None = None
    keep_calls: int | None = None
    settle_seconds: float = 120.0
    then: Desk | None = None
    locate: Literal["single", "set"] = "single"
    desk_map: dict[str, str] = {}


Environment = Literal["production", "sandbox", "unknown"]
"""What ``GET /conf/general`` calls environment_type, in three words; ``docs/alma.md`` "Configuration"."""

DEFAULT_PACE: dict[Environment, tuple[float, int]] = {
    "production": (20.0, 1200),
    "sandbox": (4.0, 0),
    "unknown": (8.0, 0),
}
"""Requests a second and a minute (0: no limit) where an order names none: the library's other systems keep working."""


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One list, one institution, one order, as the journal has it.

    Times are seconds since 1970 in UTC. ``list_notes`` are the counts of what reading the list found (blank lines,
    comments, ...), by name. ``reason`` says why a paused run is paused. To a run that ``is_open`` rows may be added: a handheld scanner's. One that is ``in_queue`` is
    anybody's to go on with, from ``due_at`` on by the clock of the journal's server.
    """

    id: int
    institution: str
    base_url: str
    environment: Environment
    state: RunState
    list_name: str
    list_digest: str
    list_notes: dict[str, int]
    order: Order
    rows: int
    who: str
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    reason: str = ""
    is_open: bool = False
    in_queue: bool = False
    due_at: float | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether its Alma is a simulated one, on this machine."""
        return is_simulated(self.base_url)


def is_simulated(base_url: str) -> bool:
    """Whether an address of Alma's API is a simulated Alma's, on this machine: Alma's own are reached by https only."""
    return base_url.startswith("http://")


class Row(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One row of a run, as the journal has it.

    Attributes:
        run: The run's id.
        row: The row's number in the list, as its reader counts (a sheet's row number, a text's line).
        state: Where it is in its life.
        outcome: Its answer; None while it has none (``answer`` then says unclear or not-tried).
        given: What the list held, as it stood there.
        barcode: The barcode after white space was taken off, or "" where the list named ids alone.
        mms_id, holding_id, pid: The item's ids as far as known, or "".
        desk: Where it is scanned: its own desk from the list, or as was found for it; None while it has none.
        step: Which step of its order it is at, from 0.
        sends: How many scans were sent that may have reached Alma, earlier steps included.
        before, after: The item's state on the last look before the scan, and after it.
        note: What else is to be said ("duplicate of row 3", what changed), in a sentence or nothing.
        alma_code, alma_message, tracking_id: What Alma said where it did not do as asked.
        looked_at, sent_at, finished_at: When; seconds since 1970 in UTC.
    """

    run: int
    row: int
    state: RowState
    outcome: Outcome | None = None
    given: str = ""
    barcode: str = ""
    mms_id: str = ""
    holding_id: str = ""
    pid: str = ""
    desk: Desk | None = None
    step: int = 0
    sends: int = 0
    before: Item | None = None
    after: Item | None = None
    note: str = ""
    alma_code: str = ""
    alma_message: str = ""
    tracking_id: str = ""
    looked_at: float | None = None
    sent_at: float | None = None
    finished_at: float | None = None

    @property
    def answer(self) -> Outcome:
        """Its outcome, or the word for not having one yet."""
        if self.outcome is not None:
            return self.outcome
        return Outcome.UNCLEAR if self.state in (RowState.SENDING, RowState.UNCLEAR) else Outcome.NOT_TRIED

    @property
    def ids(self) -> ItemIds | None:
        """The three ids, once they are known."""
        return ItemIds(self.mms_id, self.holding_id, self.pid) if self.pid else None

    def to(self, state: RowState, **changes: Any) -> "Row":
        """Return the row one step further in its life, with ``changes`` of other fields.

        Raises:
            ValueError: ``STEPS`` has no such step: a defect of the caller.
        """
        if state is not self.state and state not in STEPS[self.state]:
            raise ValueError(f"a row cannot go from {self.state} to {state}")
        return msgspec.structs.replace(self, state=state, **changes)


class Event(msgspec.Struct, frozen=True):
    """One moment of a row's story: when (seconds since 1970 in UTC), what kind of thing, and a sentence."""

    at: float
    kind: EventKind
    text: str


class Action(msgspec.Struct, frozen=True):
    """One line of the audit log: when (seconds since 1970 in UTC), who did what, to which run, and what else to say."""

    id: int
    at: float
    who: str
    action: str
    run: int | None = None
    text: str = ""
