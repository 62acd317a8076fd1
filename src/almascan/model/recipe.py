"""Recipes: which item states may be scanned, and which results count as done."""

from collections.abc import Collection

import msgspec

from almascan.model.item import TRANSIT_TYPES
from almascan.model.outcome import OWN_REASON, Outcome

WIDENING = frozenset(
    {
        *OWN_REASON.values(),
        Outcome.REQUESTED,
        Outcome.OTHER_LIBRARY,
        Outcome.ALREADY_IN_PLACE,
        Outcome.ALREADY_ON_ITS_WAY,
        Outcome.NOT_EXPECTED,
    }
)
"""The reasons not to scan that an order may allow or add, one by one."""

ALLOWED_TOO = frozenset({Outcome.SENT_IN_EARLIER_RUN})
"""The reasons that an order may allow and that are no matter of an item's state."""


class Recipe(msgspec.Struct, frozen=True):
    """Which item states may be scanned, and which results count as done.

    Attributes:
        name: The word on the command line.
        purpose: What it is for, in a sentence.
        looks: Whether the item is read before it is scanned.
        scans: The process types it scans; "" is an item in no process, in place or not. None scans every state.
        refuses: Reasons that hold an item back although its process type is scanned.
        done: Which of in-place and on-its-way count as done; the other wants attention.
        only_in_place: Whether an item in no process must be in place to be scanned.
        allows_unexpected: Whether states that the recipe does not know are scanned too.
    """

    name: str
    purpose: str
    looks: bool
    scans: frozenset[str] | None
    refuses: frozenset[Outcome]
    done: frozenset[Outcome]
    only_in_place: bool = False
    allows_unexpected: bool = False

    def narrowed(self, allow: Collection[Outcome] = (), skip: Collection[Outcome] = ()) -> "Recipe":
        """Give the recipe with some reasons allowed, and others added.

        Args:
            allow: Reasons that hold no item back.
            skip: Reasons that hold items back; they count before ``allow``.

        Raises:
            ValueError: A reason is none of ``WIDENING``, or the recipe does not look and so cannot tell.
        """
        for reason in (*(set(allow) - ALLOWED_TOO), *skip):
            if reason not in WIDENING:
                raise ValueError(f"{reason} cannot be allowed or skipped; these can: {', '.join(sorted(WIDENING))}")
        if self.scans is None:
            if skip:
                raise ValueError(f"the recipe {self.name} does not look at items, so it cannot skip {', '.join(skip)}")
            return self
        allowed = set(allow) - set(skip)
        added = {kind for kind, reason in OWN_REASON.items() if reason in allowed}
        added |= {""} if Outcome.ALREADY_IN_PLACE in allowed else set()
        added |= TRANSIT_TYPES if Outcome.ALREADY_ON_ITS_WAY in allowed else set()
        removed = {kind for kind, reason in OWN_REASON.items() if reason in skip}
        return msgspec.structs.replace(
            self,
            scans=(self.scans | added) - removed,
            refuses=(self.refuses | set(skip)) - allowed,
            allows_unexpected=Outcome.NOT_EXPECTED in allowed,
        )


_IN_PLACE = frozenset({Outcome.IN_PLACE})
_ON_ITS_WAY = frozenset({Outcome.ON_ITS_WAY})
_REQUESTED = frozenset({Outcome.REQUESTED})

THEN_HOME = Recipe(
    "then-home",
    "The second step of a work order: scans the item at its home desk, unless it is in place already.",
    looks=True,
    scans=TRANSIT_TYPES | {""},
    refuses=_REQUESTED | {Outcome.OTHER_LIBRARY, Outcome.ALREADY_IN_PLACE},
    done=_IN_PLACE,
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "transit",
            "Items stuck in transit: scans what is in transit, at home at this desk and not requested.",
            looks=True,
            scans=TRANSIT_TYPES,
            refuses=_REQUESTED | {Outcome.OTHER_LIBRARY},
            done=_IN_PLACE,
        ),
        Recipe(
            "returns",
            "A truck of returns: scans what is on loan, in transit or in no process, requested or not. Loans end now: a "
            "scan cannot be backdated.",
            looks=True,
            scans=TRANSIT_TYPES | {"LOAN", "REQUESTED", ""},
            refuses=frozenset(),
            done=_IN_PLACE | _ON_ITS_WAY,
        ),
        Recipe(
            "work-order",
            "Finished work orders: scans what is in a work order and not requested, as done at the department, and then "
            "at the item's home desk where one is named.",
            looks=True,
            scans=frozenset({"WORK_ORDER_DEPARTMENT"}),
            refuses=_REQUESTED,
            done=_IN_PLACE,
        ),
        Recipe(
            "found",
            "Missing items found on the shelf: scans what is marked missing and not requested.",
            looks=True,
            scans=frozenset({"MISSING"}),
            refuses=_REQUESTED,
            done=_IN_PLACE,
        ),
        Recipe(
            "send",
            "Items to be moved to storage or another library: scans what is in place and not requested, at a desk that "
            "sends it on its way.",
            looks=True,
            scans=frozenset({""}),
            refuses=_REQUESTED,
            done=_ON_ITS_WAY,
            only_in_place=True,
        ),
        Recipe(
            "any",
            "Everything, without a look first: one request fewer for each item, and nothing is held back. Items on "
            "loan are returned, and requested ones go to the hold shelf or in transit.",
            looks=False,
            scans=None,
            refuses=frozenset(),
            done=_IN_PLACE | _ON_ITS_WAY,
        ),
    )
}
