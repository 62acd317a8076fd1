"""An item's state in words, as a librarian would say it."""

from almascan.model import Item

PROCESS_WORDS: dict[str, str] = {
    "ACQ": "in acquisition",
    "CLAIM_RETURNED_LOAN": "claimed returned",
    "HOLDSHELF": "on the hold shelf",
    "ILL": "in resource sharing",
    "LOAN": "on loan",
    "LOST_ILL": "lost in resource sharing",
    "LOST_LOAN": "lost",
    "LOST_LOAN_AND_PAID": "lost and paid",
    "MISSING": "missing",
    "REQUESTED": "requested",
    "TECHNICAL": "technical status from a migration",
    "TRANSIT": "in transit",
    "TRANSIT_TO_REMOTE_STORAGE": "in transit to remote storage",
    "WORK_ORDER_DEPARTMENT": "in a work order",
}
"""Alma's process types in words; ``docs/alma.md`` "Item"."""


def state_words(item: Item) -> str:
    """Say the state in a few words: "in transit"; "in place, requested"; "in a work order (Bindery)".

    A process type that is not known is given as Alma spells it.
    """
    if item.process_type and item.process_type != "REQUESTED":
        words = PROCESS_WORDS.get(item.process_type, item.process_type)
        department = item.work_order_at or item.work_order_type
        parts = [f"{words} ({department})" if department else words]
    else:
        parts = [_place_words(item)]
    if item.requested or item.process_type == "REQUESTED":
        parts.append("requested")
    return ", ".join(parts)


def _place_words(item: Item) -> str:
    if item.base_status == "1":
        return "in place"
    return "awaiting reshelving" if item.awaiting_reshelving else "not in place"
