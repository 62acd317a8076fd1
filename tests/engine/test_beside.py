"""Several runs of one institution at the same time, in one event loop and under one limit."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.engine.conftest import RATE, Bench
from tests.engine.together import Told, runner_of, scan
from tests.waiting import until

from almascan.alma import Pacer, Timeouts
from almascan.alma.pacer import Lane
from almascan.errors import UsageError
from almascan.lists import Entry, ListOptions, open_list
from almascan.model import Outcome, RunState
from almascan.stop import Stop


async def test_ten_books_overtake_a_batch_row_by_row_and_no_item_is_scanned_twice(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 130)
    pacer, stop, told = Pacer(60), Stop(), Told(bench.simulator)
    order = bench.order(rate=60.0)
    batch = asyncio.create_task(scan(bench, pacer, barcodes[:120], order, 120, stop=stop, reporter=told))
    await told.begun.wait()
    books = await scan(bench, pacer, barcodes[120:], order, 10)
    assert told.last is not None
    left = told.last.counts[Outcome.NOT_TRIED]
    assert books.counts == {Outcome.IN_PLACE: 10}
    assert left > 80
    stop.request("It was told to.")
    ended = await batch
    assert ended.run.state is RunState.PAUSED
    scans = bench.simulator.scans()
    assert set(scans.values()) == {1}
    assert set(barcodes[120:]) <= set(scans)
    async with runner_of(bench, Pacer(RATE)) as runner:
        assert (await runner.resume(ended.run.id, changes={"rate": RATE})).counts == {Outcome.IN_PLACE: 120}
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_an_item_in_two_runs_at_once_is_scanned_by_one_of_them_alone(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 120)
    pacer = Pacer(RATE)
    first, second = await asyncio.gather(
        scan(bench, pacer, barcodes, bench.order()), scan(bench, pacer, list(barcodes), bench.order())
    )
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)
    answers = Counter(first.counts) + Counter(second.counts)
    assert answers[Outcome.IN_PLACE] == 120
    assert set(answers) <= {Outcome.IN_PLACE, Outcome.ALREADY_IN_PLACE, Outcome.SENT_IN_EARLIER_RUN}
    assert answers.total() == 240


async def test_a_look_that_comes_while_a_run_beside_scans_the_item_does_not_count(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 60)
    # Each scan takes effect late in its call, so that looks meanwhile see its item as it was.
    bench.simulator.add_fault("delay", operation="scan", delay_seconds=0.2)
    pacer = Pacer(RATE)
    await asyncio.gather(
        scan(bench, pacer, barcodes, bench.order()), scan(bench, pacer, list(reversed(barcodes)), bench.order())
    )
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_an_item_that_a_run_beside_has_scanned_since_the_look_is_looked_at_again(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    pacer, patient = Pacer(RATE), Timeouts(read_seconds=30)
    bench.simulator.add_fault("drip", operation="read", items=(barcode,), drip_seconds=0.001)
    slow = asyncio.create_task(scan(bench, pacer, [barcode], bench.order(), precedence=1, timeouts=patient))
    await until(lambda: bench.simulator.stats()["by_operation"].get("read"))
    assert (await scan(bench, pacer, [barcode], bench.order())).counts == {Outcome.IN_PLACE: 1}
    assert not slow.done()
    assert (await slow).counts == {Outcome.ALREADY_IN_PLACE: 1}
    assert bench.simulator.scans() == {barcode: 1}
    row = bench.journal.row(1, 1)
    assert row.note.startswith("It changed since the last look: it was not in place, TRANSIT")


async def test_no_row_is_begun_while_better_ones_wait(bench: Bench) -> None:
    pacer, told = Pacer(RATE), Told(bench.simulator)
    better = Lane(pacer, precedence=0).slot()
    barcodes = bench.simulator.barcodes("in_transit", 5)
    working = asyncio.create_task(scan(bench, pacer, barcodes, bench.order(), precedence=1, reporter=told))
    await told.begun.wait()
    await asyncio.sleep(0.3)
    assert "find" not in bench.simulator.stats()["by_operation"]
    better.cancel()
    assert (await working).counts == {Outcome.IN_PLACE: 5}


async def test_runs_beside_each_other_keep_the_smallest_of_their_rates(bench: Bench) -> None:
    pacer, told, stop = Pacer(4), Told(bench.simulator), Stop()
    barcodes = bench.simulator.barcodes("in_transit", 40)
    slow = asyncio.create_task(
        scan(bench, pacer, barcodes[:30], bench.order(rate=50.0), reporter=told, stop=stop, precedence=1)
    )
    await told.begun.wait()
    assert pacer.pace.rate == 50
    await scan(bench, pacer, barcodes[30:], bench.order(rate=80.0, per_minute=6000))
    assert (pacer.pace.rate, pacer.pace.per_minute) == (50, 0)
    stop.request("It was told to.")
    await slow


async def test_a_pacer_that_lives_for_weeks_keeps_nothing_of_the_runs_that_were(bench: Bench) -> None:
    pacer = Pacer(RATE)
    for number in range(3):
        await scan(bench, pacer, bench.simulator.barcodes("in_transit", 3 + number), bench.order(), precedence=number)
    assert (pacer.waiting, pacer._watchers, pacer._limits) == (0, [], [])


@pytest.mark.parametrize("plans", [False, True])
async def test_the_run_is_told_of_before_the_first_request_about_a_row(bench: Bench, plans: bool) -> None:
    told = Told(bench.simulator)
    path = bench.write(bench.simulator.barcodes("in_transit", 3))
    with open_list(path, ListOptions()) as listing:
        async with runner_of(bench, Pacer(RATE), reporter=told) as runner:
            await (runner.plan(listing, bench.order()) if plans else runner.scan(listing, bench.order()))
    assert told.run is not None
    assert (told.run.id, told.run.rows, told.run.state) == (1, 3, RunState.RUNNING)
    assert not {"find", "read", "scan"} & set(told.requests)
    assert bench.simulator.stats()["by_operation"]["read"] > 0


async def test_a_run_that_is_worked_on_here_is_not_begun_a_second_time(bench: Bench) -> None:
    pacer, told, stop = Pacer(RATE), Told(bench.simulator), Stop()
    barcodes = bench.simulator.barcodes("in_transit", 60)
    working = asyncio.create_task(
        scan(bench, pacer, barcodes, bench.order(rate=40.0), reporter=told, stop=stop, precedence=1)
    )
    await told.begun.wait()
    async with runner_of(bench, pacer) as runner:
        with pytest.raises(UsageError, match="Run 1 is being worked on already"):
            await runner.resume(1)
    assert bench.journal.run(1).state is RunState.RUNNING
    stop.request("It was told to.")
    await working


async def test_a_run_says_who_gave_the_command(bench: Bench) -> None:
    await scan(bench, Pacer(RATE), bench.simulator.barcodes("in_transit", 1), bench.order(), who="Ada")
    assert bench.journal.run(1).who == "Ada"


class _Broken:
    """A reporter with a defect."""

    def begin(self, *_: object) -> None:
        raise RuntimeError("a defect")

    update = end = say = begin


async def test_a_run_whose_work_meets_an_error_is_not_left_running(bench: Bench) -> None:
    held = bench.journal.lease(bench.simulator.institution)
    with held, pytest.raises(RuntimeError, match="a defect"):
        await scan(bench, Pacer(RATE), bench.simulator.barcodes("in_transit", 2), bench.order(), reporter=_Broken())
    run = bench.journal.run(1)
    assert (run.state, run.reason) == (RunState.PAUSED, "Its work was cut off in the middle.")


# Loading


class _Long:
    """A list of a million barcodes that counts how many were read."""

    name = description = digest = "long"
    columns = None
    headers: list[str] = []  # noqa: RUF012 - as the protocol has it
    notes: dict[str, int] = {}  # noqa: RUF012 - as the protocol has it
    read = 0

    def __iter__(self) -> Iterator[Entry]:
        for row in range(1, 1_000_001):
            self.read = row
            yield Entry(row, f"9{row:013d}", f"9{row:013d}")


async def test_a_list_that_is_cut_off_while_it_is_loaded_is_read_no_further_and_leaves_nothing_behind(
    bench: Bench,
) -> None:
    listing = _Long()
    async with runner_of(bench, Pacer(RATE)) as runner:
        loading = asyncio.create_task(runner.scan(listing, bench.order()))
        await until(lambda: listing.read >= 10)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
    assert listing.read < 1_000_000
    assert not _is_recorded(bench)


async def test_other_runs_go_on_while_a_long_list_is_loaded(bench: Bench) -> None:
    path = bench.write((f"9{number:013d}" for number in range(50_000)), "long.txt")
    with open_list(path, ListOptions()) as listing:
        async with runner_of(bench, Pacer(RATE)) as runner:
            loading = asyncio.create_task(runner.queue(listing, bench.order()))
            await until(lambda: _is_recorded(bench))
            ended = await scan(bench, Pacer(RATE), bench.simulator.barcodes("in_transit", 3), bench.order(), 1)
            queued = await loading
    assert ended.counts == {Outcome.IN_PLACE: 3}
    assert queued is not None
    assert (queued.state, queued.rows) == (RunState.QUEUED, 50_000)


def _is_recorded(bench: Bench) -> bool:
    with bench.journal._engine.connect() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM runs").scalar())
