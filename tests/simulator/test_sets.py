"""Sets over a real socket, as the programs in production use them."""

from typing import Any
from xml.sax.saxutils import escape

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from almascan.simulator import Gateway, Simulator, SimulatorConfig
from almascan.simulator.bodies import read_body, read_members, read_text
from almascan.simulator.sets import ITEMIZED_SET, LOGICAL_SET, PHYSICAL_TITLES_SET, TITLES_SET

from .conftest import Client

DRAFT = {
    "name": "almascan, found",
    "description": "for a while",
    "type": {"value": "ITEMIZED"},
    "content": {"value": "ITEM"},
    "private": {"value": "true"},
}
FULL = "l8xxsimulatorfull"


def members_of(barcodes: list[str]) -> dict[str, Any]:
    return {"members": {"member": [{"id": barcode} for barcode in barcodes]}}


def create(client: Client, **changes: Any) -> str:
    answer = client.send("POST", "/conf/sets", json=DRAFT | changes)
    assert answer.status_code == 200, answer.text
    set_id: str = answer.json()["id"]
    return set_id


def manage(client: Client, set_id: str, body: dict[str, Any], op: str = "add_members", **params: str) -> Any:
    query = {"op": op, "id_type": "BARCODE"} | params
    return client.send("POST", f"/conf/sets/{set_id}", params=query, json=body)


def code_of(answer: Any) -> str:
    assert answer.status_code == 400
    code: str = answer.json()["errorList"]["error"][0]["errorCode"]
    return code


def read_all(client: Client, set_id: str, limit: int = 100) -> list[dict[str, str]]:
    members: list[dict[str, str]] = []
    while (
        page := client.get(f"/conf/sets/{set_id}/members", params={"limit": limit, "offset": len(members)})
        .json()
        .get("member")
    ):
        members += page
    return members


