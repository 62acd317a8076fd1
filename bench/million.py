"""A journal with a run of very many rows, new or nearly finished, for what is measured on it."""

import os
import sqlite3
from pathlib import Path

import msgspec

from almascan.model import Item
from bench.expense import Expense
from bench.simulated import Simulated
from bench.task import run_task

REAL_ROWS = 1000
"""So many rows at the beginning are items of the simulator; the others are not asked for."""

_ALL_BUT_ONE = """
UPDATE rows SET state = 'done', outcome = 'in-place', pid = row, mms_id = row, sends = 1, sent_at = 1.0, finished_at = 2.0,
before = :item, after = :item WHERE row < (SELECT max(row) FROM rows)
"""


def load_run(rows: int, folder: Path, simulated: Simulated) -> tuple[Path, Expense]:
    """Load a list of so many barcodes in a process of its own.

    Returns:
        The journal, whose run 1 was begun, and what loading took.
    """
    listed, journal = folder / f"{rows}.txt", folder / f"{rows}.db"
    real = simulated.barcodes(min(rows, REAL_ROWS))
    with listed.open("w", encoding="utf-8") as file:
        file.writelines(f"{barcode}\n" for barcode in real)
        file.writelines(f"{50_000_000_000_000 + number * 7}\n" for number in range(rows - len(real)))
    environment = environment_of(simulated, journal)
    arguments = ("load", str(listed), str(simulated.ready["institution"]))
    return journal, run_task(folder / "told.json", *arguments, environment=environment)


def finish_run(journal: Path) -> None:
    """Give all rows but the last their answers."""
    pid = "23000000010002204"
    item = Item(pid, pid, pid, "30121135336896", "1", library="MAIN", title="A title of the usual length", location="M")
    connection = sqlite3.connect(journal)
    with connection:
        connection.execute(_ALL_BUT_ONE, {"item": msgspec.json.encode(item).decode()})
    connection.close()


def environment_of(simulated: Simulated, journal: Path) -> dict[str, str]:
    """Give the settings of commands that work with a simulator, with none of the person's own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")}
    return own | {
        "ALMASCAN_BASE_URL": simulated.base_url,
        "ALMASCAN_API_KEY": simulated.key,
        "ALMASCAN_LIBRARY": str(simulated.ready["library"]),
        "ALMASCAN_CIRC_DESK": str(simulated.ready["circ_desk"]),
        "ALMASCAN_JOURNAL": str(journal),
        "ALMASCAN_CONFIG": str(journal.with_name("no-profiles.toml")),
        "ALMASCAN_KEEP_CALLS": "0",
        "ALMASCAN_PROGRESS": "none",
    }
