"""A disk that is full at any moment, read-only or damaged: a sentence, nothing sent unrecorded, nothing lost."""

import json
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from tests.engine.commands import Said, environment, say, say_here, write_list
from tests.journal.conftest import disk, mounts

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig

__all__ = ["disk"]

ROWS = 20
KIB = 1024
MOST_POINTS = 20
WRITING = (("scan", "list.txt", "--yes"), ("plan", "list.txt"), ("resume",), ("retry",), ("cancel", "1"))
READING = (("runs",), ("show",), ("report", "--format", "csv"))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=6000, seed=5, per_second=0, latency_ms=15)) as running:
        yield running


@pytest.fixture
def barcodes(simulator: Simulator) -> list[str]:
    simulator.reset()
    return simulator.barcodes("in_transit", ROWS)


def assert_is_a_sentence(said: Said) -> None:
    """Look that it says why it stopped: on its last line, or in the summary of a run that could still be recorded."""
    assert "Traceback" not in said.err
    assert "defect" not in said.err
    if said.out:
        assert re.search(r"The journal .+ cannot be used: .+\. .+\.", " ".join(said.out.split())), said
    else:
        assert re.fullmatch(r"almascan: .+\.", said.err.splitlines()[-1]), said


def recorded(environ: dict[str, str]) -> set[str]:
    """Give the barcodes that the journal says were sent, as an export tells them."""
    exported = say_here(environ, "journal", "export")
    assert exported.code in (ExitCode.DONE, ExitCode.JOURNAL), exported
    rows = [line for line in map(json.loads, exported.out.splitlines()) if line["record"] == "row"]
    return {row["barcode"] for row in rows if row["sends"] > 0}


def assert_all_ends_well(environ: dict[str, str], list_: str, simulator: Simulator, barcodes: list[str]) -> None:
    """Go on as a person does, and look that every item was scanned once."""
    runs = say_here(environ, "runs", "--json")
    begun = [run for run in json.loads(runs.out or "[]") if run["state"] != "ready"]
    said = say_here(environ, *(["resume"] if begun else ["scan", list_, "--yes"]))
    assert said.code == ExitCode.DONE, said
    assert {barcode: simulator.scans().get(barcode) for barcode in barcodes} == dict.fromkeys(barcodes, 1)
    assert say_here(environ, "journal", "check").code == ExitCode.DONE


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_disk_that_is_full_at_any_moment_of_a_run_loses_nothing_and_sends_nothing_unrecorded(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.reset()
    chosen = iter(simulator.barcodes("in_transit", ROWS * MOST_POINTS))
    applied_at: dict[int, int] = {}
    most_bytes, code = 8 * KIB, ExitCode.JOURNAL
    while code is not ExitCode.DONE:
        barcodes, folder = list(islice(chosen, ROWS)), tmp_path / str(most_bytes)
        folder.mkdir()
        environ, list_ = environment(simulator, folder), write_list(folder, barcodes)
        said = say(environ, "scan", list_, "--yes", most_bytes=most_bytes)
        code = ExitCode(said.code)
        if code is not ExitCode.DONE:
            assert code is ExitCode.JOURNAL, (most_bytes, said)
            assert_is_a_sentence(said)
        applied = set(simulator.scans()) & set(barcodes)
        applied_at[most_bytes] = len(applied)
        if applied:
            assert applied <= recorded(environ)
        assert_all_ends_well(environ, list_, simulator, barcodes)
        # In small steps as long as it is the scans that the disk is full at.
        most_bytes += (30 if len(applied) < ROWS else 110) * KIB
    assert applied_at[8 * KIB] == 0
    assert sum(0 < applied < ROWS for applied in applied_at.values()) >= 2, applied_at


@pytest.mark.parametrize("free_kib", [0, 60, 240, 480])
def test_a_full_disk_is_a_sentence_and_after_making_room_the_run_goes_on(
    disk: Path, simulator: Simulator, barcodes: list[str], tmp_path: Path, free_kib: int
) -> None:
    environ = environment(simulator, tmp_path, JOURNAL=str(disk / "journal.db"))
    list_ = write_list(tmp_path, barcodes)
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes((KIB - free_kib - 4) * KIB))
    said = say(environ, "scan", list_, "--yes")
    if free_kib < 480:
        assert said.code == ExitCode.JOURNAL
        assert_is_a_sentence(said)
        assert "space" in said.err + said.out
    applied = set(simulator.scans())
    filler.unlink()
    if applied:
        assert applied <= recorded(environ)
    assert_all_ends_well(environ, list_, simulator, barcodes)


