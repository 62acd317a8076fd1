"""What a client sees on the wire; each promise is one that a program in production relies on."""

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from defusedxml.ElementTree import fromstring

from almascan.simulator import Gateway, Simulator, SimulatorConfig
from almascan.simulator.markup import wants_json, write_xml

from .conftest import Client

Pick = Callable[[str], str]
ERRORS = "{http://com/exlibris/urm/general/xmlbeans}"
JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"


def parse(text: str) -> ET.Element:
    root: ET.Element = fromstring(text)
    return root


def find_url(client: Client, barcode: str, **params: str) -> str:
    answer = client.get("/items", params={"item_barcode": barcode, **params})
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_a_header_key_gets_a_location_without_any_query(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    url = find_url(client, barcode, view="label", format="json")
    assert url == client.simulator.base_url + client.item_path(barcode)


def test_a_query_key_gets_a_location_with_all_but_the_barcode(client: Client, a_barcode: Pick) -> None:
    barcode, key = a_barcode("in_transit"), client.simulator.keys["full"]
    headers = {"Authorization": ""}
    answer = client.get("/items", params={"item_barcode": barcode, "apikey": key, "view": "label"}, headers=headers)
    assert answer.headers["Location"].endswith(f"?apikey={key}&view=label")
    assert client.get(answer.headers["Location"], headers=headers).status_code == 200


def test_other_readings_of_the_location_can_be_switched_on() -> None:
    gateway = Gateway(SimulatorConfig(per_second=0, relative_location=True, location_keeps_key=False))
    barcode = gateway.catalogue.numbering.barcode(0)
    reply = gateway.answer("GET", "/almaws/v1/items", f"item_barcode={barcode}&apikey=l8xxsimulatorfull", {}, now=0.0)
    assert re.fullmatch(r"/almaws/v1/bibs/\d+/holdings/\d+/items/\d+", reply.headers["location"])


def test_an_unknown_barcode_is_a_400_with_a_tracking_id(client: Client, simulator: Simulator) -> None:
    barcode = simulator.barcodes("unknown", 1)[0]
    answer = client.get("/items", params={"item_barcode": barcode})
    error = answer.json()["errorList"]["error"][0]
    assert answer.status_code == 400
    assert (error["errorCode"], error["errorMessage"]) == ("401689", f"No items found for barcode {barcode}.")
    assert re.fullmatch(r"E01-\d{10}-[A-Z]{5}-AWAE\d+", error["trackingId"])


@pytest.mark.parametrize(
    ("accept", "query", "json"),
    [
        ("", {}, False),
        ("*/*", {}, False),
        ("application/xml", {}, False),
        ("application/json", {}, True),
        ("text/html, application/json;q=0.9, */*", {}, True),
        ("application/xml, application/json", {}, False),
        ("application/xml", {"format": "json"}, True),
        ("application/json", {"format": "xml"}, False),
    ],
)
def test_the_query_decides_the_format_before_the_accept_header(accept: str, query: dict[str, str], json: bool) -> None:
    assert wants_json(accept, query) is json


def test_content_types_are_spelled_as_alma_spells_them(client: Client, a_barcode: Pick) -> None:
    path = client.item_path(a_barcode("in_place"))
    assert client.get(path).headers["Content-Type"] == JSON
    assert client.get(path, params={"format": "xml"}).headers["Content-Type"] == XML


def test_every_answer_says_how_many_requests_are_left(client: Client, a_barcode: Pick) -> None:
    answers = [client.get(client.item_path(a_barcode("in_place"))), client.get("/nowhere"), client.get("/items")]
    answers.append(client.get("/conf/test", headers={"Authorization": "apikey wrong"}))
    for answer in answers:
        assert int(answer.headers["X-Exl-Api-Remaining"]) > 50_000
        assert answer.headers["X-Request-ID"]
        assert answer.headers["Server"] == "Layer7-API-Gateway"
    assert [answer.status_code for answer in answers] == [200, 404, 400, 400]


def test_an_item_in_xml_has_links_labels_and_the_same_values(client: Client, a_barcode: Pick) -> None:
    path = client.item_path(a_barcode("in_transit"))
    json, root = client.get(path).json(), parse(client.get(path, params={"format": "xml"}).text)
    assert (root.tag, root.get("link")) == ("item", json["link"])
    process_type = root.find("item_data/process_type")
    assert process_type is not None
    assert (process_type.text, process_type.get("desc")) == ("TRANSIT", "Transit")
    assert root.findtext("bib_data/title") == json["bib_data"]["title"]
    assert root.findtext("holding_data/in_temp_location") == "false"
    numbers = [number.text for number in root.findall("bib_data/network_numbers/network_number")]
    assert numbers == json["bib_data"]["network_number"]


def test_an_error_in_xml_is_in_the_default_namespace_so_that_its_tags_have_no_prefix(client: Client) -> None:
    text = client.get("/items", params={"item_barcode": "1", "format": "xml"}).text
    assert "<errorMessage>No items found for barcode 1.</errorMessage>" in text
    assert parse(text).findtext(f"{ERRORS}errorList/{ERRORS}error/{ERRORS}errorCode") == "401689"


def test_lists_in_xml_carry_their_count_as_an_attribute(client: Client) -> None:
    root = parse(client.get("/conf/libraries", params={"format": "xml"}).text)
    assert (root.tag, root.get("total_record_count"), root[0].tag) == ("libraries", "5", "library")


def test_characters_that_xml_forbids_do_not_break_an_answer() -> None:
    text = write_xml("item", {"note": "a\x00b<c>&\x1f", "coded": {"value": "é", "desc": 'say "x"'}}).decode()
    root = parse(text.partition("?>")[2])
    assert root.findtext("note") == "ab<c>&"
    assert root[1].get("desc") == 'say "x"'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(None, None), (b"", None), (b"{}", "application/json"), (b"null", "application/json"), (b"<item/>", "text/xml")],
)
def test_a_scan_does_not_care_for_its_body(
    client: Client, a_barcode: Pick, body: bytes | None, content_type: str | None
) -> None:
    params = {"op": "SCAN", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK", "confirm": "true"}
    path = client.item_path(a_barcode("in_transit"))
    answer = client.send("POST", path, params=params, data=body, headers={"Content-Type": content_type})
    assert answer.json()["item_data"]["base_status"] == {"value": "1", "desc": "Item in place"}


@pytest.mark.parametrize(("written", "uses"), [("FALSE", 0), ("true", 1), ("True", 1), ("no", 0), (None, 1)])
def test_booleans_are_read_without_regard_to_case_and_in_house_use_is_on_by_default(
    client: Client, a_barcode: Pick, written: str | None, uses: int
) -> None:
    client.scan(a_barcode("in_transit"), register_in_house_use=written)
    assert client.simulator.stats()["in_house_uses"] == uses


def test_a_scan_says_nothing_of_requests_and_the_next_read_does(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("requested")
    assert client.scan(barcode, library="LAW", circ_desk="LAW_NIGHT").json()["item_data"]["requested"] is None
    assert client.get(client.item_path(barcode)).json()["item_data"]["requested"] is True


def test_a_read_tolerates_any_holding_and_a_scan_does_not(client: Client, a_barcode: Pick) -> None:
    path = client.item_path(a_barcode("in_transit"))
    wrong = re.sub(r"holdings/\d+", "holdings/22000000000001", path)
    params = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
    assert client.get(wrong).status_code == 200
    assert error_code(client, "POST", wrong, **params) == "401688"
    assert not client.simulator.scans()


def error_code(client: Client, method: str, path: str, **params: str) -> str:
    answer = client.send(method, path, params=params)
    assert answer.status_code == 400
    code: str = answer.json()["errorList"]["error"][0]["errorCode"]
    return code


def test_wrong_ids_are_refused_by_name(client: Client, a_barcode: Pick) -> None:
    mms_id, holding_id, pid = client.simulator.ids(a_barcode("in_transit"))
    assert error_code(client, "GET", f"/bibs/991/holdings/{holding_id}/items/{pid}") == "402203"
    assert error_code(client, "GET", f"/bibs/x/holdings/{holding_id}/items/{pid}") == "402204"
    assert error_code(client, "GET", f"/bibs/{mms_id}/holdings/{holding_id}/items/231") == "40166411"
    assert error_code(client, "POST", client.item_path(a_barcode("in_transit")), op="renew") == "40166411"
    assert error_code(client, "GET", f"/bibs/{mms_id}/holdings/22/items") == "401688"


@pytest.mark.parametrize(
    ("key", "method", "path", "allowed"),
    [
        ("full", "POST", "/bibs/test", True),
        ("read_only", "GET", "/bibs/test", True),
        ("read_only", "POST", "/bibs/test", False),
        ("read_only", "GET", "/conf/libraries", True),
        ("read_only", "POST", "/conf/test", False),
        ("bibs_only", "POST", "/bibs/test", True),
        ("bibs_only", "GET", "/conf/libraries", False),
        ("conf_only", "GET", "/conf/general", True),
        ("conf_only", "GET", "/bibs/test", False),
    ],
)
def test_a_key_does_what_its_rights_say_and_is_refused_in_xml(
    client: Client, key: str, method: str, path: str, allowed: bool
) -> None:
    answer = client.send(method, path, key=key)
    assert answer.status_code == (200 if allowed else 400)
    if not allowed:
        assert answer.headers["Content-Type"] == XML
        assert "<errorCode>UNAUTHORIZED</errorCode>" in answer.text
        assert "trackingId" not in answer.text


def test_a_read_only_key_cannot_scan(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    params = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
    answer = client.send("POST", client.item_path(barcode), key="read_only", params=params)
    assert "UNAUTHORIZED" in answer.text
    assert not client.simulator.scans()


def test_the_key_test_names_the_institution(client: Client) -> None:
    assert client.get("/conf/test").text == "<test>GET - OK - institutionCode: 01SIM_INST</test>"
    assert client.send("POST", "/bibs/test").text == "<test>POST - OK</test>"


def test_desks_come_ten_to_a_page_and_a_library_without_desks_has_no_such_key(client: Client) -> None:
    first = client.get("/conf/libraries/MAIN/circ-desks/").json()
    assert (len(first["circ_desk"]), first["total_record_count"]) == (10, 12)
    rest = client.get("/conf/libraries/MAIN/circ-desks", params={"offset": "10", "limit": "100"}).json()
    assert len(rest["circ_desk"]) == 2
    assert client.get("/conf/libraries/STORE/circ-desks").json() == {"total_record_count": 0}
    assert client.get("/conf/libraries/MAIN/circ-desks/RARE_DESK").json()["name"] == "Special Collections Desk"
    assert client.get("/conf/libraries/SCI").json()["code"] == "SCI"
    assert error_code(client, "GET", "/conf/libraries/SCI/circ-desks/X") == "401664"
    assert error_code(client, "GET", "/conf/libraries/X") == "402119"
    assert error_code(client, "GET", "/conf/libraries/MAIN/circ-desks", limit="101") == "40166411"


def test_departments_are_those_of_a_library_or_all(client: Client) -> None:
    everything = client.get("/conf/departments").json()
    assert {one["code"] for one in everything["department"]} == {"CONSERVATION", "DIGITIZE", "AcqDeptMAIN"}
    assert client.get("/conf/departments", params={"library": "LAW"}).json() == {"total_record_count": 0}


def test_the_items_of_a_record_are_listed_by_all(client: Client, a_barcode: Pick) -> None:
    mms_id, holding_id, pid = client.simulator.ids(a_barcode("in_transit"))
    everything = client.get(f"/bibs/{mms_id}/holdings/ALL/items").json()
    assert everything["total_record_count"] == 4
    assert pid in {item["item_data"]["pid"] for item in everything["item"]}
    assert client.get(f"/bibs/{mms_id}/holdings/{holding_id}/items").json()["total_record_count"] == 2


def test_a_loan_is_listed_until_a_scan_returns_it(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("on_loan")
    path = client.item_path(barcode)
    assert client.get(path, params={"expand": "due_date"}).json()["item_data"]["due_date"]
    assert client.get(f"{path}/loans").json()["item_loan"][0]["loan_status"] == "ACTIVE"
    client.scan(barcode)
    assert client.get(f"{path}/loans").json() == {"total_record_count": 0}
    done = client.get(f"{path}/loans", params={"loan_status": "Complete"}).json()
    assert done["item_loan"][0]["loan_status"] == "COMPLETE"
    assert client.simulator.stats()["loans_returned"] == 1


def test_requests_are_listed_with_their_pickup_place(client: Client, a_barcode: Pick) -> None:
    path = client.item_path(a_barcode("hold_shelf"))
    answer = client.get(f"{path}/requests").json()
    assert answer["user_request"][0]["request_status"] == "ON_HOLD_SHELF"
    assert answer["user_request"][0]["pickup_location_library"] in {"MAIN", "SCI"}
    assert client.get(f"{path}/requests", params={"status": "history"}).json() == {"total_record_count": 0}
    free = client.item_path(a_barcode("in_transit"))
    assert client.get(f"{free}/requests").json() == {"total_record_count": 0}


def test_the_redirected_request_counts_as_one_more(client: Client, a_barcode: Pick) -> None:
    client.get(find_url(client, a_barcode("in_transit")))
    stats = client.simulator.stats()
    assert (stats["requests"], stats["by_operation"]) == (2, {"find": 1, "read": 1})


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_the_environment_is_what_was_set(environment: str) -> None:
    gateway = Gateway(SimulatorConfig(environment="production" if environment == "production" else "sandbox"))
    headers = {"authorization": "apikey l8xxsimulatorfull", "accept": "application/json"}
    reply = gateway.answer("GET", "/almaws/v1/conf/general", "", headers, now=0.0)
    assert f'"environment_type":"{environment.upper()}"'.encode() in reply.body


@pytest.mark.parametrize("path", ["/almaws/v1", "/almaws/v1/", "/almaws/v1/users/1", "/", "/almaws/v2/items"])
def test_an_unknown_path_is_not_found(client: Client, path: str) -> None:
    answer = client.get(client.simulator.address + path)
    assert answer.status_code == 404
    assert answer.json()["errorList"]["error"][0]["errorCode"] == "NOT_FOUND"
