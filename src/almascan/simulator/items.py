"""What the simulated Alma knows of an item: where it lives, what state it is in, its loans and requests."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

TRANSIT_TYPES = frozenset({"TRANSIT", "TRANSIT_TO_REMOTE_STORAGE"})
LOST_TYPES = frozenset({"LOST_LOAN", "LOST_LOAN_AND_PAID", "CLAIM_RETURNED_LOAN"})


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan; dates are Alma's texts, ``return_date`` is "" while it runs."""

    loan_id: str
    user_id: str
    library: str
    circ_desk: str
    loan_date: str
    due_date: str
    return_date: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A patron's request for the item, to be picked up at a desk; ``status`` is Alma's request_status."""

    request_id: str
    requester: str
    user_id: str
    pickup_library: str
    pickup_desk: str
    request_date: str
    status: str = "NOT_STARTED"


@dataclass(slots=True)
class Item:
    """An item's state; everything printed on it follows from its number.

    ``requests`` holds the active ones in the order of the queue, ``loans`` the running one (if any) and past ones.
    """

    number: int
    library: str
    location: str
    process_type: str = ""
    base_status: str = "1"
    temp_library: str = ""
    temp_location: str = ""
    work_order_type: str = ""
    work_order_at: str = ""
    work_order_status: str = ""
    awaiting_reshelving: bool = False
    creation_date: str = ""
    modification_date: str = ""
    loans: tuple[Loan, ...] = ()
    requests: tuple[Request, ...] = ()

    @property
    def home(self) -> tuple[str, str]:
        """Library and location where the item belongs at present: the temporary ones, if it has them."""
        return (self.temp_library, self.temp_location) if self.temp_library else (self.library, self.location)

    @property
    def loan(self) -> Loan | None:
        """The running loan."""
        return next((loan for loan in self.loans if not loan.return_date), None)

    def end_loan(self, return_date: str) -> bool:
        """End the running loan; say whether there was one."""
        running = self.loan
        self.loans = tuple(replace(loan, return_date=return_date) if loan is running else loan for loan in self.loans)
        return running is not None

    def put(self, process_type: str = "", *, awaiting_reshelving: bool = False, base_status: str = "") -> None:
        """Put the item in a state; the base status follows from the process type unless it is given."""
        self.process_type = process_type
        self.awaiting_reshelving = awaiting_reshelving
        self.base_status = base_status or ("1" if process_type in {"", "REQUESTED"} else "0")

    def states(self) -> Iterator[str]:
        """Name the item's state by the words of the control plane; more than one may fit."""
        if self.requests and self.process_type in {"", "REQUESTED", "TRANSIT"}:
            yield "requested"
        elif self.process_type in TRANSIT_TYPES:
            yield "in_transit"
        yield from STATES_BY_PROCESS_TYPE.get(self.process_type, ())


STATES_BY_PROCESS_TYPE: dict[str, tuple[str, ...]] = {
    "": ("in_place",),
    "LOAN": ("on_loan",),
    "HOLDSHELF": ("hold_shelf",),
    "MISSING": ("missing",),
    "LOST_LOAN": ("lost",),
    "LOST_LOAN_AND_PAID": ("lost",),
    "CLAIM_RETURNED_LOAN": ("claimed_returned",),
    "WORK_ORDER_DEPARTMENT": ("work_order",),
    "ILL": ("resource_sharing",),
    "LOST_ILL": ("resource_sharing",),
    "ACQ": ("acquisition",),
    "TECHNICAL": ("technical",),
}

STATES = (
    "in_transit",
    "in_place",
    "on_loan",
    "requested",
    "hold_shelf",
    "missing",
    "lost",
    "claimed_returned",
    "work_order",
    "resource_sharing",
    "acquisition",
    "technical",
)
