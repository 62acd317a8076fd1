"""A worker's turn at a run: a stretch of work that ends while there is more to do, so that others have theirs."""

from collections.abc import Callable, Mapping

import msgspec

from almascan.alma import Timeouts
from almascan.clock import Clock, Stamp
from almascan.journal import Lease
from almascan.scanner import RECORD_LASTS_SECONDS

ASK_SECONDS = 1.0
"""How often a turn whose time is over looks whether somebody waits."""

QUIET_SECONDS = 3.0
"""How long a turn goes on though every row left in it only waits to be read again."""

LONGEST_REQUEST_SECONDS = Timeouts().connect_seconds + Timeouts().scan_seconds
"""How long after it was begun a scan may still be answered: the client's own time-outs."""

_SOONEST_SECONDS = 2.0
_LATEST_SECONDS = 30.0
_PARTS = 4
"""A row whose scan is unclear is read about so many times more until its time is over."""


def _always() -> bool:
    return True


class Turn(msgspec.Struct, frozen=True):
    """How long a turn is: when so many rows were begun, or so much time has passed, it ends where somebody waits.

    Attributes:
        rows: After so many rows, or each further so many.
        seconds: After so many seconds, or at any time later.
        others_wait: Says whether somebody waits; it is asked in any thread.
    """

    rows: int = 500
    seconds: float = 20.0
    others_wait: Callable[[], bool] = _always


def quiet_after_taking(lease: Lease, clock: Clock) -> float:
    """Say how many seconds no new row may be begun: what a silent holder recorded may leave for as long as its record lasts."""
    return max(0.0, RECORD_LASTS_SECONDS - clock.age_at_least(lease.taken)) if lease.is_seized else 0.0


def still_on_its_way(lease: Lease, clock: Clock) -> float:
    """Say how many seconds from now a scan of a silent holder may still be on its way; 0 where it left in order."""
    if not lease.is_seized:
        return 0.0
    return max(0.0, RECORD_LASTS_SECONDS + LONGEST_REQUEST_SECONDS - clock.age_at_least(lease.taken))


def since_when(lost_seconds: Mapping[int, float], now: Stamp) -> dict[int, Stamp]:
    """Give since when rows are unclear on this machine's clocks, of how many seconds ago it was by the journal's."""
    return {row: Stamp(now.wall - ago, now.monotonic - ago) for row, ago in lost_seconds.items()}


def seconds_until_next(lost_seconds: Mapping[int, float], settle_seconds: float) -> float:
    """Say when a run that has only unclear rows left is worth another turn: sooner the sooner one of them settles."""
    left = min(settle_seconds - ago for ago in lost_seconds.values())
    return min(_LATEST_SECONDS, max(_SOONEST_SECONDS, left / _PARTS))
