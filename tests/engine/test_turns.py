"""A worker's turns at a run: they end while there is more to do, lose nothing, and leave to others what is theirs."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.engine.conftest import Bench
from tests.journal.samples import intent
from tests.journal.test_server import silence
from tests.waiting import until

from almascan.acquaintance import Acquaintance
from almascan.errors import ExitCode, KeyRefusedError
from almascan.intervene import cancel, pause
from almascan.journal import Journal
from almascan.lists import open_list
from almascan.model import EventKind, Order, Outcome, RowState, Run, RunState
from almascan.run import Ended
from almascan.simulator import Simulator
from almascan.stop import ALMA_AGAIN_SECONDS, Stop
from almascan.turn import LONGEST_REQUEST_SECONDS, Turn, seconds_until_next

pytestmark = pytest.mark.system


@pytest.fixture
def shared(simulator: Simulator, server: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench with a journal on a server."""
    with closing(Journal(server)) as journal:
        yield Bench(simulator, journal, tmp_path)


async def queue(bench: Bench, barcodes: list[str], order: Order | None = None) -> Run:
    with open_list(bench.write(barcodes)) as listing:
        run: Run = await bench.work(lambda runner: runner.queue(listing, order or bench.order()))
    return run


async def take_turn(
    bench: Bench, run: Run, turn: Turn | None = None, acquaintance: Acquaintance | None = None, key: str = "full"
) -> Ended:
    known = acquaintance or Acquaintance()
    ended: Ended = await bench.work(lambda runner: runner.take_turn(run.id, turn or Turn(), known), key=key)
    return ended


def requests(bench: Bench) -> dict[str, int]:
    by_operation: dict[str, int] = bench.simulator.stats()["by_operation"]
    return by_operation


async def test_a_run_is_finished_turn_by_turn_with_no_request_more_than_in_one_go(shared: Bench) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 25)
    run, known = await queue(shared, barcodes), Acquaintance()
    before = requests(shared)
    for left in (15, 5):
        ended = await take_turn(shared, run, Turn(rows=10), known)
        assert (ended.run.state, ended.run.in_queue, ended.again_seconds) == (RunState.QUEUED, True, 0.0)
        assert ended.counts[Outcome.NOT_TRIED] == left
        assert [due.run for due in shared.journal.due()] == [run.id]
    ended = await take_turn(shared, run, Turn(rows=10), known)
    assert (ended.run.state, ended.again_seconds, ended.exit_code) == (RunState.FINISHED, None, ExitCode.DONE)
    assert shared.simulator.scans() == dict.fromkeys(barcodes, 1)
    after = requests(shared)
    assert {name: after[name] - before.get(name, 0) for name in ("find", "read", "scan")} == dict.fromkeys(
        ("find", "read", "scan"), 25
    )
    assert after["test"] - before["test"] == 2, "the institution is met once for all turns"


async def test_a_turn_that_ends_by_time_finishes_the_rows_that_it_began(shared: Bench) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 200)
    run = await queue(shared, barcodes, shared.order(rate=60.0))
    ended = await take_turn(shared, run, Turn(seconds=1.0))
    assert ended.again_seconds == 0.0
    scanned = shared.simulator.scans()
    assert 5 < len(scanned) < 60
    assert ended.counts == {Outcome.IN_PLACE: len(scanned), Outcome.NOT_TRIED: 200 - len(scanned)}
    assert requests(shared)["find"] == len(scanned), "no row was looked up and then left"


async def test_a_turn_goes_on_while_nobody_waits(shared: Bench) -> None:
    run = await queue(shared, shared.simulator.barcodes("in_transit", 60), shared.order(rate=60.0))
    began, asked = time.monotonic(), []

    def others_wait() -> bool:
        asked.append(time.monotonic() - began)
        return len(asked) > 1

    ended = await take_turn(shared, run, Turn(seconds=0.5, others_wait=others_wait))
    assert len(asked) == 2
    assert ended.again_seconds == 0.0
    assert ended.counts[Outcome.IN_PLACE] > 15, "as many as two seconds hold, and not one half"


