"""The main job from beginning to end against the simulator: a plan, a scan that is killed half-way, a resume."""

import csv
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from almascan.simulator import Simulator, SimulatorConfig

RATE = 25
PRACTICE = SimulatorConfig(items=20_000, seed=1, per_second=RATE, latency_ms=150, jitter_ms=40)
"""The simulated Alma to practise on."""
SETTLE_SECONDS = 3
KILLED_AFTER_SCANS = 60
LONGEST_SECONDS = 120.0

MIXTURE = (
    ("in_transit", 141),
    ("in_place", 12),
    ("on_loan", 12),
    ("requested", 10),
    ("hold_shelf", 4),
    ("missing", 4),
    ("unknown", 5),
)
DUPLICATES = 7
DAMAGED = ("3,01121E+13", "3.01211E+13", "30121135336896001", "#N/A", "NULL")

Say = Callable[[str], None]


def run_demo(folder: Path, say: Say) -> Path:
    """Scan a list of 200 rows in against a simulator of its own, killing the process on the way.

    Args:
        folder: Where list, journal and report go; those of an earlier demo are replaced.
        say: Tells the person what happens.

    Returns:
        The HTML report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Simulator(PRACTICE) as simulator:
        say(f"A simulated Alma listens at {simulator.base_url}; it allows {RATE} requests a second.")
        list_path = folder / "stuck-in-transit.csv"
        rows = write_practice_list(simulator, list_path)
        say(f"{list_path} holds {rows} rows, most of them items stuck in transit.")
        environment = _environment(simulator, folder)
        say("\nFirst a look at every item: what would be scanned, and what not and why.")
        plan = ["plan", str(list_path), "--rate", str(RATE), "--settle-seconds", str(SETTLE_SECONDS)]
        _run(plan, environment, say)
        say("\nThen the scan of what the plan said.")
        _scan_and_kill(simulator, ["resume"], environment, say)
        say(f"\nGoing on where it stopped (a lost answer is waited for {SETTLE_SECONDS} s here; by default 120 s).")
        _run(["resume"], environment, say)
        report = folder / "report.html"
        _run(["report", "--output", str(report)], environment, say)
        _say_what_alma_saw(simulator, say)
    return report


def write_practice_list(simulator: Simulator, path: Path) -> int:
    """Write a list of items of a simulated Alma as CSV, in a realistic mixture; return how many rows it has."""
    rows = list(_make_rows(simulator))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Title", "Call Number", "Item Barcode"))
        writer.writerows(rows)
    return len(rows)


def _make_rows(simulator: Simulator) -> Iterator[tuple[str, str, str]]:
    """Make rows of title, call number and barcode in a realistic mixture, in no order."""
    barcodes = [barcode for state, number in MIXTURE for barcode in simulator.barcodes(state, number)]
    barcodes += barcodes[:DUPLICATES]
    barcodes += DAMAGED
    random.Random(1).shuffle(barcodes)  # noqa: S311 - no secret
    for barcode in barcodes:
        try:
            item = simulator.item(barcode)
        except KeyError:
            yield "", "", barcode
        else:
            yield item["title"], item["call_number"], barcode


def _environment(simulator: Simulator, folder: Path) -> dict[str, str]:
    """Give the settings by environment variables, and none of the person's own."""
    journal = folder / "journal.db"
    for old in folder.glob(f"{journal.name}*"):
        old.unlink()
    own = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")}
    return own | {
        "ALMASCAN_BASE_URL": simulator.base_url,
        "ALMASCAN_API_KEY": simulator.keys["full"],
        "ALMASCAN_LIBRARY": simulator.library,
        "ALMASCAN_CIRC_DESK": simulator.circ_desk,
        "ALMASCAN_JOURNAL": str(journal),
        "ALMASCAN_CONFIG": str(folder / "no-profiles.toml"),
    }


def _scan_and_kill(simulator: Simulator, scan: list[str], environment: dict[str, str], say: Say) -> None:
    """Start a scan, and kill its process without a warning once some rows are done."""
    say(f"\n$ almascan {' '.join(scan)}")
    give_up_at = time.monotonic() + LONGEST_SECONDS
    with subprocess.Popen(_command(scan), env=environment) as process:  # noqa: S603 - our own command line
        while process.poll() is None and time.monotonic() < give_up_at:
            if simulator.stats()["scans"] >= KILLED_AFTER_SCANS:
                process.kill()
                break
            time.sleep(0.05)
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")
    scans = simulator.stats()["scans"]
    say(f"\nThe process was killed in the middle of its work, as by a power cut: Alma had applied {scans} scans.")


def _run(arguments: list[str], environment: dict[str, str], say: Say) -> None:
    say(f"\n$ almascan {' '.join(arguments)}")
    subprocess.run(_command(arguments), env=environment, check=False)  # noqa: S603 - our own command line


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "almascan", *arguments]


def _say_what_alma_saw(simulator: Simulator, say: Say) -> None:
    stats = simulator.stats()
    say(
        f"\nWhat the simulated Alma saw: {stats['scans']} scans of {stats['items_scanned']} items, "
        f"{stats['items_scanned_twice']} of them scanned twice; {stats['refused']} of {stats['requests']} requests refused."
    )
