"""One file for each outcome of a run, each of which can be handed in as the next list."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from almascan.errors import UsageError
from almascan.model import Outcome, Row, Run
from almascan.progress.text import plain
from almascan.report.csv_report import defused
from almascan.report.fields import latest

COLUMNS = ("Barcode", "MMS Id", "Holding Id", "Physical Item Id", "Title", "What is to be said")


def split_report(run: Run, rows: Iterable[Row], folder: Path) -> dict[Outcome, Path]:
    """Write a CSV for each outcome that occurs; rows whose ids are known carry them, so that no look-up is needed.

    Args:
        run: The run.
        rows: Its rows, read once.
        folder: Where the files go; it is made if it is not there.

    Returns:
        The files by outcome.

    Raises:
        UsageError: A file cannot be written.
    """
    files: dict[Outcome, Path] = {}
    writers: dict[Outcome, Any] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for row in rows:
                if row.answer not in writers:
                    path = files[row.answer] = folder / f"run-{run.id}-{row.answer}.csv"
                    file = stack.enter_context(path.open("w", encoding="utf-8-sig", newline=""))
                    writers[row.answer] = csv.writer(file, quoting=csv.QUOTE_ALL)
                    writers[row.answer].writerow(COLUMNS)
                writers[row.answer].writerow(_cells(row))
    except OSError as error:
        raise UsageError(f"The files cannot be written to {folder}: {error.strerror}. Name another folder.") from error
    return files


def _cells(row: Row) -> list[str]:
    item = latest(row)
    texts = (row.barcode or row.given, row.mms_id, row.holding_id, row.pid, item.title if item else "", row.note)
    return [defused(plain(text)) for text in texts]
