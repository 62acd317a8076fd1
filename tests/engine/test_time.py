"""Time that passes where it should not, clocks that jump, and the world that moves on meanwhile."""

import asyncio
from collections.abc import Callable, Sequence

from tests.engine.conftest import Bench
from tests.waiting import until

from almascan.clock import Clock, Stamp
from almascan.errors import ExitCode
from almascan.journal import Change, Journal, Saved
from almascan.model import EventKind, Outcome, RowState, RunState

HOUR_SECONDS = 3600.0


class ShiftedClock(Clock):
    """The machine's clocks, each put ahead by so many seconds; ``when_asked`` is called before an age is told."""

    def __init__(self, when_asked: Callable[[], None] = lambda: None) -> None:
        self.wall_seconds = 0.0
        self.monotonic_seconds = 0.0
        self._when_asked = when_asked

    def now(self) -> Stamp:
        now = super().now()
        return Stamp(now.wall + self.wall_seconds, now.monotonic + self.monotonic_seconds)

    def age_at_most(self, since: Stamp) -> float:
        self._when_asked()
        return super().age_at_most(since)


class SlowJournal(Journal):
    """A journal on a disk that takes ten seconds for the first intent to send, as its clock tells them."""

    clock: ShiftedClock

    def save(self, changes: Sequence[Change]) -> list[Saved]:
        saved = super().save(changes)
        if any(change.claim for change in changes) and not self.clock.monotonic_seconds:
            self.clock.monotonic_seconds = 10.0
        return saved


async def test_a_scan_leaves_soon_after_its_record_or_not_at_all(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    clock = ShiftedClock()
    journal = SlowJournal(bench.folder / "slow.db")
    journal.clock = clock
    slow = Bench(bench.simulator, journal, bench.folder)
    await slow.scan([barcode], clock=clock)
    kinds = [event.kind for event in journal.story(1, 1)]
    journal.close()
    assert kinds.count(EventKind.SENDING) == 2
    assert kinds.count(EventKind.NOTHING_HAPPENED) == 1
    assert bench.simulator.stats()["by_operation"]["scan"] == 1
    assert bench.simulator.scans() == {barcode: 1}


async def test_what_changed_since_the_first_look_is_told(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)

    def lend() -> None:
        if not clock.monotonic_seconds:
            clock.monotonic_seconds = 60.0
            bench.simulator.change(barcode, process_type="LOAN")

    clock = ShiftedClock(lend)
    await bench.scan([barcode], clock=clock)
    (row,) = bench.journal.rows(1)
    assert row.answer is Outcome.ON_LOAN
    assert row.note.startswith("It changed since the last look: it was not in place, TRANSIT")
    assert bench.simulator.scans() == {}


async def _when(is_so: Callable[[], bool], act: Callable[[], None]) -> None:
    await until(is_so)
    act()


async def test_a_wall_clock_put_ahead_does_not_shorten_the_settling(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    clock = ShiftedClock()
    bench.simulator.add_fault("silent", operation="scan", delay_seconds=3.0, applied=True)

    def put_ahead() -> None:
        clock.wall_seconds = HOUR_SECONDS

    def is_lost() -> bool:
        return any(row.state is RowState.UNCLEAR for row in bench.journal.rows(1))

    jumping = asyncio.create_task(_when(is_lost, put_ahead))
    await bench.scan([barcode], bench.order(settle_seconds=3.0), clock=clock)
    await jumping
    assert bench.answers() == {barcode: Outcome.IN_PLACE}
    assert bench.rows()[barcode].sends == 1


async def test_scans_that_alma_keeps_refusing_by_the_second_pause_the_run(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 5)
    lines = ["MMS Id,Holding Id,Item Id", *(",".join(bench.simulator.ids(barcode)) for barcode in barcodes)]
    bench.simulator.add_fault("error", operation="scan", status=429, code="PER_SECOND_THRESHOLD", times=0)
    clock = ShiftedClock()

    def wait_a_minute() -> None:
        clock.monotonic_seconds = 70.0

    def is_refused() -> bool:
        scans: int = bench.simulator.stats()["by_operation"].get("scan", 0)
        return scans > 10

    waiting = asyncio.create_task(_when(is_refused, wait_a_minute))
    scanning = bench.scan(bench.write(lines, "ids.csv"), bench.order("any"), clock=clock)
    ended = await asyncio.wait_for(scanning, timeout=10)
    await waiting
    assert (ended.run.state, ended.exit_code) == (RunState.PAUSED, ExitCode.PAUSED)
    assert "refused every request" in ended.run.reason
    assert ended.counts == {Outcome.NOT_TRIED: 5}
    bench.simulator.clear_faults()
    assert (await bench.resume()).counts == {Outcome.IN_PLACE: 5}
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_a_run_that_stops_with_nothing_left_is_finished(bench: Bench) -> None:
    ended = await bench.scan(bench.simulator.barcodes("on_loan", 20))
    assert ended.counts == {Outcome.ON_LOAN: 20}
    assert (ended.run.state, ended.exit_code) == (RunState.FINISHED, ExitCode.LEFTOVERS)
