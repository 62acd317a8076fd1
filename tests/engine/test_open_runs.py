"""Runs whose rows come one by one, as from a handheld scanner, and runs that wait for another process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.engine.conftest import RATE, Bench
from tests.engine.together import Told, runner_of

from almascan.alma import Pacer
from almascan.errors import ExitCode, UsageError
from almascan.intervene import cancel, pause
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Outcome, Row, RowState, RunState
from almascan.run import Ended, Runner
from almascan.stop import Stop


class Session:
    """A person with a handheld scanner.

    Attributes:
        told: What the run tells.
        stop: Ends it.
    """

    def __init__(self, bench: Bench, runner: Runner, told: Told, stop: Stop) -> None:
        self.told = told
        self.stop = stop
        self._journal = bench.journal
        self._runner = runner
        self.working: asyncio.Task[Ended] | None = None

    def begin(self, act: Callable[[Runner], Any]) -> "asyncio.Task[Ended]":
        self.working = asyncio.ensure_future(act(self._runner))
        return self.working

    def beep(self, barcode: str) -> Row:
        row = self._journal.append_row(1, Row(1, 0, RowState.NEW, given=barcode, barcode=barcode))
        self._runner.more()
        return row

    async def answer(self, row: Row) -> Outcome:
        while (now := self._journal.row(1, row.row)).outcome is None:
            assert self.working is not None
            assert not self.working.done()
            await asyncio.sleep(0.005)
        return now.answer

    def close(self) -> None:
        self._journal.close_run(1)
        self._runner.more()


@asynccontextmanager
async def session(bench: Bench) -> AsyncIterator[Session]:
    """Give a person and a runner."""
    told, stop = Told(bench.simulator), Stop()
    async with runner_of(bench, Pacer(RATE), reporter=told, stop=stop, who="Ada") as runner:
        yield Session(bench, runner, told, stop)


async def test_each_row_of_an_open_run_is_answered_as_it_comes_until_the_run_is_closed(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(locate="set"), "the returns desk"))
        await person.told.begun.wait()
        for barcode in barcodes:
            assert await person.answer(person.beep(barcode)) is Outcome.IN_PLACE
        assert person.beep(barcodes[0]).answer is Outcome.DUPLICATE
        assert await person.answer(person.beep("9" * 14)) is Outcome.NOT_FOUND
        assert not working.done()
        person.close()
        ended = await asyncio.wait_for(working, 5)
    assert ended.counts == {Outcome.IN_PLACE: 3, Outcome.DUPLICATE: 1, Outcome.NOT_FOUND: 1}
    assert (ended.run.state, ended.run.rows, ended.run.is_open) == (RunState.FINISHED, 5, False)
    assert (ended.run.list_name, ended.run.who, ended.run.order.locate) == ("the returns desk", "Ada", "single")
    assert person.told.last is not None
    assert (person.told.last.total, person.told.last.finished) == (5, 5)
    assert person.told.last.counts == ended.counts
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)
    assert bench.simulator.stats()["by_operation"].keys().isdisjoint({"create_set", "add_members"})


async def test_an_open_run_that_is_idle_sends_nothing_and_tells_nothing(bench: Bench) -> None:
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(), "desk"))
        await person.told.begun.wait()
        await asyncio.sleep(0.5)
        before, told = bench.simulator.stats()["by_operation"], person.told.updates
        await asyncio.sleep(1.2)
        assert bench.simulator.stats()["by_operation"] == before
        assert person.told.updates == told
        (barcode,) = bench.simulator.barcodes("in_transit", 1)
        assert await person.answer(person.beep(barcode)) is Outcome.IN_PLACE
        assert person.told.updates > told
        person.close()
        await working


async def test_a_row_that_another_process_adds_is_noticed_and_so_is_the_end(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    other = Journal(bench.journal.path, create=False)
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(), "desk"))
        await person.told.begun.wait()
        row = other.append_row(1, Row(1, 0, RowState.NEW, given=barcode, barcode=barcode))
        assert await person.answer(row) is Outcome.IN_PLACE
        other.close_run(1)
        ended = await asyncio.wait_for(working, 10)
    other.close()
    assert (ended.run.state, ended.exit_code) == (RunState.FINISHED, ExitCode.DONE)


async def test_an_open_run_that_was_stopped_is_gone_on_with_where_it_was(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 4)
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(), "desk"))
        await person.told.begun.wait()
        await person.answer(person.beep(barcodes[0]))
        person.stop.request("It was told to.")
        ended = await asyncio.wait_for(working, 5)
        assert (ended.run.state, ended.run.reason, ended.run.is_open) == (RunState.PAUSED, "It was told to.", True)
        person.beep(barcodes[1])
    assert bench.simulator.scans() == {barcodes[0]: 1}
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.resume(1))
        await person.told.begun.wait()
        for barcode in barcodes[2:]:
            assert await person.answer(person.beep(barcode)) is Outcome.IN_PLACE
        person.close()
        ended = await asyncio.wait_for(working, 5)
    assert ended.counts == {Outcome.IN_PLACE: 4}
    assert ended.run.state is RunState.FINISHED
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


@pytest.mark.parametrize("word", [pause, cancel])
async def test_an_idle_open_run_stops_where_a_person_says_so_elsewhere(bench: Bench, word: Callable[..., Any]) -> None:
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(), "desk"))
        await person.told.begun.wait()
        word(bench.journal, 1)
        ended = await asyncio.wait_for(working, 10)
    assert ended.run.state is (RunState.PAUSED if word is pause else RunState.CANCELLED)


async def test_rows_that_come_while_an_open_run_is_taken_up_are_begun_once(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 40)
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(), "desk"))
        await person.told.begun.wait()
        person.stop.request("It was told to.")
        await working
        for barcode in barcodes[:20]:
            person.beep(barcode)
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.resume(1))
        rows = []
        for barcode in barcodes[20:]:
            rows.append(person.beep(barcode))
            await asyncio.sleep(0.002)
        for row in rows:
            await person.answer(row)
        person.close()
        ended = await asyncio.wait_for(working, 10)
    assert ended.counts == {Outcome.IN_PLACE: 40}
    assert person.told.last is not None
    assert person.told.last.total == 40
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_an_open_run_that_is_to_try_a_few_rows_is_not_waited_for(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    async with session(bench) as person:
        working = person.begin(lambda runner: runner.open(bench.order(), "desk"))
        await person.told.begun.wait()
        person.stop.request("It was told to.")
        await working
        for barcode in barcodes:
            person.beep(barcode)
    async with session(bench) as person:
        ended = await asyncio.wait_for(person.begin(lambda runner: runner.resume(1, limit=2)), 5)
    assert ended.counts == {Outcome.IN_PLACE: 2, Outcome.NOT_TRIED: 1}
    assert (ended.run.state, ended.run.is_open) == (RunState.PAUSED, True)


# Runs that are left for another process


async def test_a_run_is_queued_while_another_process_works_for_the_institution_and_begun_by_resume(
    bench: Bench,
) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    other = Journal(bench.journal.path)
    with open_list(bench.write(barcodes), ListOptions()) as listing, other.lease(bench.simulator.institution):
        async with runner_of(bench, Pacer(RATE)) as runner:
            run = await runner.queue(listing, bench.order())
    other.close()
    assert run is not None
    assert (run.state, run.rows, run.started_at) == (RunState.QUEUED, 3, None)
    assert bench.simulator.scans() == {}
    assert [queued.id for queued in bench.journal.queued()] == [run.id]
    ended = await bench.resume(run.id)
    assert ended.counts == {Outcome.IN_PLACE: 3}
    assert ended.run.started_at is not None
    assert bench.journal.queued() == []


async def test_the_first_rows_of_a_queued_run_are_watched_as_those_of_any_other(bench: Bench) -> None:
    unknown = [f"9{number:013d}" for number in range(400)]
    with open_list(bench.write(unknown), ListOptions()) as listing:
        async with runner_of(bench, Pacer(RATE)) as runner:
            run = await runner.queue(listing, bench.order())
    assert run is not None
    ended = await bench.resume(run.id)
    assert ended.run.state is RunState.PAUSED
    assert ended.run.reason.startswith("The first 20 rows all ended alike")


async def test_a_run_that_is_not_wanted_in_the_queue_leaves_nothing_behind(bench: Bench) -> None:
    with open_list(bench.write(bench.simulator.barcodes("in_transit", 3)), ListOptions()) as listing:
        async with runner_of(bench, Pacer(RATE)) as runner:
            assert await runner.queue(listing, bench.order(), confirm=lambda _: False) is None
    assert bench.journal.runs() == []


async def test_a_run_that_is_cancelled_while_it_is_asked_about_is_not_queued(bench: Bench) -> None:
    def cancel_and_confirm(_: object) -> bool:
        cancel(bench.journal, 1)
        return True

    with open_list(bench.write(bench.simulator.barcodes("in_transit", 3)), ListOptions()) as listing:
        async with runner_of(bench, Pacer(RATE)) as runner:
            with pytest.raises(UsageError, match="cancelled while it was asked about"):
                await runner.queue(listing, bench.order(), confirm=cancel_and_confirm)
    assert bench.journal.run(1).state is RunState.CANCELLED