@pytest.fixture
def paused(simulator: Simulator, barcodes: list[str], tmp_path: Path) -> bytes:
    """A journal of a run of which eight rows are done."""
    environ = environment(simulator, tmp_path)
    assert say_here(environ, "scan", write_list(tmp_path, barcodes), "--yes", "--limit", "8").code == ExitCode.LEFTOVERS
    return (tmp_path / "journal.db").read_bytes()


def assert_refuses(
    environ: dict[str, str], simulator: Simulator, folder: Path, says: str, commands: Iterable[Sequence[str]]
) -> None:
    """Look that none of some commands works with the journal, each in a sentence and with the exit code for it."""
    before = simulator.scans()
    list_ = write_list(folder, list(before))
    for arguments in commands:
        give = say if arguments == ("resume",) else say_here
        said = give(environ, *(list_ if part == "list.txt" else part for part in arguments))
        assert (said.code, said.out) == (ExitCode.JOURNAL, ""), (arguments, said)
        assert_is_a_sentence(said)
        assert says in said.err
    assert simulator.scans() == before


def test_a_read_only_folder_refuses_the_work_and_lets_what_is_recorded_be_read(
    disk: Path, simulator: Simulator, paused: bytes, tmp_path: Path
) -> None:
    (disk / "journal.db").write_bytes(paused)
    assert mounts("-o", "remount,ro", str(disk))
    environ = environment(simulator, tmp_path, JOURNAL=str(disk / "journal.db"))
    assert_refuses(environ, simulator, tmp_path, "writable", WRITING + READING)
    assert recorded(environ) == set(simulator.scans())
    assert say_here(environ, "journal", "check").code == ExitCode.DONE


def test_a_read_only_journal_refuses_the_work_and_lets_what_is_recorded_be_read(
    disk: Path, simulator: Simulator, paused: bytes, tmp_path: Path
) -> None:
    (disk / "kept.db").write_bytes(paused)
    assert mounts("-o", "remount,ro", str(disk))
    journal = tmp_path / "journal.db"
    if not mounts("--bind", str(disk / "kept.db"), str(journal)):
        pytest.skip("this system mounts no single file")
    environ = environment(simulator, tmp_path)
    try:
        assert_refuses(environ, simulator, tmp_path, "writable", WRITING)
        for arguments in READING:
            assert say_here(environ, *arguments).code == ExitCode.DONE
        assert recorded(environ) == set(simulator.scans())
        assert say_here(environ, "journal", "check").code == ExitCode.DONE
    finally:
        subprocess.run(["umount", "--lazy", str(journal)], check=True)


def test_a_journal_of_a_newer_version_refuses_the_work_and_lets_what_is_recorded_be_read(
    simulator: Simulator, paused: bytes, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.db"
    with closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    environ = environment(simulator, tmp_path)
    assert_refuses(environ, simulator, tmp_path, "newer almascan", WRITING + READING)
    assert recorded(environ) == set(simulator.scans())
    assert say_here(environ, "journal", "check").code == ExitCode.JOURNAL
    assert len(journal.read_bytes()) == len(paused)


def test_a_journal_that_is_cut_off_is_a_sentence_and_nothing_is_sent(
    simulator: Simulator, paused: bytes, tmp_path: Path
) -> None:
    environ, journal = environment(simulator, tmp_path), tmp_path / "journal.db"
    before = simulator.scans()
    for length in (1, 100, 4096, 20_000, len(paused) // 2, len(paused) - 4096):
        journal.write_bytes(paused[:length])
        said = say(environ, "resume")
        assert (said.code, said.out) == (ExitCode.JOURNAL, ""), (length, said)
        assert_is_a_sentence(said)
        assert journal.read_bytes() == paused[:length]
        assert say_here(environ, "journal", "check").code == ExitCode.JOURNAL
    assert simulator.scans() == before
    assert recorded(environ) <= set(before)


def test_a_journal_with_flipped_bits_scans_nothing_twice_and_says_what_it_cannot_do(
    simulator: Simulator, paused: bytes, tmp_path: Path
) -> None:
    chance, journal = random.Random(8), tmp_path / "journal.db"
    environ = environment(simulator, tmp_path)
    codes = []
    for number in range(14):
        flipped = bytearray(paused)
        for _ in range(40):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        for path in tmp_path.glob("journal.db*"):
            path.unlink()
        journal.write_bytes(flipped)
        said = (say_here if number % 5 else say)(environ, "resume")
        codes.append(said.code)
        if said.code != ExitCode.DONE:
            assert said.code in (ExitCode.USAGE, ExitCode.LEFTOVERS, ExitCode.JOURNAL, ExitCode.PAUSED), said
            assert "Traceback" not in said.err
        assert set(simulator.scans().values()) == {1}
    assert ExitCode.JOURNAL in codes
