"""The state in which a catalogue starts: every item's home and state as a function of the seed and its number."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from almascan.simulator.identifiers import ITEMS_PER_HOLDING, draw
from almascan.simulator.institution import CIRC_DESK, DEPARTMENT, LIBRARY, OTHER_CIRC_DESK, OTHER_LIBRARY
from almascan.simulator.items import Item, Loan, Request
from almascan.simulator.titles import make_patron

MIXTURE: dict[str, int] = {
    "in_transit": 42,
    "in_place": 17,
    "on_loan": 12,
    "requested_in_place": 3,
    "requested_in_transit": 4,
    "hold_shelf": 4,
    "missing": 4,
    "lost": 2,
    "lost_and_paid": 1,
    "claimed_returned": 1,
    "work_order": 3,
    "resource_sharing": 1,
    "acquisition": 1,
    "technical": 2,
    "to_remote_storage": 1,
    "temporary_location": 2,
}
"""How many of every hundred items start in which state."""

_HOMES: tuple[tuple[str, str, int], ...] = (
    ("MAIN", "stacks", 58),
    ("MAIN", "oversize", 12),
    ("MAIN", "reading", 8),
    ("MAIN", "newbooks", 3),
    ("MAIN", "rare", 3),
    ("SCI", "scistacks", 7),
    ("SCI", "scires", 2),
    ("LAW", "lawstacks", 4),
    ("STORE", "bay", 3),
)
_HOME_OF_SHARE = tuple((library, location) for library, location, share in _HOMES for _ in range(share))
_KIND_OF_SHARE = tuple(kind for kind, share in MIXTURE.items() for _ in range(share))
_PROCESS_TYPES = {
    "in_transit": "TRANSIT",
    "in_place": "",
    "on_loan": "LOAN",
    "requested_in_place": "REQUESTED",
    "requested_in_transit": "TRANSIT",
    "hold_shelf": "HOLDSHELF",
    "missing": "MISSING",
    "lost": "LOST_LOAN",
    "lost_and_paid": "LOST_LOAN_AND_PAID",
    "claimed_returned": "CLAIM_RETURNED_LOAN",
    "work_order": "WORK_ORDER_DEPARTMENT",
    "resource_sharing": "ILL",
    "acquisition": "ACQ",
    "technical": "TECHNICAL",
    "to_remote_storage": "TRANSIT_TO_REMOTE_STORAGE",
    "temporary_location": "TRANSIT",
}
_LENT = frozenset({"on_loan", "lost", "lost_and_paid", "claimed_returned"})
_REQUESTED = frozenset({"requested_in_place", "requested_in_transit", "hold_shelf"})
_FIRST_DAY = date(2019, 1, 1)


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed, from which the first state of any item can be told without storing it."""

    seed: int

    def kind(self, number: int) -> str:
        """Name the entry of MIXTURE that an item starts in; every hundred items in a row hold the exact mixture."""
        shift = draw(self.seed, 21, number // 100)
        return _KIND_OF_SHARE[(number % 100 * 37 + shift) % 100]

    def item(self, number: int) -> Item:
        """Make the item as it was before anybody touched it."""
        kind = self.kind(number)
        bits = draw(self.seed, 22, number)
        library, location = _HOME_OF_SHARE[draw(self.seed, 23, number // ITEMS_PER_HOLDING) % 100]
        item = Item(number, library, location)
        item.creation_date = _day(bits % 1500)
        item.modification_date = _day(1500 + (bits >> 16) % 900)
        item.put(_PROCESS_TYPES[kind])
        if kind in _LENT:
            item.loans = (self._loan(number, library, bits),)
        elif kind in _REQUESTED:
            item.requests = self._requests(number, kind, bits)
        elif kind == "work_order":
            item.work_order_type, item.work_order_at, item.work_order_status = "CONSERVE", DEPARTMENT, "CONSERVE_INIT"
        elif kind == "temporary_location":
            item.temp_library, item.temp_location = OTHER_LIBRARY, "scires"
        return item

    def _loan(self, number: int, library: str, bits: int) -> Loan:
        day = 2000 + (bits >> 32) % 400
        _, user_id = make_patron(self.seed, number)
        return Loan(f"1{number:09d}77", user_id, library, CIRC_DESK, _moment(day), _moment(day + 28))

    def _requests(self, number: int, kind: str, bits: int) -> tuple[Request, ...]:
        queue = 2 if (bits >> 40) % 5 == 0 else 1
        requests = tuple(self._request(number, place, bits) for place in range(queue))
        if kind != "hold_shelf":
            return requests
        return (replace(requests[0], status="ON_HOLD_SHELF"), *requests[1:])

    def _request(self, number: int, place: int, bits: int) -> Request:
        requester, user_id = make_patron(self.seed, number * 3 + place)
        # Six of ten first requests are picked up at the main desk.
        here = (bits >> 48) % 10 < 6 + place
        library, desk = (LIBRARY, CIRC_DESK) if here else (OTHER_LIBRARY, OTHER_CIRC_DESK)
        return Request(f"2{number:09d}{place}77", requester, user_id, library, desk, _day(2300 + (bits >> 24) % 60))


def _day(days: int) -> str:
    return (_FIRST_DAY + timedelta(days=days)).isoformat() + "Z"


def _moment(days: int) -> str:
    return (_FIRST_DAY + timedelta(days=days)).isoformat() + "T21:59:00Z"
