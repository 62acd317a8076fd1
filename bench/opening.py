"""Opens every page of a journal with 1,000,000 rows, and takes the time.

    python -m bench.opening [--rows 1000000] [--runs 50] [--times 20]

The rows are in one finished run, in many of them, and in one plan; each has its item and its story. The server is a
process of its own, on a journal that was made just before, so that the system still has its file in memory. A page's
time is from sending the request to having the last byte, on a connection that is open.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench.answered import RARE, load_answered, plan_again, title_of
from bench.figure import Figure, Table, at_most
from bench.million import environment_of
from bench.program import Bench, Option, Yield
from bench.served import Served, serve_page
from bench.simulated import run_simulator

AIM_MS = 200


class Taken(NamedTuple):
    """Milliseconds: of the first time, the median and the worst of the others."""

    first: float
    median: float
    worst: float


def pages_of(run: int, rows: int, barcode: str) -> dict[str, str]:
    """Give the addresses of the pages by what they are."""
    table = f"/runs/{run}/rows"
    return {
        "the list of runs": "/",
        "a run": f"/runs/{run}",
        "its rows": table,
        "its last rows": f"{table}?after={rows - 100}",
        "its rows with the commonest answer": f"{table}?show=in-place&after={rows // 2}",
        "its rows with a rare answer": f"{table}?show={RARE}",
        "its rows for a person": f"{table}?show=person",
        "its planned rows": f"{table}?show=planned",
        "its rows with a text that one has": f"{table}?find={quote(title_of(rows - 1))}",
        "its rows with a text that none has": f"{table}?find=nowhere+to+be+found",
        "a row": f"{table}/{rows // 2}",
        "a barcode in all runs": f"/search?barcode={barcode}",
        "the log": "/log",
        "a new run": "/new",
        "a new run of an earlier one's rows": f"/new?from=run&run={run}",
        "what the words mean": "/help",
    }


def open_often(page: Served, path: str, times: int) -> Taken:
    """Open a page so many times and once before."""
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        page.open(path)
        taken.append(1000 * (time.perf_counter() - began))
    return Taken(taken[0], statistics.median(taken[1:]), max(taken[1:]))


def open_all(environment: Mapping[str, str], run: int, rows: int, barcode: str, times: int) -> dict[str, Taken]:
    """Open every page."""
    with serve_page(environment) as page:
        return {what: open_often(page, path, times) for what, path in pages_of(run, rows, barcode).items()}


def measure(given: argparse.Namespace) -> Yield:
    found: dict[str, dict[str, Taken]] = {}
    with tempfile.TemporaryDirectory() as name, run_simulator("--per-second", "0") as simulated:
        barcode = simulated.barcodes(1)[0]
        many = given.rows // given.runs
        for runs, rows in ((given.runs, many), (1, given.rows)):
            folder = Path(name) / str(runs)
            folder.mkdir()
            journal = load_answered(rows, runs, folder, simulated)
            environment = environment_of(simulated, journal)
            shape = f"one run of {rows:,} rows" if runs == 1 else f"{runs} runs of {rows:,} rows"
            found[shape] = open_all(environment, runs, rows, barcode, given.times)
        plan_again(journal)
        found[f"a plan of {given.rows:,} rows"] = open_all(environment, 1, given.rows, barcode, given.times)
    return Yield(
        [figure for shape, taken in found.items() for figure in hold_against_aim(shape, taken)],
        [tabulate(shape, taken) for shape, taken in found.items()],
    )


def hold_against_aim(shape: str, taken: Mapping[str, Taken]) -> list[Figure]:
    """Give the slowest page, and the slowest search for a text, which has to read every row."""
    searches = {what for what in taken if "a text" in what}
    return [
        Figure(f"{shape}: {slowest}, the slowest {kind}", taken[slowest].median, "ms", at_most(AIM_MS))
        for kind, pages in (("page", taken.keys() - searches), ("search", searches))
        for slowest in [max(pages, key=lambda what: taken[what].median)]
    ]


def tabulate(shape: str, taken: Mapping[str, Taken]) -> Table:
    """Give every page's times."""
    rows = [(what, *(f"{each:.0f} ms" for each in milliseconds)) for what, milliseconds in taken.items()]
    return Table(f"Opening a page, {shape}", ("page", "first", "median", "worst"), rows)


BENCH = Bench(
    "opening",
    "Measure opening the page's pages with a long journal.",
    [
        Option("--rows", 1_000_000, 20_000, "rows of the journal"),
        Option("--runs", 50, 4, "runs that the rows are spread over"),
        Option("--times", 20, 5, "how often each page is opened"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
