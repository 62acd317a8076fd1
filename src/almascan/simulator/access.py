"""An institution of a running simulator, as a program in another thread gets at it."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from almascan.simulator.faults import Fault, Kind
from almascan.simulator.institution import CIRC_DESK, DEPARTMENT, LIBRARY, OTHER_CIRC_DESK, OTHER_LIBRARY
from almascan.simulator.reports import BARCODES_REPORT, IN_TRANSIT_REPORT
from almascan.simulator.sets import ITEMIZED_SET, LOGICAL_SET
from almascan.simulator.tenant import Tenant

T = TypeVar("T")


class Perform(Protocol):
    """Does something between two requests, and returns what it returns."""

    def __call__(self, function: Callable[[], T], /) -> T:
        """Do it."""


class Institution:
    """One of the institutions that a simulator serves.

    Every method may be called from any thread; what it does happens between two requests.

    Attributes:
        code: The institution's code.
        keys: API keys by what they may do: full, read_only, bibs_only, conf_only, bibs_conf_read, analytics_only.
        library, circ_desk, department, other_library, other_circ_desk: Codes to scan with. A scan at the other
            library's desk puts an item of ``library`` in transit.
        logical_set, itemized_set: Names of sets of items that are there from the start.
        report, barcodes_report: Paths of Analytics reports on items in transit, with ids or with barcodes alone.
    """

    library = LIBRARY
    circ_desk = CIRC_DESK
    department = DEPARTMENT
    other_library = OTHER_LIBRARY
    other_circ_desk = OTHER_CIRC_DESK
    logical_set = LOGICAL_SET
    itemized_set = ITEMIZED_SET
    report = IN_TRANSIT_REPORT
    barcodes_report = BARCODES_REPORT

    def __init__(self, tenant: Tenant, now: Callable[[], float], perform: Perform) -> None:
        self.code = tenant.gateway.identity.code
        self.keys = dict(tenant.gateway.keyring.keys)
        self._tenant = tenant
        self._now = now
        self._perform = perform

    def barcodes(self, state: str, number: int) -> list[str]:
        """List up to ``number`` barcodes of items in a state; the states are ``items.STATES`` and "unknown".

        Raises:
            ValueError: If there is no such state.
        """
        return self._perform(lambda: list(self._tenant.gateway.catalogue.barcodes(state, number)))

    def ids(self, barcode: str) -> tuple[str, str, str]:
        """Return an item's MMS ID, holding ID and PID.

        Raises:
            KeyError: If no item has this barcode.
        """
        numbering, number = self._tenant.gateway.catalogue.numbering, self._tenant.find(barcode)
        return numbering.mms_id(number), numbering.holding_id(number), numbering.pid(number)

    def item(self, barcode: str) -> dict[str, Any]:
        """Return an item's state, as ``GET /simulator/items/BARCODE`` answers it.

        Raises:
            KeyError: If no item has this barcode.
        """
        return self._perform(lambda: self._tenant.describe_item(barcode))

    def change(self, barcode: str, **fields: Any) -> None:
        """Change an item as another operator would; the fields are those of ``Catalogue.change``.

        Raises:
            KeyError: If no item has this barcode.
            ValueError: If a field is unknown.
        """
        self._perform(lambda: self._tenant.change_item(barcode, fields, self._now()))

    def add_fault(self, kind: Kind, **settings: Any) -> None:
        """Plan a fault; the settings are those of ``faults.Fault``."""
        fault = Fault(kind=kind, **settings)
        self._perform(lambda: self._tenant.faults.add(fault))

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._perform(self._tenant.faults.clear)

    def sets(self) -> dict[str, int]:
        """List all sets: their names, and how many members each has."""
        sets = self._tenant.gateway.operations.sets
        return self._perform(lambda: {one.name: sets.count(one) for one in sets.list_all()})

    def stats(self) -> dict[str, Any]:
        """Return the sums that ``GET /simulator/stats`` answers."""
        return self._perform(self._tenant.gateway.ledger.stats)

    def scans(self) -> dict[str, int]:
        """Count the scans of every item that was scanned, by barcode."""
        return self._perform(self._tenant.count_scans)

    def log(self) -> list[tuple[float, str, str, int]]:
        """List the last requests: seconds since 1970, operation, barcode or PID, HTTP status."""
        return self._perform(lambda: list(self._tenant.gateway.ledger.log))
