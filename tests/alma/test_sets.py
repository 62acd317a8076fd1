"""Sets: found by name or id, read page by page, made, filled and deleted; against raw answers and the simulated Alma."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.alma.conftest import connect
from tests.alma.raw_server import DROP, HANG, RawServer, Reply, http
from tests.alma.samples import HTML, error_json

from almascan.alma import Alma, AlmaSet, Pacer, Timeouts
from almascan.alma.sets import choose, match_name
from almascan.errors import (
    KeyRefusedError,
    ListError,
    NoAnswerError,
    RefusedError,
    UsageError,
)
from almascan.model import ItemIds
from almascan.simulator import Simulator, SimulatorConfig

OK = 200


def set_tree(set_id: str = "77", name: str = "Lost in transit", **parts: Any) -> dict[str, Any]:
    return {
        "link": f"https://x/almaws/v1/conf/sets/{set_id}",
        "id": set_id,
        "name": name,
        "type": {"value": "ITEMIZED", "desc": "Itemized"},
        "content": {"value": "ITEM", "desc": "Physical items"},
        "number_of_members": {"value": 3, "link": "https://x/members"},
    } | parts


def answer(tree: Any) -> Reply:
    return http(OK, json.dumps(tree))


def sets_answer(*found: dict[str, Any], total: int | None = None) -> Reply:
    return answer({"set": list(found), "total_record_count": len(found) if total is None else total})


def links(start: int, stop: int) -> list[dict[str, str]]:
    return [{"id": str(n), "link": f"/almaws/v1/bibs/1{n}/holdings/2{n}/items/3{n}"} for n in range(start, stop)]


def ids(number: int) -> ItemIds:
    return ItemIds(f"1{number}", f"2{number}", f"3{number}")


FOUND = AlmaSet("77", "Lost in transit", "ITEMIZED", "ITEM", 3)
SET_XML = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><set link="https://x/77"><id>77</id><name>Lost in transit'
    b'</name><type desc="Itemized">ITEMIZED</type><content desc="Physical items">ITEM</content>'
    b'<number_of_members link="https://x/members">3</number_of_members></set>'
)


@pytest.mark.parametrize("body", [json.dumps(set_tree()).encode(), SET_XML])
async def test_a_set_is_read_by_its_id_from_json_or_xml(body: bytes, alma: Alma, server: RawServer) -> None:
    server.script([http(OK, body)])
    assert await alma.find_set(" 77 ") == FOUND
    assert server.lines == ["GET /almaws/v1/conf/sets/77 HTTP/1.1"]


async def test_a_set_is_found_by_its_whole_name_among_those_that_contain_it(alma: Alma, server: RawServer) -> None:
    near = set_tree("78", "Lost in transit, long ago")
    server.script([sets_answer(near, set_tree()), answer(set_tree())])
    assert await alma.find_set("Lost in transit") == FOUND
    assert server.lines[0].startswith("GET /almaws/v1/conf/sets?q=name~Lost+in+transit&limit=100&offset=0 ")
    assert server.lines[1].startswith("GET /almaws/v1/conf/sets/77 ")


async def test_sets_of_items_are_searched_by_a_part_of_their_name_in_one_request(alma: Alma, server: RawServer) -> None:
    unsaid = set_tree("79", "a unsaid")
    del unsaid["content"]
    titles = set_tree("78", "Titles", content={"value": "BIB_MMS"})
    server.script([sets_answer(set_tree(), titles, set_tree(), unsaid, total=900)])
    assert [found.id for found in await alma.sets_named("lost in")] == ["79", "77"]
    (line,) = server.lines
    assert line.startswith("GET /almaws/v1/conf/sets?q=name~lost+in&content_type=ITEM&limit=100&offset=0 ")


async def test_a_part_of_a_name_that_the_search_cannot_read_finds_nothing(alma: Alma, server: RawServer) -> None:
    server.script([http(400, error_json("60106", "Invalid query format."))])
    assert await alma.sets_named("a~b") == []


async def test_a_set_on_the_second_page_of_the_search_is_found_though_the_first_is_short(
    alma: Alma, server: RawServer
) -> None:
    first = [set_tree(str(number), f"Lost in transit {number}") for number in range(100, 199)]
    server.script([sets_answer(*first, total=100), sets_answer(set_tree(), total=100), answer(set_tree())])
    assert await alma.find_set("Lost in transit") == FOUND
    assert "offset=99 " in server.lines[1]


async def test_a_set_whose_name_is_digits_is_found_when_no_set_has_that_id(alma: Alma, server: RawServer) -> None:
    named = set_tree("77", "2026")
    server.script([http(400, error_json("60107")), sets_answer(named), answer(named)])
    assert (await alma.find_set("2026")).id == "77"


async def test_an_unknown_name_is_answered_with_the_nearest_that_share_its_longest_word(
    alma: Alma, server: RawServer
) -> None:
    there = [set_tree("1", "Stuck in transit"), set_tree("2", "Transit to storage"), set_tree("3", "Z transit")]
    server.script([sets_answer(), sets_answer(*there, set_tree("4", "Transits of Venus over the years"))])
    with pytest.raises(UsageError, match=r'no set named "Stock in transit"\. The nearest are: Stuck in transit, '):
        await alma.find_set("Stock in transit")
    assert "q=name~transit&" in server.lines[1]


async def test_a_name_that_the_search_cannot_read_is_found_by_its_longest_word(alma: Alma, server: RawServer) -> None:
    odd = set_tree("77", "A~B: (transit)")
    server.script([http(400, error_json("60106")), sets_answer(odd), answer(odd)])
    assert (await alma.find_set("A~B: (transit)")).id == "77"


async def test_two_sets_of_one_name_are_named_by_their_ids(alma: Alma, server: RawServer) -> None:
    server.script([sets_answer(set_tree("77"), set_tree("78"))])
    with pytest.raises(UsageError, match=r"2 sets named .* ids 77, 78"):
        await alma.find_set("Lost in transit")


NAMES = st.text("aAbB ", min_size=1, max_size=3)


@given(st.lists(NAMES, max_size=6), NAMES)
def test_only_a_set_of_the_very_name_is_chosen_and_case_counts_where_it_must(names: list[str], name: str) -> None:
    found = [AlmaSet(str(number), one, "", "ITEM", None) for number, one in enumerate(names)]
    same = match_name(found + found, name)
    assert all(one.name.casefold() == name.casefold() for one in same)
    assert [one.id for one in same] == (
        [one.id for one in found if one.name == name] or [one.id for one in found if one.name.lower() == name.lower()]
    )
    if len(same) == 1:
        assert choose(found, name) == same[0]
    else:
        with pytest.raises(UsageError):
            choose(found, name)


async def test_members_are_read_to_the_end_though_pages_are_not_full(alma: Alma, server: RawServer) -> None:
    server.script([answer({"member": links(a, b), "total_record_count": 5}) for a, b in ((0, 2), (2, 4), (4, 5))])
    assert [member async for member in alma.members_of(FOUND)] == [ids(number) for number in range(5)]
    assert [line.split("offset=")[1] for line in server.lines] == ["0 HTTP/1.1", "2 HTTP/1.1", "4 HTTP/1.1"]


async def test_members_end_with_an_empty_page_when_fewer_come_than_were_said(alma: Alma, server: RawServer) -> None:
    server.script([answer({"member": links(0, 2), "total_record_count": 5}), answer({"total_record_count": 5})])
    assert [member async for member in alma.members_of(FOUND)] == [ids(0), ids(1)]


async def test_a_single_member_may_come_bare_and_in_xml(alma: Alma, server: RawServer) -> None:
    link = f"{server.base_url}/bibs/10/holdings/20/items/30"
    server.script([http(OK, f'<members total_record_count="1"><member link="{link}"><id>30</id></member></members>')])
    page = await alma.set_members("77")
    assert (page.members, page.size, page.total) == ([ids(0)], 1, 1)


async def test_a_member_on_another_host_ends_the_reading_and_the_other_host_is_not_asked(
    alma: Alma, server: RawServer
) -> None:
    async with RawServer([http(OK)]) as other:
        foreign = f"http://localhost:{other.port}/almaws/v1/bibs/1/holdings/2/items/3"
        server.script([answer({"member": [*links(0, 1), {"link": foreign}], "total_record_count": 2})])
        with pytest.raises(ListError, match=r"another host \(localhost\)"):
            [member async for member in alma.members_of(FOUND)]
        assert other.received == []
    assert len(server.received) == 1


@pytest.mark.parametrize("link", ["", "/almaws/v1/bibs/1", "http://[", None])
async def test_a_member_that_leads_to_no_item_is_passed_over(link: Any, alma: Alma, server: RawServer) -> None:
    server.script([answer({"member": [{"link": link}, *links(1, 2)], "total_record_count": 2})])
    assert [member async for member in alma.members_of(FOUND)] == [ids(1)]


async def test_a_set_is_made_private_of_items_and_empty(alma: Alma, server: RawServer) -> None:
    server.script([answer(set_tree(number_of_members={"value": 0}))])
    made = await alma.create_set("Lost in transit", "why")
    assert (made.id, made.members) == ("77", 0)
    (sent,) = server.received
    assert sent.line.startswith("POST /almaws/v1/conf/sets ")
    assert json.loads(sent.body) == {
        "name": "Lost in transit",
        "description": "why",
        "type": {"value": "ITEMIZED"},
        "content": {"value": "ITEM"},
        "private": {"value": "true"},
    }


async def test_barcodes_are_added_once_each_and_the_unknown_do_not_fail_the_rest(alma: Alma, server: RawServer) -> None:
    server.script([answer(set_tree())])
    await alma.add_members("77", ["b", "a", "b"])
    (sent,) = server.received
    assert sent.line.split()[1].endswith("/77?op=add_members&id_type=BARCODE&fail_on_invalid_id=false")
    assert json.loads(sent.body) == {"members": {"member": [{"id": "b"}, {"id": "a"}]}}


@pytest.mark.parametrize("number", [0, 1001])
async def test_more_barcodes_than_alma_takes_are_not_sent(number: int, alma: Alma, server: RawServer) -> None:
    with pytest.raises(UsageError, match="1 to 1,000"):
        await alma.add_members("77", [str(one) for one in range(number)])
    assert server.received == []


CHANGES: list[Callable[[Alma], Any]] = [
    lambda alma: alma.create_set("A set"),
    lambda alma: alma.add_members("77", ["1"]),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("lost", [DROP, http(502, HTML), http(500, error_json("INTERNAL_SERVER_ERROR"))])
async def test_a_change_whose_answer_is_lost_is_not_sent_again(
    change: Callable[[Alma], Any], lost: Reply, alma: Alma, server: RawServer
) -> None:
    server.script([lost, answer(set_tree())])
    with pytest.raises(NoAnswerError):
        await change(alma)
    assert len(server.received) == 1


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_that_was_refused_by_the_second_is_sent_again(
    change: Callable[[Alma], Any], alma: Alma, server: RawServer
) -> None:
    server.script([http(429, error_json("PER_SECOND_THRESHOLD")), answer(set_tree())])
    await change(alma)
    assert len(server.received) == 2


async def test_an_answer_without_an_id_is_no_set(alma: Alma, server: RawServer) -> None:
    server.script([answer(set_tree(""))])
    with pytest.raises(NoAnswerError, match="no set"):
        await alma.create_set("A set")


async def test_adding_members_has_more_time_than_anything_else(server: RawServer) -> None:
    server.script([HANG])
    timeouts = Timeouts(read_seconds=0.05, scan_seconds=0.05, slow_seconds=60)
    async with Alma(server.base_url, "KEY", pacer=Pacer(10_000), timeouts=timeouts) as alma:
        adding = asyncio.ensure_future(alma.add_members("77", ["1"]))
        await asyncio.wait_for(server.has_received.wait(), 5)
        with pytest.raises(NoAnswerError, match=r"0\.05 s"):
            await alma.create_set("A set")
        assert not adding.done()
        adding.cancel()


@pytest.mark.parametrize("code", ["402264", "60107"])
async def test_a_deletion_whose_answer_is_lost_is_repeated_until_the_set_is_gone(
    code: str, alma: Alma, server: RawServer
) -> None:
    server.script([DROP, http(400, error_json(code))])
    await alma.delete_set("77")
    assert [line.split()[0] for line in server.lines] == ["DELETE", "DELETE"]


async def test_a_deletion_that_alma_refuses_is_an_error(alma: Alma, server: RawServer) -> None:
    server.script([http(400, error_json("402282"))])
    with pytest.raises(RefusedError, match="402282"):
        await alma.delete_set("77")


async def test_work_order_statuses_are_given_by_type(alma: Alma, server: RawServer) -> None:
    rows = [
        {"column0": "REPAIR", "column1": "NEW", "column2": "Just arrived", "enabled": True},
        {"column0": "REPAIR", "column1": "GLUE", "column2": "At the glue"},
        {"column0": None, "column1": "X", "column2": "of no type"},
        {"column0": "COPY", "column1": "NEW", "column2": "New"},
    ]
    server.script([answer({"row": rows})])
    assert await alma.work_order_statuses("MAIN") == {
        "REPAIR": {"NEW": "Just arrived", "GLUE": "At the glue"},
        "COPY": {"NEW": "New"},
    }
    await alma.work_order_statuses()
    assert [line.split()[1].partition("WorkOrderTypeStatuses")[2] for line in server.lines] == ["?scope=MAIN", ""]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(
        SimulatorConfig(items=3000, seed=11, per_second=0, members_repeat=True, short_member_pages=True)
    ) as started:
        yield started


async def test_a_set_lives_from_its_making_to_its_deletion_in_a_simulated_alma(simulator: Simulator) -> None:
    barcodes = simulator.barcodes("in_transit", 250)
    async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
        made = await alma.create_set("Made for a test")
        await alma.add_members(made.id, [*barcodes, *simulator.barcodes("unknown", 2)])
        found = await alma.find_set("made for a TEST")
        assert found == AlmaSet(made.id, "Made for a test", "ITEMIZED", "ITEM", 250)
        members = [member async for member in alma.members_of(found)]
        assert len(members) > 250  # repeated ones are the caller's to drop
        assert set(members) == {ItemIds(*simulator.ids(barcode)) for barcode in barcodes}
        await alma.delete_set(made.id)
        await alma.delete_set(made.id)
        with pytest.raises(UsageError, match='no set named "Made for a test"'):
            await alma.find_set("Made for a test")


async def test_a_key_that_may_not_write_the_configuration_makes_no_set(simulator: Simulator) -> None:
    async with connect(simulator.base_url, key=simulator.keys["bibs_conf_read"]) as alma:
        with pytest.raises(KeyRefusedError):
            await alma.create_set("Not to be")


async def test_work_order_types_of_a_simulated_alma_have_statuses(simulator: Simulator) -> None:
    async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
        types = await alma.work_order_statuses(simulator.library)
    assert types
    assert all(label for statuses in types.values() for label in statuses.values())
