"""Cuts the network under a scan, kills its process, mends the network, and prints what Alma saw, as JSON.

    unshare --map-root-user --net python -m tests.engine.cut_network FOLDER

It must have a network namespace of its own, on whose loopback it has every packet dropped for a while.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from bench.kills import begin, environment_of
from tests.waiting import wait_until

from almascan.journal import Journal
from almascan.model import Outcome, RowState
from almascan.simulator import Simulator, SimulatorConfig

ROWS = 300
CUT_AFTER_SCANS = 40
CUT_SECONDS = 1.5
MENDED_SECONDS = 4.0
"""Longer than the kernel waits before it sends again what was not acknowledged during the cut."""


def main(folder: Path) -> None:
    _do("ip", "link", "set", "lo", "up")
    with Simulator(SimulatorConfig(items=1500, seed=5, per_second=0, latency_ms=30)) as simulator:
        # Ids and no look: every request is a scan, so that many of them are under way.
        lines = [",".join(simulator.ids(barcode)) for barcode in simulator.barcodes("in_transit", ROWS)]
        (folder / "list.txt").write_text("\n".join(["MMS Id,Holding Id,Item Id", *lines]), encoding="utf-8")
        environment = environment_of(simulator, folder)
        with begin(["scan", str(folder / "list.txt"), "--yes", "--recipe", "any"], environment) as process:
            wait_until(lambda: simulator.stats()["scans"] >= CUT_AFTER_SCANS, "it scans")
            _do("tc", "qdisc", "add", "dev", "lo", "root", "pfifo", "limit", "0")
            # What has arrived is applied, and the process goes on sending into the void.
            time.sleep(CUT_SECONDS)
            cut = simulator.stats()["scans"]
            process.kill()
        sending = len(_rows(folder, RowState.SENDING))
        _do("tc", "qdisc", "del", "dev", "lo", "root")
        time.sleep(MENDED_SECONDS)
        mended = simulator.stats()["scans"]
        with begin(["resume"], environment) as process:
            process.communicate(timeout=40)
        journal = Journal(folder / "journal.db")
        counts = journal.counts(journal.run().id)
        journal.close()
        seen = {
            "scans_when_cut": cut,
            "sending_when_killed": sending,
            "scans_after_mending": mended,
            "scanned_twice": simulator.stats()["items_scanned_twice"],
            "unclear": counts.get(Outcome.UNCLEAR, 0),
            "not_tried": counts.get(Outcome.NOT_TRIED, 0),
        }
    print(json.dumps(seen))  # noqa: T201 - its result


def _rows(folder: Path, state: RowState) -> list[int]:
    journal = Journal(folder / "journal.db")
    rows = [row.row for row in journal.rows_in_state(journal.run().id, state)]
    journal.close()
    return rows


def _do(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
