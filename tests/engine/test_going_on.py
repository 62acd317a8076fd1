"""Which runs resume and retry go on with, and which they leave as they are."""

import asyncio
import sqlite3
import time

import pytest
from tests.engine.conftest import Bench

from almascan.errors import UsageError
from almascan.hours import Hours
from almascan.intake import choose_rows
from almascan.intervene import cancel, pause
from almascan.journal import Change
from almascan.lists import open_list
from almascan.loading import load_list
from almascan.model import Outcome, RowState, Run, RunState
from almascan.stop import Stop


@pytest.mark.parametrize("retries", [False, True])
async def test_a_cancelled_run_is_never_gone_on_with(bench: Bench, retries: bool) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    await bench.scan(barcodes, limit=1)
    cancel(bench.journal, 1)
    with pytest.raises(UsageError, match="Run 1 was cancelled"):
        await bench.work(lambda runner: runner.retry(1) if retries else runner.resume(1))
    assert bench.journal.run(1).state is RunState.CANCELLED
    assert list(bench.simulator.scans()) == barcodes[:1]


async def test_a_row_that_is_found_not_to_have_happened_is_in_hand_once(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    bench.simulator.add_fault("drop", operation="scan", items=(barcodes[1],))
    await bench.scan(barcodes, bench.order(settle_seconds=30), stop=_stopping_soon(), limit=2)
    in_hand = choose_rows(bench.journal, 1, 5)
    unclear = next(in_hand)
    assert unclear.state is RowState.UNCLEAR
    bench.journal.save([Change(unclear.to(RowState.LOCATED), RowState.UNCLEAR)])
    assert [row.barcode for row in in_hand] == [barcodes[2]]


def _stopping_soon() -> Stop:
    stop = Stop()
    asyncio.get_running_loop().call_later(1.5, stop.request, "It was told to.")
    return stop


async def test_a_limit_of_a_few_rows_does_not_read_the_whole_run(bench: Bench) -> None:
    unknown = [f"9{number:013d}" for number in range(5000)]
    read: list[str] = []
    with bench.journal._engine.connect() as connection:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        driver.set_trace_callback(lambda sql: read.append(sql) if "outcome IS NULL" in sql and "LIMIT" in sql else None)
        connection.close()
        ended = await bench.scan(unknown, limit=2)
    assert ended.counts == {Outcome.NOT_FOUND: 2, Outcome.NOT_TRIED: 4998}
    assert len(read) == 1


async def test_a_run_that_nobody_said_yes_to_is_never_gone_on_with(bench: Bench) -> None:
    # Its process ended while the question whether to begin stood on the terminal.
    await bench.scan(bench.simulator.barcodes("in_place", 1))
    asked: Run = bench.journal.run(1)
    with open_list(bench.write(bench.simulator.barcodes("in_transit", 2), "asked.txt")) as reading:
        load_list(bench.journal, reading, asked)
    with pytest.raises(UsageError, match="Run 2 was never begun"):
        await bench.resume(2)
    assert bench.simulator.scans() == {}


async def test_a_finished_run_that_is_resumed_sends_nothing(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 2)
    await bench.scan(barcodes)
    before = bench.simulator.stats()["by_operation"]
    assert (await bench.resume()).counts == {Outcome.IN_PLACE: 2}
    after = bench.simulator.stats()["by_operation"]
    assert {name: after[name] - before[name] for name in ("find", "read", "scan")} == {"find": 0, "read": 0, "scan": 0}


@pytest.mark.parametrize("ended", [RunState.CANCELLED, RunState.PAUSED])
@pytest.mark.parametrize("begun", [False, True])
async def test_a_run_that_is_ended_while_it_waits_for_its_hour_scans_nothing(
    bench: Bench, ended: RunState, begun: bool
) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 5)
    scanned = 1 if begun else 0
    if begun:
        await bench.scan(barcodes, limit=1)
    later = Hours(not_before=time.time() + 3)
    working = asyncio.create_task(bench.resume(hours=later) if begun else bench.scan(barcodes, hours=later))
    while not (runs := bench.journal.runs()) or runs[0].state is not RunState.RUNNING:
        assert not working.done()
        await asyncio.sleep(0.01)
    (cancel if ended is RunState.CANCELLED else pause)(bench.journal, 1)
    result = await working
    assert result.run.state is ended
    assert result.run.finished_at is not None
    assert result.counts[Outcome.NOT_TRIED] == 5 - scanned
    assert len(bench.simulator.scans()) == scanned


async def test_a_run_cancelled_before_its_work_begins_scans_nothing(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    await bench.scan(barcodes, limit=1)
    cancel(bench.journal, 1)
    with pytest.raises(UsageError, match="cancelled"):
        bench.journal.begin_run(1)
    assert bench.journal.run(1).state is RunState.CANCELLED
