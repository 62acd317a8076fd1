"""The simulated institution: libraries, locations, desks, departments, work orders and names of codes."""

from dataclasses import dataclass

INSTITUTION_NAME = "Simulated University"
MAXIMUM_INSTITUTIONS = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """Which institution of a simulator this is, from 1; they all have the same places and codes."""

    number: int = 1

    @property
    def code(self) -> str:
        """The institution's code."""
        return f"{self.number:02d}SIM_INST"

    @property
    def name(self) -> str:
        """The institution's name."""
        return INSTITUTION_NAME if self.number == 1 else f"{INSTITUTION_NAME} {self.number}"

    @property
    def id_suffix(self) -> str:
        """The four digits that its ids end in."""
        return f"{7700 + self.number}"


@dataclass(frozen=True, slots=True)
class Location:
    """A shelf range of a library; ``reshelving_hours`` is how long a return takes back to its shelf, 0 for none."""

    code: str
    name: str
    reshelving_hours: int = 0


@dataclass(frozen=True, slots=True)
class CircDesk:
    """A circulation desk, and the location codes of its library that it serves."""

    code: str
    name: str
    locations: tuple[str, ...]
    primary: bool = False
    hold_shelf: bool = True
    hold_shelf_processing: bool = False


@dataclass(frozen=True, slots=True)
class Department:
    """A place that works on items of the libraries it serves; ``library`` is "" for one of the whole institution."""

    code: str
    name: str
    type: str
    library: str
    work_order_types: tuple[str, ...]
    served: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """A library with its locations and desks, by code."""

    code: str
    name: str
    locations: dict[str, Location]
    desks: dict[str, CircDesk]
    resource_sharing: bool = False


def _library(
    code: str, name: str, locations: tuple[Location, ...], desks: tuple[CircDesk, ...], *, sharing: bool = False
) -> Library:
    by_code = {location.code: location for location in locations}
    return Library(code, name, by_code, {desk.code: desk for desk in desks}, sharing)


_MAIN_SERVED = ("stacks", "oversize", "reading", "newbooks")
_MAIN_DESKS = (
    CircDesk("DEFAULT_CIRC_DESK", "Main Circulation Desk", _MAIN_SERVED, primary=True),
    CircDesk("RARE_DESK", "Special Collections Desk", ("rare",), hold_shelf_processing=True),
    *(CircDesk(f"SELF_CHECK_{n}", f"Self-check {n}", _MAIN_SERVED, hold_shelf=False) for n in range(1, 11)),
)

LIBRARIES: dict[str, Library] = {
    library.code: library
    for library in (
        _library(
            "MAIN",
            "Main Library",
            (
                Location("stacks", "Stacks"),
                Location("oversize", "Oversize & Folio"),
                Location("reading", "Reading Room"),
                Location("newbooks", "New Books", reshelving_hours=24),
                Location("rare", "Rare Books"),
            ),
            _MAIN_DESKS,
        ),
        _library(
            "SCI",
            "Science Library",
            (Location("scistacks", "Science Stacks"), Location("scires", "Science Reserves")),
            (CircDesk("SCI_CIRC", "Science Circulation Desk", ("scistacks", "scires"), primary=True),),
        ),
        _library(
            "LAW",
            "Law Library",
            (Location("lawstacks", "Law Stacks"),),
            (
                CircDesk("DEFAULT_CIRC_DESK", "Law Circulation Desk", ("lawstacks",), primary=True),
                CircDesk("LAW_NIGHT", "Law Night Desk", ("lawstacks",), hold_shelf=False),
            ),
        ),
        _library("STORE", "Remote Storage", (Location("bay", "High Bay"),), ()),
        _library(
            "RES_SHARE",
            "Resource Sharing Library",
            (Location("borrow", "Borrowing Resource Sharing Requests"),),
            (CircDesk("DEFAULT_CIRC_DESK", "Resource Sharing Desk", ("borrow",), primary=True),),
            sharing=True,
        ),
    )
}

DEPARTMENTS: dict[str, Department] = {
    department.code: department
    for department in (
        Department(
            "CONSERVATION", "Conservation Workshop", "WORKORDER", "MAIN", ("CONSERVE", "BINDING"), ("MAIN", "SCI")
        ),
        Department("DIGITIZE", "Digitization Unit", "WORKORDER", "", ("DIGITIZE",), tuple(LIBRARIES)),
        Department("AcqDeptMAIN", "Main Library Acquisitions", "ACQ", "MAIN", ("AcqWorkOrder",), ("MAIN",)),
    )
}

WORK_ORDER_TYPES = {
    "CONSERVE": "Conservation",
    "BINDING": "Binding",
    "DIGITIZE": "Digitization",
    "AcqWorkOrder": "Acquisitions work",
}
WORK_ORDER_STATUSES = {
    "CONSERVE": (("CONSERVE_INIT", "Waiting"), ("CONSERVE_BENCH", "On the bench")),
    "BINDING": (("BINDING_SENT", "Sent to the binder"),),
    "DIGITIZE": (("DIGI_INIT", "Waiting"), ("DIGI_SCAN", "Being scanned")),
    "AcqWorkOrder": (("AcqNew", "New"),),
}
PROCESS_TYPES = {
    "ACQ": "Acquisition",
    "CLAIM_RETURNED_LOAN": "Claimed Returned",
    "HOLDSHELF": "Hold Shelf",
    "ILL": "Resource Sharing Request",
    "LOAN": "Loan",
    "LOST_ILL": "Lost Resource Sharing Item",
    "LOST_LOAN": "Lost",
    "LOST_LOAN_AND_PAID": "Lost and paid",
    "MISSING": "Missing",
    "REQUESTED": "Requested",
    "TECHNICAL": "Technical - Migration",
    "TRANSIT": "Transit",
    "TRANSIT_TO_REMOTE_STORAGE": "Transit to remote storage",
    "WORK_ORDER_DEPARTMENT": "In Process",
}

LIBRARY = "MAIN"
CIRC_DESK = "DEFAULT_CIRC_DESK"
DEPARTMENT = "CONSERVATION"
OTHER_LIBRARY = "SCI"
OTHER_CIRC_DESK = "SCI_CIRC"
