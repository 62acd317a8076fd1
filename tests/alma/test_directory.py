"""Libraries, places, work orders and sets by name, as somebody picks them; against the simulated Alma."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from almascan.alma import Alma, Pacer
from almascan.directory import list_libraries, list_places, list_work_orders
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=50, per_second=0)) as running:
        yield running


@asynccontextmanager
async def client(simulator: Simulator, key: str = "full") -> AsyncIterator[Alma]:
    async with Alma(simulator.base_url, simulator.keys[key], pacer=Pacer(500)) as alma:
        yield alma


async def test_libraries_are_listed_with_their_names(simulator: Simulator) -> None:
    async with client(simulator) as alma:
        named = {library.code: library.name for library in await list_libraries(alma)}
    assert named["MAIN"] == "Main Library"


@pytest.mark.parametrize("readings", [frozenset(), frozenset({"departments-of-institution"})])
async def test_a_librarys_places_are_all_its_desks_its_departments_and_the_institutions(
    readings: frozenset[str],
) -> None:
    with Simulator(SimulatorConfig(items=10, per_second=0, readings=readings)) as simulator:
        async with client(simulator) as alma:
            main, law, none = [await list_places(alma, library) for library in ("MAIN", "LAW", "")]
    assert len(main.circ_desks) == 12
    assert [each.code for each in main.departments] == ["CONSERVATION", "AcqDeptMAIN", "DIGITIZE"]
    assert [each.code for each in law.departments] == ["DIGITIZE"]
    assert ([each.code for each in none.departments], none.circ_desks) == (["DIGITIZE"], [])


async def test_work_orders_are_the_librarys_and_the_institutions_with_the_names_of_statuses(
    simulator: Simulator,
) -> None:
    async with client(simulator) as alma:
        types = {kind.code: kind for kind in await list_work_orders(alma, "MAIN")}
        assert [kind.code for kind in await list_work_orders(alma, "")] == ["DIGITIZE"]
    assert sorted(types) == ["AcqWorkOrder", "BINDING", "CONSERVE", "DIGITIZE"]
    assert [(status.code, status.name) for status in types["BINDING"].statuses] == [
        ("BINDING_SENT", "Sent to the binder")
    ]


async def test_a_key_without_the_right_gets_nothing_and_is_told_so(simulator: Simulator) -> None:
    async with client(simulator, "bibs_only") as alma:
        assert await list_libraries(alma) == []
        assert await list_work_orders(alma, "MAIN") == []
        places = await list_places(alma, "MAIN")
    assert (places.circ_desks, places.departments) == ([], [])
    assert "Listing desks needs the right to read Configuration." in places.refused


async def test_a_library_that_alma_does_not_know_has_no_desks_of_its_own(simulator: Simulator) -> None:
    async with client(simulator) as alma:
        places = await list_places(alma, "MIAN")
    assert places.circ_desks == []


async def test_sets_are_found_by_a_part_of_their_name_and_only_those_of_items(simulator: Simulator) -> None:
    async with client(simulator) as alma:
        assert [found.name for found in await alma.sets_named("t")] == ["In transit at Main", "Truck of returns"]
        (found,) = await alma.sets_named(" TRUCK ")
        assert found.members == 25
        assert await alma.sets_named("reading lists") == []
        assert len(await alma.sets_named("")) == 2
