"""What Alma, the network and other people do to a run; never two scans of one item, never a row without an answer."""

import asyncio
from typing import Any

import pytest
from tests.engine.conftest import SETTLE_SECONDS, Bench
from tests.waiting import until

from almascan.alma import Timeouts
from almascan.alma.client import READ_TRIES
from almascan.case import MOST_BROKEN
from almascan.clock import Clock, Stamp
from almascan.errors import ExitCode, QuotaError
from almascan.model import Outcome, RowState, RunState
from almascan.simulator import Simulator, SimulatorConfig
from almascan.stop import Stop

LOST_BEFORE: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "silent"},
    {"kind": "error", "status": 500, "body_format": "json"},
    {"kind": "error", "status": 503, "body_format": "xml"},
    {"kind": "error", "status": 502, "body_format": "html"},
    {"kind": "error", "status": 500, "body_format": "text"},
    {"kind": "error", "status": 500, "body_format": "empty"},
    {"kind": "error", "status": 400, "code": "402504"},
    {"kind": "error", "status": 400, "code": "401652"},
    {"kind": "error", "status": 400, "code": "402502"},
    {"kind": "redirect"},
]
LOST_AFTER: list[dict[str, Any]] = [{**fault, "applied": True} for fault in LOST_BEFORE] + [
    {"kind": "truncate"},
    {"kind": "mistyped"},
]


def _name(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


@pytest.mark.parametrize("fault", LOST_BEFORE, ids=_name)
async def test_a_scan_that_did_not_happen_is_sent_again_after_settling(bench: Bench, fault: dict[str, Any]) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 6)
    bench.simulator.add_fault(operation="scan", items=(barcodes[0],), **fault)
    await bench.scan(barcodes)
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert set(bench.simulator.scans().values()) == {1}
    assert bench.rows()[barcodes[0]].sends == 2


@pytest.mark.parametrize("fault", LOST_AFTER, ids=_name)
async def test_a_scan_whose_answer_is_lost_is_not_sent_again(bench: Bench, fault: dict[str, Any]) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 6)
    bench.simulator.add_fault(operation="scan", items=(barcodes[0],), **fault)
    await bench.scan(barcodes, bench.order(settle_seconds=30))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert set(bench.simulator.scans().values()) == {1}
    assert bench.rows()[barcodes[0]].sends == 1


async def test_a_scan_applied_late_but_before_settling_is_not_sent_again(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.add_fault("silent", operation="scan", delay_seconds=1.5, applied=True)
    await bench.scan([barcode], bench.order(settle_seconds=4))
    assert bench.answers() == {barcode: Outcome.IN_PLACE}
    assert bench.simulator.scans() == {barcode: 1}


async def test_any_resends_only_what_is_seen_not_to_have_happened(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 4)
    bench.simulator.add_fault("drop", operation="scan", items=(barcodes[0],))
    bench.simulator.add_fault("drop", operation="scan", items=(barcodes[1],), applied=True)
    await bench.scan(barcodes, bench.order("any"))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert set(bench.simulator.scans().values()) == {1}


async def test_a_refused_look_at_an_unclear_row_is_taken_again_until_it_is_settled(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.add_fault("drop", operation="scan")
    bench.simulator.add_fault("error", operation="read", status=400, code="401652")
    await bench.scan([barcode], bench.order("any", settle_seconds=3))
    assert bench.answers() == {barcode: Outcome.IN_PLACE}
    assert bench.rows()[barcode].sends == 2


async def test_a_row_is_sent_three_times_at_most(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.add_fault("error", operation="scan", status=400, code="402502", times=0)
    ended = await bench.scan([barcode], bench.order(settle_seconds=0.1))
    (row,) = bench.journal.rows(1)
    assert (row.answer, row.sends) == (Outcome.UNCLEAR, 3)
    assert bench.simulator.stats()["by_operation"]["scan"] == 3
    assert (ended.run.state, ended.exit_code) == (RunState.FINISHED, ExitCode.LEFTOVERS)


@pytest.mark.parametrize("operation", ["find", "read"])
@pytest.mark.parametrize("kind", ["drop", "truncate", "error"])
async def test_a_look_that_fails_once_is_tried_again(bench: Bench, operation: str, kind: Any) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    bench.simulator.add_fault(kind, operation=operation)
    await bench.scan(barcodes)
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}


@pytest.mark.parametrize("operation", ["find", "read"])
async def test_a_way_that_breaks_is_not_held_against_a_row(bench: Bench, operation: str) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 12)
    bench.simulator.add_fault("drop", operation=operation, items=(barcodes[3],), times=READ_TRIES + 1)
    await bench.scan(barcodes)
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}


