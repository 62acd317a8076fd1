"""Compares the start of ``almascan --help`` with that of Python itself.

    python -m bench.start [--times 20]

Prints the medians, their difference (at most 0.15 s) and their ratio.
"""

import argparse
import statistics
import subprocess
import sys
import time


def median_seconds(arguments: list[str], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.start", description="Measure the start of the command line.")
    parser.add_argument("--times", type=int, default=20, help="how often each is started (default 20)")
    times = parser.parse_args().times
    bare = median_seconds(["-c", "pass"], times)
    helped = median_seconds(["-m", "almascan", "--help"], times)
    print(f"python -c pass   {bare * 1000:6.0f} ms")
    print(f"almascan --help  {helped * 1000:6.0f} ms")
    print(f"more: {(helped - bare) * 1000:.0f} ms (at most 150), ratio {helped / bare:.1f}")


if __name__ == "__main__":
    main()