def test_a_set_is_created_filled_by_barcode_read_in_pages_and_deleted(client: Client) -> None:
    set_id, barcodes = create(client), client.simulator.barcodes("in_transit", 150)
    filled = manage(client, set_id, members_of(barcodes), fail_on_invalid_id="false").json()
    assert filled["number_of_members"]["value"] == 150
    first = client.get(f"/conf/sets/{set_id}/members").json()
    assert (len(first["member"]), first["total_record_count"]) == (10, 150)
    members = read_all(client, set_id)
    found = [client.get(member["link"]).json()["item_data"]["barcode"] for member in members[:20]]
    assert len({member["id"] for member in members}) == 150
    assert set(found) <= set(barcodes)
    deleted = client.send("DELETE", f"/conf/sets/{set_id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert code_of(client.get(f"/conf/sets/{set_id}")) == "60107"
    assert code_of(client.send("DELETE", f"/conf/sets/{set_id}")) == "402264"


def test_members_name_items_by_pid_and_title_and_come_in_another_order(client: Client) -> None:
    set_id, barcodes = create(client), client.simulator.barcodes("in_transit", 50)
    manage(client, set_id, members_of(barcodes))
    members = read_all(client, set_id)
    pids = [client.simulator.ids(barcode)[2] for barcode in barcodes]
    assert sorted(member["id"] for member in members) == sorted(pids)
    assert [member["id"] for member in members] != pids
    item = client.get(members[0]["link"]).json()
    assert (item["item_data"]["pid"], item["bib_data"]["title"]) == (members[0]["id"], members[0]["description"])
    assert members == read_all(client, set_id, 7), "the order stays while nobody changes the set"


def test_a_member_link_takes_a_scan_as_it_is(client: Client) -> None:
    set_id, barcode = create(client), client.simulator.barcodes("in_transit", 1)[0]
    manage(client, set_id, members_of([barcode]))
    params = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
    answer = client.send("POST", read_all(client, set_id)[0]["link"], params=params).json()
    assert answer["item_data"]["barcode"] == barcode


def test_a_set_has_the_number_and_the_address_of_its_members(client: Client) -> None:
    set_id = create(client)
    answer = client.get(f"/conf/sets/{set_id}").json()
    assert answer["number_of_members"] == {"value": 0, "link": f"{answer['link']}/members"}
    assert answer["link"] == f"{client.simulator.base_url}/conf/sets/{set_id}"
    assert {name: answer[name]["value"] for name in ("type", "content", "private", "created_by")} == {
        "type": "ITEMIZED",
        "content": "ITEM",
        "private": "true",
        "created_by": "exl_api",
    }


def test_the_whole_set_may_be_sent_back_with_its_members(client: Client) -> None:
    set_id = create(client)
    whole = client.get(f"/conf/sets/{set_id}").json() | members_of(client.simulator.barcodes("in_transit", 2))
    assert manage(client, set_id, whole).json()["number_of_members"]["value"] == 2


@pytest.mark.parametrize("fields", ["", "<name>X</name><type desc='Itemized'>ITEMIZED</type>"])
def test_members_may_come_as_xml_and_the_answer_too(client: Client, fields: str) -> None:
    set_id = create(client)
    ids = "".join(f"<member><id>{escape(name)}</id></member>" for name in client.simulator.barcodes("in_transit", 3))
    answer = client.send(
        "POST",
        f"/conf/sets/{set_id}",
        params={"op": "add_members", "id_type": "BARCODE", "format": "xml"},
        data=f"<set>{fields}<members>{ids}</members></set>",
        headers={"Content-Type": "application/xml"},
    )
    root = fromstring(answer.text.partition("?>")[2])
    assert (root.tag, root.findtext("number_of_members"), root.findtext("id")) == ("set", "3", set_id)
    number = root.find("number_of_members")
    assert number is not None
    assert str(number.get("link")).endswith(f"{set_id}/members")
    page = fromstring(client.get(f"/conf/sets/{set_id}/members", params={"format": "xml"}).text.partition("?>")[2])
    assert (page.tag, page.get("total_record_count"), page[0].tag) == ("members", "3", "member")
    assert "/items/" in page[0].get("link", "")


def test_a_set_is_created_from_xml(client: Client) -> None:
    body = "<set><name>From XML</name><type>ITEMIZED</type><content>ITEM</content><private>false</private></set>"
    answer = client.send("POST", "/conf/sets", data=body, headers={"Content-Type": "application/xml"}).json()
    assert (answer["name"], answer["private"]["value"], answer["number_of_members"]["value"]) == (
        "From XML",
        "false",
        0,
    )


def test_ids_that_name_nothing_are_skipped_or_refused_with_all_the_others(client: Client) -> None:
    set_id = create(client)
    body = members_of(client.simulator.barcodes("in_transit", 2) + client.simulator.barcodes("unknown", 1))
    assert code_of(manage(client, set_id, body)) == "60120"
    assert code_of(manage(client, set_id, body, id_type="")) == "60116"
    assert client.get(f"/conf/sets/{set_id}").json()["number_of_members"]["value"] == 0
    answer = manage(client, set_id, body, fail_on_invalid_id="False")
    assert answer.json()["number_of_members"]["value"] == 2


@pytest.mark.parametrize(
    ("ids", "params", "code"),
    [
        ([], {}, "60113"),
        (["1", ""], {}, "60114"),
        (["1", "1"], {}, "60119"),
        ([str(number) for number in range(1001)], {"fail_on_invalid_id": "false"}, "60118"),
        (["1"], {"op": "scan"}, "60111"),
        (["1"], {"id_type": "ISBN"}, "40166410"),
    ],
)
def test_members_that_cannot_be_used_are_refused_by_code(
    client: Client, ids: list[str], params: dict[str, str], code: str
) -> None:
    assert code_of(manage(client, create(client), members_of(ids), **params)) == code


def test_a_thousand_members_are_added_at_once() -> None:
    with Simulator(SimulatorConfig(items=2000, per_second=0)) as simulator:
        client = Client(simulator)
        set_id = create(client)
        numbering = simulator._application.gateway.catalogue.numbering
        body = members_of([numbering.barcode(number) for number in range(1000)])
        assert manage(client, set_id, body).json()["number_of_members"]["value"] == 1000
        assert simulator.sets()[DRAFT["name"]] == 1000  # type: ignore[index]


def test_members_that_are_in_the_set_already_are_refused_and_others_replaced_or_deleted(client: Client) -> None:
    set_id, barcodes = create(client), client.simulator.barcodes("in_transit", 4)
    manage(client, set_id, members_of(barcodes[:2]))
    pids = [client.simulator.ids(barcode)[2] for barcode in barcodes]
    assert code_of(manage(client, set_id, members_of(barcodes[1:3]))) == "60176"
    assert code_of(manage(client, set_id, members_of(pids[:1]), id_type="")) == "60115"
    assert code_of(manage(client, set_id, members_of(barcodes[2:3]), "delete_members")) == "60117"
    assert manage(client, set_id, members_of(barcodes[:1]), "delete_members").json()["number_of_members"]["value"] == 1
    assert manage(client, set_id, members_of(barcodes[2:]), "replace_members").status_code == 200
    assert {member["id"] for member in read_all(client, set_id)} == set(pids[2:])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ITEMIZED_SET}, "402263"),
        ({"name": ""}, "402265"),
        ({"content": {"value": "HAT"}}, "402265"),
        ({"type": {"value": "LOGICAL"}}, "402265"),
        ({"type": {"value": "BOTH"}}, "402262"),
        ({"private": {"value": "maybe"}}, "60209"),
        ({"status": {"value": "asleep"}}, "60210"),
    ],
)
def test_a_set_that_cannot_be_is_not_created(client: Client, changes: dict[str, Any], code: str) -> None:
    before = client.simulator.sets()
    assert code_of(client.send("POST", "/conf/sets", json=DRAFT | changes)) == code
    assert client.simulator.sets() == before


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<set>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><set>&b;</set>"])
def test_a_body_that_is_no_set_is_refused(client: Client, body: bytes) -> None:
    set_id = create(client)
    assert code_of(client.send("POST", "/conf/sets", data=body)) == "402265"
    assert code_of(client.send("PUT", f"/conf/sets/{set_id}", data=body)) == "402261"
    answer = client.send("POST", f"/conf/sets/{set_id}", params={"op": "add_members"}, data=body)
    assert code_of(answer) == "60113"


