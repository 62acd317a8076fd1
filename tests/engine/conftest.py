"""A simulated Alma over a socket, a journal in a file, and a runner between them."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from almascan.alma import Alma, Pacer, Timeouts
from almascan.clock import Clock
from almascan.hours import Hours
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Desk, Order, Outcome, Row
from almascan.progress import Reporter, reporter_for
from almascan.run import Ended, Runner
from almascan.simulator import Simulator, SimulatorConfig
from almascan.stop import Stop

RATE = 400.0
SETTLE_SECONDS = 1.0
QUICK = Timeouts(connect_seconds=2, read_seconds=1, scan_seconds=0.6, throttled_seconds=1)


@dataclass
class Bench:
    """What a test works with: a simulated Alma, a journal and a folder."""

    simulator: Simulator
    journal: Journal
    folder: Path

    @property
    def home(self) -> Desk:
        return Desk(self.simulator.library, self.simulator.circ_desk)

    @property
    def elsewhere(self) -> Desk:
        return Desk(self.simulator.other_library, self.simulator.other_circ_desk)

    @property
    def department(self) -> Desk:
        return Desk(self.simulator.library, "", self.simulator.department)

    def order(self, recipe: str = "transit", **fields: Any) -> Order:
        all_fields: dict[str, Any] = {
            "rate": RATE,
            "keep_calls": 0,
            "settle_seconds": SETTLE_SECONDS,
            "desk": self.home,
        } | fields
        return Order(recipe=recipe, **all_fields)

    def write(self, lines: Iterable[str], name: str = "list.txt") -> Path:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    async def scan(
        self, lines: Iterable[str] | Path, order: Order | None = None, *, limit: int | None = None, **how: Any
    ) -> Ended:
        path = lines if isinstance(lines, Path) else self.write(lines)
        with open_list(path, ListOptions()) as reading:
            ended: Ended = await self.work(
                lambda runner: runner.scan(reading, order or self.order(), limit=limit), **how
            )
        return ended

    async def plan(self, lines: Iterable[str], order: Order | None = None) -> Ended:
        with open_list(self.write(lines), ListOptions()) as reading:
            ended: Ended = await self.work(lambda runner: runner.plan(reading, order or self.order()))
        return ended

    async def resume(self, run: int = 1, **how: Any) -> Ended:
        ended: Ended = await self.work(lambda runner: runner.resume(run), **how)
        return ended

    async def retry(self, run: int = 1, **how: Any) -> Ended:
        ended: Ended = await self.work(lambda runner: runner.retry(run), **how)
        return ended

    async def work(
        self,
        act: Callable[[Runner], Any],
        *,
        key: str = "full",
        stop: Stop | None = None,
        clock: Clock | None = None,
        timeouts: Timeouts = QUICK,
        reporter: Reporter | None = None,
        hours: Hours | None = None,
    ) -> Any:
        alma = Alma(self.simulator.base_url, self.simulator.keys[key], pacer=Pacer(RATE), timeouts=timeouts)
        async with alma:
            runner = Runner(
                alma, self.journal, reporter or reporter_for("none", sys.stderr), stop=stop, clock=clock, hours=hours
            )
            return await act(runner)

    def rows(self, run: int = 1) -> dict[str, Row]:
        return {row.barcode or row.given: row for row in self.journal.rows(run)}

    def answers(self, run: int = 1) -> dict[str, Outcome]:
        return {name: row.answer for name, row in self.rows(run).items()}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0)) as running:
        yield running


@pytest.fixture
def bench(simulator: Simulator, tmp_path: Path) -> Iterator[Bench]:
    journal = Journal(tmp_path / "journal.db")
    yield Bench(simulator, journal, tmp_path)
    journal.close()
