"""Random lists, recipes, faults, crashes, pauses, clocks and other people, against the promises of ``World``.

The engine, the journal and the simulated Alma are the real ones; time and the wires are virtual. Whatever is applied
late is applied within the settling time: past it no client can promise anything, and the last test shows that.
"""

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.simulation.world import Interruption, World

from almascan.errors import AlmascanError
from almascan.intervene import settle
from almascan.lists import ListOptions, open_list
from almascan.model import FINAL_STATES, Desk, Order, Outcome, Row, RowState, Run, RunState
from almascan.run import Ended, Runner
from almascan.simulator.faults import Fault

HOME = Desk("MAIN", "DEFAULT_CIRC_DESK")
ELSEWHERE = Desk("SCI", "SCI_CIRC")
DEPARTMENT = Desk("MAIN", "", "CONSERVATION")
LATEST_SECONDS = 110.0
"""The latest that a scan is applied after it was sent: within the 120 seconds of settling, after its 30 of waiting."""
STATES = ("in_transit", "in_place", "on_loan", "requested", "missing", "work_order", "hold_shelf")
ORDERS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"locate": "set"},
    {"desk": ELSEWHERE, "allow": (Outcome.OTHER_LIBRARY,)},
    {"recipe": "any"},
    {"recipe": "any", "desk": ELSEWHERE},
    {"recipe": "any", "allow": (Outcome.SENT_IN_EARLIER_RUN,)},
    {"recipe": "returns"},
    {"recipe": "found"},
    {"recipe": "send", "desk": ELSEWHERE},
    {"recipe": "work-order", "desk": DEPARTMENT, "then": HOME},
)
_Faults = list[dict[str, Any]]
_LATE: _Faults = [
    *({"kind": "delay", "delay_seconds": delay} for delay in (35, 65, LATEST_SECONDS)),
    {"kind": "silent", "applied": True, "delay_seconds": LATEST_SECONDS},
    {"kind": "drop", "applied": True, "delay_seconds": 50},
]
_LOST: _Faults = [
    *({"kind": "drop", "applied": applied, "delay_seconds": delay} for applied in (False, True) for delay in (0, 20)),
    *({"kind": "silent", "applied": applied, "delay_seconds": 5} for applied in (False, True)),
    {"kind": "truncate"},
    {"kind": "mistyped"},
    {"kind": "redirect", "applied": True},
]
_ERRORS: _Faults = [
    {"kind": "error", "status": status, "body_format": body_format, "applied": applied}
    for status in (500, 503)
    for body_format in ("json", "html", "empty")
    for applied in (False, True)
]
_UNPROVEN: _Faults = [
    {"kind": "error", "status": 400, "code": code, "applied": applied}
    for code in ("401652", "402502", "402504")
    for applied in (False, True)
]
_REFUSALS: _Faults = [
    {"kind": "refuse"},
    *(
        {"kind": "error", "status": status, "code": code}
        for status, code in (
            (429, "PER_SECOND_THRESHOLD"),
            (429, "DAILY_THRESHOLD"),
            (400, "401664"),
            (400, "UNAUTHORIZED"),
        )
    ),
]

_KINDS = (_LATE, _LOST, _ERRORS, _UNPROVEN, _REFUSALS)
_seed = st.integers(0, 2**32)
"""Seeds even choices: hypothesis's own favour the short and simple, where little comes between."""


def make_faults(chance: Random) -> list[Fault]:
    """Plan up to four faults."""
    faults = []
    for _ in range(chance.randrange(5)):
        kind = chance.choice(chance.choice(_KINDS))
        operation = chance.choice(("scan", "scan", "scan", "scan", "read", "find"))
        how: dict[str, Any] = {"times": chance.randint(1, 4), "probability": chance.random()}
        faults.append(Fault(operation=operation, **how, **kind))
    return faults