def test_a_set_made_of_other_sets_is_not_simulated_and_says_so(client: Client) -> None:
    answer = client.send("POST", "/conf/sets", params={"combine": "AND", "set1": "1", "set2": "2"}, json=DRAFT)
    assert code_of(answer) == "402265"


def test_a_set_is_renamed_and_keeps_its_members(client: Client) -> None:
    set_id = create(client)
    manage(client, set_id, members_of(client.simulator.barcodes("in_transit", 2)))
    assert code_of(client.send("PUT", f"/conf/sets/{set_id}", json={"name": LOGICAL_SET})) == "402263"
    assert code_of(client.send("PUT", f"/conf/sets/{set_id}", json={"description": "x"})) == "402228"
    body = {"name": "Renamed", "private": {"value": "false"}, "status": {"value": "INACTIVE"}}
    answer = client.send("PUT", f"/conf/sets/{set_id}", json=body).json()
    assert (answer["name"], answer["private"]["value"], answer["status"]["value"]) == ("Renamed", "false", "INACTIVE")
    assert (answer["description"], answer["number_of_members"]["value"]) == ("for a while", 2)
    assert client.send("PUT", f"/conf/sets/{set_id}", json=answer).json() == answer, "its own name is not taken"


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, {LOGICAL_SET, ITEMIZED_SET, TITLES_SET, PHYSICAL_TITLES_SET}),
        ({"q": "name~TRANSIT"}, {LOGICAL_SET}),
        ({"q": "name~titles"}, {TITLES_SET, PHYSICAL_TITLES_SET}),
        ({"q": "name~titles", "content_type": "BIB_MMS"}, {TITLES_SET}),
        ({"q": "created_by~exl"}, set()),
        ({"content_type": "ITEM"}, {LOGICAL_SET, ITEMIZED_SET}),
        ({"set_type": "LOGICAL"}, {LOGICAL_SET}),
        ({"set_origin": "UI_CZ"}, set()),
    ],
)
def test_sets_are_found_by_a_part_of_their_name(client: Client, params: dict[str, str], names: set[str]) -> None:
    answer = client.get("/conf/sets", params=params).json()
    assert {one["name"] for one in answer.get("set", ())} == names
    assert answer["total_record_count"] == len(names)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"q": "titles"}, "60106"),
        ({"q": "colour~red"}, "60106"),
        ({"set_type": "BOTH"}, "40166410"),
        ({"content_type": "HAT"}, "40166410"),
        ({"set_origin": "CZ"}, "40166410"),
        ({"limit": "101"}, "40166411"),
    ],
)
def test_a_question_for_sets_that_makes_no_sense_is_refused(client: Client, params: dict[str, str], code: str) -> None:
    assert code_of(client.get("/conf/sets", params=params)) == code


