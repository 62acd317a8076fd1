"""Tries a fleet: real workers on a real PostgreSQL, many institutions, and every kind of bad day.

    python -m bench.fleet [--scenarios kills stops load ...] [--rows 2000] [--institutions 12] [--seconds 60]

``kills`` to ``lose-alma`` have three workers with two runs for each institution, and trouble all the while: what was
scanned twice or lost, whether two workers were ever at work for one institution, and how long rows waited. ``load`` has
institutions at full rate, and a worker that comes later; ``late`` a small run submitted after a large one.
Needs PostgreSQL's programs (make system-packages). ``lose-database`` and ``lose-alma`` lose packets, which needs a
network of its own: unshare --net python -m bench.fleet --scenarios lose-database lose-alma (Linux, as root).
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.fleet import network
from tests.fleet.ground import Ground, Sizes, ground
from tests.fleet.verdict import Verdict
from tests.postgres import Cluster, Pair, find_programs

from almascan.fleet.sharing import SETTLING_SECONDS
from bench.figure import Figure, Table, at_least, at_most
from bench.machine import ProcessorTime, percent_used, processor_time
from bench.program import Bench, Option, Yield
from bench.troubled_fleet import LOSSES, TROUBLES, supervise

LIMIT = 25
RATE = 20
"""What a run is told by default in production: the rest of the limit is for the library's other systems."""
REQUESTS_PER_ROW = 3
ITEMS_PER_ROW = 4
"""One item in three can be scanned in."""
LATENCY_MS = 30
LOADED_LATENCY_MS = 250
RUNS_EACH = 2
LONGEST_PAUSE_SECONDS = 30.0
SLOWEST = 12
"""So many times its least time a trial may take before it is given up."""
UNCLEAR_SECONDS = 300.0
"""So long rows may wait until it is certain that their scan did not happen."""
STARTED_REQUESTS = 30
SHARED = 0.75
"""A worker shares the load once it has this much of its even part of the institutions."""


class Endured(NamedTuple):
    """What became of a trial with trouble: its verdict, and how much of the rate was used until the rows were through."""

    verdict: Verdict
    share_percent: float
    troubles: int


