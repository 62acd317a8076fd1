"""Scans a list in at 500 items a second against a simulator in a process of its own, and counts processor time.

    python -m bench.processor [--items 5000] [--rate 500] [--recipes any transit] [--profile]

Gives milliseconds of this process's processor for each item, at most 1 with recipe any: two requests and both writes
to the journal; and how much of it is the thread that writes the journal. ``--profile`` prints the functions in which
the other thread spends it; profiling itself makes everything slower, so the figures beside it are not to be kept.
"""

import argparse
import asyncio
import cProfile
import io
import pstats
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from almascan.alma import Alma, Pacer
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Desk, Order
from almascan.progress import reporter_for
from almascan.run import Runner
from bench.figure import Figure, Table, at_least, at_most
from bench.program import Bench, Option, Yield
from bench.simulated import Simulated, run_simulator

REQUESTS = {"any": 2, "transit": 3}
"""Requests for each item of a list of barcodes, by recipe."""

AIM_MS = 1.0
HOTTEST = 30


class Cost(NamedTuple):
    """What scanning a list in took: seconds of processor, of it in this thread, and of time."""

    used: float
    in_loop: float
    took: float


async def scan(simulated: Simulated, barcodes: list[str], recipe: str, rate: float, folder: Path) -> Cost:
    """Scan a list in at so many requests a second."""
    journal = Journal(folder / f"{recipe}.db")
    desk = Desk(simulated.ready["library"], simulated.ready["circ_desk"])
    order = Order(desk, recipe=recipe, rate=rate, keep_calls=0)
    async with Alma(simulated.base_url, simulated.key, pacer=Pacer(rate)) as alma:
        with open_list("-", ListOptions(), io.BytesIO("\n".join(barcodes).encode())) as reading:
            runner = Runner(alma, journal, reporter_for("none", sys.stderr))
            used, in_loop, began = time.process_time(), time.thread_time(), time.perf_counter()
            await runner.scan(reading, order)
            cost = Cost(time.process_time() - used, time.thread_time() - in_loop, time.perf_counter() - began)
    journal.close()
    return cost


def measure_recipe(recipe: str, items: int, rate: float, *, is_profiled: bool) -> tuple[Cost, str]:
    """Scan a list in with a recipe at so many items a second; give the cost, and the hottest functions if wanted."""
    with tempfile.TemporaryDirectory() as folder, run_simulator("--per-second", "0", "--items", "50000") as simulated:
        barcodes = simulated.barcodes(items)
        profile = cProfile.Profile()
        if is_profiled:
            profile.enable()
        cost = asyncio.run(scan(simulated, barcodes, recipe, rate * REQUESTS[recipe], Path(folder)))
        profile.disable()
    return cost, _say_hottest(profile) if is_profiled else ""


def _say_hottest(profile: cProfile.Profile) -> str:
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(HOTTEST)
    return text.getvalue()


def measure(given: argparse.Namespace) -> Yield:
    figures, rows = [], []
    for recipe in given.recipes:
        cost, hottest = measure_recipe(recipe, given.items, given.rate, is_profiled=given.profile)
        print(hottest, end="", flush=True)
        each = [1000 * seconds / given.items for seconds in (cost.used, cost.in_loop, cost.used - cost.in_loop)]
        pace = given.items / cost.took
        rows.append((recipe, str(REQUESTS[recipe]), *(f"{ms:.2f} ms" for ms in each), f"{pace:.0f}"))
        what = f"{recipe}, {given.rate:g} items/s"
        figures.append(
            Figure(f"processor for an item, {what}", each[0], "ms", at_most(AIM_MS) if recipe == "any" else None)
        )
        figures.append(Figure(f"items held, {what}", pace, "items/s", at_least(0.9 * given.rate)))
    columns = ("recipe", "requests", "processor for an item", "the event loop's", "the journal's thread", "items/s")
    return Yield(figures, [Table("One process, client and journal", columns, rows)])


BENCH = Bench(
    "processor",
    "Measure processor time for each item.",
    [
        Option("--items", 5000, 1000, "items to scan"),
        Option("--rate", 500.0, 500.0, "items a second"),
        Option("--recipes", ("any", "transit"), ("any",), "recipes"),
        Option("--profile", False, False, "print the hottest functions too"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
