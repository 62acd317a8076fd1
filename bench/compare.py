"""Scans the same list in the ways that a user would pick instead, and with almascan, each for real and side by side.

    python -m bench.compare [--items 120] [--killed-items 120]

Three heats, in each of which everyone has a simulator and a process of its own: at a limit of 25 requests a second with
250 ms of latency and up to 80 ms more; the same without a limit; and without a limit at 40 ms, killed with SIGKILL when
half of the items are scanned, and started again as a user would: a script as it was, almascan with ``resume``.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.contestant import CONTESTANTS, Contestant, Course
from bench.expense import read_expense
from bench.figure import Figure, Table, at_least, at_most
from bench.program import Bench, Option, Yield
from bench.simulated import Simulated, run_simulator

LIMIT = 25
WAY = ("--latency-ms", "250", "--jitter-ms", "80")
QUICK_WAY = ("--latency-ms", "40", "--jitter-ms", "10")
UNLIMITED_RATE = 1000.0
KILLED_RATE = 300.0
SETTLE_SECONDS = 2.0
LONGEST_SECONDS = 900.0
IN_FLIGHT_SECONDS = 1.0
FREE_AT_ONCE = 4
"""Without a limit those with a pace of their own mostly wait, and the others are soon done."""

KILLED_AT_ONCE = 2
NAMES = tuple(contestant.name for contestant in CONTESTANTS)
_T = TypeVar("_T")


class Finish(NamedTuple):
    """What came of scanning a list in without a kill."""

    seconds: float
    processor_seconds: float
    requests: int
    refused: int
    scanned: int


class Crash(NamedTuple):
    """What was left after a kill, and what came of starting again."""

    scanned: int
    unknown: int
    twice: int
    never: int


def finish(contestant: Contestant, course: Course) -> Finish:
    """Let a contestant scan the whole list in.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    _run(contestant.begin(course), contestant, course)
    expense, stats = read_expense(course.told), course.simulated.stats()
    return Finish(
        expense.seconds, expense.processor_seconds, stats["requests"], stats["refused"], stats["items_scanned"]
    )


def crash(contestant: Contestant, course: Course) -> Crash:
    """Kill a contestant when half of the list is scanned, and start it again.

    Raises:
        subprocess.CalledProcessError: It failed the second time.
        RuntimeError: It ended before it could be killed.
    """
    with _begin(contestant.begin(course), contestant, course) as process:
        while course.simulated.stats()["scans"] < len(course.barcodes) / 2:
            if process.poll() is not None:
                raise RuntimeError(f"{contestant.name} ended by itself with {process.returncode}.")
            time.sleep(0.002)
        process.kill()
    time.sleep(IN_FLIGHT_SECONDS)
    scanned, known = set(course.simulated.counts()), contestant.known(course)
    _run(contestant.begin_again(course), contestant, course)
    counts = course.simulated.counts()
    return Crash(
        scanned=len(scanned),
        unknown=len(scanned - known),
        twice=sum(scans > 1 for scans in counts.values()),
        never=len(set(course.barcodes) - set(counts)),
    )


def _begin(command: list[str], contestant: Contestant, course: Course) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command, env=contestant.environment(course), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _run(command: list[str], contestant: Contestant, course: Course) -> None:
    subprocess.run(
        command,
        env=contestant.environment(course),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=LONGEST_SECONDS,
        check=True,
    )


def hold_heat(
    act: Callable[[Contestant, Course], _T],
    contestants: Sequence[Contestant],
    simulator: Sequence[str],
    make_course: Callable[[Path, Simulated], Course],
    side_by_side: int,
) -> list[_T]:
    """Let everyone do the same, so many at once, each with a simulator of its own.

    Args:
        act: What everyone does.
        contestants: Everyone.
        simulator: Options of the simulators.
        make_course: Makes a course of a folder and a simulator.
        side_by_side: How many at once.

    Returns:
        What came of it, in the contestants' order.
    """

    def take_part(contestant: Contestant) -> _T:
        with tempfile.TemporaryDirectory() as folder, run_simulator(*simulator) as simulated:
            return act(contestant, make_course(Path(folder), simulated))

    with ThreadPoolExecutor(side_by_side) as pool:
        return list(pool.map(take_part, contestants))