async def test_an_unclear_row_is_read_again_though_the_way_breaks_when_it_is_settled(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 12)
    bench.simulator.add_fault("drop", operation="scan", items=(barcodes[3],), applied=True)
    bench.simulator.add_fault("drop", operation="read", items=(barcodes[3],), times=READ_TRIES + 1)
    await bench.scan(barcodes, bench.order("any", settle_seconds=0.1))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert set(bench.simulator.scans().values()) == {1}


async def test_an_item_whose_connection_always_breaks_fails_and_does_not_pause_the_run(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.add_fault("drop", operation="read", times=0)
    ended = await bench.scan([barcode])
    (row,) = bench.journal.rows(1)
    assert (ended.run.state, row.answer) == (RunState.FINISHED, Outcome.REFUSED)
    assert row.note == "It could not be looked up: The connection broke before Alma's whole answer was here."
    assert bench.simulator.stats()["by_operation"]["read"] == MOST_BROKEN * READ_TRIES


async def test_an_item_that_can_never_be_read_fails_and_holds_up_no_other(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 40)
    bench.simulator.add_fault("error", operation="read", items=(barcodes[3],), times=0, status=500)
    await bench.scan(barcodes)
    row = bench.rows()[barcodes[3]]
    assert (row.answer, row.alma_code) == (Outcome.REFUSED, "INTERNAL_SERVER_ERROR")
    assert len(bench.simulator.scans()) == 39
    bench.simulator.clear_faults()
    await bench.work(lambda runner: runner.retry(1))
    assert bench.answers()[barcodes[3]] is Outcome.IN_PLACE
    assert set(bench.simulator.scans().values()) == {1}


async def test_bursts_of_refusals_by_the_second_lose_nothing(tmp_path: Any) -> None:
    from almascan.journal import Journal  # noqa: PLC0415 - this test alone makes a bench of its own

    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=60)) as simulator:
        bench = Bench(simulator, Journal(tmp_path / "journal.db"), tmp_path)
        barcodes = simulator.barcodes("in_transit", 60)
        # A machine that stands still for a second would else count as an Alma that answers nothing.
        await bench.scan(barcodes, bench.order(rate=150.0), timeouts=Timeouts())
        assert simulator.stats()["refused"] > 0
        assert set(bench.answers().values()) == {Outcome.IN_PLACE}
        assert set(simulator.scans().values()) == {1}
        bench.journal.close()


async def test_the_daily_limit_pauses_the_run_and_says_when_to_go_on(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 20)
    bench.simulator.add_fault("error", operation="scan", items=(barcodes[9],), status=429, code="DAILY_THRESHOLD")
    ended = await bench.scan(barcodes)
    assert (ended.run.state, ended.exit_code) == (RunState.PAUSED, ExitCode.QUOTA)
    assert "UTC" in ended.run.reason
    assert ended.counts[Outcome.NOT_TRIED] >= 1
    assert Outcome.UNCLEAR not in ended.counts
    ended = await bench.resume()
    assert ended.counts == {Outcome.IN_PLACE: 20}
    assert set(bench.simulator.scans().values()) == {1}


async def test_the_floor_of_calls_is_left_to_others(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 5)
    ended = await bench.scan(barcodes, bench.order(keep_calls=2_000_000))
    assert (ended.exit_code, bench.simulator.scans()) == (ExitCode.QUOTA, {})
    assert "--keep-calls" in ended.run.reason
    assert ended.counts == {Outcome.NOT_TRIED: 5}


