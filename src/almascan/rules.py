"""Decisions before a scan and judgements after it: pure functions of what Alma said.

``docs/why.md`` "Unclear" gives the reasons behind ``judge_lost_answer``.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from almascan.hours import midnight_after
from almascan.model import (
    OWN_REASON,
    RECIPES,
    THEN_HOME,
    TRANSIT_TYPES,
    Desk,
    Group,
    Item,
    Order,
    Outcome,
    Recipe,
    ScanOptions,
)


class Place(msgspec.Struct, frozen=True):
    """The desk of a run, and the locations it serves as Alma lists them (none listed: every one of its library)."""

    desk: Desk
    locations: frozenset[str] = frozenset()

    def is_home_of(self, item: Item) -> bool:
        """Whether a scan here brings the item home: its effective library and location are this desk's."""
        if not self.desk.library or item.library != self.desk.library:
            return False
        return not self.locations or item.location in self.locations


class Step(msgspec.Struct, frozen=True):
    """One step of an order: what is scanned, where, and what else the scan tells Alma."""

    recipe: Recipe
    desk: Desk
    options: ScanOptions


def is_same_barcode(asked: str, answered: str) -> bool:
    """Whether Alma answered with the barcode that was asked for; case and outer spaces aside, and ids ask for none."""
    return not asked or asked.strip().casefold() == answered.strip().casefold()


def decide(item: Item, recipe: Recipe, place: Place, barcode: str = "") -> Outcome | None:
    """Say whether to scan an item as it was just seen.

    Args:
        item: The item; its ``requested`` is known.
        recipe: What may be scanned.
        place: Where the scan would happen.
        barcode: The barcode that was asked for; "" when the list named the item by its ids.

    Returns:
        None to scan it; else the first reason that holds, in the order in which ``Outcome`` lists them.
    """
    if recipe.scans is None:
        return None if is_same_barcode(barcode, item.barcode) else Outcome.OTHER_ITEM
    scanned = item.process_type in recipe.scans and (item.in_place or not recipe.only_in_place)
    expected = scanned or (recipe.allows_unexpected and item.process_type not in OWN_REASON)
    own = None if scanned else OWN_REASON.get(item.process_type)
    refused = {
        Outcome.REQUESTED: item.requested or item.process_type == "REQUESTED",
        Outcome.OTHER_LIBRARY: not place.is_home_of(item),
        Outcome.ALREADY_IN_PLACE: item.in_place,
        Outcome.ALREADY_ON_ITS_WAY: item.in_transit,
    }
    already = {
        Outcome.ALREADY_IN_PLACE: item.in_place and Outcome.IN_PLACE in recipe.done,
        Outcome.ALREADY_ON_ITS_WAY: item.in_transit and Outcome.ON_ITS_WAY in recipe.done,
    }
    reasons = (
        (Outcome.OTHER_ITEM, not is_same_barcode(barcode, item.barcode)),
        (own, own is not None),
        *((reason, holds and reason in recipe.refuses) for reason, holds in refused.items()),
        *((reason, holds and not expected) for reason, holds in already.items()),
        (Outcome.NOT_EXPECTED, not expected),
    )
    return next((reason for reason, holds in reasons if holds), None)


def judge(after: Item, recipe: Recipe, barcode: str = "") -> Outcome:
    """Say what a scan made of an item, from Alma's answer to it.

    HTTP 200 is no success in itself: the base status and the process type tell (``docs/alma.md`` "Scan-in").

    Args:
        after: The item in the answer, or as read again later.
        recipe: Which results count as done.
        barcode: The barcode that was asked for, or "".
    """
    if not is_same_barcode(barcode, after.barcode):
        return Outcome.WRONG_ITEM
    if after.in_place:
        return Outcome.IN_PLACE if Outcome.IN_PLACE in recipe.done else Outcome.NOT_SENT_ON
    if after.in_transit:
        return Outcome.ON_ITS_WAY if Outcome.ON_ITS_WAY in recipe.done else Outcome.IN_TRANSIT_ELSEWHERE
    if after.process_type == "HOLDSHELF":
        return Outcome.ON_HOLD_SHELF
    if after.process_type == "WORK_ORDER_DEPARTMENT":
        return Outcome.AT_DEPARTMENT
    return Outcome.STILL_NOT_IN_PLACE


