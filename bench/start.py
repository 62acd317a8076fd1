"""Compares the start of ``almascan --help`` with that of Python itself.

    python -m bench.start [--times 20]

Gives the medians and their difference, at most 0.15 s.
"""

import argparse
import statistics
import subprocess
import sys
import time

from bench.figure import Figure, at_most
from bench.program import Bench, Option, Yield


def median_ms(arguments: list[str], times: int) -> float:
    """Start Python so many times; give the median of milliseconds that it took."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def measure(given: argparse.Namespace) -> Yield:
    bare = median_ms(["-c", "pass"], given.times)
    helped = median_ms(["-m", "almascan", "--help"], given.times)
    return Yield(
        [
            Figure("start of Python alone", bare, "ms"),
            Figure("start of almascan --help", helped, "ms"),
            Figure("almascan --help beyond Python's own start", helped - bare, "ms", at_most(150)),
        ]
    )


BENCH = Bench(
    "start",
    "Measure the start of the command line.",
    [Option("--times", 20, 3, "how often each is started")],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
