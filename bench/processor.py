"""Scans a list in at 500 items a second against a simulator in a process of its own, and counts processor time.

    python -m bench.processor [--items 5000] [--rate 1000]

Prints milliseconds of processor per item (at most 1: two requests and both writes to the journal, recipe any) and the
share of the asked rate that was reached.
"""

import argparse
import asyncio
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from almascan.alma import Alma, Pacer
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Desk, Order
from almascan.progress import reporter_for
from almascan.run import Runner
from bench.simulated import ask_control, run_simulator


async def scan(ready: dict[str, Any], barcodes: list[str], rate: float, folder: Path) -> tuple[float, float]:
    journal = Journal(folder / "journal.db")
    order = Order(Desk(ready["library"], ready["circ_desk"]), recipe="any", rate=rate, keep_calls=0)
    async with Alma(ready["base_url"], ready["keys"]["full"], pacer=Pacer(rate)) as alma:
        with open_list("-", ListOptions(), io.BytesIO("\n".join(barcodes).encode())) as reading:
            runner = Runner(alma, journal, reporter_for("none", sys.stderr))
            used, began = time.process_time(), time.perf_counter()
            await runner.scan(reading, order)
            return time.process_time() - used, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.processor", description="Measure processor time per item.")
    parser.add_argument("--items", type=int, default=5000, help="items to scan (default 5000)")
    parser.add_argument("--rate", type=float, default=1000, help="requests a second (default 1000: 500 items)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ready_file = Path(folder) / "ready.json"
        with run_simulator(ready_file, "--per-second", "0", "--items", "50000") as ready:
            barcodes = ask_control(ready, f"barcodes?state=in_transit&limit={options.items}").decode().split()
            used, took = asyncio.run(scan(ready, barcodes, options.rate, Path(folder)))
    items = len(barcodes)
    print(f"{items:,} items, two requests each, {options.rate:g} requests a second asked for")
    print(f"processor per item: {1000 * used / items:.2f} ms (at most 1)")
    print(f"items a second: {items / took:.0f}, {2 * items / took / options.rate:.0%} of the rate asked for")


if __name__ == "__main__":
    main()
