"""The institution's items: generated when asked for, kept once they are changed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any

from almascan.simulator.identifiers import ITEMS_PER_BIB, ITEMS_PER_HOLDING, Numbering
from almascan.simulator.institution import CIRC_DESK, LIBRARIES, LIBRARY, WORK_ORDER_TYPES
from almascan.simulator.items import STATES, Item, Loan, Request
from almascan.simulator.seed import Seed


class Catalogue:
    """The items of the institution by number, barcode and ids.

    An item that nobody has changed is made from the seed when it is asked for and not kept, so that ten million
    items cost no memory.

    Attributes:
        numbering: Their barcodes and ids.
        seed: Their first states.
        changed: The items that were changed, by number.
    """

    def __init__(self, seed: int, items: int, id_suffix: str = "7701") -> None:
        self.numbering = Numbering(seed, items, id_suffix)
        self.seed = Seed(seed)
        self._changed: dict[int, Item] = {}
        self.changed: Mapping[int, Item] = MappingProxyType(self._changed)

    def item(self, number: int) -> Item:
        """Return an item; who changes it keeps it."""
        return self._changed.get(number) or self.seed.item(number)

    def keep(self, item: Item) -> None:
        """Remember an item that was changed."""
        self._changed[item.number] = item

    def reset(self) -> None:
        """Forget every change."""
        self._changed.clear()

    def find(self, name: str) -> int | None:
        """Find an item by its barcode or PID; None where there is none."""
        number = self.numbering.number_of_barcode(name)
        return self.numbering.number_of_pid(name) if number is None else number

    def items_of(self, mms_id: str, holding_id: str) -> list[int] | None:
        """List the items of a holding, or with "ALL" of a record; None where the record or holding is unknown."""
        first = self.numbering.first_of_bib(mms_id)
        if first is None:
            return None
        if holding_id == "ALL":
            return list(range(first, min(first + ITEMS_PER_BIB, self.numbering.items)))
        start = self.numbering.first_of_holding(holding_id)
        if start is None or self.numbering.mms_id(start) != mms_id:
            return None
        return list(range(start, min(start + ITEMS_PER_HOLDING, self.numbering.items)))

    def change(self, number: int, fields: Mapping[str, Any], today: str) -> Item:
        """Change an item as another operator would.

        Args:
            number: The item.
            fields: Any of process_type, base_status, library, location, temp_library, temp_location,
                awaiting_reshelving, work_order_type, work_order_at, modification_date, due_date (of the loan) and
                requested (true puts a patron's request in the queue, to be picked up at ``pickup_library`` and
                ``pickup_desk``; false empties the queue). What goes with a change follows: process type LOAN makes a
                loan, another one ends it, and the modification date becomes today.
            today: The date, as Alma writes it.

        Raises:
            ValueError: If a field, library, location or work-order type is unknown; the message names it, and nothing is changed.
        """
        unknown = sorted(set(fields) - _CHANGEABLE)
        if unknown:
            raise ValueError(f"No such field: {', '.join(unknown)}. Fields: {', '.join(sorted(_CHANGEABLE))}.")
        item = replace(self.item(number))
        item.modification_date = today
        if "process_type" in fields:
            self._set_process_type(item, str(fields["process_type"]), today)
        for name in _PLAIN_FIELDS & set(fields):
            setattr(item, name, fields[name])
        if "due_date" in fields:
            item.loans = tuple(
                loan if loan.return_date else replace(loan, due_date=str(fields["due_date"])) for loan in item.loans
            )
        if "requested" in fields:
            self._set_requested(item, fields, today)
        _check_places(item)
        if item.work_order_type and item.work_order_type not in WORK_ORDER_TYPES:
            raise ValueError(f"No such work-order type: {item.work_order_type}. Types: {', '.join(WORK_ORDER_TYPES)}.")
        self.keep(item)
        return item

    def barcodes(self, state: str, limit: int) -> Iterator[str]:
        """Name up to ``limit`` barcodes of items in a state, most useful ones for trying a scan at the main desk.

        Items in transit, in place, on loan and missing are those of the main library whose location the main desk
        serves and that no patron wants.

        Args:
            state: One of STATES, or "unknown" for barcodes that no item has.
            limit: How many at most.

        Raises:
            ValueError: If the state is none of these.
        """
        if state == "unknown":
            return (self.numbering.barcode(self.numbering.items + extra) for extra in range(limit))
        if state not in STATES:
            raise ValueError(f"No such state: {state}. States: {', '.join((*STATES, 'unknown'))}.")
        items = (self.item(number) for number in range(self.numbering.items))
        chosen = (item for item in items if state in item.states() and _is_at_main_desk(item, state))
        return (self.numbering.barcode(item.number) for item in islice(chosen, limit))

    def _set_process_type(self, item: Item, process_type: str, today: str) -> None:
        item.put(process_type)
        if process_type == "LOAN" and item.loan is None:
            loan = Loan(f"1{item.number:09d}88", "700001", item.library, CIRC_DESK, today, today)
            item.loans = (*item.loans, loan)
        elif process_type in {"", "TRANSIT", "REQUESTED", "HOLDSHELF"}:
            item.end_loan(today)

    def _set_requested(self, item: Item, fields: Mapping[str, Any], today: str) -> None:
        if not fields["requested"]:
            item.requests = ()
            return
        library, desk = fields.get("pickup_library", LIBRARY), fields.get("pickup_desk", CIRC_DESK)
        request_id = f"2{item.number:09d}{len(item.requests)}88"
        request = Request(request_id, "Okonkwo, Fumiko", "700002", library, desk, today)
        item.requests = (*item.requests, request)


def _check_places(item: Item) -> None:
    places = [(item.library, item.location), item.home]
    places += [(request.pickup_library, "") for request in item.requests]
    for library, location in places:
        if library not in LIBRARIES or (location and location not in LIBRARIES[library].locations):
            raise ValueError(f"No such place: library {library}, location {location}.")


def _is_at_main_desk(item: Item, state: str) -> bool:
    library, location = item.home
    if state not in {"in_transit", "in_place", "on_loan", "missing"}:
        return True
    served = location in LIBRARIES[LIBRARY].desks[CIRC_DESK].locations
    reshelved = library == LIBRARY and LIBRARIES[LIBRARY].locations[location].reshelving_hours
    return library == LIBRARY and served and not reshelved and not item.requests


_PLAIN_FIELDS = frozenset(
    {
        "base_status",
        "library",
        "location",
        "temp_library",
        "temp_location",
        "awaiting_reshelving",
        "work_order_type",
        "work_order_at",
        "modification_date",
    }
)
_CHANGEABLE = _PLAIN_FIELDS | {"process_type", "due_date", "requested", "pickup_library", "pickup_desk"}
