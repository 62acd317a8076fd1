"""Kills a scan with SIGKILL at random moments, again and again, and looks what became of every row.

    python -m bench.kills [--rows 2000] [--kills 40] [--lanes 2] [--seed 1]

Gives how often it was killed, how many scans the simulated Alma applied, how many items it scanned twice, how many rows
have no answer and how many are left unclear: all 0, or the exit code is 1.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from almascan.journal import Journal
from almascan.model import Outcome, RunState
from almascan.simulator import Simulator, SimulatorConfig
from bench.figure import Figure, at_most
from bench.program import Bench, Option, Yield

SETTLE_SECONDS = 2.0
RATE = 400
LONGEST_LIFE_SECONDS = 120.0
SHARE_KILLED_BY_TIME = 0.2
LATEST_KILL_BY_TIME_SECONDS = 2.0

EXPECTED = {
    "in_transit": {Outcome.IN_PLACE},
    "in_place": {Outcome.ALREADY_IN_PLACE},
    "on_loan": {Outcome.ON_LOAN},
    "requested": {Outcome.REQUESTED},
    "missing": {Outcome.MISSING},
    "unknown": {Outcome.NOT_FOUND},
}
"""What each item's state at the start may end as."""
_SHARES = {"in_transit": 85, "in_place": 4, "on_loan": 3, "requested": 3, "missing": 2, "unknown": 3}


class Aftermath(NamedTuple):
    """What came of it."""

    rows: int
    kills: int
    scans: int
    doubles: int
    without_answer: int
    unclear: int
    wrong: int


