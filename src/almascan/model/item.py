"""What Alma's API names: desks, items, and what a scan tells. See ``docs/alma.md``."""

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

    @property
    def is_home(self) -> bool:
        """Whether each item is to be scanned at its own home desk."""
        return self == HOME

    def __str__(self) -> str:
        """Say it as a librarian would: desk at library."""
        if self.is_home:
            return "each item's home desk"
        place = self.circ_desk or f"department {self.department}"
        return f"{place} at {self.library}" if self.library else place


HOME = Desk(circ_desk="home")
"""The word for the home desk of each item: of its effective library and location."""


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
