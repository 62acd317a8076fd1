"""Lets everything go wrong that Alma or the network can do, kind by kind, and looks what became of every row.

    python -m bench.faults [--answers 100000] [--kinds drop silent] [--seed 1]

Each kind of trouble is met by 1 %, 10 % and 50 % of the requests (look-up, read and scan) of a real run. Whatever is
late is over before the time to settle; what happens when it is not is shown at the end. The whole sweep takes about
eleven minutes on two busy cores.
"""

import argparse
import asyncio
import contextlib
import logging
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from almascan.alma import Alma, Pacer, Timeouts
from almascan.errors import AttemptError
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Desk, Order, Outcome, Row, Run, RunState
from almascan.progress import Snapshot
from almascan.progress.lines import Silence
from almascan.run import Runner
from almascan.simulator import Simulator, SimulatorConfig
from bench.figure import Figure, Table, at_most
from bench.front import Front
from bench.kills import EXPECTED
from bench.program import Bench, Option, Yield
from bench.trouble import LATE_SECONDS, SETTLE_SECONDS, TROUBLES, VERY_LATE_SECONDS, Trouble

PERCENTS = (1, 10, 50)
REQUESTS_PER_ROW = 3
RUNS_AT_ONCE = 12
RATE = 30.0
TIMEOUTS = Timeouts(connect_seconds=0.8, read_seconds=0.5, scan_seconds=0.5, throttled_seconds=2)
MOST_RESUMES = 4
"""How often a run that paused is resumed while the trouble goes on; then it is over, and the rest is done."""
MOST_TRIES = 20
"""How often it is begun in all, where a machine with much else to do is too slow for the test of the key; then as well
it is over."""
SHARES = {"in_transit": 80, "in_place": 5, "on_loan": 5, "requested": 4, "missing": 3, "unknown": 3}


@dataclass(frozen=True)
class Sums:
    """What became of the rows of one run, or of several.

    Attributes:
        requests: All requests.
        met: Requests (or connections) that met the trouble.
        rows: Rows.
        twice: Items that were scanned more than once.
        wrong: Rows whose answer is not what the item's true state says, or that have none.
        refused: Rows that failed because they could not be looked up.
        unclear: Rows left to a person, by the reason why that is right.
    """

    requests: int = 0
    met: int = 0
    rows: int = 0
    twice: int = 0
    wrong: int = 0
    refused: int = 0
    unclear: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.requests + other.requests,
            self.met + other.met,
            self.rows + other.rows,
            self.twice + other.twice,
            self.wrong + other.wrong,
            self.refused + other.refused,
            self.unclear + other.unclear,
        )


class Troubled(Simulator):
    """A simulated Alma that says how often a fault was met."""

    def met(self, kind: str) -> int:
        return self._do(lambda: self._application.faults.met[kind])