def environment_of(simulator: Simulator, folder: Path) -> dict[str, str]:
    """The settings of the killed commands, with none of the person's own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")}
    return own | {
        "ALMASCAN_BASE_URL": simulator.base_url,
        "ALMASCAN_API_KEY": simulator.keys["full"],
        "ALMASCAN_LIBRARY": simulator.library,
        "ALMASCAN_CIRC_DESK": simulator.circ_desk,
        "ALMASCAN_JOURNAL": str(folder / "journal.db"),
        "ALMASCAN_CONFIG": str(folder / "no-profiles.toml"),
        "ALMASCAN_RATE": str(RATE),
        "ALMASCAN_KEEP_CALLS": "0",
        "ALMASCAN_SETTLE_SECONDS": str(SETTLE_SECONDS),
        "ALMASCAN_PROGRESS": "none",
    }


def begin(arguments: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command."""
    return subprocess.Popen(
        [sys.executable, "-m", "almascan", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def next_command(folder: Path) -> list[str]:
    """What a person says after a crash: resume, unless the run was never begun."""
    journal = folder / "journal.db"
    if journal.exists():
        opened = Journal(journal, create=False)
        begun = [run for run in opened.runs() if run.state is not RunState.READY]
        opened.close()
        if begun:
            return ["resume", str(begun[0].id)]
    return ["scan", str(folder / "list.txt"), "--yes"]


def kill_and_resume(rows: int, kills: int, seed: int, say: Callable[[str], None]) -> Aftermath:
    """Scan a list in while killing the process, until every row has its answer.

    Args:
        rows: Rows of the list.
        kills: How often to kill; fewer where the run is finished before.
        seed: Decides the catalogue and the moments.
        say: Is told of each kill.

    Returns:
        What came of it.
    """
    config = SimulatorConfig(items=rows * 4, seed=seed, per_second=0, latency_ms=40, jitter_ms=60)
    with tempfile.TemporaryDirectory() as name, Simulator(config) as simulator:
        folder = Path(name)
        states = dict(_choose(simulator, rows, seed))
        (folder / "list.txt").write_text("\n".join(states), encoding="utf-8")
        killed = _live_and_die(simulator, folder, kills, random.Random(seed), say)
        return _count(simulator, folder, states, killed)


def _choose(simulator: Simulator, rows: int, seed: int) -> Iterator[tuple[str, str]]:
    chosen = [
        (barcode, state)
        for state, share in _SHARES.items()
        for barcode in simulator.barcodes(state, max(1, rows * share // 100))
    ]
    random.Random(seed).shuffle(chosen)
    yield from chosen


def _live_and_die(
    simulator: Simulator, folder: Path, kills: int, moments: random.Random, say: Callable[[str], None]
) -> int:
    """Start the command until it ends by itself; return how often it was killed before."""
    environment = environment_of(simulator, folder)
    each = 3 * len((folder / "list.txt").read_text(encoding="utf-8").splitlines()) / max(kills, 1)
    killed = 0
    while True:
        arguments = next_command(folder)
        with begin(arguments, environment) as process:
            wanted = _wait_for_moment(simulator, process, moments, each) if killed < kills else False
            if wanted:
                process.kill()
                killed += 1
            _, errors = process.communicate(timeout=LONGEST_LIFE_SECONDS)
        if process.returncode >= 0 and not (wanted and os.name == "nt"):
            if process.returncode not in (0, 3):
                raise RuntimeError(f"almascan {' '.join(arguments)} ended with {process.returncode}: {errors.decode()}")
            return killed
        say(f"kill {killed} of {kills}: {simulator.stats()['scans']} scans applied so far")


def _wait_for_moment(
    simulator: Simulator, process: "subprocess.Popen[bytes]", moments: random.Random, requests_each: float
) -> bool:
    """Wait until a process is to be killed: after some requests, or some time, whatever it is doing then."""
    give_up_at = time.monotonic() + LONGEST_LIFE_SECONDS
    wait_seconds = moments.uniform(0, 0.1)
    if moments.random() < SHARE_KILLED_BY_TIME:
        wait_seconds = moments.uniform(0, LATEST_KILL_BY_TIME_SECONDS)
    else:
        wanted = simulator.stats()["requests"] + moments.uniform(1, 1.5 * requests_each)
        while process.poll() is None and simulator.stats()["requests"] < wanted and time.monotonic() < give_up_at:
            time.sleep(0.005)
    time.sleep(wait_seconds)
    return process.poll() is None


def _count(simulator: Simulator, folder: Path, states: Mapping[str, str], killed: int) -> Aftermath:
    journal = Journal(folder / "journal.db", create=False)
    run = next(run for run in journal.runs() if run.state is not RunState.READY)
    answers = {row.barcode: row.answer for row in journal.rows(run.id)}
    journal.close()
    stats = simulator.stats()
    open_ends = (Outcome.UNCLEAR, Outcome.NOT_TRIED)
    without = sum(answers.get(barcode, Outcome.NOT_TRIED) is Outcome.NOT_TRIED for barcode in states)
    if run.state is not RunState.FINISHED:
        without += 1
    return Aftermath(
        rows=len(states),
        kills=killed,
        scans=stats["scans"],
        doubles=stats["items_scanned_twice"],
        without_answer=without,
        unclear=list(answers.values()).count(Outcome.UNCLEAR),
        wrong=sum(
            answer not in EXPECTED[states[barcode]] for barcode, answer in answers.items() if answer not in open_ends
        ),
    )


def kill_side_by_side(rows: int, kills: int, lanes: int, seed: int) -> Aftermath:
    """Share rows and kills out among so many lists, each with a simulator of its own, and add up what came of it."""
    shares = [(rows * (lane + 1) // lanes - rows * lane // lanes) for lane in range(lanes)]
    deaths = [(kills * (lane + 1) // lanes - kills * lane // lanes) for lane in range(lanes)]

    def kill_in(lane: int) -> Aftermath:
        def say(sentence: str) -> None:
            print(f"list {lane + 1}: {sentence}", file=sys.stderr, flush=True)

        return kill_and_resume(shares[lane], deaths[lane], seed + lane, say)

    with ThreadPoolExecutor(lanes) as pool:
        came = list(pool.map(kill_in, range(lanes)))
    return Aftermath(*(sum(column) for column in zip(*came, strict=True)))


def measure(given: argparse.Namespace) -> Yield:
    came = kill_side_by_side(given.rows, given.kills, given.lanes, given.seed)
    what = f"{came.rows:,} rows, killed {came.kills:,} times"
    return Yield(
        [
            Figure(f"{what}: scans applied", came.scans),
            Figure(f"{what}: items scanned twice", came.doubles, "", at_most(0)),
            Figure(f"{what}: rows without an answer", came.without_answer, "", at_most(0)),
            Figure(f"{what}: rows left unclear", came.unclear, "", at_most(0)),
            Figure(f"{what}: answers that the item's state does not explain", came.wrong, "", at_most(0)),
        ]
    )


BENCH = Bench(
    "kills",
    "Kill a scan at random moments and look what became of every row.",
    [
        Option("--rows", 2000, 60, "rows of the list"),
        Option("--kills", 40, 1, "how often to kill, at most"),
        Option("--lanes", 2, 1, "how many lists at once, among which rows and kills are shared out"),
        Option("--seed", 1, 1, "decides the items and the moments"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
