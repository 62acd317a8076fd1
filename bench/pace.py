"""How much of Alma's limit is used, and how much of what is sent is refused; in real time and in virtual time.

    python -m bench.pace [--seconds 60] [--side-by-side 7]

Each case has a simulator of its own in a process of its own; several cases run side by side in one client process. The
figures held against an aim are those in virtual time, where the machine's other work does not count; those in real
time stand beside them.
"""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import NamedTuple

import aiohttp

from almascan.alma import Alma, Pacer
from almascan.errors import ThrottledError
from almascan.simulator import SimulatorConfig
from almascan.simulator.config import Window
from bench.figure import Figure, Table, at_least, at_most
from bench.journey import Journey, Sums
from bench.program import Bench, Option, Yield
from bench.simulated import Simulated, run_simulator

SEEDS = range(3)
MOST_REFUSED_PERCENT = 0.1


class Case(NamedTuple):
    """One setting.

    Attributes:
        per_second, window, latency_ms, jitter_ms, per_minute: The simulator's.
        rate: Requests a second that the client is told; 0 for the limit itself.
        others: Requests a second of another system, at random moments, from the same limit.
        aim: Per cent of what is free that is to be used; 0 where no aim is set.
    """

    per_second: int
    window: Window = "sliding"
    latency_ms: int = 250
    jitter_ms: int = 5
    per_minute: int = 0
    rate: float = 0
    others: float = 0
    aim: float = 0

    @property
    def told(self) -> float:
        """The rate that the client is told."""
        return self.rate or self.per_second

    def free(self, seconds: float) -> float:
        """How many requests the limit leaves to the client in so many seconds."""
        allowed = self.per_second * seconds
        if self.per_minute:
            allowed = min(allowed, self.per_minute * max(1.0, seconds / 60))
        return min(allowed - self.others * seconds, self.told * seconds)

    def __str__(self) -> str:
        minute = f", {self.per_minute:,}/min" if self.per_minute else ""
        rate = f", told {self.rate:g}/s" if self.rate else ""
        others = f", others {self.others:g}/s" if self.others else ""
        way = f"{self.latency_ms} + 0-{self.jitter_ms} ms"
        return f"{self.per_second}/s{minute}, {self.window}, {way}{rate}{others}"


CASES = (
    Case(25, "sliding", 250, 5, aim=97),
    Case(25, "calendar", 250, 5, aim=97),
    Case(25, "sliding", 250, 80, aim=92),
    Case(25, "calendar", 250, 80, aim=92),
    Case(50, "sliding", 250, 80, per_minute=1500, aim=92),
    Case(50, "calendar", 250, 80, per_minute=1500, aim=92),
    Case(5, "sliding", 250, 80, aim=92),
    Case(5, "calendar", 250, 80, aim=92),
    Case(25, "sliding", 50, 10, aim=97),
    Case(25, "sliding", 1000, 80, aim=92),
    Case(25, "sliding", 2000, 500),
    Case(25, "sliding", 250, 5, others=10),
    Case(25, "sliding", 250, 5, others=10, rate=20),
    Case(25, "sliding", 250, 5, others=4, rate=20),
)


# In virtual time


def imagine(case: Case, seconds: float) -> Sums:
    """Let a case pass in virtual time, several times with other chances, and add up."""
    config = SimulatorConfig(
        per_second=case.per_second,
        per_minute=case.per_minute,
        window=case.window,
        latency_ms=case.latency_ms,
        jitter_ms=case.jitter_ms,
    )
    journeys = [Journey(config, case.told, case.others, seed).travel(seconds) for seed in SEEDS]
    return Sums(*(sum(column) for column in zip(*journeys, strict=True)))


# In real time


def options_of(case: Case) -> list[str]:
    """Give the simulator's options."""
    return [
        *("--per-second", str(case.per_second), "--per-minute", str(case.per_minute), "--window", case.window),
        *("--latency-ms", str(case.latency_ms), "--jitter-ms", str(case.jitter_ms)),
    ]


@dataclass
class Counter:
    """Another system's requests that were answered and refused."""

    accepted: int = 0
    refused: int = 0


async def observe(case: Case, simulated: Simulated, seconds: float) -> Sums:
    """Look a barcode up again and again, as fast as the pacer lets.

    Returns:
        What was accepted in so many seconds, counted from when the first answers are due; and what was refused from
        the very first request on.
    """
    barcode = simulated.ready["barcodes"]["in_place"][0]
    pacer, other = Pacer(case.told, case.per_minute), Counter()
    way_seconds = (case.latency_ms + case.jitter_ms) / 1000
    workers = 4 + round(1.5 * case.told * way_seconds)
    async with (
        Alma(simulated.base_url, simulated.key, pacer=pacer) as alma,
        _others(case.others, simulated, other),
        _background(_look_up_for_ever(alma, barcode) for _ in range(workers)),
    ):
        await asyncio.sleep(way_seconds)
        before, others_before = await asyncio.to_thread(simulated.stats), other.accepted
        await asyncio.sleep(seconds)
        after, others = await asyncio.to_thread(simulated.stats), Counter(other.accepted, other.refused)
    accepted = after["requests"] - after["refused"] - before["requests"] + before["refused"]
    theirs = others.accepted - others_before
    return Sums(accepted - theirs, after["refused"] - others.refused, theirs, others.refused)


