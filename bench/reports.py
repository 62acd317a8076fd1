"""Makes every report of a run of 1,000,000 rows, each with the real command in a process of its own.

    python -m bench.reports [--rows 1000000] [--formats csv xlsx json html]

Gives seconds and peak memory of each, and of the summary on the screen; a run of 10,000 rows stands beside them.
"""

import argparse
import tempfile
from pathlib import Path

from bench.expense import Expense
from bench.figure import Figure, Table, write_number
from bench.million import environment_of, finish_run, load_run
from bench.program import Bench, Option, Yield
from bench.simulated import Simulated, run_simulator
from bench.task import run_task

FEW_ROWS = 10_000
_MEGABYTE = 1e6


def measure_rows(
    simulated: Simulated, rows: int, formats: tuple[str, ...], folder: Path
) -> dict[str, tuple[Expense, float]]:
    """Make every report of so many rows; give what each took, and how many megabytes its file has."""
    journal, _ = load_run(rows, folder, simulated)
    finish_run(journal)
    environment, told = environment_of(simulated, journal), folder / "told.json"
    taken = {"summary": (run_task(told, "command", "show", "1", environment=environment), 0.0)}
    for kind in formats:
        output = folder / f"report.{kind}"
        took = run_task(told, "command", "report", "1", "--output", str(output), environment=environment)
        taken[kind] = took, output.stat().st_size / _MEGABYTE
        output.unlink()
    return taken


def measure(given: argparse.Namespace) -> Yield:
    with tempfile.TemporaryDirectory() as name, run_simulator("--per-second", "0") as simulated:
        few_rows = min(FEW_ROWS, given.rows // 10)
        few = measure_rows(simulated, few_rows, given.formats, Path(name))
        many = measure_rows(simulated, given.rows, given.formats, Path(name))
    rows, figures = [], []
    for kind, (took, megabytes) in many.items():
        memory = [write_number(each.megabytes, "MB") for each in (few[kind][0], took)]
        size = write_number(megabytes, "MB") if megabytes else ""
        rows.append((kind, f"{few[kind][0].seconds:.1f} s", f"{took.seconds:.1f} s", *memory, size))
        figures.append(Figure(f"{kind} of {given.rows:,} rows", took.seconds, "s"))
    columns = ("what", f"{few_rows:,} rows", f"{given.rows:,} rows", "peak memory, few", "peak memory, many", "file")
    return Yield(figures, [Table("Reports", columns, rows)])


BENCH = Bench(
    "reports",
    "Measure making reports of a long run.",
    [
        Option("--rows", 1_000_000, 5_000, "rows of the run"),
        Option("--formats", ("csv", "xlsx", "json", "html"), ("csv", "json"), "the kinds of report"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
