"""One of the institutions that a simulator serves: its Alma, the faults planned for it, and what both tell of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from almascan.simulator.dates import format_day
from almascan.simulator.faults import FaultPlan
from almascan.simulator.gateway import Gateway
from almascan.simulator.identifiers import ITEMS_PER_BIB
from almascan.simulator.items import Item
from almascan.simulator.titles import make_bib


@dataclass(frozen=True, slots=True)
class Tenant:
    """An institution as the control plane and Python see it; an item is named by its barcode or PID."""

    gateway: Gateway
    faults: FaultPlan

    def reset(self) -> None:
        """Forget every change, count, limit used and fault."""
        self.gateway.reset()
        self.faults.clear()

    def find(self, name: str) -> int:
        """Find an item's number.

        Raises:
            KeyError: If no item has this barcode or PID.
        """
        number = self.gateway.catalogue.find(name)
        if number is None:
            raise KeyError(f"No item has the barcode or PID {name}.")
        return number

    def describe_item(self, name: str) -> dict[str, Any]:
        """Tell an item's title, ids, state and number of scans, as JSON-ready values.

        Raises:
            KeyError: If no item has this barcode or PID.
        """
        catalogue = self.gateway.catalogue
        item = catalogue.item(self.find(name))
        bib = make_bib(catalogue.numbering.seed, item.number // ITEMS_PER_BIB)
        return asdict(item) | {
            "barcode": catalogue.numbering.barcode(item.number),
            "mms_id": catalogue.numbering.mms_id(item.number),
            "holding_id": catalogue.numbering.holding_id(item.number),
            "pid": catalogue.numbering.pid(item.number),
            "title": bib.title,
            "call_number": bib.call_number,
            "due_date": item.loan.due_date if item.loan else "",
            "requested": bool(item.requests),
            "states": list(item.states()),
            "scans": self.gateway.ledger.scans_by_item[item.number],
        }

    def change_item(self, name: str, fields: Mapping[str, Any], now: float) -> Item:
        """Change an item as another operator would; the fields are those of ``Catalogue.change``.

        Raises:
            KeyError: If no item has this barcode or PID.
            ValueError: If a field cannot be changed so.
        """
        return self.gateway.catalogue.change(self.find(name), fields, format_day(now))

    def count_scans(self) -> dict[str, int]:
        """Count the scans of every item that was scanned, by barcode."""
        name = self.gateway.catalogue.numbering.barcode
        return {name(number): scans for number, scans in self.gateway.ledger.scans_by_item.items() if scans}
