"""Runners that work beside each other: each with a client of its own, under one limit and with one journal."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.engine.conftest import QUICK, Bench

from almascan.alma import Alma, Pacer, Timeouts
from almascan.lists import ListOptions, open_list
from almascan.model import Order, Run
from almascan.progress import Snapshot, reporter_for
from almascan.run import Ended, Runner
from almascan.simulator import Simulator


class Told:
    """A reporter that remembers, and may be waited for.

    Attributes:
        run: The run, once it is told of.
        begun: Set then.
        requests: What the simulator had been asked by then.
        last: The latest snapshot.
        updates: How often it was told how far the run is.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.run: Run | None = None
        self.begun = asyncio.Event()
        self.requests: dict[str, int] = {}
        self.last: Snapshot | None = None
        self.updates = 0
        self._simulator = simulator

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        self.run, self.last = run, snapshot
        self.requests = self._simulator.stats()["by_operation"]
        self.begun.set()

    def update(self, snapshot: Snapshot) -> None:
        self.last = snapshot
        self.updates += 1

    def say(self, sentence: str) -> None:
        """Nobody listens."""

    def end(self, snapshot: Snapshot) -> None:
        self.last = snapshot


@asynccontextmanager
async def runner_of(
    bench: Bench, pacer: Pacer, precedence: float = 0.0, timeouts: Timeouts = QUICK, **how: Any
) -> AsyncIterator[Runner]:
    """Give a runner with a client of its own, under a shared limit."""
    how.setdefault("reporter", reporter_for("none", sys.stderr))
    simulator = bench.simulator
    alma = Alma(simulator.base_url, simulator.keys["full"], pacer=pacer, precedence=precedence, timeouts=timeouts)
    async with alma:
        yield Runner(alma, bench.journal, **how)


async def scan(
    bench: Bench, pacer: Pacer, barcodes: Sequence[str], order: Order, precedence: float = 0.0, **how: Any
) -> Ended:
    """Scan a list in beside whatever else is at work."""
    path = bench.write(barcodes, f"list-{len(barcodes)}-{precedence}-{id(barcodes)}.txt")
    with open_list(path, ListOptions()) as listing:
        async with runner_of(bench, pacer, precedence, **how) as runner:
            ended = await runner.scan(listing, order)
    assert ended is not None
    return ended
