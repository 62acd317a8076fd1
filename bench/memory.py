"""Loads a list of 10,000 and one of 1,000,000 barcodes, each in a process of its own, and compares them.

    python -m bench.memory [--rows 1000000]

Prints seconds and peak memory of loading, and how long a new process takes until it has the first open row again.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

_LOAD = """
import json, resource, sys, time
from pathlib import Path
from almascan.journal import Journal
from almascan.lists import open_list
from almascan.loading import load_list
from almascan.model import Desk, Order, Run, RunState
began = time.perf_counter()
journal = Journal(Path(sys.argv[2]))
with open_list(sys.argv[1]) as reading:
    run = Run(0, "BENCH", "http://127.0.0.1/almaws/v1", "unknown", RunState.LOADING, reading.name, "", {},
              Order(Desk("MAIN", "DESK")), 0, "bench", 0.0)
    run = load_list(journal, reading, run)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": run.rows, "seconds": seconds, "megabytes": peak}))
"""
_RESUME = """
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from almascan.journal import Journal
journal = Journal(Path(sys.argv[1]))
journal.recover(1)
journal.counts(1)
row = next(journal.rows(1, only_open=True))
print(json.dumps({"row": row.row, "seconds": time.perf_counter() - began}))
"""


def run_python(code: str, *arguments: str) -> dict[str, float]:
    output = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True).stdout
    result: dict[str, float] = json.loads(output)
    return result


def measure(rows: int, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    listed, journal = folder / f"{rows}.txt", folder / f"{rows}.db"
    with listed.open("w", encoding="utf-8") as file:
        file.writelines(f"{30_000_000_000_000 + number * 7}\n" for number in range(rows))
    return run_python(_LOAD, str(listed), str(journal)), run_python(_RESUME, str(journal))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="Measure loading a long list.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the long list (default 1,000,000)")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        short, _ = measure(10_000, Path(folder))
        long, resumed = measure(rows, Path(folder))
    print(f"{'rows':>10}  {'loaded in':>10}  {'peak memory':>12}")
    for loaded in (short, long):
        print(f"{loaded['rows']:>10,}  {loaded['seconds']:>8.1f} s  {loaded['megabytes']:>9.0f} MB")
    print(f"\nmore memory for the long list: {long['megabytes'] - short['megabytes']:.0f} MB (at most 40)")
    print(f"a new process has its first open row after {resumed['seconds']:.2f} s (at most 2)")


if __name__ == "__main__":
    main()
