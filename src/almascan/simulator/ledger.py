"""What the simulated Alma has seen and done: counts, scans per item, side effects, the last requests."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from almascan.simulator.scan import Effect

LOG_LENGTH = 10_000


@dataclass(slots=True)
class Ledger:
    """Counts since the start or the last reset.

    Attributes:
        by_operation: Requests per operation (find, read, scan, requests, ...), refused ones included.
        refused: Requests over a limit.
        scans_by_item: Scans that took effect, per item number.
        letters: Item number and request id of every letter to a patron.
        loans_returned: Loans ended by a scan.
        in_house_uses: Uses within the library counted by a scan.
        log: The last requests: seconds since 1970, operation, what it was about, and HTTP status.
    """

    by_operation: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    scans_by_item: Counter[int] = field(default_factory=Counter)
    letters: list[tuple[int, str]] = field(default_factory=list)
    loans_returned: int = 0
    in_house_uses: int = 0
    log: deque[tuple[float, str, str, int]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))

    def record_scan(self, number: int, effect: Effect) -> None:
        """Record a scan that took effect."""
        self.scans_by_item[number] += 1
        self.loans_returned += effect.loan_returned
        self.in_house_uses += effect.in_house_use
        if effect.letter and effect.requester:
            self.letters.append((number, effect.requester.request_id))

    def stats(self) -> dict[str, Any]:
        """Sum up, as ``GET /simulator/stats`` answers."""
        scans = self.scans_by_item.values()
        return {
            "requests": sum(self.by_operation.values()),
            "refused": self.refused,
            "by_operation": dict(self.by_operation),
            "scans": sum(scans),
            "items_scanned": len(scans),
            "items_scanned_twice": sum(1 for scans_of_item in scans if scans_of_item > 1),
            "letters": len(self.letters),
            "loans_returned": self.loans_returned,
            "in_house_uses": self.in_house_uses,
        }