def measure(given: argparse.Namespace) -> Yield:
    everyone = [contestant for contestant in CONTESTANTS if contestant.name in given.only]

    def course(items: int, rate: float, settle_seconds: float = 120.0) -> Callable[[Path, Simulated], Course]:
        return lambda folder, simulated: Course(folder, simulated, simulated.barcodes(items), rate, settle_seconds)

    limit, none = ("--per-second", str(LIMIT)), ("--per-second", "0")
    limited = hold_heat(finish, everyone, [*limit, *WAY], course(given.items, LIMIT), len(everyone))
    free = hold_heat(finish, everyone, [*none, *WAY], course(given.items, UNLIMITED_RATE), FREE_AT_ONCE)
    killed = course(given.killed_items, KILLED_RATE, SETTLE_SECONDS)
    crashed = hold_heat(crash, everyone, [*none, *QUICK_WAY], killed, KILLED_AT_ONCE)
    tables = [
        _show_finishes(f"At a limit of {LIMIT} requests a second, {given.items} items", everyone, limited, given.items),
        _show_finishes(f"Without a limit, {given.items} items", everyone, free, given.items),
        _show_crashes(everyone, crashed, given.killed_items),
    ]
    return Yield(_judge(everyone, limited, crashed, given.items), tables)


def _show_finishes(heading: str, everyone: Sequence[Contestant], finishes: Sequence[Finish], items: int) -> Table:
    rows = [
        (
            contestant.name,
            f"{finished.scanned / finished.seconds:.1f}",
            f"{finished.requests / items:.2f}",
            f"{finished.refused}",
            f"{items - finished.scanned}",
            f"{1000 * finished.processor_seconds / items:.1f} ms",
        )
        for contestant, finished in zip(everyone, finishes, strict=True)
    ]
    columns = ("who", "items/s", "requests by items", "answers 429", "items not scanned", "processor for an item")
    return Table(heading, columns, rows)


def _show_crashes(everyone: Sequence[Contestant], crashes: Sequence[Crash], items: int) -> Table:
    rows = [
        (contestant.name, *(str(number) for number in crash))
        for contestant, crash in zip(everyone, crashes, strict=True)
    ]
    columns = (
        "who",
        "scanned by then",
        "of which the user knows nothing",
        "scanned twice after starting again",
        "never",
    )
    return Table(f"Killed half-way through {items} items, without a limit", columns, rows)


def _judge(
    everyone: Sequence[Contestant], finishes: Sequence[Finish], crashes: Sequence[Crash], items: int
) -> list[Figure]:
    """Hold almascan against its promises, and its speed at the limit against the first contestant's, a plain script."""
    figures = []
    pace = finishes[0].scanned / finishes[0].seconds
    for contestant, finished, crashed in zip(everyone, finishes, crashes, strict=True):
        if not contestant.name.startswith("almascan"):
            continue
        what = f"{contestant.name}, {LIMIT}/s"
        figures += [
            Figure(f"{what}: times as fast as {everyone[0].name}", finished.scanned / finished.seconds / pace, "times"),
            Figure(f"{what}: items scanned", 100 * finished.scanned / items, "%", at_least(100)),
            Figure(f"{contestant.name}, killed and resumed: items scanned twice", crashed.twice, "", at_most(0)),
            Figure(f"{contestant.name}, killed and resumed: items never scanned", crashed.never, "", at_most(0)),
            Figure(f"{contestant.name}, killed: scans nobody knows of", crashed.unknown, "", at_most(0)),
        ]
    return figures


BENCH = Bench(
    "compare",
    "Compare with what a user would pick instead.",
    [
        Option("--items", 120, 4, "items of the list"),
        Option("--killed-items", 120, 12, "items of the list that is killed half-way"),
        Option("--only", NAMES, (NAMES[2], NAMES[-1]), "those that take part, by name"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
