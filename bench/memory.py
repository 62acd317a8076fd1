"""Loads lists of 10,000 to 1,000,000 barcodes, works on them, and starts the longest again; each in its own process.

    python -m bench.memory [--rows 10000 100000 1000000]

Gives seconds and peak memory of loading, peak memory of working on the first 500 rows, and how long after its start
``almascan resume`` sends its first request for a row: of a run as it was loaded, and of one whose rows all but the
last have their answers.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figure import Figure, Table, at_most, write_number
from bench.million import environment_of, finish_run, load_run
from bench.program import Bench, Option, Yield
from bench.simulated import Simulated, run_simulator
from bench.task import run_task

WORKED_ROWS = 500
LONGEST_SECONDS = 60.0


def measure_resuming(simulated: Simulated, journal: Path) -> float:
    """Give the seconds from the start of ``almascan resume`` to its first request for a row.

    Raises:
        RuntimeError: No request came.
    """
    asked = simulated.stats()["by_operation"].get("find", 0)
    began = time.perf_counter()
    command = [sys.executable, "-m", "almascan", "resume", "1"]
    with subprocess.Popen(command, env=environment_of(simulated, journal), stdout=subprocess.DEVNULL) as process:
        try:
            while simulated.stats()["by_operation"].get("find", 0) == asked:
                if time.perf_counter() - began > LONGEST_SECONDS:
                    raise RuntimeError("almascan resume sent no request.")
                time.sleep(0.005)
            return time.perf_counter() - began
        finally:
            process.kill()


def measure(given: argparse.Namespace) -> Yield:
    table: list[tuple[str, ...]] = []
    loading, working = [], []
    with tempfile.TemporaryDirectory() as name, run_simulator("--per-second", "0") as simulated:
        for rows in given.rows:
            journal, loaded = load_run(rows, Path(name), simulated)
            told = Path(name) / "told.json"
            environment = environment_of(simulated, journal)
            worked = run_task(told, "command", "resume", "1", "--limit", str(WORKED_ROWS), environment=environment)
            loading.append(loaded.megabytes)
            working.append(worked.megabytes)
            memory = [write_number(took.megabytes, "MB") for took in (loaded, worked)]
            table.append((f"{rows:,}", f"{loaded.seconds:.1f} s", *memory))
        fresh = measure_resuming(simulated, journal)
        finish_run(journal)
        nearly_finished = measure_resuming(simulated, journal)
    rows = f"{given.rows[-1]:,} rows"
    figures = [
        Figure(
            f"loading {rows} into the journal",
            loaded.seconds,
            "s",
            at_most(10) if given.rows[-1] >= 1_000_000 else None,
        ),
        Figure(f"more memory for loading {rows} than {given.rows[0]:,}", _more(loading), "MB", at_most(40)),
        Figure(f"more memory for working on {rows} than {given.rows[0]:,}", _more(working), "MB", at_most(40)),
        Figure(f"resume of {rows}, none answered: first request for a row", fresh, "s", at_most(2)),
        Figure(f"resume of {rows}, all but one answered: first request for a row", nearly_finished, "s", at_most(2)),
    ]
    columns = ("rows", "loaded in", "peak memory, loading", f"peak memory, working on {WORKED_ROWS}")
    return Yield(figures, [Table("A list by its length", columns, table)])


def _more(megabytes: list[float | None]) -> float | None:
    first, last = megabytes[0], megabytes[-1]
    return None if first is None or last is None else last - first


BENCH = Bench(
    "memory",
    "Measure loading a long list, and starting its run again.",
    [Option("--rows", (10_000, 100_000, 1_000_000), (1_000, 20_000), "rows of each list, ascending")],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
