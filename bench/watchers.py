"""Has fifty pages of a working run open, and counts the processor that their events take of the server.

    python -m bench.watchers [--watchers 50] [--seconds 15] [--rows 2000 100000 1000000]

The server works on the run at 25 requests a second, in a process of its own, with and without anybody who watches, by
turns. The watchers are bare sockets in this process that read everything they get, as browsers do; with two runs each
has half of them. The live view has to cost the same for a run of any size.
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.waiting import wait_until

from bench.answered import load_answered, plan_again
from bench.figure import Figure, Table, at_most, write_number
from bench.million import environment_of, load_run
from bench.program import Bench, Option, Yield
from bench.served import Served, serve_page
from bench.simulated import Simulated, run_simulator

RATE = 25
TURNS = 2
"""How often it is measured with and without watchers; what else the machine does then falls on both."""
AIM_PERCENT = 10
_CHUNK_BYTES = 65_536
_FIRST_SECONDS = 60.0


class Watcher:
    """A page that somebody has open: what has come to it."""

    def __init__(self) -> None:
        self.events = 0
        self.bytes = 0

    async def watch(self, page: Served, run: int) -> None:
        """Read the events of a run until cancelled.

        Raises:
            RuntimeError: They end.
        """
        reader, writer = await asyncio.open_connection(page.host, page.port)
        head = f"GET /runs/{run}/events HTTP/1.1\r\nHost: {page.host}:{page.port}\r\nCookie: {page.cookie}\r\n\r\n"
        writer.write(head.encode())
        try:
            while received := await reader.read(_CHUNK_BYTES):
                self.events += received.count(b"event: ")
                self.bytes += len(received)
        finally:
            writer.close()
        raise RuntimeError(f"The events of run {run} ended.")


class Spent(NamedTuple):
    """A share of a core in per cent without watchers and with them, and what came to each of them in a second."""

    bare: float | None
    watched: float | None
    requests: float
    events: float
    kilobytes: float

    @property
    def events_alone(self) -> float | None:
        """What the watchers add."""
        return None if self.bare is None or self.watched is None else max(0.0, self.watched - self.bare)


@contextlib.asynccontextmanager
async def watching(page: Served, runs: Sequence[int], number: int) -> AsyncIterator[list[Watcher]]:
    """Have so many pages open, of each run as many."""
    watchers = [Watcher() for _ in range(number)]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(watcher.watch(page, runs[place % len(runs)])) for place, watcher in enumerate(watchers)
        ]
        async with asyncio.timeout(_FIRST_SECONDS):
            while not all(watcher.events for watcher in watchers):  # noqa: ASYNC110 - counters, none of which tells
                await asyncio.sleep(0.05)
        yield watchers
        for task in tasks:
            task.cancel()


async def use(page: Served, seconds: float) -> float | None:
    """Give the server's share of a core over some seconds, in per cent."""
    before, began = page.processor_seconds(), time.perf_counter()
    await asyncio.sleep(seconds)
    after, ended = page.processor_seconds(), time.perf_counter()
    return None if before is None or after is None else 100 * (after - before) / (ended - began)


async def measure_watching(
    page: Served, simulated: Simulated, runs: Sequence[int], number: int, seconds: float
) -> Spent:
    """Measure by turns with nobody watching and with so many."""
    bare, watched, events, sizes = [], [], 0, 0
    requests, began = simulated.stats()["requests"], time.perf_counter()
    for _ in range(TURNS):
        bare.append(await use(page, seconds))
        async with watching(page, runs, number) as watchers:
            before = [(watcher.events, watcher.bytes) for watcher in watchers]
            watched.append(await use(page, seconds))
            events += sum(watcher.events for watcher in watchers) - sum(each for each, _ in before)
            sizes += sum(watcher.bytes for watcher in watchers) - sum(each for _, each in before)
    pace = (simulated.stats()["requests"] - requests) / (time.perf_counter() - began)
    each = number * TURNS * seconds
    return Spent(_mean(bare), _mean(watched), pace, events / each, sizes / 1000 / each)


def measure_working(rows: int, runs: int, number: int, seconds: float) -> Spent:
    """Measure while so many runs of so many rows each are worked on."""
    with tempfile.TemporaryDirectory() as name, run_simulator("--per-second", "0", "--latency-ms", "100") as simulated:
        for _ in range(runs):
            journal, _ = load_run(rows, Path(name), simulated)
        with serve_page(environment_of(simulated, journal)) as page:
            numbers = range(1, runs + 1)
            for run in numbers:
                page.send(f"/runs/{run}/rate", f"/runs/{run}", rate=str(RATE))
                page.send(f"/runs/{run}/start", f"/runs/{run}", action="resume")
            asked = simulated.stats()["requests"]
            wait_until(lambda: simulated.stats()["requests"] > asked + RATE, "the run has begun")
            return asyncio.run(measure_watching(page, simulated, numbers, number, seconds))


def measure_resting(rows: int, number: int, seconds: float) -> Spent:
    """Measure while a plan of so many rows waits for somebody to start it."""
    with tempfile.TemporaryDirectory() as name, run_simulator("--per-second", "0") as simulated:
        journal = load_answered(rows, 1, Path(name), simulated)
        plan_again(journal)
        with serve_page(environment_of(simulated, journal)) as page:
            return asyncio.run(measure_watching(page, simulated, [1], number, seconds))


def measure_all(given: argparse.Namespace) -> Iterator[tuple[str, Spent]]:
    """Measure every case, and say what it was."""
    most = given.rows[-1]
    for rows in given.rows:
        yield f"{rows:,} rows", measure_working(rows, 1, given.watchers, given.seconds)
    yield f"2 runs of {most:,} rows", measure_working(most, 2, given.watchers, given.seconds)
    yield f"a plan of {most:,} rows that waits", measure_resting(most, given.watchers, given.seconds)


def measure(given: argparse.Namespace) -> Yield:
    figures, table = [], []
    for what, spent in measure_all(given):
        events = f"events to {given.watchers} pages, {what}"
        figures.append(Figure(events, spent.events_alone, "% of a core", at_most(AIM_PERCENT)))
        figures.append(Figure(f"the whole server with {given.watchers} pages, {what}", spent.watched, "% of a core"))
        shares = [write_number(share, "%") for share in (spent.bare, spent.watched)]
        paces = [write_number(each, unit) for each, unit in ((spent.events, ""), (spent.kilobytes, "kB"))]
        table.append((what, f"{spent.requests:.1f}", *shares, *paces))
    columns = ("run", "requests/s", "nobody watches", "all watch", "events/s to each", "to each, a second")
    heading = f"The server's share of a core, {given.watchers} pages open"
    return Yield(figures, [Table(heading, columns, table)])


def _mean(shares: Sequence[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return statistics.mean(known) if known else None


BENCH = Bench(
    "watchers",
    "Measure the live view of a working run.",
    [
        Option("--watchers", 50, 50, "pages that are open"),
        Option("--seconds", 15.0, 1.0, "how long each turn is measured"),
        Option("--rows", (2_000, 100_000, 1_000_000), (20_000,), "rows of the run"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
