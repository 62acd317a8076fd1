"""What a plan came to: what would be scanned, what not and why, what to know before, and where to look first."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from almascan.errors import UsageError
from almascan.model import Outcome, Row, RowState, Run
from almascan.progress.text import amount, duration, plain
from almascan.report.csv_report import defused
from almascan.report.fields import next_step
from almascan.report.summary import in_order

SAMPLES = 5
_SHELF_COLUMNS = ("library", "location", "call_number", "title", "barcode", "row")


class PlanCost(msgspec.Struct, frozen=True):
    """What scanning as planned costs.

    Attributes:
        requests: Requests: a look more and a scan for each item.
        share_of_calls: Their share of the institution's calls left today, from 0 to 1; None where Alma did not say.
        seconds: How long that takes at the least.
    """

    requests: int
    share_of_calls: float | None
    seconds: float


def plan_cost(run: Run, to_scan: int, remaining_calls: int | None) -> PlanCost:
    """Say what scanning so many items of a planned run costs."""
    requests = to_scan * 2
    rate = min(run.order.rate or 1.0, (run.order.per_minute or 60_000) / 60)
    share = requests / remaining_calls if remaining_calls else None
    return PlanCost(requests, share, requests / rate)


def describe_plan(
    run: Run, counts: Mapping[Outcome, int], rows: Iterable[Row], remaining_calls: int | None = None
) -> dict[str, Any]:
    """Give what a plan came to, ready for JSON.

    Args:
        run: The planned run.
        counts: Its rows by their answer.
        rows: Its rows, read once.
        remaining_calls: The institution's calls left today, where Alma said so.

    Returns:
        ``run``, ``to_scan``, ``desks`` (rows per desk), ``counts``, ``samples``, ``requests``, ``share_of_calls`` (of
        the day's remaining ones, from 0 to 1, or None), ``seconds`` and ``warnings``.
    """
    desks: Counter[str] = Counter()
    samples: list[dict[str, object]] = []
    due: list[str] = []
    for row in rows:
        if row.state is RowState.READY:
            desks[str(row.desk or run.order.desk)] += 1
            if len(samples) < SAMPLES:
                samples.append(_on_shelf(row))
        if row.outcome is Outcome.ON_LOAN and row.before is not None and row.before.due_date:
            due.append(row.before.due_date)
    to_scan = desks.total()
    cost = plan_cost(run, to_scan, remaining_calls)
    return {
        "run": run.id,
        "to_scan": to_scan,
        "not_looked_at": counts.get(Outcome.NOT_TRIED, 0) - to_scan,
        "desks": dict(desks),
        "counts": {outcome: count for outcome, count in counts.items() if outcome is not Outcome.NOT_TRIED and count},
        "samples": samples,
        "requests": cost.requests,
        "share_of_calls": cost.share_of_calls,
        "seconds": cost.seconds,
        "warnings": list(_warnings(counts, due)),
    }


def _warnings(counts: Mapping[Outcome, int], due: list[str]) -> Iterator[str]:
    if requested := counts.get(Outcome.REQUESTED):
        yield f"{amount(requested, 'item')} requested: scanning them here would send them on or mail their patrons."
    if loans := counts.get(Outcome.ON_LOAN):
        dates = f" (due {min(due)} to {max(due)})" if due else ""
        yield f"{amount(loans, 'item')} on loan{dates}: a scan would return them today, and cannot be backdated."
    if others := counts.get(Outcome.OTHER_LIBRARY):
        yield f"{amount(others, 'item')} at home elsewhere: scanning them here would put them in transit."


def draw_plan(plan: Mapping[str, Any]) -> None:
    """Print what a plan came to on stdout."""
    console = Console(highlight=False)
    console.print(Text(f"Run {plan['run']} is planned: {amount(plan['to_scan'], 'item')} to scan.", style="bold"))
    for desk, count in plan["desks"].items():
        console.print(Text(plain(f"  {count:,} at {desk}")))
    table = Table(box=None, padding=(0, 2), show_header=False)
    for outcome in in_order(plan["counts"]):
        sentence = f"{outcome.sentence} {next_step(outcome, plan['run'])}"
        table.add_row(outcome, f"{plan['counts'][outcome]:,}", Text(sentence))
    console.print(table)
    for warning in plan["warnings"]:
        console.print(Text(plain(f"! {warning}"), style="yellow"))
    if plan["samples"]:
        console.print(Text("Are they really here? The first of those to be scanned:", style="bold"))
        for item in plan["samples"]:
            where = " ".join(str(item[name]) for name in ("library", "location", "call_number"))
            console.print(Text(plain(f"  {where}  {item['title']}  {item['barcode']}")))
    if plan["not_looked_at"]:
        console.print(Text(f"{amount(plan['not_looked_at'], 'row')} not looked at yet."))
    share = plan["share_of_calls"]
    of_day = "" if share is None else f" ({100 * share:.1f} % of the calls left today)"
    console.print(
        Text(
            f"Scanning takes about {amount(plan['requests'], 'request')}{of_day} and {duration(plan['seconds'])}. "
            f"To do it: almascan resume {plan['run']}"
        )
    )


def write_shelf_list(rows: Iterable[Row], path: Path) -> None:
    """Write the items that a plan says to scan as CSV into a file, in the order of the shelves.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        with path.open("wb") as file:
            write_shelf_rows(rows, file)
    except OSError as error:
        raise UsageError(f"The shelf list cannot be written to {path}: {error.strerror}. Name another file.") from error


def write_shelf_rows(rows: Iterable[Row], out: BinaryIO) -> None:
    """Write the items that a plan says to scan as CSV, in UTF-8 with its mark, in the order of the shelves."""
    items = sorted((_on_shelf(row) for row in rows if row.state is RowState.READY), key=_place)
    file = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    lines = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    lines.writerow((*_SHELF_COLUMNS, "found"))
    for item in items:
        cells = (item[name] for name in _SHELF_COLUMNS)
        lines.writerow([*(defused(plain(cell)) if isinstance(cell, str) else cell for cell in cells), ""])
    file.detach()


def _on_shelf(row: Row) -> dict[str, object]:
    item = row.before
    names = ("title", "call_number")
    described: dict[str, object] = {name: getattr(item, name) if item else "" for name in names}
    library = (item.library_name or item.library) if item else ""
    location = (item.location_name or item.location) if item else ""
    return described | {"library": library, "location": location, "barcode": row.barcode, "row": row.row}


def _place(item: dict[str, object]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in ("library", "location", "call_number"))
