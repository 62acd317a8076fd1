"""The institution's sets: named collections of items or titles; ``docs/alma.md`` "Sets". No HTTP.

An itemized set holds what was put into it. A logical set is a question that is asked anew at every reading, so that
its members change while somebody scans them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.identifiers import ITEMS_PER_BIB, draw
from almascan.simulator.institution import LIBRARY
from almascan.simulator.transit import ItemsInTransit

SetType = Literal["ITEMIZED", "LOGICAL"]
CONTENTS = {"ITEM": "Physical items", "BIB_MMS": "All titles", "IEP": "Physical titles"}
"""What a set may hold, by code."""
API_USER = "exl_api"
LOGICAL_SET = "In transit at Main"
ITEMIZED_SET = "Truck of returns"
TITLES_SET = "Titles on reading lists"
PHYSICAL_TITLES_SET = "Physical titles to weed"
SEEDED_SETS = (LOGICAL_SET, ITEMIZED_SET, TITLES_SET, PHYSICAL_TITLES_SET)
"""The sets there are from the start, by name."""
_SEEDED_DAY = "2025-07-15Z"
_TRUCK_ITEMS = 500
_LISTED_ITEMS = 200


@dataclass(frozen=True, slots=True)
class AlmaSet:
    """What is written on a set; its members are the business of ``Sets``.

    Attributes:
        name: Its name, which no other set has.
        set_id: Its id; "" until it is created.
        type: ITEMIZED or LOGICAL.
        content: A code of CONTENTS.
        private: Whether it is its owner's alone.
        active: Whether its status is ACTIVE.
    """

    name: str
    set_id: str = ""
    description: str = ""
    type: SetType = "ITEMIZED"
    content: str = "ITEM"
    private: bool = False
    active: bool = True
    created_by: str = API_USER
    created_date: str = _SEEDED_DAY


@dataclass(slots=True)
class _Shelf:
    """The members of an itemized set: item numbers, for titles those of their first items; and the listed order."""

    salt: int
    numbers: set[int] = field(default_factory=set)
    listed: list[int] | None = None


class Sets:
    """All sets of an institution, and the numbers of the items that are their members.

    Members are listed in an order of their own, not in the one in which they were added; it stays the same until
    the set is changed.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._seed = catalogue.numbering.seed
        self._id_suffix = catalogue.numbering.suffix
        self._in_transit = ItemsInTransit(catalogue, LIBRARY)
        self._sets: dict[str, AlmaSet] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._created = 0
        for alma_set, numbers in _seeded_sets(catalogue.numbering.items):
            self.add(self.create(alma_set), numbers)

    def list_all(self) -> list[AlmaSet]:
        """List all sets, the oldest first."""
        return list(self._sets.values())

    def find(self, set_id: str) -> AlmaSet | None:
        """Find a set by its id."""
        return self._sets.get(set_id)

    def find_named(self, name: str) -> AlmaSet | None:
        """Find a set by its name."""
        return next((one for one in self._sets.values() if one.name == name), None)

    def create(self, draft: AlmaSet) -> AlmaSet:
        """Create a set without members; the draft's id does not matter."""
        self._created += 1
        created = replace(draft, set_id=f"7{self._created:08d}000{self._id_suffix}")
        self._sets[created.set_id] = created
        self._shelves[created.set_id] = _Shelf(1000 + self._created)
        return created

    def update(self, changed: AlmaSet) -> None:
        """Put a set in the place of the one with the same id; the members stay."""
        self._sets[changed.set_id] = changed

    def delete(self, set_id: str) -> None:
        """Delete a set; its items stay."""
        del self._sets[set_id], self._shelves[set_id]

    def members(self, alma_set: AlmaSet) -> Sequence[int]:
        """List the item numbers of a set's members, in the order in which they are listed."""
        if alma_set.type == "LOGICAL":
            return self._in_transit.numbers()
        shelf = self._shelves[alma_set.set_id]
        if shelf.listed is None:
            shelf.listed = sorted(shelf.numbers, key=lambda number: draw(self._seed, shelf.salt, number))
        return shelf.listed

    def count(self, alma_set: AlmaSet) -> int:
        """Count a set's members."""
        if alma_set.type == "LOGICAL":
            return len(self._in_transit.numbers())
        return len(self._shelves[alma_set.set_id].numbers)

    def contains(self, alma_set: AlmaSet, number: int) -> bool:
        """Say whether an item is in an itemized set."""
        return number in self._shelves[alma_set.set_id].numbers

    def add(self, alma_set: AlmaSet, numbers: Iterable[int]) -> None:
        """Add members to an itemized set."""
        shelf = self._shelves[alma_set.set_id]
        shelf.numbers.update(numbers)
        shelf.listed = None

    def remove(self, alma_set: AlmaSet, numbers: Iterable[int]) -> None:
        """Take members out of an itemized set."""
        shelf = self._shelves[alma_set.set_id]
        shelf.numbers.difference_update(numbers)
        shelf.listed = None

    def replace(self, alma_set: AlmaSet, numbers: Iterable[int]) -> None:
        """Give an itemized set other members in place of those it has."""
        self._shelves[alma_set.set_id].numbers.clear()
        self.add(alma_set, numbers)


def _seeded_sets(items: int) -> list[tuple[AlmaSet, range]]:
    truck = range(0, min(items, _TRUCK_ITEMS), 2)
    titles = range(0, min(items, _LISTED_ITEMS), ITEMS_PER_BIB)
    return [
        (_seeded(LOGICAL_SET, type="LOGICAL", description="Everything of the main library in transit"), range(0)),
        (_seeded(ITEMIZED_SET, description="Items in every state"), truck),
        (_seeded(TITLES_SET, content="BIB_MMS"), titles),
        (_seeded(PHYSICAL_TITLES_SET, content="IEP"), titles),
    ]


def _seeded(name: str, *, type: SetType = "ITEMIZED", content: str = "ITEM", description: str = "") -> AlmaSet:  # noqa: A002 - Alma's word
    return AlmaSet(name, type=type, content=content, description=description, created_by="okonkwo.f")
