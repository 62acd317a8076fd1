"""What the tests of the engine share: a runner on a real journal in front of a simulated Alma."""

import asyncio
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from almascan.alma import Alma, Pacer, Timeouts
from almascan.clock import Clock, Stamp
from almascan.journal import Journal
from almascan.lists import open_list
from almascan.lists.reading import Reading
from almascan.model import Desk, Order, Outcome, Row
from almascan.preview import Preview
from almascan.progress.lines import Silence
from almascan.run import Ended, Runner
from almascan.simulator import Simulator
from almascan.stop import Stop

QUICK = Timeouts(connect_seconds=2, read_seconds=0.5, scan_seconds=0.5)
SETTLE_SECONDS = 0.2
RATE = 5_000.0


class ShiftedClock(Clock):
    """The machine's clocks, put ahead by so many seconds; ``on_age`` and ``on_sleep`` let the world move meanwhile."""

    def __init__(self, on_age: Callable[[], None] = lambda: None, on_sleep: Callable[[], None] = lambda: None) -> None:
        self.offset_seconds = 0.0
        self._on_age = on_age
        self._on_sleep = on_sleep

    def now(self) -> Stamp:
        stamp = super().now()
        return Stamp(stamp.wall + self.offset_seconds, stamp.monotonic + self.offset_seconds)

    def age_at_most(self, since: Stamp) -> float:
        self._on_age()
        return super().age_at_most(since)

    async def sleep(self, seconds: float) -> None:
        self._on_sleep()
        await super().sleep(seconds)


class Sayings(Silence):
    """A reporter that remembers the sentences, and nothing else."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def listing(lines: Iterable[str]) -> Reading:
    """A list as it comes on standard input."""
    return open_list("-", stdin=io.BytesIO("\n".join(lines).encode()))


class Scene:
    """One journal and one simulated Alma; every call works with a client, a stop and a clock of its own."""

    def __init__(self, simulator: Simulator, path: Path) -> None:
        self.simulator = simulator
        self.journal = Journal(path)
        self.desk = Desk(library=simulator.library, circ_desk=simulator.circ_desk)
        self.sayings = Sayings()
        self.stop = Stop()
        self.clock = Clock()
        self.key = simulator.keys["full"]
        self.base_url = simulator.base_url
        self.timeouts = QUICK

    def order(self, **fields: Any) -> Order:
        usual: dict[str, Any] = {"desk": self.desk, "settle_seconds": SETTLE_SECONDS, "rate": RATE, "keep_calls": 0}
        return Order(**(usual | fields))

    async def act(self, what: Callable[[Runner], Any]) -> Any:
        """Have a runner do something, with a fresh client and stop."""
        self.stop = Stop()
        async with Alma(self.base_url, self.key, pacer=Pacer(RATE), timeouts=self.timeouts, sleep=no_sleep) as alma:
            return await what(Runner(alma, self.journal, self.sayings, stop=self.stop, clock=self.clock))

    async def scan(
        self,
        lines: Iterable[str],
        *,
        limit: int | None = None,
        confirm: Callable[[Preview], bool] = lambda _: True,
        **fields: Any,
    ) -> Ended:
        """Scan a list in."""
        order = self.order(**fields)

        def scan(runner: Runner) -> Any:
            return runner.scan(listing(lines), order, confirm=confirm, limit=limit)

        ended: Ended = await self.act(scan)
        return ended

    async def resume(self, run: int = 1, *, limit: int | None = None, **changes: Any) -> Ended:
        ended: Ended = await self.act(lambda runner: runner.resume(run, limit=limit, changes=changes))
        return ended

    async def retry(self, run: int = 1) -> Ended:
        ended: Ended = await self.act(lambda runner: runner.retry(run))
        return ended

    def rows(self, run: int | None = None) -> list[Row]:
        """The rows of a run, or of the latest."""
        return list(self.journal.rows(run or self.journal.run().id))

    def answers(self, run: int | None = None) -> list[Outcome]:
        return [row.answer for row in self.rows(run)]

    def story(self, row: int = 1, run: int | None = None) -> str:
        """A row's story, one line a moment."""
        events = self.journal.story(run or self.journal.run().id, row)
        return "\n".join(f"{event.kind}: {event.text}" for event in events)

    def requests(self) -> dict[str, int]:
        """Requests about items that Alma counted, by operation."""
        counted: dict[str, int] = self.simulator.stats()["by_operation"]
        return {name: number for name, number in counted.items() if name in ("find", "read", "scan", "requests")}

    def ids_line(self, barcode: str) -> str:
        """An item as an Analytics export names it, without its barcode."""
        return ",".join(self.simulator.ids(barcode))
