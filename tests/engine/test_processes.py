"""Processes that race, stand still, lose their terminal or are told to end: every item scanned once."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.engine.commands import environment, say, say_here, write_list
from tests.waiting import wait_until

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig

ROWS = 60
RECORD_LASTS_SECONDS = 5.0

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals and terminals")

STOPS_AFTER_ITS_RECORD = """
import os, runpy, signal
from almascan import journal
from almascan.journal import journal as module

class StoppingJournal(module.Journal):
    stopped = False

    def save(self, changes):
        saved = super().save(changes)
        if any(change.claim for change in changes) and not StoppingJournal.stopped:
            StoppingJournal.stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)
        return saved

journal.Journal = StoppingJournal
runpy.run_module("almascan", run_name="__main__", alter_sys=True)
"""
"""Runs the command with a journal that has the process stopped right after its first intents are on disk."""

WITH_A_TERMINAL = """
import fcntl, runpy, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
runpy.run_module("almascan", run_name="__main__", alter_sys=True)
"""
"""Runs the command with its standard input as the terminal that it belongs to."""

WITHOUT_HANGING_UP = """
import runpy, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
runpy.run_module("almascan", run_name="__main__", alter_sys=True)
"""
"""Runs the command as nohup does."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=4000, seed=3, per_second=0, latency_ms=60)) as running:
        yield running


BEGUN: list["subprocess.Popen[Any]"] = []


@pytest.fixture(autouse=True)
def _leaves_no_process_behind() -> Iterator[None]:
    yield
    while BEGUN:
        process = BEGUN.pop()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def begin(environ: dict[str, str], *arguments: str, how: Sequence[str] = ("-m", "almascan")) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, *how, *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    BEGUN.append(process)
    return process


def wait_for_scans(simulator: Simulator, scans: int, terminal: int | None = None) -> None:
    """Wait until so many scans are applied, and meanwhile read what is shown on a terminal, lest it fill up."""

    def are_applied() -> bool:
        if terminal is not None and select.select([terminal], [], [], 0)[0]:
            os.read(terminal, 65536)
        return bool(simulator.stats()["scans"] >= scans)

    wait_until(are_applied, "it scans")


def export(environ: dict[str, str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in say_here(environ, "journal", "export").out.splitlines()]


def states(environ: dict[str, str]) -> Counter[str]:
    return Counter(line["state"] for line in export(environ) if line["record"] == "row")


def assert_all_ends_well(environ: dict[str, str], simulator: Simulator, barcodes: Sequence[str]) -> None:
    said = say_here(environ, "resume")
    assert said.code == ExitCode.DONE, said
    assert simulator.scans() == dict.fromkeys(barcodes, 1)


@pytest.mark.parametrize("command", [("resume",), ("scan", "LIST", "--yes")])
def test_of_processes_that_begin_at_once_for_one_institution_one_works_and_the_others_are_told(
    simulator: Simulator, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """One run resumed by all, or a list of its own for each."""
    barcodes = simulator.barcodes("in_transit", ROWS)
    environ = environment(simulator, tmp_path, RATE="60")
    write_list(tmp_path, barcodes)
    assert say_here(environ, "plan", str(tmp_path / "list.txt")).code == ExitCode.DONE
    lists = [write_list(tmp_path, barcodes[number::2], f"{number}.txt") for number in range(2)]
    processes = [
        begin(environ, *(lists[number] if part == "LIST" else part for part in command)) for number in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in processes]
    codes = Counter(process.returncode for process in processes)
    assert ExitCode.DONE in codes, said
    assert set(codes) <= {ExitCode.DONE, ExitCode.LEASE}, said
    assert all("is working for" in text for text, process in zip(said, processes, strict=True) if process.returncode)
    assert set(simulator.scans().values()) == {1}
    assert_all_ends_well(environ, simulator, barcodes if command == ("resume",) else list(simulator.scans()))


@posix_only
def test_a_process_stopped_between_record_and_departure_sends_nothing_older_than_its_bound(
    simulator: Simulator, tmp_path: Path
) -> None:
    barcodes = simulator.barcodes("in_transit", ROWS)
    environ = environment(simulator, tmp_path)
    process = begin(environ, "scan", write_list(tmp_path, barcodes), "--yes", how=("-c", STOPS_AFTER_ITS_RECORD))
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    recorded = {line["row"]: line["sent_at"] for line in export(environ) if line.get("state") == "sending"}
    assert recorded
    time.sleep(RECORD_LASTS_SECONDS + 0.5)
    scans = simulator.stats()["scans"]
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=60)
    assert scans == 0
    assert process.returncode == ExitCode.DONE, output
    events = [line for line in export(environ) if line["record"] == "event"]
    taken_back = {event["row"] for event in events if event["kind"] == "nothing-happened"}
    assert taken_back >= set(recorded)
    assert simulator.scans() == dict.fromkeys(barcodes, 1)


@posix_only
def test_a_process_stopped_in_the_middle_of_its_scans_goes_on_where_it_was(
    simulator: Simulator, tmp_path: Path
) -> None:
    barcodes = simulator.barcodes("in_transit", ROWS)
    environ = environment(simulator, tmp_path, RATE="150")
    process = begin(environ, "scan", write_list(tmp_path, barcodes), "--yes")
    for scans in (10, 25, 40):
        wait_for_scans(simulator, scans)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.4)
        process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.DONE, output
    assert simulator.scans() == dict.fromkeys(barcodes, 1)


