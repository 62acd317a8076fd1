"""What became of a row: the fixed codes, each with its group, one plain sentence and what to do next."""

from enum import StrEnum

import msgspec


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
    NOT_SENT_ON = "not-sent-on"
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
    LEFT_OUT = "left-out"
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
    def can_be_retried(self) -> bool:
        """Whether a row that failed so may be tried once more; a damaged barcode stays what it is."""
        return self.group is Group.FAILED and self is not Outcome.BAD_BARCODE

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
    Outcome.NOT_SENT_ON: OutcomeText(
        Group.ATTENTION,
        "Scanned, and Alma has the item in place: this desk does not send it on.",
        "Scan it at a desk from which it goes on its way.",
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
    Outcome.LEFT_OUT: OutcomeText(
        Group.SKIPPED,
        "Not scanned: a person left it out of the run.",
        "Take it back into the run on the page (almascan web) if it is to be scanned after all.",
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
