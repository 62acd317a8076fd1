"""The runs that work in the page's process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.journal.processes import address_of
from tests.waiting import until

from almascan.errors import LeaseError, UsageError
from almascan.journal import Journal
from almascan.lists import Reading, open_text
from almascan.model import Desk, Order, Outcome, Row, RowState, RunState
from almascan.settings import Settings
from almascan.simulator import Simulator, SimulatorConfig
from almascan.web.connections import Connection, Connections
from almascan.web.engine import Engine
from almascan.web.practice import Practice

WHO = "a person"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=5_000, per_second=0, latency_ms=5)) as simulator:
        yield simulator


@pytest.fixture
def connections(simulator: Simulator, tmp_path: Path) -> Connections:
    simulator.reset()
    settings = Settings(base_url=simulator.base_url, rate=500.0, per_minute=0, keep_calls=0, settle_seconds=0.2)
    environ = {"ALMASCAN_API_KEY": simulator.keys["full"], "ALMASCAN_CONFIG": str(tmp_path / "profiles.toml")}
    return Connections(settings, environ, Practice())


@pytest.fixture
async def engine(journal: Journal, connections: Connections) -> AsyncIterator[Engine]:
    engine = Engine(journal, connections)
    engine.start()
    yield engine
    await engine.close()


@pytest.fixture
def connection(connections: Connections) -> Connection:
    return connections.find("")


@pytest.fixture
def order(simulator: Simulator) -> Order:
    return Order(Desk(simulator.library, simulator.circ_desk), rate=500.0, settle_seconds=0.2, keep_calls=0)


@contextmanager
def a_list(simulator: Simulator, number: int, after: int = 0) -> Iterator[Reading]:
    barcodes = list(simulator.barcodes("in_transit", after + number))[after:]
    with open_text("\n".join(barcodes)) as reading:
        yield reading


async def planned(engine: Engine, connection: Connection, order: Order, reading: Reading, rows: int) -> int:
    run = await engine.plan(connection, reading, order, rows=rows, who=WHO)
    await until(lambda: engine.work_on(run.id) is None)
    return run.id


async def test_a_list_is_looked_at_first_and_scanned_when_a_person_says_so(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 30) as reading:
        run_id = await planned(engine, connection, order, reading, 30)
    assert journal.run(run_id).state is RunState.PLANNED
    assert journal.run(run_id).who == WHO
    assert simulator.stats()["scans"] == 0
    await engine.resume(run_id, who=WHO, limit=10)
    await until(lambda: engine.work_on(run_id) is None)
    assert simulator.stats()["scans"] == 10
    assert journal.run(run_id).state is RunState.PAUSED
    await engine.resume(run_id, who=WHO)
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)
    assert journal.counts(run_id) == {Outcome.IN_PLACE: 30}
    assert simulator.stats()["items_scanned_twice"] == 0


async def test_a_preview_tells_how_far_it_is_the_rows_that_are_to_be_scanned_included(
    engine: Engine, connection: Connection, order: Order, simulator: Simulator
) -> None:
    with a_list(simulator, 30) as reading:
        run = await engine.plan(connection, reading, order, rows=30, who=WHO)
    work = engine.work_on(run.id)
    await until(lambda: engine.work_on(run.id) is None)
    assert work is not None
    snapshot = work.live.snapshot
    assert snapshot is not None
    assert (snapshot.finished, snapshot.planned, snapshot.total) == (30, 30, 30)


async def test_a_short_list_overtakes_a_batch_of_the_same_institution(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    # By what was sent when, not by what is left once the end is seen: an ending takes the journal as long as it takes.
    order = msgspec.structs.replace(order, rate=200.0)
    with a_list(simulator, 300) as reading:
        batch = await planned(engine, connection, order, reading, 300)
    with a_list(simulator, 100, after=300) as reading:
        books = await planned(engine, connection, order, reading, 100)
    await engine.resume(batch, who=WHO)
    await engine.resume(books, who=WHO)
    await until(lambda: journal.run(books).state is RunState.FINISHED)
    await until(lambda: journal.run(batch).state is RunState.FINISHED)
    assert journal.counts(books) == {Outcome.IN_PLACE: 100}
    of_books, of_batch = sorted(sendings(journal, books)), sendings(journal, batch)
    assert len([sent_at for sent_at in of_batch if sent_at > of_books[-1]]) > 100
    # By turns it would be as many as the books.
    assert len([sent_at for sent_at in of_batch if of_books[0] < sent_at < of_books[-1]]) < 50
    assert simulator.stats()["items_scanned_twice"] == 0


def sendings(journal: Journal, run_id: int) -> list[float]:
    return [row.sent_at for row in journal.rows(run_id) if row.sent_at is not None]


async def test_a_run_that_a_terminal_left_is_taken_up(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 20) as reading:
        run_id = await planned(engine, connection, order, reading, 20)
    journal.queue_run(run_id)
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)
    assert journal.counts(run_id) == {Outcome.IN_PLACE: 20}


async def test_while_another_process_works_for_the_institution_a_run_waits_and_is_begun_when_it_is_free(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 20) as reading:
        run_id = await planned(engine, connection, order, reading, 20)
    other = Journal(address_of(journal))
    with other.lease(simulator.institution):
        with pytest.raises(LeaseError):
            await engine.resume(run_id, who=WHO)
        journal.queue_run(run_id)
        await asyncio.sleep(2.5)
        assert journal.run(run_id).state is RunState.QUEUED
    other.close()
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)


async def test_a_server_that_ends_leaves_runs_that_go_on_later(
    connection: Connection, connections: Connections, order: Order, journal: Journal, simulator: Simulator
) -> None:
    engine = Engine(journal, connections)
    with a_list(simulator, 200) as reading:
        run_id = await planned(engine, connection, order, reading, 200)
    await engine.resume(run_id, who=WHO)
    await until(lambda: simulator.stats()["scans"] > 20)
    await engine.close()
    run = journal.run(run_id)
    assert (run.state, run.reason) == (RunState.PAUSED, "The page's server was stopped; resume goes on.")
    assert not list(journal.rows_in_state(run_id, RowState.SENDING))
    again = Engine(journal, connections)
    await again.resume(run_id, who=WHO)
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)
    await again.close()
    assert simulator.stats()["items_scanned_twice"] == 0


async def test_a_run_is_worked_on_once(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 100) as reading:
        run_id = await planned(engine, connection, order, reading, 100)
    await engine.resume(run_id, who=WHO)
    with pytest.raises(UsageError, match="being worked on already"):
        await engine.resume(run_id, who=WHO)
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)


async def test_two_who_press_resume_at_the_same_moment_begin_it_once(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 60) as reading:
        run_id = await planned(engine, connection, order, reading, 60)
    results = await asyncio.gather(*(engine.resume(run_id, who=WHO) for _ in range(5)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert all(isinstance(result, UsageError) for result in results if result is not None)
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)
    assert simulator.stats()["items_scanned_twice"] == 0


async def test_an_open_run_answers_each_barcode_as_it_comes_and_ends_when_it_is_closed(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    run = await engine.open(connection, order, "Scanner", who=WHO)
    first, second = simulator.barcodes("in_transit", 2)
    for number, barcode in enumerate((first, second, first), start=1):
        row = journal.append_row(run.id, Row(run.id, 0, RowState.NEW, given=barcode, barcode=barcode))
        engine.more(run.id)
        await until(lambda row=row: journal.row(run.id, row.row).outcome is not None)  # type: ignore[misc]
        assert row.row == number
    assert journal.counts(run.id) == {Outcome.IN_PLACE: 2, Outcome.DUPLICATE: 1}
    assert engine.work_on(run.id) is not None
    journal.close_run(run.id)
    engine.more(run.id)
    await until(lambda: journal.run(run.id).state is RunState.FINISHED)


async def test_a_list_that_cannot_be_read_is_told_and_leaves_no_run(
    engine: Engine, connection: Connection, journal: Journal
) -> None:
    with open_text("30112000000001") as reading, pytest.raises(UsageError, match="no library"):
        await engine.plan(connection, reading, Order(Desk("NOWHERE", "DESK")), rows=1, who=WHO)
    assert journal.runs() == []


async def test_a_run_of_an_institution_that_has_no_key_here_is_told_so(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 5) as reading:
        run_id = await planned(engine, connection, order, reading, 5)
    journal.change_run(run_id, institution="01OTHER")
    with pytest.raises(UsageError, match="no key for 01OTHER"):
        await engine.resume(run_id, who=WHO)


async def test_the_pace_of_a_run_that_works_is_changed_from_the_next_second_on(
    engine: Engine, connection: Connection, order: Order, journal: Journal, simulator: Simulator
) -> None:
    with a_list(simulator, 60) as reading:
        run_id = await planned(engine, connection, order, reading, 60)
    slow = journal.change_run(run_id, order=msgspec.structs.replace(journal.run(run_id).order, rate=4.0))
    await engine.resume(run_id, who=WHO)
    work = engine.work_on(run_id)
    assert work is not None
    assert work.runner is not None
    pace = work.runner.alma.pacer.pace
    await until(lambda: pace.rate == 4.0)
    journal.change_run(run_id, order=msgspec.structs.replace(slow.order, rate=500.0))
    await until(lambda: pace.rate == 500.0)
    await until(lambda: journal.run(run_id).state is RunState.FINISHED)
