"""Lists of gigabytes that come through a pipe into the command, as a process whose memory is watched."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest
from tests.lists.hostile.archive import GOOD_SHEET, MEGABYTE, SHEET, Part, endless, sheet, texts, workbook_with

from almascan.errors import ExitCode
from almascan.journal import Journal
from almascan.model import Outcome
from almascan.simulator import Simulator, SimulatorConfig

MAX_MEGABYTES = 300
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a /proc that tells memory")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=20, seed=7, per_second=0)) as running:
        yield running


def plan_through_pipe(pieces: Iterable[bytes], simulator: Simulator, folder: Path) -> tuple[int, float, str]:
    """Give ``almascan plan -`` a list piece by piece.

    Returns:
        Its exit code, its largest memory in megabytes, and what it said.
    """
    environment = os.environ | {
        "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
        "ALMASCAN_JOURNAL": str(folder / "journal.db"),
        "ALMASCAN_BASE_URL": simulator.base_url,
        "ALMASCAN_API_KEY": simulator.keys["full"],
        "ALMASCAN_LIBRARY": simulator.library,
        "ALMASCAN_CIRC_DESK": simulator.circ_desk,
    }
    said, peak = folder / "said.txt", 0.0
    command = [sys.executable, "-m", "almascan", "plan", "-"]
    with (
        said.open("wb") as output,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output) as process,
    ):
        assert process.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                for piece in pieces:
                    process.stdin.write(piece)
                    peak = max(peak, _peak_of(process.pid))
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            while process.poll() is None:
                peak = max(peak, _peak_of(process.pid))
                time.sleep(0.01)
        finally:
            process.kill()
    return process.returncode, peak, said.read_text(encoding="utf-8")


def _peak_of(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def outcomes(folder: Path) -> list[tuple[int, Outcome | None]]:
    journal = Journal(folder / "journal.db", create=False)
    try:
        return [(row.row, row.outcome) for row in journal.rows(journal.run().id)]
    finally:
        journal.close()


def test_a_line_of_two_gigabytes_is_one_bad_row_among_good_ones(simulator: Simulator, tmp_path: Path) -> None:
    first, last = (barcode.encode() for barcode in simulator.barcodes("in_transit", 2))
    pieces = chain([first + b"\n"], repeat(b"3" * MEGABYTE, 2_000), [b"\n" + last + b"\n"])
    code, peak, said = plan_through_pipe(pieces, simulator, tmp_path)
    assert code == ExitCode.DONE, said
    assert [(row, outcome is Outcome.BAD_BARCODE) for row, outcome in outcomes(tmp_path)] == [
        (1, False), (2, True), (3, False),
    ]  # fmt: skip
    assert 0 < peak < MAX_MEGABYTES


def test_a_sheet_that_unfolds_to_a_gigabyte_is_read_to_its_end(simulator: Simulator, tmp_path: Path) -> None:
    first, last = simulator.barcodes("in_transit", 2)
    head, tail = sheet(texts("Barcode"), texts(first), "\0", texts(last)).split(b"\0")
    bomb = endless(SHEET, head, b" " * MEGABYTE, 1_000, tail)
    data = workbook_with(Part("xl/media/noise", os.urandom(5 * MEGABYTE), method=0), bomb)
    code, peak, said = plan_through_pipe([data], simulator, tmp_path)
    assert code == ExitCode.DONE, said
    assert [row for row, _ in outcomes(tmp_path)] == [2, 3]
    assert 0 < peak < MAX_MEGABYTES


def test_a_workbook_that_never_ends_is_refused_before_it_fills_the_disk(simulator: Simulator, tmp_path: Path) -> None:
    start = workbook_with(Part(SHEET, GOOD_SHEET))
    code, peak, said = plan_through_pipe(chain([start], repeat(bytes(MEGABYTE))), simulator, tmp_path)
    assert code == ExitCode.USAGE
    assert "larger than 1 GB" in said
    assert 0 < peak < MAX_MEGABYTES
