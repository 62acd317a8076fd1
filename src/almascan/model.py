"""The words of almascan as frozen types and tables; no I/O, no clock.

What each word means is in ``docs/glossary.md``. A fact of the domain (which states a row goes through, what an
outcome is called and what to do about it, what a recipe scans) stands here once, and the code, the screen, the
reports and the documentation all read it here.
"""

from enum import StrEnum
from typing import Any, Literal

import msgspec


class Desk(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a scan happens: a circulation desk of a library, or a department.

    Attributes:
        library: Alma's library code; "" for a department of the whole institution.
        circ_desk: Alma's code of the circulation desk, or "".
        department: Alma's code of the department, or "". Exactly one of the two is given.
    """

    library: str = ""
    circ_desk: str = ""
    department: str = ""

    def __str__(self) -> str:
        """Say it as a librarian would: desk at library."""
        place = self.circ_desk or f"department {self.department}"
        return f"{place} at {self.library}" if self.library else place


class ScanOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What else a scan tells Alma; the names are Alma's own, ``docs/alma.md`` "Scan-in".

    In-house use is off here although Alma's default is on: scanning a list is no use of a book.
    """

    register_in_house_use: bool = False
    auto_print_slip: bool = False
    place_on_hold_shelf: bool = False
    confirm: bool = False
    external_id: bool = False
    done: bool = False
    work_order_type: str = ""
    status: str = ""
    request_id: str = ""


class ItemIds(msgspec.Struct, frozen=True, omit_defaults=True):
    """The three ids by which Alma's API names an item."""

    mms_id: str
    holding_id: str
    pid: str


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """What almascan keeps of Alma's answer about an item: its ids, and the state that decisions are made on.

    Library and location are the effective ones: the temporary ones while the item is in a temporary location.
    Dates are Alma's texts, compared and never computed with. ``requested`` is None where the answer did not say.
    Nothing that names a patron is kept.
    """

    mms_id: str
    holding_id: str
    pid: str
    barcode: str = ""
    base_status: str = ""
    process_type: str = ""
    work_order_type: str = ""
    work_order_at: str = ""
    awaiting_reshelving: bool = False
    requested: bool | None = None
    due_date: str = ""
    modification_date: str = ""
    library: str = ""
    library_name: str = ""
    location: str = ""
    location_name: str = ""
    title: str = ""
    call_number: str = ""

    @property
    def ids(self) -> ItemIds:
        """The three ids."""
        return ItemIds(self.mms_id, self.holding_id, self.pid)

    @property
    def in_place(self) -> bool:
        """Whether Alma takes the item to be on its shelf or on its way back to it within the library."""
        if self.process_type == "REQUESTED":
            return self.base_status == "1"
        return self.process_type == "" and (self.base_status == "1" or self.awaiting_reshelving)

    @property
    def in_transit(self) -> bool:
        """Whether the item is on its way to another place."""
        return self.process_type in TRANSIT_TYPES

    def same_state(self, other: "Item") -> bool:
        """Whether nothing that a scan or another person changes differs; ``docs/why.md`` "Unclear"."""
        return all(getattr(self, name) == getattr(other, name) for name in STATE_FIELDS)


TRANSIT_TYPES = frozenset({"TRANSIT", "TRANSIT_TO_REMOTE_STORAGE"})
STATE_FIELDS = (
    "base_status",
    "process_type",
    "work_order_type",
    "work_order_at",
    "awaiting_reshelving",
    "requested",
    "due_date",
    "modification_date",
    "library",
    "location",
)


class Group(StrEnum):
    """The five kinds of answer a row can have."""

    DONE = "done"
    ATTENTION = "attention"
    SKIPPED = "skipped"
    FAILED = "failed"
    OPEN = "open"


class Outcome(StrEnum):
    """What became of a row, or why it was not scanned: the fixed codes of reports and of ``--allow``."""

    IN_PLACE = "in-place"
    ALREADY_IN_PLACE = "already-in-place"
    ON_ITS_WAY = "on-its-way"
    ALREADY_ON_ITS_WAY = "already-on-its-way"
    IN_TRANSIT_ELSEWHERE = "in-transit-elsewhere"
    ON_HOLD_SHELF = "on-hold-shelf"
    AT_DEPARTMENT = "at-department"
    STILL_NOT_IN_PLACE = "still-not-in-place"
    WRONG_ITEM = "wrong-item"
    DUPLICATE = "duplicate"
    SENT_IN_EARLIER_RUN = "sent-in-earlier-run"
    ON_LOAN = "on-loan"
    HOLD_SHELF = "hold-shelf"
    MISSING = "missing"
    LOST = "lost"
    CLAIMED_RETURNED = "claimed-returned"
    RESOURCE_SHARING = "resource-sharing"
    WORK_ORDER = "work-order"
    ACQUISITION = "acquisition"
    TECHNICAL = "technical"
    REQUESTED = "requested"
    OTHER_LIBRARY = "other-library"
    NOT_EXPECTED = "not-expected"
    NOT_FOUND = "not-found"
    BAD_BARCODE = "bad-barcode"
    REFUSED = "refused"
    OTHER_ITEM = "other-item"
    UNCLEAR = "unclear"
    NOT_TRIED = "not-tried"

    @property
    def group(self) -> Group:
        """The kind of answer it is."""
        return OUTCOMES[self].group

    @property
    def sentence(self) -> str:
        """What happened, in one plain sentence."""
        return OUTCOMES[self].sentence

    @property
    def next_step(self) -> str:
        """What a person does about it, in one sentence."""
        return OUTCOMES[self].next_step


class OutcomeText(msgspec.Struct, frozen=True):
    """An outcome's group, what it says, and what to do next."""

    group: Group
    sentence: str
    next_step: str


_NOTHING = "Nothing to do."

OUTCOMES: dict[Outcome, OutcomeText] = {
    Outcome.IN_PLACE: OutcomeText(Group.DONE, "Scanned; Alma has the item in place.", "Shelve it."),
    Outcome.ALREADY_IN_PLACE: OutcomeText(
        Group.DONE, "Not scanned: Alma had the item in place already.", "Nothing to do if it is on the shelf."
    ),
    Outcome.ON_ITS_WAY: OutcomeText(
        Group.DONE, "Scanned; Alma has the item in transit, as it should be.", "Send it on."
    ),
    Outcome.ALREADY_ON_ITS_WAY: OutcomeText(
        Group.DONE, "Not scanned: Alma had the item in transit already.", "Send it on if it is still here."
    ),
    Outcome.IN_TRANSIT_ELSEWHERE: OutcomeText(
        Group.ATTENTION,
        "Scanned, and Alma sends the item to another place.",
        "Look in Alma where it is expected, and send it there or scan it at its own desk.",
    ),
    Outcome.ON_HOLD_SHELF: OutcomeText(
        Group.ATTENTION,
        "Scanned; it fulfils a request and Alma has it on the hold shelf.",
        "Put it on the hold shelf: its patron may have been told.",
    ),
    Outcome.AT_DEPARTMENT: OutcomeText(
        Group.ATTENTION, "Scanned; Alma has the item in a work order.", "Bring it to the department named in Alma."
    ),
    Outcome.STILL_NOT_IN_PLACE: OutcomeText(
        Group.ATTENTION,
        "Scanned, and Alma still does not have the item in place.",
        "Open the item in Alma and see what holds it.",
    ),
    Outcome.WRONG_ITEM: OutcomeText(
        Group.ATTENTION,
        "Scanned, and Alma answered with another barcode.",
        "Compare the two barcodes in Alma: the list's ids may be stale.",
    ),
    Outcome.DUPLICATE: OutcomeText(Group.SKIPPED, "Not scanned: an earlier row names the same item.", _NOTHING),
    Outcome.SENT_IN_EARLIER_RUN: OutcomeText(
        Group.SKIPPED,
        "Not scanned: an earlier run sent this item.",
        "Settle the row of that run first, or look at the item in Alma.",
    ),
    Outcome.ON_LOAN: OutcomeText(
        Group.SKIPPED,
        "Not scanned: the item is on loan.",
        "Return it at the desk if it is here; a scan cannot be backdated.",
    ),
    Outcome.HOLD_SHELF: OutcomeText(
        Group.SKIPPED, "Not scanned: the item is on the hold shelf.", "Leave it there for its patron."
    ),
    Outcome.MISSING: OutcomeText(
        Group.SKIPPED, "Not scanned: the item is marked missing.", "If you hold it, scan it as found at the desk."
    ),
    Outcome.LOST: OutcomeText(
        Group.SKIPPED,
        "Not scanned: the item is marked lost.",
        "If you hold it, return it at the desk: fees may be involved.",
    ),
    Outcome.CLAIMED_RETURNED: OutcomeText(
        Group.SKIPPED,
        "Not scanned: a patron claims to have returned the item.",
        "If you hold it, resolve the claim at the desk.",
    ),
    Outcome.RESOURCE_SHARING: OutcomeText(
        Group.SKIPPED,
        "Not scanned: the item belongs to a resource sharing request.",
        "Handle it where resource sharing is done.",
    ),
    Outcome.WORK_ORDER: OutcomeText(
        Group.SKIPPED, "Not scanned: the item is in a work order.", "Finish the work order at its department."
    ),
    Outcome.ACQUISITION: OutcomeText(
        Group.SKIPPED, "Not scanned: the item is still in acquisition.", "Receive it in Acquisitions."
    ),
    Outcome.TECHNICAL: OutcomeText(
        Group.SKIPPED,
        "Not scanned: the item has a technical status from a migration.",
        "Have its status cleared in Alma first.",
    ),
    Outcome.REQUESTED: OutcomeText(
        Group.SKIPPED,
        "Not scanned: the item is requested, and a scan would send it on or mail its patron.",
        "If you hold it, scan it at the desk by hand.",
    ),
    Outcome.OTHER_LIBRARY: OutcomeText(
        Group.SKIPPED,
        "Not scanned: this is not the item's home desk, so a scan would put it in transit.",
        "Scan it at its own library's desk.",
    ),
    Outcome.NOT_EXPECTED: OutcomeText(
        Group.SKIPPED, "Not scanned: the item's state is none that this recipe scans.", "Open the item in Alma."
    ),
    Outcome.NOT_FOUND: OutcomeText(
        Group.FAILED,
        "Alma knows no such item.",
        "Check the barcode letter by letter, that the item was not deleted, and that the key is this institution's.",
    ),
    Outcome.BAD_BARCODE: OutcomeText(
        Group.FAILED, "The list's barcode is damaged or missing.", "Correct it in the list, and scan the list again."
    ),
    Outcome.REFUSED: OutcomeText(
        Group.FAILED, "Alma refused the request; nothing was changed.", "Read Alma's message, mend its cause, retry."
    ),
    Outcome.OTHER_ITEM: OutcomeText(
        Group.FAILED,
        "Not scanned: the look-up answered with another barcode.",
        "Compare the two barcodes in Alma.",
    ),
    Outcome.UNCLEAR: OutcomeText(
        Group.OPEN,
        "A scan was sent and no answer says whether it happened.",
        "Look at the item in Alma, then say: almascan settle RUN ROW --done, or --again.",
    ),
    Outcome.NOT_TRIED: OutcomeText(Group.OPEN, "Not tried yet.", "Say: almascan resume RUN."),
}


OWN_REASON: dict[str, Outcome] = {
    "LOAN": Outcome.ON_LOAN,
    "HOLDSHELF": Outcome.HOLD_SHELF,
    "MISSING": Outcome.MISSING,
    "LOST_LOAN": Outcome.LOST,
    "LOST_LOAN_AND_PAID": Outcome.LOST,
    "LOST_ILL": Outcome.LOST,
    "CLAIM_RETURNED_LOAN": Outcome.CLAIMED_RETURNED,
    "ILL": Outcome.RESOURCE_SHARING,
    "WORK_ORDER_DEPARTMENT": Outcome.WORK_ORDER,
    "ACQ": Outcome.ACQUISITION,
    "TECHNICAL": Outcome.TECHNICAL,
}
"""Alma's process types that are a reason of their own not to scan; ``docs/alma.md`` "Item"."""


class RowState(StrEnum):
    """Where a row is in its life; ``STEPS`` says what may follow."""

    NEW = "new"
    LOCATED = "located"
    READY = "ready"
    SENDING = "sending"
    UNCLEAR = "unclear"
    DONE = "done"
    ATTENTION = "attention"
    SKIPPED = "skipped"
    FAILED = "failed"


FINAL_STATES = frozenset({RowState.DONE, RowState.ATTENTION, RowState.SKIPPED, RowState.FAILED})
"""States in which a row has its answer."""

STEPS: dict[RowState, frozenset[RowState]] = {
    RowState.NEW: frozenset({RowState.LOCATED, RowState.SKIPPED, RowState.FAILED}),
    RowState.LOCATED: frozenset({RowState.READY, RowState.DONE, RowState.SKIPPED, RowState.FAILED}),
    RowState.READY: frozenset({RowState.SENDING, RowState.LOCATED, RowState.SKIPPED}),
    RowState.SENDING: frozenset({RowState.READY, RowState.UNCLEAR, RowState.DONE, RowState.ATTENTION, RowState.FAILED}),
    RowState.UNCLEAR: frozenset({RowState.LOCATED, RowState.DONE, RowState.ATTENTION}),
    RowState.FAILED: frozenset({RowState.LOCATED, RowState.NEW}),
    RowState.DONE: frozenset(),
    RowState.ATTENTION: frozenset(),
    RowState.SKIPPED: frozenset(),
}
"""Which state may follow which. FAILED goes back to the start by ``retry`` alone."""


class EventKind(StrEnum):
    """The kinds of moments in a row's story."""

    LOCATED = "located"
    LOOKED = "looked"
    DECIDED = "decided"
    SENDING = "sending"
    ANSWERED = "answered"
    NOTHING_HAPPENED = "nothing-happened"
    LOST = "lost"
    REREAD = "reread"
    SETTLED = "settled"
    RETRIED = "retried"


class RunState(StrEnum):
    """Where a run is."""

    LOADING = "loading"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


class Recipe(msgspec.Struct, frozen=True):
    """Which item states may be scanned, and which results count as done.

    Attributes:
        name: The word on the command line.
        purpose: What it is for, in a sentence.
        looks: Whether the item is read before it is scanned.
        scans: The process types it scans; "" is an item in no process, in place or not. None scans every state.
        home_only: Whether only items whose home is the desk are scanned (else "other-library").
        requested: Whether requested items are scanned (else "requested").
        transit_is_done: Whether an item in transit afterwards is done ("on-its-way") or wants attention.
    """

    name: str
    purpose: str
    looks: bool
    scans: frozenset[str] | None
    home_only: bool
    requested: bool
    transit_is_done: bool


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "transit",
            "Items stuck in transit: scans what is in transit, at home at this desk and not requested.",
            looks=True,
            scans=TRANSIT_TYPES,
            home_only=True,
            requested=False,
            transit_is_done=False,
        ),
        Recipe(
            "any",
            "Everything, without a look first: one request fewer for each item, and nothing is held back. Items on "
            "loan are returned, and requested ones go to the hold shelf or in transit.",
            looks=False,
            scans=None,
            home_only=False,
            requested=True,
            transit_is_done=True,
        ),
    )
}


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a run was asked to do; kept in the journal as JSON, so fields are added and never renamed.

    Attributes:
        desk: Where to scan.
        options: What else each scan tells Alma.
        recipe: The name of one of ``RECIPES``.
        rate: Requests a second that no second may exceed; None takes the environment's default.
        per_minute: Requests a minute, likewise; 0 is no limit.
        keep_calls: Stop when fewer of the day's calls than this remain; None takes the default floor.
        settle_seconds: How long after a lost answer a scan may still take effect.
    """

    desk: Desk
    options: ScanOptions = ScanOptions()
    recipe: str = "transit"
    rate: float | None = None
    per_minute: int | None = None
    keep_calls: int | None = None
    settle_seconds: float = 120.0


Environment = Literal["production", "sandbox", "unknown"]
"""What ``GET /conf/general`` calls environment_type, in three words; ``docs/alma.md`` "Configuration"."""


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One list, one institution, one order, as the journal has it.

    Times are seconds since 1970 in UTC. ``list_notes`` are the counts of what reading the list found (blank lines,
    comments, ...), by name. ``reason`` says why a paused run is paused.
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


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of a run, as the journal has it.

    Attributes:
        run: The run's id.
        row: The row's number in the list, as its reader counts (a sheet's row number, a text's line).
        state: Where it is in its life.
        outcome: Its answer; None while it has none (``answer`` then says unclear or not-tried).
        given: What the list held, as it stood there.
        barcode: The barcode after white space was taken off, or "" where the list named ids alone.
        mms_id, holding_id, pid: The item's ids as far as known, or "".
        step: Which step of its recipe it is at, from 0.
        sends: How many scans were sent that may have reached Alma, in this step.
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
