"""Scans for many institutions at once from one process, each at its own limit, up to where that no longer holds.

    python -m bench.institutions [--counts 40 60 80 100] [--kinds barcodes-transit ids-any] [--seconds 20]

One simulator, in a process of its own, serves them all, each with a key and a limit of its own. Gives the share of the
rate that is held, what is refused, and the processor, over some seconds in which every run is going. ``ids-any`` is the
hardest on the journal, with two writes for each request, ``barcodes-transit`` what most runs are.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from almascan.cli.process import live_long
from almascan.simulator import SimulatorConfig
from bench.consortium import KINDS, REQUESTS, Consortium, Kind, Member, make_members, open_journal
from bench.figure import Figure, Table, at_least, at_most
from bench.program import Bench, Option, Yield
from bench.simulated import Simulated, run_simulator

LIMIT = 25
ITEMS = 20_000
LATENCY_MS = 250
JITTER_MS = 5
START_SECONDS = 60.0
SPARE_SECONDS = 25
PROMISED = 40
"""So many institutions must be held; more are measured to find where it ends."""


class Sums(NamedTuple):
    """What the simulator has seen of all institutions, and what this process has used."""

    requests: int
    refused: int
    scans: int
    processor_seconds: float
    at: float


class Held(NamedTuple):
    """What came of it: shares in per cent, and seconds of processor for each second and for each request."""

    held: float
    refused: float
    scans_per_second: float
    processor_percent: float
    processor_ms: float


async def look(simulated: Simulated, members: list[Member]) -> Sums:
    """Add up what the simulator has seen."""

    def ask() -> list[dict[str, int]]:
        return [simulated.stats(institution=member.code) for member in members]

    stats = await asyncio.to_thread(ask)
    requests, refused, scans = (sum(each[name] for each in stats) for name in ("requests", "refused", "scans"))
    return Sums(requests, refused, scans, time.process_time(), time.perf_counter())


async def hold(simulated: Simulated, members: list[Member], kind: Kind, seconds: float) -> Held:
    """Have all institutions' runs going, and measure for so many seconds.

    Raises:
        TimeoutError: Some run does not begin.
    """
    with tempfile.TemporaryDirectory() as folder:
        journal = open_journal(Path(folder))
        consortium = Consortium(simulated, members, kind, LIMIT, journal)
        async with consortium.working():
            async with asyncio.timeout(START_SECONDS):
                while not consortium.is_going:  # noqa: ASYNC110 - forty counters, none of which tells
                    await asyncio.sleep(0.1)
            before = await look(simulated, members)
            await asyncio.sleep(seconds)
            after = await look(simulated, members)
        journal.close()
    return compare(before, after, len(members))


def compare(before: Sums, after: Sums, count: int) -> Held:
    """Say what came of it between two looks; refused ones count from the very first request on."""
    seconds = after.at - before.at
    accepted = after.requests - after.refused - before.requests + before.refused
    used = after.processor_seconds - before.processor_seconds
    return Held(
        held=100 * accepted / (LIMIT * count * seconds),
        refused=100 * after.refused / after.requests,
        scans_per_second=(after.scans - before.scans) / seconds,
        processor_percent=100 * used / seconds,
        processor_ms=1000 * used / max(1, accepted),
    )


def measure_count(count: int, kind: Kind, seconds: float) -> Held:
    """Measure so many institutions."""
    config = SimulatorConfig(institutions=count, items=ITEMS)
    members = make_members(config, kind, round(LIMIT * (seconds + SPARE_SECONDS) / REQUESTS[kind]))
    limits = ("--institutions", str(count), "--items", str(ITEMS), "--per-second", str(LIMIT))
    with run_simulator(*limits, "--latency-ms", str(LATENCY_MS), "--jitter-ms", str(JITTER_MS)) as simulated:
        return asyncio.run(hold(simulated, members, kind, seconds))


def measure(given: argparse.Namespace) -> Yield:
    figures, rows = [], []
    if not given.usual_collector:
        live_long()
    for kind in given.kinds:
        for count in given.counts:
            held = measure_count(count, kind, given.seconds)
            rows.append(
                (
                    f"{count} institutions, {kind}",
                    f"{LIMIT * count:,}",
                    f"{held.held:.1f} %",
                    f"{held.refused:.2f} %",
                    f"{held.scans_per_second:,.0f}",
                    f"{held.processor_percent:.0f} %",
                    f"{held.processor_ms:.2f} ms",
                )
            )
            is_promised = count <= PROMISED
            what = f"{count} institutions at {LIMIT}/s, {kind}"
            figures.append(Figure(f"{what}: rate held", held.held, "%", at_least(97) if is_promised else None))
            figures.append(Figure(f"{what}: refused", held.refused, "%", at_most(0.1) if is_promised else None))
    columns = ("runs", "requests/s allowed", "held", "refused", "scans/s", "processor", "for a request")
    return Yield(figures, [Table("Many institutions from one process", columns, rows)])


BENCH = Bench(
    "institutions",
    "Measure many institutions at once.",
    [
        Option("--counts", (40, 60, 80, 100), (3,), "how many institutions"),
        Option("--kinds", ("barcodes-transit", "ids-any"), ("ids-any",), f"what is run: {', '.join(KINDS)}"),
        Option("--seconds", 20.0, 2.0, "how long each is measured"),
        Option("--usual-collector", False, False, "leave Python's garbage collector as it is, to compare"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
