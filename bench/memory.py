"""Loads a list of 10,000 and one of 1,000,000 barcodes, each in a process of its own, and compares them.

    python -m bench.memory [--rows 1000000]

Prints seconds and peak memory of loading, and how long a new process takes until it has the first open row again:
of the run as it was loaded, and of the run when all rows but the last have their answers.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from almascan.model import Item

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
_ALL_BUT_ONE = """
UPDATE rows SET state = 'done', outcome = 'in-place', pid = row, mms_id = row, sends = 1, sent_at = 1.0, finished_at = 2.0,
before = :item, after = :item WHERE row < (SELECT max(row) FROM rows)
"""


def run_python(code: str, *arguments: str) -> dict[str, float]:
    output = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True).stdout
    result: dict[str, float] = json.loads(output)
    return result


def measure_loading(rows: int, folder: Path) -> dict[str, float]:
    listed = folder / f"{rows}.txt"
    with listed.open("w", encoding="utf-8") as file:
        file.writelines(f"{30_000_000_000_000 + number * 7}\n" for number in range(rows))
    return run_python(_LOAD, str(listed), str(folder / f"{rows}.db"))


def measure_resuming(rows: int, folder: Path) -> tuple[float, float]:
    """Give the seconds of a run that is new, and of one that is nearly finished."""
    journal = folder / f"{rows}.db"
    fresh = run_python(_RESUME, str(journal))["seconds"]
    pid = "23000000010002204"
    item = Item(pid, pid, pid, "30121135336896", "1", library="MAIN", title="A title of the usual length", location="M")
    with sqlite3.connect(journal) as connection:
        connection.execute(_ALL_BUT_ONE, {"item": msgspec.json.encode(item).decode()})
    connection.close()
    return fresh, run_python(_RESUME, str(journal))["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="Measure loading a long list.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the long list (default 1,000,000)")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        short = measure_loading(10_000, Path(folder))
        long = measure_loading(rows, Path(folder))
        fresh, nearly_finished = measure_resuming(rows, Path(folder))
    print(f"{'rows':>10}  {'loaded in':>10}  {'peak memory':>12}")
    for loaded in (short, long):
        print(f"{loaded['rows']:>10,}  {loaded['seconds']:>8.1f} s  {loaded['megabytes']:>9.0f} MB")
    print(f"\nmore memory for the long list: {long['megabytes'] - short['megabytes']:.0f} MB (at most 40)")
    print(f"a new process has its first open row after {fresh:.2f} s (at most 2)")
    print(f"and after {nearly_finished:.2f} s where all rows but the last have their answers (at most 2)")


if __name__ == "__main__":
    main()
