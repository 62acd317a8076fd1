"""A real process killed at any moment, and resumed: at most one scan of an item, and an answer for every row."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.waiting import wait_until

from almascan.journal import Journal
from almascan.model import Outcome
from almascan.simulator import Simulator, SimulatorConfig

ROWS = 400
KILLS = 6


def start(simulator: Simulator, folder: Path, *arguments: str, rate: int = 300) -> "subprocess.Popen[bytes]":
    """Start almascan as a process of its own, at `rate` calls a second."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")} | {
        "ALMASCAN_BASE_URL": simulator.base_url,
        "ALMASCAN_API_KEY": simulator.keys["full"],
        "ALMASCAN_LIBRARY": simulator.library,
        "ALMASCAN_CIRC_DESK": simulator.circ_desk,
        "ALMASCAN_JOURNAL": str(folder / "journal.db"),
        "ALMASCAN_CONFIG": str(folder / "none.toml"),
        "ALMASCAN_RATE": str(rate),
        "ALMASCAN_SETTLE_SECONDS": "1",
        "ALMASCAN_PROGRESS": "none",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "almascan", *arguments],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for_scans(simulator: Simulator, process: "subprocess.Popen[bytes]", scans: int) -> None:
    """Wait until so many scans are applied, or the process has ended."""
    wait_until(lambda: process.poll() is not None or simulator.stats()["scans"] >= scans, "it scans")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_process_killed_again_and_again_scans_every_item_once(tmp_path: Path) -> None:
    chance = random.Random(4)
    with Simulator(SimulatorConfig(items=4000, seed=3, per_second=0, latency_ms=30, jitter_ms=60)) as simulator:
        (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", ROWS)) + "\n")
        arguments = ["scan", "list.txt", "--yes"]
        for kill in range(KILLS):
            with start(simulator, tmp_path, *arguments) as process:
                wait_for_scans(simulator, process, simulator.stats()["scans"] + chance.randrange(5, 60))
                time.sleep(chance.random() * 0.05)
                process.kill()
                process.communicate()
            arguments = ["resume"]
            assert simulator.stats()["items_scanned_twice"] == 0, f"after kill {kill + 1}"
        with start(simulator, tmp_path, "resume") as process:
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output.decode()
        scans = simulator.scans()
    journal = Journal(tmp_path / "journal.db")
    assert journal.counts(1) == {Outcome.IN_PLACE: ROWS}
    journal.close()
    assert (len(scans), set(scans.values())) == (ROWS, {1})


def test_a_process_killed_while_it_reads_its_list_leaves_no_half_run(tmp_path: Path) -> None:
    with Simulator(SimulatorConfig(items=4000, seed=3, per_second=0)) as simulator:
        with (tmp_path / "long.txt").open("w") as file:
            file.writelines(f"9{number:013d}\n" for number in range(400_000))
        with start(simulator, tmp_path, "scan", "long.txt", "--yes") as process:
            database = tmp_path / "journal.db-wal"
            wait_until(
                lambda: process.poll() is not None or (database.exists() and database.stat().st_size >= 2_000_000),
                "it loads its list",
            )
            process.kill()
            process.communicate()
        assert process.returncode != 0
        (tmp_path / "short.txt").write_text("\n".join(simulator.barcodes("in_transit", 3)) + "\n")
        with start(simulator, tmp_path, "scan", "short.txt", "--yes") as process:
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output.decode()
        assert simulator.stats()["scans"] == 3
    journal = Journal(tmp_path / "journal.db")
    assert [run.list_name for run in journal.runs()] == ["short.txt"]
    journal.close()


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_once_finishes_what_is_in_flight_and_twice_stops_now(tmp_path: Path, presses: int) -> None:
    with Simulator(SimulatorConfig(items=4000, seed=3, per_second=0, latency_ms=300)) as simulator:
        (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", ROWS)) + "\n")
        with start(simulator, tmp_path, "scan", "list.txt", "--yes", rate=100) as process:
            wait_for_scans(simulator, process, 20)
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
                time.sleep(0.05)
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 130, output.decode()
        assert b"Traceback" not in output
        assert b"almascan resume 1" in output
        journal = Journal(tmp_path / "journal.db")
        counts = journal.counts(1)
        journal.close()
        assert counts[Outcome.NOT_TRIED] > 0
        assert (counts.get(Outcome.UNCLEAR, 0) == 0) is (presses == 1)
        with start(simulator, tmp_path, "resume") as process:
            process.communicate(timeout=60)
        assert process.returncode == 0
        assert (len(simulator.scans()), set(simulator.scans().values())) == (ROWS, {1})


def test_a_second_process_on_the_same_institution_is_refused(tmp_path: Path) -> None:
    with Simulator(SimulatorConfig(items=4000, seed=3, per_second=0, latency_ms=200)) as simulator:
        (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", ROWS)) + "\n")
        # So slow that it is at work for longer than the second one takes to begin, on any machine.
        with start(simulator, tmp_path, "scan", "list.txt", "--yes", rate=5) as first:
            wait_for_scans(simulator, first, 2)
            with start(simulator, tmp_path, "resume") as second:
                output, _ = second.communicate(timeout=60)
            assert first.poll() is None
            assert second.returncode == 6
            assert f"process {first.pid}" in output.decode()
            first.kill()
            first.communicate()