class Plan(Silence):
    """Has the trouble begin with a run's work, once its key and desk are checked, and end with it."""

    def __init__(
        self,
        trouble: Trouble,
        share: float,
        simulator: Troubled,
        *,
        front: Front | None = None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.is_over = False
        self.timeouts = timeouts
        self._times = 0
        self.trouble = trouble
        self._share = share
        self._simulator = simulator
        self._front = front
        self.base_url = front.base_url if front else simulator.base_url

    def begin(self, run: Run, snapshot: Snapshot) -> None:  # noqa: ARG002 - the reporter's signature
        if self.is_over:
            return
        self._times += 1
        if self._front is not None:
            self._front.share = self._share
        if self.trouble.is_of_connections:
            # A connection that is kept meets nothing: half of them end with their answer.
            self._simulator.add_fault("reset", times=0, probability=0.5)
        if self.trouble.fault:
            often = {"times": 0, "probability": self._share} | self.trouble.fault
            for operation in ("any",) if self.trouble.is_of_connections else self.trouble.operations:
                self._simulator.add_fault(operation=operation, **often)

    def end(self, snapshot: Snapshot) -> None:  # noqa: ARG002 - the reporter's signature
        self._simulator.clear_faults()
        if self._front is not None:
            self._front.share = 0.0
        if self._times > MOST_RESUMES:
            self.pass_over()

    def pass_over(self) -> None:
        """Have what is left be done without trouble, and without haste."""
        self.is_over, self.timeouts = True, Timeouts()


async def endure(trouble: Trouble, share: float, rows: int, seed: int) -> Sums:
    """Scan a list in while a share of its requests meets a trouble, until every row has its answer.

    Args:
        trouble: The trouble.
        share: Of the requests, from 0 to 1.
        rows: Rows of the list.
        seed: Decides the catalogue, the list's order and which requests meet it.

    Returns:
        What became of them.
    """
    config = SimulatorConfig(items=rows * 20 + 1000, seed=seed, per_second=0, latency_ms=2, jitter_ms=5)
    with tempfile.TemporaryDirectory() as name:
        async with _simulate(config) as simulator, _front_of(trouble, simulator, seed) as front:
            states = dict(_choose(simulator, rows, seed))
            journal = Journal(Path(name) / "journal.db")
            try:
                plan = Plan(trouble, share, simulator, front=front)
                await _scan_to_the_end(simulator, journal, plan, _write(list(states), Path(name)))
                # What is late for rows that are left to a person is counted too.
                await asyncio.sleep(VERY_LATE_SECONDS if trouble.fault.get("kind") == "delay" else LATE_SECONDS)
                met = front.met if front else simulator.met(trouble.fault["kind"])
                return _judge(simulator, list(journal.rows(1)), states, met, trouble)
            finally:
                journal.close()


@contextlib.asynccontextmanager
async def _simulate(config: SimulatorConfig) -> AsyncIterator[Troubled]:
    simulator = await asyncio.to_thread(Troubled(config).__enter__)
    try:
        yield simulator
    finally:
        # It may take a second to end, in which other runs go on.
        await asyncio.to_thread(simulator.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def _front_of(trouble: Trouble, simulator: Simulator, seed: int) -> AsyncIterator[Front | None]:
    if not trouble.front:
        yield None
        return
    async with Front(trouble.front, simulator.port, seed).standing() as front:
        yield front


def _choose(simulator: Simulator, rows: int, seed: int) -> list[tuple[str, str]]:
    chosen = [
        (barcode, state)
        for state, percent in SHARES.items()
        for barcode in simulator.barcodes(state, max(1, rows * percent // 100))
    ]
    random.Random(seed).shuffle(chosen)
    return chosen


def _write(barcodes: Sequence[str], folder: Path) -> Path:
    path = folder / "list.txt"
    path.write_text("\n".join(barcodes), encoding="utf-8")
    return path


async def _scan_to_the_end(simulator: Simulator, journal: Journal, plan: Plan, path: Path) -> None:
    """Scan a list, and resume as often as the run pauses; at last without trouble or haste, as on the day after."""
    desk = Desk(simulator.library, simulator.circ_desk)
    order = Order(recipe="transit", desk=desk, rate=RATE, keep_calls=0, settle_seconds=plan.trouble.settle_seconds)
    for tries in range(2 * MOST_TRIES):
        if tries == MOST_TRIES:
            plan.pass_over()
        with contextlib.suppress(AttemptError):
            async with Alma(plan.base_url, simulator.keys["full"], pacer=Pacer(RATE), timeouts=plan.timeouts) as alma:
                await _begin_or_resume(Runner(alma, journal, plan), journal, order, path)
        if journal.runs() and journal.run(1).state is RunState.FINISHED:
            return


async def _begin_or_resume(runner: Runner, journal: Journal, order: Order, path: Path) -> None:
    if journal.runs():
        await runner.resume(1)
        return
    with open_list(path, ListOptions()) as listing:
        await runner.scan(listing, order)


def _judge(simulator: Troubled, rows: Sequence[Row], states: dict[str, str], met: int, trouble: Trouble) -> Sums:
    stats, scans = simulator.stats(), simulator.scans()
    unclear: Counter[str] = Counter()
    wrong = len(states) - len(rows)
    for row in rows:
        times, state = scans.get(row.barcode, 0), states[row.barcode]
        if row.answer is Outcome.UNCLEAR:
            reason = _why_unclear(row, times)
            unclear[reason] += bool(reason)
            wrong += not reason
        else:
            wrong += not _is_true(row.answer, state, times, trouble)
    return Sums(
        requests=stats["requests"],
        met=met,
        rows=len(rows),
        twice=stats["items_scanned_twice"],
        wrong=wrong,
        refused=sum(row.answer is Outcome.REFUSED for row in rows),
        unclear=+unclear,
    )


def _is_true(answer: Outcome, state: str, scans: int, trouble: Trouble) -> bool:
    """Whether a row's answer is what its item's state at the start and its scans explain."""
    if trouble.fault.get("kind") == "another" and answer in (Outcome.WRONG_ITEM, Outcome.OTHER_ITEM):
        return scans == (answer is Outcome.WRONG_ITEM)
    if answer is Outcome.REFUSED:
        return scans == 0
    return answer in EXPECTED[state] and scans == (answer is Outcome.IN_PLACE)


def _why_unclear(row: Row, scans: int) -> str:
    """Say why a row is rightly left to a person; "" where it is not."""
    if row.note.startswith("Sent 3 times") and not scans:
        return "sent three times, each to no effect"
    if row.note.startswith("It cannot be read again"):
        return "could not be read again"
    if row.after is not None and row.after.barcode != row.barcode:
        return "its read answered with another item"
    return ""


async def scan_late(rows: int, seed: int) -> tuple[int, int]:
    """Have scans applied after the time to settle; give how many were, and how many items were scanned twice."""
    late_seconds = TIMEOUTS.scan_seconds + SETTLE_SECONDS + VERY_LATE_SECONDS
    late = {"kind": "delay", "delay_seconds": late_seconds, "probability": 0.2}
    config = SimulatorConfig(items=rows * 20 + 1000, seed=seed, per_second=0)
    with tempfile.TemporaryDirectory() as name:
        async with _simulate(config) as simulator:
            journal = Journal(Path(name) / "journal.db")
            try:
                trouble = Trouble("later", "after it is applied", late, operations=("scan",))
                plan = Plan(trouble, 0.2, simulator, timeouts=Timeouts(scan_seconds=TIMEOUTS.scan_seconds))
                barcodes = simulator.barcodes("in_transit", rows)
                await _scan_to_the_end(simulator, journal, plan, _write(barcodes, Path(name)))
                await asyncio.sleep(late_seconds)
                return simulator.met("delay"), simulator.stats()["items_scanned_twice"]
            finally:
                journal.close()


async def sweep(
    troubles: Sequence[Trouble],
    answers: int,
    seed: int,
    *,
    percents: Sequence[int] = PERCENTS,
    at_once: int = RUNS_AT_ONCE,
) -> list[Sums]:
    """Endure each trouble at each share, several runs at once.

    Args:
        troubles: The kinds.
        answers: How many requests there are to be in all.
        seed: Decides everything.
        percents: The shares, in per cent.
        at_once: How many runs at once.

    Returns:
        What became of the rows, per kind.
    """
    room = asyncio.Semaphore(at_once)
    rows = answers / REQUESTS_PER_ROW / len(percents) / sum(trouble.weight for trouble in troubles)

    async def take(trouble: Trouble, percent: int, number: int) -> Sums:
        async with room:
            return await endure(trouble, percent / 100, max(10, round(rows * trouble.weight)), seed + number)

    runs = [
        take(trouble, percent, len(percents) * place + number)
        for place, trouble in enumerate(troubles)
        for number, percent in enumerate(percents)
    ]
    done = await asyncio.gather(*runs)
    return [sum(done[first : first + len(percents)], Sums()) for first in range(0, len(done), len(percents))]


COLUMNS = ("phase", "kind", "requests", "met it", "rows", "twice", "wrong", "refused", "unclear", "why that is right")


def _line(trouble: Trouble, sums: Sums) -> tuple[str, ...]:
    why = "; ".join(f"{number} {reason}" for reason, number in sums.unclear.most_common())
    numbers = (sums.requests, sums.met, sums.rows, sums.twice, sums.wrong, sums.refused, sums.unclear.total())
    return trouble.phase, trouble.name, *(f"{number:,}" for number in numbers), why


def measure(given: argparse.Namespace) -> Yield:
    # Python 3.11 warns of its own way to begin TLS.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    unknown = set(given.kinds) - {"all", *(trouble.name for trouble in TROUBLES)}
    if unknown:
        raise SystemExit(f"No such kind: {', '.join(sorted(unknown))}. Kinds: {', '.join(t.name for t in TROUBLES)}.")
    chosen = [trouble for trouble in TROUBLES if "all" in given.kinds or trouble.name in given.kinds]
    sums = asyncio.run(sweep(chosen, given.answers, given.seed))
    late, doubled = asyncio.run(scan_late(100, given.seed))
    total = sum(sums, Sums())
    lines = [_line(trouble, each) for trouble, each in zip(chosen, sums, strict=True)]
    shares = ", ".join(f"{percent} %" for percent in PERCENTS)
    return Yield(
        [
            Figure("faults, kinds", len(chosen)),
            Figure("faults, requests", total.requests),
            Figure("faults, requests that met one", total.met),
            Figure("faults, items scanned more than once", total.twice, aim=at_most(0)),
            Figure("faults, rows with a wrong answer or none", total.wrong, aim=at_most(0)),
            Figure("faults, rows left to a person", total.unclear.total()),
            Figure("faults, scans applied later than settled (no promise)", late),
            Figure("faults, items those scanned twice (no promise)", doubled),
        ],
        [Table(f"Each kind at {shares} of the requests", COLUMNS, lines)],
    )


BENCH = Bench(
    "faults",
    "Let everything go wrong that Alma or the network can do, and look what became of every row.",
    [
        Option("--answers", 100_000, 10_000, "how many requests in all"),
        Option("--kinds", ("all",), ("all",), "the kinds of trouble"),
        Option("--seed", 1, 1, "decides what happens to which request"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