@contextmanager
def prepared(sizes: Sizes, *options: str, has_standby: bool = False) -> Iterator[Ground]:
    """Give a trial ground with a PostgreSQL of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        (Pair if has_standby else Cluster)() as cluster,
        ground(cluster, Path(folder) / "ground", sizes, *options) as made,
    ):
        yield made


def endure(scenario: str, given: argparse.Namespace) -> Endured:
    """Have workers bring all runs to their end while there is trouble.

    Raises:
        TimeoutError: The runs do not end.
    """
    sizes = Sizes(given.institutions, RUNS_EACH * given.rows * ITEMS_PER_ROW + 1000, LIMIT, LATENCY_MS)
    with prepared(sizes, has_standby=scenario == "failovers") as made:
        for member in made.members * RUNS_EACH:
            made.submit(member, given.rows, rate=RATE)
        for number in range(given.workers):
            made.start_worker(f"w{number + 1}", has_network=scenario in LOSSES)
        least_seconds = RUNS_EACH * given.rows * REQUESTS_PER_ROW / RATE
        trouble = TROUBLES[scenario](made, random.Random(given.seed), given.every_seconds)
        lasted, troubles = supervise(made, trouble, SLOWEST * least_seconds + UNCLEAR_SECONDS)
        made.wait_until_through(UNCLEAR_SECONDS)
        made.wait_until(made.is_finished, UNCLEAR_SECONDS, "every run finished")
        return Endured(made.verdict(), 100 * least_seconds / lasted, troubles)


def measure_trouble(scenario: str, given: argparse.Namespace) -> tuple[list[Figure], tuple[str, ...]]:
    """Endure one kind of trouble; give the figures and a line of the table."""
    endured = endure(scenario, given)
    verdict = endured.verdict
    for said in verdict.other_answers:
        print(f"{scenario}: not in place: {said}", flush=True)
    has_bound = scenario in ("kills", "stops", "cut-database", "lose-database")
    figures = [
        Figure(f"{scenario}: items scanned twice", verdict.doubles, "", at_most(0)),
        Figure(f"{scenario}: rows lost or left without an answer", verdict.lost + verdict.unclear, "", at_most(0)),
        Figure(f"{scenario}: scans of a second worker for an institution", verdict.together, "", at_most(0)),
        Figure(
            f"{scenario}: requests above an institution's rate",
            verdict.refused,
            "",
            # What is held up on its way to Alma arrives there at once.
            None if scenario in ("cut-alma", "lose-alma") else at_most(0),
        ),
        Figure(
            f"{scenario}: longest wait of an institution's rows",
            verdict.longest_pause_seconds,
            "s",
            at_most(LONGEST_PAUSE_SECONDS) if has_bound else None,
        ),
    ]
    line = (
        scenario,
        f"{verdict.rows:,}",
        f"{endured.troubles:,}",
        f"{verdict.scans:,}",
        f"{verdict.doubles:,}",
        f"{verdict.lost + verdict.unclear:,}",
        f"{len(verdict.other_answers):,}",
        f"{verdict.together:,}",
        f"{verdict.refused:,}",
        f"{verdict.longest_pause_seconds:.1f} s",
        f"{endured.share_percent:.0f} %",
    )
    return figures, line


class Sums(NamedTuple):
    """What all institutions' Almas have seen so far, when, and what the machine's processors have done."""

    requests: int
    refused: int
    at: float
    processors: ProcessorTime | None


def look(made: Ground) -> Sums:
    """Add up what the simulator has seen."""
    stats = [made.simulated.stats(institution=member.code) for member in made.members]
    requests, refused = (sum(each[name] for each in stats) for name in ("requests", "refused"))
    return Sums(requests, refused, time.monotonic(), processor_time())


def measure_load(given: argparse.Namespace) -> list[Figure]:
    """Have many institutions at full rate, with a worker that comes later."""
    seconds = given.spare_seconds + given.settling_seconds + given.seconds
    rows = round(given.load_rate * seconds / REQUESTS_PER_ROW)
    limit = given.load_limit or given.load_rate
    sizes = Sizes(given.many, rows * ITEMS_PER_ROW + 1000, limit, LOADED_LATENCY_MS)
    with prepared(sizes, "--jitter-ms", "5") as made:
        for member in made.members:
            made.submit(member, rows, rate=given.load_rate)
        for number in range(given.workers - 1):
            made.start_worker(f"w{number + 1}", is_relayed=False)
        made.wait_until(lambda: _is_going(made), given.spare_seconds, "every institution going")
        made.start_worker("added", is_relayed=False)
        shared_seconds = made.wait_until(lambda: _is_shared(made), given.spare_seconds, "the load shared")
        # Some are still being handed over, and what was handed over begins anew.
        time.sleep(given.settling_seconds)
        before = look(made)
        time.sleep(given.seconds)
        after = look(made)
    accepted = after.requests - after.refused - before.requests + before.refused
    held = 100 * accepted / (given.load_rate * given.many * (after.at - before.at))
    refused = 100 * (after.refused - before.refused) / max(1, after.requests - before.requests)
    used = percent_used(before.processors, after.processors)
    what = f"load: {given.workers} workers, {given.many} institutions at {given.load_rate}/s of {limit}/s"
    return [
        Figure(f"{what}: rate held", held, "%", at_least(97)),
        Figure(f"{what}: refused", refused, "%", at_most(0.1)),
        Figure(f"{what}: of all processors in use, the simulator's and the database's part too", used, "%"),
        Figure(f"{what}: load shared with one that was added after", shared_seconds, "s", at_most(10)),
    ]


def _is_going(made: Ground) -> bool:
    requests = (made.simulated.stats(institution=member.code)["requests"] for member in made.members)
    return all(each > STARTED_REQUESTS for each in requests)


def _is_shared(made: Ground) -> bool:
    held = Counter(made.holders().values())
    return held["added"] >= SHARED * len(made.members) / len(made.workers)


def measure_late(given: argparse.Namespace) -> list[Figure]:
    """Submit a small run after another institution's large one."""
    sizes = Sizes(2, given.large_rows * ITEMS_PER_ROW, LIMIT, LATENCY_MS)
    with prepared(sizes) as made:
        large, small = made.members
        made.submit(large, given.large_rows, rate=RATE)
        for number in range(given.workers):
            made.start_worker(f"w{number + 1}", is_relayed=False)
        made.wait_for_scans(large, given.small_rows)
        run = made.submit(small, given.small_rows, rate=RATE)
        ended = f"SELECT 1 FROM runs WHERE id = {run} AND state = 'finished'"  # noqa: S608 - a number
        seconds = made.wait_until(lambda: bool(made.ask(ended)), 10 * given.small_rows, "the small run finished")
    least = given.small_rows * REQUESTS_PER_ROW / RATE
    what = f"late: {given.small_rows:,} rows after another institution's {given.large_rows:,}"
    return [Figure(f"{what}: beyond their least time of {least:.1f} s", max(0.0, seconds - least), "s", at_most(10))]