def find_seeded(client: Client, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.get("/conf/sets", params={"q": f"name~{name}", "limit": "100"}).json()["set"]
    return next(one for one in found if one["name"] == name)


def test_the_logical_set_holds_what_is_in_transit_now(client: Client) -> None:
    logical = find_seeded(client, LOGICAL_SET)
    members = read_all(client, logical["id"])
    assert len(members) == logical["number_of_members"]["value"] > 100
    for member in members[:15]:
        data = client.get(member["link"]).json()["item_data"]
        assert (data["process_type"]["value"], data["library"]["value"]) == ("TRANSIT", "MAIN")
    gone, joined = client.simulator.barcodes("in_transit", 1)[0], client.simulator.barcodes("in_place", 1)[0]
    client.scan(gone)
    client.simulator.change(joined, process_type="TRANSIT")
    now = {member["id"] for member in read_all(client, logical["id"])}
    assert client.simulator.ids(joined)[2] in now
    assert client.simulator.ids(gone)[2] not in now
    assert code_of(manage(client, logical["id"], members_of([gone]))) == "60112"


def test_the_logical_set_has_a_few_thousand_members_of_any_catalogue() -> None:
    simulator = Simulator(SimulatorConfig(items=1_000_000))
    assert simulator.sets()[LOGICAL_SET] == 3000


def test_a_set_of_titles_has_titles_for_members(client: Client) -> None:
    for name in (TITLES_SET, PHYSICAL_TITLES_SET):
        member = read_all(client, find_seeded(client, name)["id"])[0]
        assert member["link"] == f"{client.simulator.base_url}/bibs/{member['id']}"
    mms_id, _, pid = client.simulator.ids(client.simulator.barcodes("missing", 1)[0])
    set_id = create(client, name="Titles", content={"value": "BIB_MMS"})
    assert code_of(manage(client, set_id, members_of([pid]), id_type="")) == "60116"
    assert manage(client, set_id, members_of([mms_id]), id_type="").json()["number_of_members"]["value"] == 1


def test_the_seeded_itemized_set_holds_items_in_many_states(client: Client) -> None:
    members = read_all(client, find_seeded(client, ITEMIZED_SET)["id"])
    assert len(members) == 250
    states = {client.get(member["link"]).json()["item_data"]["process_type"]["value"] for member in members[:60]}
    assert {"", "TRANSIT", "LOAN"} <= states


def test_members_that_are_listed_twice_count_once_in_the_sets_own_number() -> None:
    with Simulator(SimulatorConfig(items=1000, per_second=0, members_repeat=True)) as simulator:
        seeded = find_seeded(Client(simulator), ITEMIZED_SET)
        members = [member["id"] for member in read_all(Client(simulator), seeded["id"])]
    assert (len(members), len(set(members)), seeded["number_of_members"]["value"]) == (255, 250, 250)


def test_a_short_page_is_not_the_last_one() -> None:
    with Simulator(SimulatorConfig(items=1000, per_second=0, short_member_pages=True)) as simulator:
        client = Client(simulator)
        set_id = find_seeded(client, ITEMIZED_SET)["id"]
        page = client.get(f"/conf/sets/{set_id}/members", params={"limit": "100"}).json()
        assert (len(page["member"]), page["total_record_count"]) == (99, 250)
        assert len({member["id"] for member in read_all(client, set_id)}) == 250


@pytest.mark.parametrize("key", ["bibs_conf_read", "read_only"])
def test_a_key_that_reads_configuration_cannot_make_a_set(client: Client, key: str) -> None:
    set_id = create(client)
    body = members_of(["1"])
    assert client.get("/conf/sets", key=key).status_code == 200
    assert client.get(f"/conf/sets/{set_id}/members", key=key).status_code == 200
    for method, path in (("POST", "/conf/sets"), ("PUT", f"/conf/sets/{set_id}"), ("DELETE", f"/conf/sets/{set_id}")):
        assert "UNAUTHORIZED" in client.send(method, path, key=key, json=DRAFT).text
    assert "UNAUTHORIZED" in client.send("POST", f"/conf/sets/{set_id}", key=key, json=body).text
    assert "UNAUTHORIZED" in client.get("/conf/sets", key="bibs_only").text


def test_requests_for_sets_are_counted_by_name_and_a_reset_brings_the_seeded_sets_back(client: Client) -> None:
    before = client.simulator.sets()
    set_id = create(client)
    manage(client, set_id, members_of(["1"]), fail_on_invalid_id="false")
    client.get(f"/conf/sets/{set_id}/members")
    assert client.simulator.stats()["by_operation"] == {"sets": 1, "set_members": 2}
    client.simulator.reset()
    assert client.simulator.sets() == before


def test_a_set_can_be_made_without_a_network() -> None:
    gateway = Gateway(SimulatorConfig(items=0, per_second=0))
    headers = {"authorization": f"apikey {FULL}", "accept": "application/json"}
    reply = gateway.answer("GET", "/almaws/v1/conf/sets", "", headers, now=0.0)
    assert reply.body.count(b'"number_of_members":{"value":0') == 4


@given(st.lists(st.text(st.characters(categories=("L", "N", "P")), min_size=1), max_size=5))
def test_a_body_says_the_same_in_json_and_in_xml(names: list[str]) -> None:
    elements = "".join(f"<member><id>{escape(name)}</id></member>" for name in names)
    from_xml = read_body(f"<set><name desc='x'>A &amp; B</name><members>{elements}</members></set>".encode())
    assert read_members(from_xml) == names
    assert read_text(from_xml, "name") == read_text({"name": {"value": "A & B"}}, "name") == "A & B"


@given(st.binary(max_size=80) | st.from_regex(rb"(<set>|\{|<\?xml )[<>/a-z\"{}:\[\] ?!&;]*", fullmatch=True))
def test_any_body_is_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(read_body(body), dict)
    except ValueError:
        return