@posix_only
def test_a_process_that_is_told_to_end_records_what_is_in_flight(simulator: Simulator, tmp_path: Path) -> None:
    barcodes = simulator.barcodes("in_transit", ROWS)
    environ = environment(simulator, tmp_path, RATE="30")
    process = begin(environ, "scan", write_list(tmp_path, barcodes), "--yes")
    wait_for_scans(simulator, 10)
    process.terminate()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, output
    assert "almascan resume 1" in output
    left = states(environ)
    assert (left["sending"], left["unclear"]) == (0, 0)
    assert left["done"] == len(simulator.scans()) < ROWS
    assert_all_ends_well(environ, simulator, barcodes)


def begin_on_a_terminal(environ: dict[str, str], *arguments: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a command on a terminal of its own; return it and our end of the terminal."""
    import pty  # noqa: PLC0415 - POSIX only

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_A_TERMINAL, *arguments],
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    BEGUN.append(process)
    os.close(theirs)
    return process, ours


@posix_only
def test_a_run_whose_terminal_is_closed_records_what_is_in_flight(simulator: Simulator, tmp_path: Path) -> None:
    barcodes = simulator.barcodes("in_transit", ROWS)
    environ = environment(simulator, tmp_path, RATE="30", PROGRESS="bar")
    process, terminal = begin_on_a_terminal(environ, "scan", write_list(tmp_path, barcodes), "--yes")
    wait_for_scans(simulator, 10, terminal)
    os.close(terminal)
    process.wait(timeout=60)
    left = states(environ)
    assert (left["sending"], left["unclear"]) == (0, 0)
    assert left["done"] == len(simulator.scans()) < ROWS
    assert process.returncode == ExitCode.INTERRUPTED
    assert "almascan resume" in say(environ, "show").out
    assert_all_ends_well(environ, simulator, barcodes)


@posix_only
def test_a_run_begun_with_nohup_goes_on_when_its_terminal_is_closed(simulator: Simulator, tmp_path: Path) -> None:
    barcodes = simulator.barcodes("in_transit", ROWS)
    environ = environment(simulator, tmp_path, RATE="150")
    process = begin(environ, "scan", write_list(tmp_path, barcodes), "--yes", how=("-c", WITHOUT_HANGING_UP))
    wait_for_scans(simulator, 10)
    process.send_signal(signal.SIGHUP)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.DONE, output
    assert simulator.scans() == dict.fromkeys(barcodes, 1)