def make_interruptions(chance: Random) -> list[Interruption]:
    """Plan up to three interruptions."""
    return [
        Interruption(
            chance.choice(
                ("crash", "crash", "stop", "abandon", "pause", "cancel", "cut", "gap", "freeze", "set", "borrow")
            ),
            chance.choice((chance.uniform(0.3, 2.5), chance.uniform(30.5, 60.0), chance.uniform(0.3, 150.0))),
            chance.choice((4.0, 10.0, 60.0, 600.0, 7200.0)),
            keeps_written=chance.random() < 0.5,
        )
        for _ in range(chance.randrange(4))
    ]


_choice = st.integers(0, 10_000)


class Life(RuleBasedStateMachine):
    """An institution's week."""

    @initialize(seed=st.integers(1, 10_000), window=st.sampled_from(("sliding", "calendar")))
    def begin(self, seed: int, window: Any) -> None:
        memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.world = World(self.folder, seed, window=window)
        self.seed, self.moves = seed, 0
        self.barcodes = {state: list(self.world.catalogue.barcodes(state, 12)) for state in (*STATES, "unknown")}

    # What people ask for

    @rule(seed=_seed)
    def list_is_scanned(self, seed: int) -> None:
        chance = self._chance(seed)
        states = (*STATES, "in_transit", "in_transit", "work_order", "unknown")
        number, most = chance.randint(1, 16), chance.choice((2, 12))
        barcodes = [self._name(chance.choice(states), chance.randrange(most)) for _ in range(number)]
        odd = [what for what in ("3.01E+13", "lower", "again", "ids", "unclear") if chance.random() < 0.2]
        plans, limit = chance.random() < 0.2, chance.choice((None, None, None, 3))
        order = chance.choice(ORDERS)
        path = self._write(barcodes, odd)
        fields: dict[str, Any] = {"desk": HOME, "keep_calls": 0} | order
        asked = Order(**fields)

        async def act(runner: Runner) -> Ended | None:
            with open_list(path, ListOptions()) as listing:
                if plans:
                    return await runner.plan(listing, asked, limit=limit)
                return await runner.scan(listing, asked, limit=limit)

        self._live(act, chance)

    @rule(seed=_seed)
    def run_is_resumed(self, seed: int) -> None:
        chance = self._chance(seed)
        limit = chance.choice((None, None, 2))
        self._with_run(chance, lambda runner, run: runner.resume(run.id, limit=limit))

    @rule(seed=_seed)
    def run_is_retried(self, seed: int) -> None:
        chance = self._chance(seed)
        self._with_run(chance, lambda runner, run: runner.retry(run.id))

    @rule(choice=_choice, done=st.booleans())
    def person_settles_a_row(self, choice: int, done: bool) -> None:
        unclear = self._unclear()
        if unclear:
            self._settle(unclear[choice % len(unclear)], done=done)

    @rule(seed=_seed)
    def day_is_busy(self, seed: int) -> None:
        chance = self._chance(seed)
        for _ in range(chance.randint(2, 5)):
            move = chance.choice((self.list_is_scanned, self.run_is_resumed, self.run_is_retried))
            move(seed)

    # What other people do meanwhile

    @rule(
        state=st.sampled_from(STATES),
        number=st.integers(0, 11),
        change=st.sampled_from(("loan", "missing", "requested")),
    )
    def somebody_else_changes_an_item(self, state: str, number: int, change: str) -> None:
        item = self.world.catalogue.find(self._name(state, number))
        if item is None:
            return
        fields: dict[str, dict[str, Any]] = {
            "loan": self.world.loan(),
            "missing": {"process_type": "MISSING"},
            "requested": {"requested": True},
        }
        self.world.catalogue.change(item, fields[change], "2026-09-22Z")

    @rule(seconds=st.sampled_from((1.0, 130.0, 3600.0, 90_000.0)))
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    # How it ends

    @precondition(lambda self: len(self._runs()) > 0)
    @rule()
    def all_is_brought_to_its_end(self) -> None:
        self.world.application.faults.clear()
        self.world.loop.network.is_cut = False
        for run in self._runs():
            if run.state not in (RunState.READY, RunState.CANCELLED):
                self._bring_to_its_end(run)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.all_is_brought_to_its_end()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def _bring_to_its_end(self, run: Run) -> None:
        """Bring every row to its answer: what stays unclear is what a person has to say, and says."""
        lives = []
        for _ in range(6):
            lives.append(self.world.act(lambda runner: runner.retry(run.id)))
            for row in list(self.world.journal.rows_in_state(run.id, RowState.UNCLEAR)):
                self._settle(row, done=True)
            if all(row.state in FINAL_STATES for row in self.world.journal.rows(run.id)):
                return
        raise AssertionError(
            f"run {run.id} does not end: {lives}, {self.world.journal.run(run.id)}, {self.world.journal.counts(run.id)}"
        )

    # The parts

    def _chance(self, seed: int) -> Random:
        self.moves += 1
        return Random(f"{self.seed} {self.moves} {seed}")

    def _runs(self) -> list[Run]:
        return self.world.journal.runs() if hasattr(self, "world") else []

    def _unclear(self) -> list[Row]:
        states = (RowState.UNCLEAR, RowState.SENDING)
        return [row for run in self._runs() for row in self.world.journal.rows_in_state(run.id, *states)]

    def _name(self, state: str, number: int) -> str:
        names = self.barcodes[state]
        return names[number % len(names)]

    def _write(self, barcodes: list[str], odd: list[str]) -> Path:
        lines = list(barcodes)
        for what in odd:
            if what == "3.01E+13":
                lines.append(what)
            elif what == "lower":
                lines.append(barcodes[0].lower())
            elif what == "again":
                lines.append(f"  {barcodes[0]} ")
            elif what == "unclear":
                lines += [row.barcode for row in self._unclear() if row.barcode]
        path = self.folder / "list.txt"
        path.write_text("barcode\n" + "\n".join(lines) + "\n", encoding="utf-8")
        if "ids" in odd:
            numbering = self.world.catalogue.numbering
            numbers = [number for barcode in barcodes if (number := numbering.number_of_barcode(barcode)) is not None]
            rows = [f"{numbering.mms_id(n)},{numbering.holding_id(n)},{numbering.pid(n)}" for n in numbers]
            if rows:
                path = self.folder / "list.csv"
                path.write_text("MMS ID,Holding ID,Item PID\n" + "\n".join(rows) + "\n", encoding="utf-8")
        return path

    def _live(self, act: Callable[[Runner], Awaitable[Ended | None]], chance: Random) -> None:
        self.world.application.faults.clear()
        for fault in make_faults(chance):
            self.world.application.faults.add(fault)
        self.world.act(act, make_interruptions(chance))

    def _with_run(self, chance: Random, act: Callable[[Runner, Run], Awaitable[Ended]]) -> None:
        runs = self._runs()
        if runs:
            run = chance.choice(runs)
            self._live(lambda runner: act(runner, run), chance)

    def _settle(self, row: Row, *, done: bool) -> None:
        try:
            settle(self.world.journal, row.run, row.row, done=done, at=self.world.clock.now().wall)
        except AlmascanError:
            return  # its run was cancelled
        if not done:
            self.world.witness.rows[row.run, row.row].again += 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whatever_comes_between_nothing_is_scanned_twice_and_nothing_is_lost() -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=int(os.environ.get("ALMASCAN_LIVES", "40")),
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            print_blob=True,
        ),
    )


def test_a_scan_that_is_applied_after_the_time_to_settle_is_doubled_and_the_witness_sees_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    (barcode,) = world.catalogue.barcodes("in_transit", 1)
    world.application.faults.add(Fault(kind="delay", operation="scan", delay_seconds=400))
    path = tmp_path / "list.txt"
    path.write_text(barcode, encoding="utf-8")

    async def scan(runner: Runner) -> Ended | None:
        with open_list(path, ListOptions()) as listing:
            return await runner.scan(listing, Order(HOME, keep_calls=0))

    try:
        assert world.act(scan) == "DONE"
        with pytest.raises(AssertionError, match=r"was scanned \{0: 2\}"):
            world.wait(400)
    finally:
        world.close()
