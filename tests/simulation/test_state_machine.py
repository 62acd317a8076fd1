"""Random lists, recipes, faults, crashes, pauses, clocks and other people, against the promises of ``World``.

The engine, the journal and the simulated Alma are the real ones; time and the wires are virtual. Whatever is applied
late is applied within the settling time: past it no client can promise anything, and the last test shows that.
"""

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
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
LATEST_SECONDS = 100.0
"""The latest that a scan is applied after it was sent: within the 120 seconds of settling."""
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
_ERRORS = [
    {"status": status, "body_format": body_format, "applied": applied}
    for status in (500, 503)
    for body_format in ("json", "html", "empty")
    for applied in (False, True)
]
_CODES = [
    {"status": 400, "code": code, "applied": applied}
    for code in ("401652", "402502", "402504")
    for applied in (False, True)
]
_REFUSALS = [
    {"status": 429, "code": "PER_SECOND_THRESHOLD"},
    {"status": 429, "code": "DAILY_THRESHOLD"},
    {"status": 400, "code": "401664"},
    {"status": 400, "code": "UNAUTHORIZED"},
]
FAULTS: tuple[dict[str, Any], ...] = (
    *({"kind": "drop", "applied": applied, "delay_seconds": delay} for applied in (False, True) for delay in (0, 70)),
    *({"kind": "silent", "applied": applied, "delay_seconds": 5} for applied in (False, True)),
    {"kind": "silent", "applied": True, "delay_seconds": LATEST_SECONDS},
    *({"kind": "delay", "delay_seconds": delay} for delay in (1, 20, 65, LATEST_SECONDS)),
    *({"kind": "error"} | error for error in (*_ERRORS, *_CODES, *_REFUSALS)),
    {"kind": "truncate"},
    {"kind": "mistyped"},
    {"kind": "redirect", "applied": True},
    {"kind": "refuse"},
)

_faults = st.lists(
    st.tuples(st.sampled_from(FAULTS), st.sampled_from(("scan", "scan", "read", "find", "any")), st.integers(1, 4)),
    max_size=4,
)
_interruptions = st.lists(
    st.builds(
        Interruption,
        st.sampled_from(("crash", "crash", "stop", "abandon", "pause", "cancel", "cut", "gap", "set")),
        st.one_of(st.floats(0.3, 3.0), st.floats(0.3, 150.0)),
        st.sampled_from((-7200.0, 4.0, 10.0, 60.0, 600.0, 7200.0)),
        st.booleans(),
    ),
    max_size=2,
).map(lambda ones: [one for one in ones if one.seconds > 0 or one.kind == "set"])
_choice = st.integers(0, 10_000)


class Life(RuleBasedStateMachine):
    """An institution's week."""

    @initialize(seed=st.integers(1, 50), window=st.sampled_from(("sliding", "calendar")))
    def begin(self, seed: int, window: Any) -> None:
        memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.world = World(self.folder, seed, window=window)
        self.barcodes = {state: list(self.world.catalogue.barcodes(state, 12)) for state in (*STATES, "unknown")}
        self.loans = 0

    # What people ask for

    @rule(
        order=st.sampled_from(ORDERS),
        chosen=st.lists(
            st.tuples(st.sampled_from((*STATES, "in_transit", "unknown")), st.integers(0, 11)), min_size=1, max_size=14
        ),
        odd=st.lists(st.sampled_from(("3.01E+13", "lower", "again", "ids")), max_size=3),
        faults=_faults,
        between=_interruptions,
        plans=st.booleans(),
        limit=st.sampled_from((None, None, None, 3)),
    )
    def list_is_scanned(
        self,
        order: dict[str, Any],
        chosen: list[tuple[str, int]],
        odd: list[str],
        faults: Any,
        between: list[Interruption],
        plans: bool,
        limit: int | None,
    ) -> None:
        path = self._write([self._name(state, number) for state, number in chosen], odd)
        asked = Order(**({"desk": HOME, "keep_calls": 0} | order))

        async def act(runner: Runner) -> Ended | None:
            with open_list(path, ListOptions()) as listing:
                if plans:
                    return await runner.plan(listing, asked, limit=limit)
                return await runner.scan(listing, asked, limit=limit)

        self._live(act, faults, between)

    @rule(choice=_choice, faults=_faults, between=_interruptions)
    def run_is_resumed(self, choice: int, faults: Any, between: list[Interruption]) -> None:
        self._with_run(choice, lambda runner, run: runner.resume(run.id), faults, between)

    @rule(choice=_choice, faults=_faults, between=_interruptions)
    def run_is_retried(self, choice: int, faults: Any, between: list[Interruption]) -> None:
        self._with_run(choice, lambda runner, run: runner.retry(run.id), faults, between)

    @rule(choice=_choice, done=st.booleans())
    def person_settles_a_row(self, choice: int, done: bool) -> None:
        unclear = [row for run in self._runs() for row in self.world.journal.rows_in_state(run.id, RowState.UNCLEAR)]
        if unclear:
            self._settle(unclear[choice % len(unclear)], done=done)

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
        self.loans += 1
        fields = {
            "loan": {"process_type": "LOAN", "due_date": f"2027-01-{1 + self.loans % 28:02d}Z"},
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

    def _runs(self) -> list[Run]:
        return self.world.journal.runs() if hasattr(self, "world") else []

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

    def _live(self, act: Callable[[Runner], Awaitable[Ended | None]], faults: Any, between: list[Interruption]) -> None:
        self.world.application.faults.clear()
        for fault, operation, times in faults:
            self.world.application.faults.add(
                Fault(**{"operation": operation, "times": times, "probability": 0.5} | fault)
            )
        self.world.act(act, between)

    def _with_run(self, choice: int, act: Any, faults: Any, between: list[Interruption]) -> None:
        runs = self._runs()
        if runs:
            run = runs[choice % len(runs)]
            self._live(lambda runner: act(runner, run), faults, between)

    def _settle(self, row: Row, *, done: bool) -> None:
        try:
            settle(self.world.journal, row.run, row.row, done=done, at=self.world.clock.now().wall)
        except AlmascanError:
            return  # its run was cancelled
        if not done:
            self.world.seen[row.run, row.row].again += 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whatever_comes_between_nothing_is_scanned_twice_and_nothing_is_lost() -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=40,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            print_blob=True,
        ),
    )
