"""Reports of a run, made from what the journal holds and nothing else."""

from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

import msgspec

from almascan.errors import UsageError
from almascan.model import Outcome, Row, Run
from almascan.report.csv_report import write_csv
from almascan.report.html_report import write_html
from almascan.report.json_report import write_json
from almascan.report.xlsx_report import write_xlsx

__all__ = ["FORMATS", "Format", "find_format", "write_report"]


class Format(msgspec.Struct, frozen=True):
    """A kind of report: what writes it, how its files end, and what it is for in a sentence."""

    write: Callable[[Run, Mapping[Outcome, int], Iterable[Row], BinaryIO], None]
    suffix: str
    sentence: str


FORMATS: dict[str, Format] = {
    "csv": Format(write_csv, ".csv", "For a spreadsheet: a line for each row."),
    "xlsx": Format(write_xlsx, ".xlsx", "A workbook: a summary, and a sheet for each outcome."),
    "json": Format(write_json, ".json", "For programs: versioned, with everything the journal knows of each row."),
    "html": Format(write_html, ".html", "To read, filter and print: one file that needs no network."),
}
"""The formats by name; ``--format`` takes these."""


def find_format(name: str) -> Format:
    """Find a kind of report by its name.

    Raises:
        UsageError: There is no such format.
    """
    if name not in FORMATS:
        raise UsageError(f"There is no report format {name!r}. Take one of: {', '.join(FORMATS)}.")
    return FORMATS[name]


def write_report(
    format: str,  # noqa: A002 - the word of the command line
    run: Run,
    counts: Mapping[Outcome, int],
    rows: Iterable[Row],
    out: BinaryIO,
) -> None:
    """Write a run's report.

    Args:
        format: A name of ``FORMATS``.
        run: The run.
        counts: Rows per outcome, unclear and not-tried included.
        rows: All rows of the run in their order; read once, and not kept (HTML keeps those that it shows).
        out: Where the bytes go: a file or standard output's buffer.

    Raises:
        UsageError: There is no such format.
    """
    find_format(format).write(run, counts, rows, out)