MEASURES: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {"load": measure_load, "late": measure_late}
SCENARIOS = (*TROUBLES, *MEASURES)
COLUMNS = (
    *("scenario", "rows", "troubles", "scans", "twice", "lost", "not in place", "second worker", "above the rate"),
    *("longest wait", "of the rate"),
)


def measure(given: argparse.Namespace) -> Yield:
    figures: list[Figure] = []
    lines: list[tuple[str, ...]] = []
    if find_programs() is None:
        return Yield([Figure(f"{scenario}: needs PostgreSQL's programs", None) for scenario in given.scenarios])
    if network.is_own() and any(scenario in LOSSES for scenario in given.scenarios):
        network.prepare()
    for scenario in given.scenarios:
        if scenario in LOSSES and not network.is_own():
            figures.append(Figure(f"{scenario}: needs a network of its own (unshare --net)", None))
        elif scenario in MEASURES:
            figures += MEASURES[scenario](given)
        else:
            found, line = measure_trouble(scenario, given)
            figures += found
            lines.append(line)
    return Yield(figures, [Table("Workers and databases in trouble", COLUMNS, lines)] if lines else [])


BENCH = Bench(
    "fleet",
    "Try a fleet of workers on PostgreSQL.",
    [
        Option("--scenarios", SCENARIOS, ("sessions",), f"what is tried: {', '.join(SCENARIOS)}"),
        Option("--institutions", 12, 2, "institutions in trouble, with two runs each"),
        Option("--rows", 2000, 40, "rows of each run in trouble"),
        Option("--workers", 3, 2, "how many workers"),
        Option("--every-seconds", 10.0, 2.0, "how long from one trouble to the next"),
        Option("--many", 60, 4, "institutions under load"),
        Option("--load-rate", LIMIT, LIMIT, "requests a second of each of them"),
        Option("--load-limit", 0, 0, "requests a second that Alma allows each of them; 0: no more than their rate"),
        Option("--seconds", 60.0, 3.0, "how long the load is measured"),
        Option("--spare-seconds", 90.0, 40.0, "how long the load may take to begin and to be shared"),
        Option("--settling-seconds", SETTLING_SECONDS, SETTLING_SECONDS, "how long after that it is measured"),
        Option("--large-rows", 200_000, 1000, "rows of the large run"),
        Option("--small-rows", 50, 10, "rows of the small run that comes later"),
        Option("--seed", 1, 1, "decides the moments"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