@contextlib.asynccontextmanager
async def _background(works: Iterable[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Have works done side by side for as long as the block lasts."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


async def _look_up_for_ever(alma: Alma, barcode: str) -> None:
    while True:
        with contextlib.suppress(ThrottledError):
            await alma.find(barcode)


@contextlib.asynccontextmanager
async def _others(rate: float, simulated: Simulated, counter: Counter) -> AsyncIterator[None]:
    """Have another system ask at random moments, as long as the block lasts; it tries nothing again."""
    if not rate:
        yield
        return
    headers = {"Authorization": f"apikey {simulated.key}", "Accept": "application/json"}
    async with (
        aiohttp.ClientSession(f"{simulated.base_url}/", headers=headers) as session,
        _background([_ask_at_random(rate, session, counter)]),
    ):
        yield


async def _ask_at_random(rate: float, session: aiohttp.ClientSession, counter: Counter) -> None:
    chance = Random(1)
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(_ask(session, counter))
            await asyncio.sleep(chance.expovariate(rate))


async def _ask(session: aiohttp.ClientSession, counter: Counter) -> None:
    async with session.get("bibs/test") as answer:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            counter.refused += 1
        else:
            counter.accepted += 1


async def observe_all(cases: Sequence[Case], seconds: float) -> list[Sums]:
    """Observe several cases side by side."""
    with contextlib.ExitStack() as stack:
        simulators = [stack.enter_context(run_simulator(*options_of(case))) for case in cases]
        return await asyncio.gather(
            *(observe(case, simulated, seconds) for case, simulated in zip(cases, simulators, strict=True))
        )


# What is said of it


def used_percent(case: Case, sums: Sums, seconds: float, times: int = 1) -> float:
    """Give the accepted requests of what was free in so many seconds, so many times, in per cent."""
    return 100 * sums.accepted / (times * case.free(seconds))


def refused_percent(accepted: int, refused: int) -> float:
    """Give the refused requests of those sent, in per cent."""
    return 100 * refused / max(1, accepted + refused)


def judge(case: Case, sums: Sums, seconds: float) -> list[Figure]:
    """Hold a case in virtual time against what is aimed at."""
    used, refused = used_percent(case, sums, seconds, len(SEEDS)), refused_percent(sums.accepted, sums.refused)
    if not case.aim:
        return [Figure(f"pace, {case}: of what is free, used", used, "%")]
    return [
        Figure(f"pace, {case}: used", used, "%", at_least(case.aim)),
        Figure(f"pace, {case}: refused", refused, "%", at_most(MOST_REFUSED_PERCENT)),
    ]


def show(cases: Sequence[Case], real: Sequence[Sums], virtual: Sequence[Sums], seconds: float) -> list[Table]:
    """Put real and virtual time side by side; another system's requests in a table of their own."""
    ours, theirs = [], []
    for case, seen, thought in zip(cases, real, virtual, strict=True):
        figures = [
            text
            for sums, times in ((seen, 1), (thought, len(SEEDS)))
            for text in (
                f"{used_percent(case, sums, seconds, times):.1f} %",
                f"{refused_percent(sums.accepted, sums.refused):.2f} %",
            )
        ]
        ours.append((str(case), *figures))
        if case.others:
            lost = [f"{refused_percent(sums.others_accepted, sums.others_refused):.1f} %" for sums in (seen, thought)]
            theirs.append((str(case), figures[0], figures[2], *lost))
    columns = ("case", "used, real time", "refused", "used, virtual time", "refused")
    tables = [Table(f"Accepted of the free part of the limit, {seconds:g} s each", columns, ours)]
    if theirs:
        columns = ("case", "free part used, real", "virtual", "refused of the other system's, real", "virtual")
        tables.append(Table("Another system at the same limit, which tries nothing again", columns, theirs))
    return tables


def measure(given: argparse.Namespace) -> Yield:
    cases = CASES[: given.cases]
    real: list[Sums] = []
    for first in range(0, len(cases), given.side_by_side):
        real += asyncio.run(observe_all(cases[first : first + given.side_by_side], given.seconds))
    virtual = [imagine(case, given.seconds) for case in cases]
    figures = [figure for case, sums in zip(cases, virtual, strict=True) for figure in judge(case, sums, given.seconds)]
    return Yield(figures, show(cases, real, virtual, given.seconds))


BENCH = Bench(
    "pace",
    "Measure how much of Alma's limit is used.",
    [
        Option("--seconds", 60.0, 3.0, "how long each case runs"),
        Option("--side-by-side", 7, 4, "how many cases run at once"),
        Option("--cases", len(CASES), 4, "how many of the cases, from the first on"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