async def test_a_turn_goes_on_beyond_its_rows_while_nobody_waits(shared: Bench) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 45)
    run, asked = await queue(shared, barcodes), []

    def others_wait() -> bool:
        asked.append(len(shared.simulator.scans()))
        return len(asked) == 3

    ended = await take_turn(shared, run, Turn(rows=10, others_wait=others_wait))
    assert len(asked) == 3
    assert (ended.run.state, ended.again_seconds) == (RunState.QUEUED, 0.0)
    assert shared.simulator.scans() == dict.fromkeys(barcodes[:30], 1)
    ended = await take_turn(shared, run, Turn(rows=10, others_wait=lambda: False))
    assert ended.run.state is RunState.FINISHED
    assert shared.simulator.scans() == dict.fromkeys(barcodes, 1)


@pytest.mark.parametrize("word", [pause, cancel])
async def test_a_run_that_is_paused_or_cancelled_in_its_turn_stays_so(shared: Bench, word: object) -> None:
    run = await queue(shared, shared.simulator.barcodes("in_transit", 100), shared.order(rate=20.0))
    turn = asyncio.create_task(take_turn(shared, run, Turn(seconds=1.5)))
    await until(lambda: shared.journal.run(run.id).state is RunState.RUNNING)
    assert callable(word)
    word(shared.journal, run.id)
    ended = await turn
    assert ended.again_seconds is None
    assert ended.run.state is (RunState.PAUSED if word is pause else RunState.CANCELLED)
    assert shared.journal.due() == []
    assert (await take_turn(shared, run)).run.state is ended.run.state, "another turn leaves it alone"


async def test_a_run_that_is_resumed_before_its_pause_has_taken_effect_stays_in_the_queue(shared: Bench) -> None:
    run = await queue(shared, shared.simulator.barcodes("in_transit", 100), shared.order(rate=20.0))
    stop, known = Stop(), Acquaintance()
    turn = asyncio.create_task(shared.work(lambda runner: runner.take_turn(run.id, Turn(), known), stop=stop))
    await until(shared.simulator.scans)
    pause(shared.journal, run.id)
    await until(lambda: stop.requested)
    shared.journal.queue_run(run.id)
    ended = await turn
    assert (ended.run.state, ended.again_seconds) == (RunState.QUEUED, 0.0)
    assert [due.run for due in shared.journal.due()] == [run.id]
    assert 0 < ended.counts[Outcome.IN_PLACE] < 100


async def test_a_scan_without_an_answer_is_read_again_in_later_turns_and_settles_by_the_server_s_clock(
    shared: Bench,
) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 4)
    shared.simulator.add_fault("drop", operation="scan", items=(barcodes[1],), times=1)
    run = await queue(shared, barcodes, shared.order(settle_seconds=6.0))
    ended, turns, known = await take_turn(shared, run), 1, Acquaintance()
    assert ended.counts == {Outcome.IN_PLACE: 3, Outcome.UNCLEAR: 1}
    assert ended.again_seconds is not None
    assert ended.again_seconds >= 2.0
    assert shared.journal.due() == [], "it is left alone for a while"
    while ended.run.state is RunState.QUEUED and turns < 6:
        await asyncio.sleep(0.5)
        ended, turns = await take_turn(shared, run, acquaintance=known), turns + 1
    assert turns > 1
    assert ended.run.state is RunState.FINISHED
    assert shared.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_a_row_that_is_left_to_a_person_keeps_no_run_in_the_queue(shared: Bench) -> None:
    (barcode,) = shared.simulator.barcodes("in_transit", 1)
    shared.simulator.add_fault("drop", operation="scan", items=(barcode,), times=None)
    run = await queue(shared, [barcode], shared.order(settle_seconds=0.5))
    ended = await take_turn(shared, run)
    assert (ended.run.state, ended.counts) == (RunState.FINISHED, {Outcome.UNCLEAR: 1})
    assert ended.exit_code is ExitCode.LEFTOVERS


