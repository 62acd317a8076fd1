"""The kinds of trouble of a fleet's trial, each a generator that makes trouble and gives how long to wait until more."""

import random
import time
from collections.abc import Callable, Generator
from typing import NamedTuple

from tests.fleet.ground import Ground
from tests.fleet.network import Network, Wire
from tests.fleet.relay import Relay
from tests.fleet.workers import Worker

SHORTEST_AWAY_SECONDS = 5.0
LONGEST_AWAY_SECONDS = 60.0
OUTAGE_SECONDS = (20.0, 60.0)
"""A restart, and an outage that outlasts every time-out of a worker."""
_LOOK_SECONDS = 0.25
_APART = (3, 5)
"""How many times as far apart the losses of a database are: whoever lost a lease with it waits until it is stale."""

Trouble = Generator[float, None, None]


class Break(NamedTuple):
    """A way to cut somebody off: how it begins, and how it is mended."""

    begin: Callable[[], None]
    mend: Callable[[], None]


def kill_workers(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Kill a worker and start it again."""
    while True:
        yield every_seconds
        worker = moments.choice(made.workers)
        if worker.is_running:
            worker.kill()
        worker.start()


def stop_workers(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Have a worker stand still for a while."""
    while True:
        yield every_seconds
        worker = moments.choice(made.workers)
        if worker.is_running:
            worker.stop()
            try:
                yield moments.uniform(SHORTEST_AWAY_SECONDS, LONGEST_AWAY_SECONDS)
            finally:
                worker.go_on()


def terminate_sessions(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """End every session of the journal's database."""
    while True:
        yield moments.uniform(0.5, 1.5) * every_seconds
        made.terminate_sessions()


def stop_database(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Stop PostgreSQL for a while, in order."""
    while True:
        yield moments.uniform(*_APART) * every_seconds
        made.cluster.stop()
        try:
            yield moments.choice(OUTAGE_SECONDS)
        finally:
            made.cluster.start()


def kill_database(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Kill PostgreSQL, and start it again."""
    while True:
        yield moments.uniform(*_APART) * every_seconds
        made.cluster.kill()
        made.cluster.start()


def fail_over(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Kill PostgreSQL, and have the standby that it waited for take its place."""
    while True:
        yield moments.uniform(*_APART) * every_seconds
        made.fail_over()


def cut_database(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Cut a worker off from the database."""
    return _cut(made, moments, every_seconds, lambda worker: _breaks_of(worker.database))


def cut_alma(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Cut a worker off from Alma."""
    return _cut(made, moments, every_seconds, lambda worker: _breaks_of(worker.alma))


def lose_database(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Lose every packet between a worker and the database."""
    return _cut(made, moments, every_seconds, lambda worker: _losses_on(_network_of(worker).database))


def lose_alma(made: Ground, moments: random.Random, every_seconds: float) -> Trouble:
    """Lose every packet between a worker and Alma."""
    return _cut(made, moments, every_seconds, lambda worker: _losses_on(_network_of(worker).alma))


def _breaks_of(way: Relay) -> list[Break]:
    """Break a way off, or hold everything up on it without a word."""
    return [Break(way.cut, way.mend), Break(way.stall, way.mend)]


def _losses_on(wire: Wire) -> list[Break]:
    return [Break(wire.lose, wire.mend)]


def _network_of(worker: Worker) -> Network:
    assert worker.network is not None
    return worker.network


def _cut(
    made: Ground, moments: random.Random, every_seconds: float, breaks_of: Callable[[Worker], list[Break]]
) -> Trouble:
    """Cut a worker off in one of some ways, and mend it after a while."""
    while True:
        yield every_seconds
        worker = moments.choice(made.workers)
        chosen = moments.choice(breaks_of(worker))
        worker.note_away()
        chosen.begin()
        try:
            yield moments.uniform(SHORTEST_AWAY_SECONDS, LONGEST_AWAY_SECONDS)
        finally:
            chosen.mend()


TROUBLES: dict[str, Callable[[Ground, random.Random, float], Trouble]] = {
    "kills": kill_workers,
    "stops": stop_workers,
    "sessions": terminate_sessions,
    "outages": stop_database,
    "crashes": kill_database,
    "failovers": fail_over,
    "cut-database": cut_database,
    "cut-alma": cut_alma,
    "lose-database": lose_database,
    "lose-alma": lose_alma,
}
LOSSES = ("lose-database", "lose-alma")
"""Those for which every worker needs a network of its own."""


def supervise(made: Ground, trouble: Trouble, seconds: float) -> tuple[float, int]:
    """Make trouble until every row is through, and start workers again that leave by themselves.

    Args:
        made: The trial ground, where runs are submitted and workers started.
        trouble: The kind of trouble.
        seconds: How long it may take.

    Returns:
        How long it took, in seconds, and how often there was trouble.

    Raises:
        TimeoutError: It took longer.
    """
    began = time.monotonic()
    next_at, troubles = began + next(trouble), 0
    try:
        while not made.is_through():
            made.keep_up()
            now = time.monotonic()
            if now > began + seconds:
                raise TimeoutError(f"not through within {seconds:.0f} s\n{made.tell()}")
            if now >= next_at:
                next_at, troubles = time.monotonic() + next(trouble), troubles + 1
            time.sleep(_LOOK_SECONDS)
    finally:
        trouble.close()
    return time.monotonic() - began, troubles