async def test_the_daily_limit_at_the_first_request_is_an_error(bench: Bench) -> None:
    bench.simulator.add_fault("error", operation="test", status=429, code="DAILY_THRESHOLD", times=0)
    with pytest.raises(QuotaError, match="midnight"):
        await bench.scan(bench.simulator.barcodes("in_transit", 2))


async def test_twenty_rows_alike_and_none_done_pause_the_run(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("on_loan", 60)
    ended = await bench.scan(barcodes)
    assert (ended.run.state, ended.exit_code) == (RunState.PAUSED, ExitCode.PAUSED)
    assert "first 20 rows all ended alike (on-loan" in ended.run.reason
    assert ended.counts[Outcome.NOT_TRIED] > 0
    assert (await bench.resume()).counts == {Outcome.ON_LOAN: 60}


async def test_ten_requests_without_an_answer_pause_the_run(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 60)
    bench.simulator.add_fault("drop", operation="find", times=0)
    ended = await bench.scan(barcodes)
    assert (ended.run.state, ended.exit_code) == (RunState.PAUSED, ExitCode.PAUSED)
    assert "in a row got no answer" in ended.run.reason
    assert ended.counts == {Outcome.NOT_TRIED: 60}


async def test_a_key_that_is_withdrawn_in_mid_run_stops_it_and_loses_nothing(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 20)
    bench.simulator.add_fault(
        "error", operation="scan", items=(barcodes[5],), status=400, code="UNAUTHORIZED", body_format="xml"
    )
    ended = await bench.scan(barcodes)
    assert (ended.run.state, ended.exit_code) == (RunState.PAUSED, ExitCode.KEY)
    assert bench.rows()[barcodes[5]].answer is Outcome.NOT_TRIED
    assert (await bench.resume()).counts == {Outcome.IN_PLACE: 20}


class JumpingClock(Clock):
    """A clock that other people's doings are timed by: it calls back once, when a scan is about to be recorded."""

    def __init__(self, simulator: Simulator, barcode: str) -> None:
        self.jump_seconds = 0.0
        self._simulator, self._barcode, self._reads = simulator, barcode, 0

    def now(self) -> Stamp:
        now = super().now()
        return Stamp(now.wall + self.jump_seconds, now.monotonic + self.jump_seconds)

    def age_at_most(self, since: Stamp) -> float:
        if not self.jump_seconds:
            self.jump_seconds = 60.0
            self._simulator.change(self._barcode, process_type="LOAN", due_date="2027-01-31T20:00:00Z")
        return super().age_at_most(since)


async def test_a_look_older_than_thirty_seconds_is_taken_again(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode], clock=JumpingClock(bench.simulator, barcode))
    assert bench.answers() == {barcode: Outcome.ON_LOAN}
    assert bench.simulator.scans() == {}


async def test_a_loan_made_between_the_lost_answer_and_the_next_look_is_not_ended(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("on_loan", 1)
    bench.simulator.change(barcode, library="MAIN", location="stacks", due_date="2026-01-01T20:00:00Z")
    bench.simulator.add_fault("drop", operation="scan")
    scanning = asyncio.create_task(bench.scan([barcode], bench.order("returns", settle_seconds=2.5)))
    await until(lambda: bench.simulator.stats()["by_operation"].get("scan"))
    bench.simulator.change(barcode, due_date="2027-01-31T20:00:00Z")
    await scanning
    assert bench.answers() == {barcode: Outcome.UNCLEAR}
    assert bench.simulator.scans() == {}
    assert bench.simulator.item(barcode)["process_type"] == "LOAN"


async def test_a_slow_scan_does_not_hold_up_the_others(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 60)
    bench.simulator.add_fault("delay", operation="scan", items=(barcodes[0],), delay_seconds=2.0)
    scanning = asyncio.create_task(bench.scan(barcodes, timeouts=Timeouts(scan_seconds=10)))
    while len(bench.simulator.scans()) < 59:
        assert not scanning.done()
        await asyncio.sleep(0.02)
    assert barcodes[0] not in bench.simulator.scans()
    await scanning
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}


async def _stop_after(bench: Bench, scans: int, end: Any) -> None:
    await until(lambda: bench.simulator.stats()["scans"] >= scans)
    end()


