"""A run and how far it is, as the run's loop would tell it, and streams to read the telling from."""

import io
from datetime import timedelta, timezone
from typing import Any

import msgspec

from almascan.model import Desk, Order, Outcome, Run, RunState
from almascan.progress import Snapshot

START = 1_795_507_200.0
"""2026-11-24T08:00:00Z."""

ZONE = timezone(timedelta(hours=1))

RUN = Run(
    id=7,
    institution="01ABC_INST",
    base_url="https://api-eu.hosted.exlibrisgroup.com/almaws/v1",
    environment="production",
    state=RunState.RUNNING,
    list_name="stuck-in-transit.csv",
    list_digest="sha256:9f2c",
    list_notes={},
    order=Order(desk=Desk("MAIN", "DEFAULT_CIRC_DESK")),
    rows=5000,
    who="ann",
    created_at=START,
    started_at=START,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def now() -> float:
    return START


def snapshot(finished: int = 0, elapsed_seconds: float = 0.0, **changes: Any) -> Snapshot:
    known = Snapshot(
        total=5000,
        finished=finished,
        counts={Outcome.IN_PLACE: finished, Outcome.NOT_TRIED: 5000 - finished},
        requests=3 * finished,
        requests_per_second=19.84,
        rows_per_second=6.6,
        remaining_calls=187_432,
        in_flight=5,
        unclear=0,
        throttled=0,
        elapsed_seconds=elapsed_seconds,
        eta_seconds=None,
    )
    return msgspec.structs.replace(known, **changes)
