"""Recipes: which item states may be scanned, and which results count as done."""

import msgspec

from almascan.model.item import TRANSIT_TYPES


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
