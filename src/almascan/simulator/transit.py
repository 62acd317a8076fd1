"""The question behind the seeded logical set: which items of a library are in transit now?"""

from itertools import islice

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.identifiers import draw
from almascan.simulator.items import Item

MAXIMUM_MEMBERS = 3000
_ORDER_SALT = 31


class ItemsInTransit:
    """The items of a library that are in transit, at most 3,000.

    Those that were in transit from the start are looked for once; after that an answer takes no longer than the
    changed items do.
    """

    def __init__(self, catalogue: Catalogue, library: str) -> None:
        self._catalogue = catalogue
        self._library = library
        self._seeded: list[int] | None = None

    def numbers(self) -> list[int]:
        """List the items' numbers, in an order that shows no pattern."""
        changed = self._catalogue.changed
        seeded = self._list_seeded()
        stayed = [number for number in seeded if number not in changed or self._fits(changed[number])]
        known = set(seeded)
        joined = [number for number, item in changed.items() if number not in known and self._fits(item)]
        return (stayed + sorted(joined, key=self._order))[:MAXIMUM_MEMBERS]

    def _list_seeded(self) -> list[int]:
        if self._seeded is None:
            items = (self._catalogue.seed.item(number) for number in range(self._catalogue.numbering.items))
            fitting = (item.number for item in items if self._fits(item))
            self._seeded = sorted(islice(fitting, MAXIMUM_MEMBERS), key=self._order)
        return self._seeded

    def _fits(self, item: Item) -> bool:
        # The permanent library: an item that is lent to another library's shelf for a while still belongs here.
        return item.library == self._library and item.process_type == "TRANSIT"

    def _order(self, number: int) -> int:
        return draw(self._catalogue.numbering.seed, _ORDER_SALT, number)
