"""What a report tells of a run's rows taken together, gathered in one pass that keeps little."""

from collections import Counter
from datetime import tzinfo

import msgspec

from almascan.model import Outcome, Row
from almascan.progress.text import clock_time
from almascan.report.fields import latest

BARS = 48
"""How many bars the rate over time has at most."""
PULL_LIST_ROWS = 1_000
_BIN_SECONDS = 10


class RateBar(msgspec.Struct, frozen=True):
    """Rows answered in a stretch of time: from when, how many a minute, and the bar's place in percent."""

    since: str
    per_minute: float
    x: float
    width: float
    height: float


class Pull(msgspec.Struct, frozen=True):
    """An item to be taken to the hold shelf."""

    title: str
    call_number: str
    barcode: str


class Figures:
    """Gathers a row at a time; ``take`` each, then ask."""

    def __init__(self) -> None:
        self.pull: list[Pull] = []
        self.pull_left_out = 0
        self._libraries: Counter[str] = Counter()
        self._answered: Counter[int] = Counter()

    def take(self, row: Row) -> None:
        """Count one row in."""
        item = latest(row)
        if item is not None:
            self._libraries[item.library_name or item.library or "no library"] += 1
        if row.finished_at is not None and row.pid:
            self._answered[int(row.finished_at) // _BIN_SECONDS] += 1
        if row.answer is Outcome.ON_HOLD_SHELF:
            if len(self.pull) < PULL_LIST_ROWS:
                title, call_number = (item.title, item.call_number) if item else ("", "")
                self.pull.append(Pull(title, call_number, row.barcode))
            else:
                self.pull_left_out += 1

    def for_page(self, zone: tzinfo | None) -> dict[str, object]:
        """Give everything by the names of the page's template."""
        return {
            "libraries": self.libraries(),
            "pull": self.pull_list(),
            "pull_left_out": self.pull_left_out,
            "rate": self.rate(zone),
        }

    def libraries(self) -> list[tuple[str, int]]:
        """Give the items by the library they belong to now, the most first."""
        return self._libraries.most_common()

    def pull_list(self) -> list[Pull]:
        """Give the items on the hold shelf, by title."""
        return sorted(self.pull, key=lambda pull: (pull.title.casefold(), pull.barcode))

    def rate(self, zone: tzinfo | None) -> list[RateBar]:
        """Give the rows answered a minute over time; nothing for a run too short to draw.

        Args:
            zone: The time zone of the times; None is this machine's.
        """
        if len(self._answered) < 3:  # noqa: PLR2004 - two bars are no course
            return []
        first, last = min(self._answered), max(self._answered)
        size = -(-(last - first + 1) // BARS)
        sums: Counter[int] = Counter()
        for place, count in self._answered.items():
            sums[(place - first) // size] += count
        most, number = max(sums.values()), (last - first) // size + 1
        minutes = size * _BIN_SECONDS / 60
        now = last * float(_BIN_SECONDS)
        return [
            RateBar(
                clock_time((first + place * size) * float(_BIN_SECONDS), now, zone),
                sums[place] / minutes,
                round(100 * place / number, 3),
                round(90 / number, 3),
                round(40 * sums[place] / most, 3),
            )
            for place in range(number)
        ]