async def test_who_seizes_a_lease_begins_nothing_for_five_seconds_and_judges_no_lost_scan_for_long(
    shared: Bench,
) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 3)
    run = await queue(shared, barcodes)
    code = run.institution
    with closing(Journal(shared.journal.place.address)) as dead, dead.lease(code):  # type: ignore[union-attr]
        dead.begin_run(run.id, in_queue=True)
        _send_and_fall_silent(dead, run, str(shared.simulator.item(barcodes[0])["pid"]))
        silence(shared.journal, code)
        assert shared.journal.requeue_lost() == 1
        began = time.time()
        ended = await take_turn(shared, run)
    assert ended.counts == {Outcome.IN_PLACE: 2, Outcome.UNCLEAR: 1}
    assert ended.again_seconds == 30.0
    assert -LONGEST_REQUEST_SECONDS - 5 < shared.journal.lost_seconds(run.id)[1] < -LONGEST_REQUEST_SECONDS + 15
    sent = [event.at for event in shared.journal.story(run.id, 2) if event.kind is EventKind.SENDING]
    assert sent[0] - began > 4.9
    assert list(shared.simulator.scans().values()) == [1, 1]


def _send_and_fall_silent(journal: Journal, run: Run, pid: str) -> None:
    """Record the intent to scan the first row's item, and send nothing."""
    change = intent(journal.row(run.id, 1), pid, time.time(), institution=run.institution)
    sending = change.row.to(RowState.SENDING, mms_id=pid, holding_id=pid)
    assert journal.save([change._replace(row=sending)]) == [None]


async def test_a_worker_whose_lease_is_seized_in_its_turn_sends_nothing_more(shared: Bench) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 150)
    run = await queue(shared, barcodes, shared.order(rate=60.0))
    with closing(Journal(shared.journal.place.address)) as other:  # type: ignore[union-attr]
        turn = asyncio.create_task(take_turn(shared, run))
        await until(lambda: len(shared.simulator.scans()) >= 10)
        silence(other, run.institution)
        with other.lease(run.institution) as lease:
            assert lease.is_seized
            seized = len(shared.simulator.scans())
            ended = await turn
            # What was recorded before the lease was seized may still leave; nothing is recorded after.
            assert len(shared.simulator.scans()) - seized < 15
            assert set(shared.simulator.scans().values()) == {1}
            assert ended.run.state is RunState.QUEUED
            assert shared.journal.run(run.id).reason == "Its process ended in the middle of the work."


async def test_a_worker_that_hears_nothing_of_the_journal_stops_at_once(shared: Bench) -> None:
    run = await queue(shared, shared.simulator.barcodes("in_transit", 150), shared.order(rate=20.0))
    turn = asyncio.create_task(take_turn(shared, run))
    await until(shared.simulator.scans)
    shared.journal._leases._heard[run.institution] -= 13  # type: ignore[attr-defined]
    sent = len(shared.simulator.scans())
    ended = await turn
    assert len(shared.simulator.scans()) - sent < 40, "what was under way, and not all that was left"
    assert "Nothing was heard of the journal" in ended.run.reason
    assert (ended.run.state, ended.again_seconds) == (RunState.QUEUED, 2.0)


async def test_an_alma_that_does_not_answer_is_left_alone_for_a_while(shared: Bench) -> None:
    run = await queue(shared, shared.simulator.barcodes("in_transit", 50))
    shared.simulator.add_fault("garbage", operation="find", times=None)
    ended = await take_turn(shared, run)
    assert (ended.run.state, ended.again_seconds) == (RunState.QUEUED, ALMA_AGAIN_SECONDS)
    assert "in a row got no answer" in ended.run.reason


async def test_rows_that_all_end_alike_wait_for_a_person(shared: Bench) -> None:
    run = await queue(shared, [f"9{number:013d}" for number in range(60)], shared.order(rate=30.0))
    ended = await take_turn(shared, run)
    assert (ended.run.state, ended.again_seconds) == (RunState.PAUSED, None)
    assert "all ended alike" in ended.run.reason


async def test_a_key_that_is_refused_leaves_the_run_in_the_queue(shared: Bench) -> None:
    run = await queue(shared, shared.simulator.barcodes("in_transit", 2))
    with pytest.raises(KeyRefusedError):
        await take_turn(shared, run, key="read_only")
    assert shared.journal.run(run.id).state is RunState.QUEUED


def test_a_run_with_unclear_rows_alone_has_its_next_turn_sooner_the_sooner_one_settles() -> None:
    assert seconds_until_next({1: 0.0, 2: 119.0}, 120.0) == 2.0
    assert seconds_until_next({1: 60.0}, 120.0) == 15.0
    assert seconds_until_next({1: -130.0}, 120.0) == 30.0
