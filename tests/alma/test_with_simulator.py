"""The client against the simulated Alma, over a socket: what each believes of the other, end to end."""

import asyncio
from collections.abc import Iterator
from typing import Literal

import pytest
from tests.alma.conftest import connect

from almascan.errors import (
    AlmascanError,
    ItemNotFoundError,
    KeyRefusedError,
    NoAnswerError,
    QuotaError,
    RefusedError,
    ThrottledError,
)
from almascan.model import Desk, ItemIds, ScanOptions
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=2000, seed=7, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def home_desk(simulator: Simulator) -> Desk:
    return Desk(library=simulator.library, circ_desk=simulator.circ_desk)


def test_its_keys_are_told_apart(simulator: Simulator) -> None:
    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            assert await alma.test_read() == simulator.institution
            await alma.test_write()
        async with connect(simulator.base_url, key=simulator.keys["read_only"]) as alma:
            assert await alma.test_read() == simulator.institution
            with pytest.raises(KeyRefusedError):
                await alma.test_write()
            (barcode,) = simulator.barcodes("in_transit", 1)
            with pytest.raises(KeyRefusedError):
                await alma.scan_in(await alma.find(barcode), home_desk(simulator))
        async with connect(simulator.base_url, key="nonsense") as alma:
            with pytest.raises(KeyRefusedError):
                await alma.test_read()

    asyncio.run(main())
    assert simulator.stats()["scans"] == 0


def test_its_configuration_is_read(simulator: Simulator) -> None:
    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            general = await alma.general()
            assert (general.code, general.environment) == (simulator.institution, "production")
            libraries = [library.code for library in await alma.libraries()]
            assert {simulator.library, simulator.other_library} <= set(libraries)
            desks = {desk.code: desk for desk in await alma.circ_desks(simulator.library)}
            assert desks[simulator.circ_desk].locations
            departments = await alma.departments() + await alma.departments(simulator.library)
            assert simulator.department in [department.code for department in departments]
            for library in libraries:
                await alma.circ_desks(library)

    asyncio.run(main())


@pytest.mark.parametrize("state", ["in_transit", "in_place", "on_loan", "requested", "hold_shelf", "missing"])
def test_an_item_of_each_state_is_found_read_and_scanned(simulator: Simulator, state: str) -> None:
    (barcode,) = simulator.barcodes(state, 1)

    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            ids = await alma.find(barcode)
            assert (ids.mms_id, ids.pid) == (simulator.ids(barcode)[0], simulator.ids(barcode)[2])
            before = await alma.read(ids)
            assert before.barcode == barcode
            assert before.in_transit or state not in ("in_transit", "requested")
            assert bool(before.due_date) == (state == "on_loan")
            assert await alma.has_requests(ids) == (state in ("requested", "hold_shelf"))
            after = await alma.scan_in(before, home_desk(simulator))
            assert after.ids == before.ids
            assert after.barcode == barcode
            assert (await alma.read(ids)).process_type == after.process_type
            assert alma.requests == 5
            assert alma.remaining_calls is None or alma.remaining_calls > 0

    asyncio.run(main())
    assert simulator.stats()["requests"] == 5
    assert simulator.scans() == {barcode: 1}


def test_a_scan_elsewhere_answers_and_the_item_is_in_transit(simulator: Simulator) -> None:
    (barcode,) = simulator.barcodes("in_place", 1)
    elsewhere = Desk(library=simulator.other_library, circ_desk=simulator.other_circ_desk)

    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            item = await alma.scan_in(await alma.read(await alma.find(barcode)), elsewhere, ScanOptions(confirm=True))
            assert item.in_transit

    asyncio.run(main())


def test_what_does_not_exist_is_not_found(simulator: Simulator) -> None:
    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            for barcode in simulator.barcodes("unknown", 3):
                with pytest.raises(ItemNotFoundError):
                    await alma.find(barcode)
            with pytest.raises(ItemNotFoundError):
                await alma.read(ItemIds("1", "2", "3"))
            assert alma.unanswered_in_a_row == 0

    asyncio.run(main())


def test_a_scan_at_a_desk_that_does_not_exist_is_not_taken_for_done(simulator: Simulator) -> None:
    (barcode,) = simulator.barcodes("in_transit", 1)

    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            with pytest.raises((RefusedError, NoAnswerError)):
                await alma.scan_in(await alma.find(barcode), Desk("NOWHERE", "NO_DESK"))

    asyncio.run(main())
    assert simulator.scans() == {}


@pytest.mark.parametrize("kind", ["drop", "silent", "truncate", "redirect", "error", "delay"])
def test_a_scan_whose_answer_is_lost_is_sent_once_and_has_no_answer(simulator: Simulator, kind: str) -> None:
    (barcode,) = simulator.barcodes("in_transit", 1)
    settings = {"delay": {"delay_seconds": 3}, "drop": {"applied": True}}.get(kind, {})
    simulator.add_fault(kind, operation="scan", **settings)  # type: ignore[arg-type]

    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"], scan_seconds=0.5) as alma:
            ids = await alma.find(barcode)
            with pytest.raises(NoAnswerError):
                await alma.scan_in(ids, home_desk(simulator))
            assert alma.requests == 2

    asyncio.run(main())
    assert simulator.stats()["items_scanned_twice"] == 0


@pytest.mark.parametrize("body_format", ["json", "xml", "html", "text", "empty"])
def test_a_server_error_in_any_format_is_read_through(simulator: Simulator, body_format: str) -> None:
    (barcode,) = simulator.barcodes("in_transit", 1)
    simulator.add_fault("error", operation="find", status=503, body_format=body_format, times=2)

    async def main() -> None:
        async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
            assert (await alma.find(barcode)).pid == simulator.ids(barcode)[2]
            assert alma.requests == 3

    asyncio.run(main())


async def scan_until_refused(simulator: Simulator) -> AlmascanError | None:
    async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
        for barcode in simulator.barcodes("in_transit", 40):
            try:
                await alma.scan_in(ItemIds(*simulator.ids(barcode)), home_desk(simulator))
            except AlmascanError as error:
                return error
    return None


def test_the_limit_of_the_second_is_told_from_that_of_the_day() -> None:
    with Simulator(SimulatorConfig(items=500, per_second=5)) as limited:
        assert isinstance(asyncio.run(scan_until_refused(limited)), ThrottledError)


@pytest.mark.parametrize("status", [429, 403])
def test_the_limit_of_the_day_says_when_there_are_requests_again(status: Literal[429, 403]) -> None:
    with Simulator(SimulatorConfig(items=500, per_second=0, per_day=9, daily_status=status)) as limited:
        error = asyncio.run(scan_until_refused(limited))
    assert isinstance(error, QuotaError)
    assert "midnight" in str(error)


def test_its_other_readings_of_alma_are_understood_as_well() -> None:
    with Simulator(SimulatorConfig(items=500, per_second=0, relative_location=True)) as simulator:
        (barcode,) = simulator.barcodes("in_transit", 1)

        async def main() -> None:
            async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
                assert (await alma.find(barcode)).pid == simulator.ids(barcode)[2]

        asyncio.run(main())