class Finding(Enum):
    """What reading an item again says of a scan whose answer never came."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did not happen"
    WAIT = "wait"
    UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """A finding, and the outcome where the scan happened."""

    finding: Finding
    outcome: Outcome | None = None


def judge_lost_answer(
    before: Item | None, now: Item, step: Step, place: Place, *, settled: bool, barcode: str = ""
) -> Verdict:
    """Say whether a scan happened whose answer never came, from the item before and after it.

    Args:
        before: The item on the look before the scan; None where the recipe does not look.
        now: The item as just read; its ``requested`` is known.
        step: What was to be scanned, and what the scan told Alma.
        place: Where the scan was sent from.
        settled: Whether so much time has gone by that the scan cannot take effect any more.
        barcode: The barcode that was asked for, or "".
    """
    later = Verdict(Finding.UNKNOWN if settled else Finding.WAIT)
    if not is_same_barcode(barcode, now.barcode):
        return later
    if now.in_place:
        return later if before is not None and before.in_place else Verdict(Finding.HAPPENED, Outcome.IN_PLACE)
    if before is not None and not before.same_state(now):
        return Verdict(Finding.HAPPENED, judge(now, step.recipe, barcode)) if _is_left_by_scan(now, place) else later
    knows_before = before is not None or now.in_transit
    if settled and knows_before and _is_always_changed(now, step, place):
        return Verdict(Finding.DID_NOT_HAPPEN)
    return later


_ALWAYS_CHANGED = TRANSIT_TYPES | {"LOAN", "MISSING"}


def _is_always_changed(item: Item, step: Step, place: Place) -> bool:
    """Whether no scan of this step leaves an item in this state; ``docs/alma.md`` "Scan-in"."""
    if item.requested or not place.is_home_of(item):
        return False
    if place.desk.department and step.options.done:
        return item.process_type == "WORK_ORDER_DEPARTMENT"
    # In transit to the department of its work order it may be because of the very scan.
    return item.process_type in _ALWAYS_CHANGED and not item.work_order_type


def _is_left_by_scan(item: Item, place: Place) -> bool:
    """Whether a scan at this place leaves an item, that is not in place, in this state."""
    if item.process_type == "HOLDSHELF":
        return True
    if place.desk.department and item.process_type == "WORK_ORDER_DEPARTMENT":
        return True
    return item.in_transit and (bool(item.requested) or not place.is_home_of(item))


CONTINUING = frozenset({Outcome.IN_PLACE, Outcome.IN_TRANSIT_ELSEWHERE, Outcome.ON_ITS_WAY})
"""Outcomes of a step after which the next is taken."""


def steps_of(order: Order) -> tuple[Step, ...]:
    """Give the steps of an order: one, or with ``then`` a second at another desk.

    Raises:
        ValueError: A reason in ``allow`` or ``skip`` cannot be used with the recipe.
    """
    first = Step(RECIPES[order.recipe].narrowed(order.allow, order.skip), order.desk, order.options)
    if order.then is None:
        return (first,)
    options = msgspec.structs.replace(order.options, done=False, work_order_type="", status="")
    return first, Step(THEN_HOME, order.then, options)


ALIKE_ROWS = 20
SILENT_REQUESTS = 10


def is_silent(unanswered_in_a_row: int) -> bool:
    """Whether so many requests in a row got no answer that the next would get none either."""
    return unanswered_in_a_row >= SILENT_REQUESTS


def all_alike(first: Sequence[Outcome]) -> Outcome | None:
    """Say which one reason the first rows of a run all ended with, when none of them is done.

    A wrong desk would put five thousand books in transit; after the first twenty a person has a look.

    Args:
        first: The outcomes of the rows that ended first, ``ALIKE_ROWS`` of them at most.
    """
    if len(first) < ALIKE_ROWS or len(set(first)) > 1 or first[0].group is Group.DONE:
        return None
    return first[0]


def floor_of_calls(most_seen: int) -> int:
    """Say how many of the day's calls a run leaves to others: 5 % of the most that was seen, at least 5,000."""
    return max(5_000, most_seen // 20)


def say_floor(remaining: int, floor: int, now: float) -> str:
    """Say that a run leaves the day's remaining calls to others, and from when to go on."""
    return (
        f"Alma has {remaining:,} calls left for this institution today, and this run leaves the last {floor:,} to its "
        f"other systems (--keep-calls). Alma counts anew at midnight, probably GMT: go on after {next_midnight(now)}."
    )


def next_midnight(now: float) -> str:
    """Say when Alma counts the day's calls anew, in UTC; ``docs/alma.md`` "Thresholds"."""
    return f"{midnight_after(now):%Y-%m-%d %H:%M} UTC"


def describe(item: Item) -> str:
    """Say an item's state in a line, without its title or a person's name."""
    parts = ["in place" if item.in_place else "not in place"]
    if item.process_type:
        parts.append(item.process_type)
    if item.work_order_type:
        parts.append(f"work order {item.work_order_type} at {item.work_order_at}")
    parts.append(f"at {item.library}/{item.location}")
    if item.requested is not None:
        parts.append("requested" if item.requested else "not requested")
    if item.due_date:
        parts.append(f"due {item.due_date}")
    return ", ".join(parts)