async def test_a_stop_finishes_what_is_in_flight_and_leaves_the_rest(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 150)
    stop = Stop()
    stopping = asyncio.create_task(_stop_after(bench, 20, lambda: stop.request("Enough.", ExitCode.INTERRUPTED)))
    ended = await bench.scan(barcodes, stop=stop)
    await stopping
    assert (ended.run.state, ended.exit_code, ended.run.reason) == (RunState.PAUSED, ExitCode.INTERRUPTED, "Enough.")
    assert set(ended.counts) == {Outcome.IN_PLACE, Outcome.NOT_TRIED}
    assert ended.counts[Outcome.IN_PLACE] == len(bench.simulator.scans())
    assert (await bench.resume()).counts == {Outcome.IN_PLACE: 150}
    assert set(bench.simulator.scans().values()) == {1}


async def test_a_run_given_up_at_once_is_resumed_without_a_second_scan(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 100)
    bench.simulator.add_fault("delay", operation="scan", delay_seconds=0.3, times=0)
    stop = Stop()
    stopping = asyncio.create_task(_stop_after(bench, 20, stop.abandon))
    ended = await bench.scan(barcodes, stop=stop, timeouts=Timeouts(scan_seconds=5))
    await stopping
    assert ended.counts.get(Outcome.UNCLEAR, 0) > 0
    bench.simulator.clear_faults()
    assert (await bench.resume()).counts == {Outcome.IN_PLACE: 100}
    assert set(bench.simulator.scans().values()) == {1}


async def test_a_run_that_is_paused_or_cancelled_from_elsewhere_stops(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 100)
    bench.simulator.add_fault("delay", operation="find", delay_seconds=0.2, times=0)
    pausing = asyncio.create_task(
        _stop_after(bench, 10, lambda: bench.journal.change_run(1, state=RunState.CANCELLED, reason="Wrong list."))
    )
    ended = await bench.scan(barcodes, bench.order(rate=30.0))
    await pausing
    assert ended.run.state is RunState.CANCELLED
    assert ended.counts[Outcome.NOT_TRIED] > 0


async def test_a_row_left_in_sending_by_a_dead_process_is_read_before_anything_else(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 2)
    await bench.scan(barcodes)
    rows = list(bench.journal.rows(1))
    from sqlalchemy import update  # noqa: PLC0415 - this test alone makes the journal of a dead process

    from almascan.journal.schema import ROWS  # noqa: PLC0415

    with bench.journal._writing.begin() as connection:
        connection.execute(update(ROWS).values(state=RowState.SENDING, outcome=None, after=None))
    bench.simulator.change(rows[0].barcode, process_type="TRANSIT", modification_date=rows[0].before.modification_date)  # type: ignore[union-attr]
    scans_before = bench.simulator.stats()["by_operation"]["scan"]
    ended = await bench.resume()
    assert ended.counts == {Outcome.IN_PLACE: 2}
    assert bench.simulator.stats()["by_operation"]["scan"] == scans_before + 1


async def test_settle_takes_a_persons_word(bench: Bench) -> None:
    from almascan.errors import UsageError  # noqa: PLC0415
    from almascan.intervene import settle  # noqa: PLC0415

    barcodes = bench.simulator.barcodes("in_transit", 2)
    for barcode in barcodes:
        bench.simulator.change(barcode, library="SCI", location="scistacks")
    bench.simulator.add_fault("drop", operation="scan", times=2)
    order = bench.order(allow=(Outcome.OTHER_LIBRARY,), settle_seconds=SETTLE_SECONDS / 10)
    await bench.scan(barcodes, order)
    assert set(bench.answers().values()) == {Outcome.UNCLEAR}
    settle(bench.journal, 1, 1, done=True, at=0.0)
    settle(bench.journal, 1, 2, done=False, at=0.0)
    with pytest.raises(UsageError, match="not unclear"):
        settle(bench.journal, 1, 1, done=True, at=0.0)
    await bench.resume()
    assert bench.answers() == {barcodes[0]: Outcome.IN_PLACE, barcodes[1]: Outcome.IN_TRANSIT_ELSEWHERE}
    assert bench.simulator.scans() == {barcodes[1]: 1}
