"""Work orders over a real socket: their types and statuses, their two steps, and requests that are cancelled first."""

from collections.abc import Callable

import pytest
from defusedxml.ElementTree import fromstring

from .conftest import Client

Pick = Callable[[str], str]
WORKSHOP = {"library": "MAIN", "department": "CONSERVATION"}


def table(client: Client, **params: str) -> list[tuple[str, str, str]]:
    answer = client.get("/conf/mapping-tables/WorkOrderTypeStatuses", params=params)
    assert answer.status_code == 200, answer.text
    return [(row["column0"], row["column1"], row["column2"]) for row in answer.json().get("row", ())]


def test_statuses_are_listed_for_a_librarys_departments_or_for_those_of_the_institution(client: Client) -> None:
    assert ("CONSERVE", "CONSERVE_BENCH", "On the bench") in table(client, scope="MAIN")
    assert {row[0] for row in table(client, scope="MAIN")} == {"CONSERVE", "BINDING", "AcqWorkOrder"}
    assert {row[0] for row in table(client)} == {"DIGITIZE"}
    assert table(client, scope="01SIM_INST") == table(client)
    assert table(client, scope="LAW") == []
    assert client.simulator.stats()["by_operation"] == {"mapping_tables": 6}


def test_a_table_or_a_library_that_does_not_exist_is_refused(client: Client) -> None:
    answers = [
        client.get("/conf/mapping-tables/Colours"),
        client.get("/conf/mapping-tables/WorkOrderTypeStatuses", params={"scope": "NOWHERE"}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert "UNAUTHORIZED" in client.get("/conf/mapping-tables/WorkOrderTypeStatuses", key="bibs_only").text


def test_a_table_in_xml_has_rows(client: Client) -> None:
    text = client.get("/conf/mapping-tables/WorkOrderTypeStatuses", params={"format": "xml"}).text
    assert [row.findtext("column0") for row in fromstring(text.partition("?>")[2]).iter("row")] == ["DIGITIZE"] * 2


def test_a_scan_accepts_every_type_and_status_that_is_listed(client: Client, a_barcode: Pick) -> None:
    barcode, accepted = a_barcode("in_place"), set()
    for department in client.get("/conf/departments").json()["department"]:
        library = department["owner"]["value"].replace("01SIM_INST", "")
        for kind, status, _ in table(client, scope=library):
            client.simulator.change(barcode, process_type="", work_order_type="", work_order_at="")
            place = {"library": library, "department": department["code"]}
            answer = client.scan(barcode, **place, work_order_type=kind, status=status)
            if answer.status_code == 200:
                data = answer.json()["item_data"]
                assert (data["work_order_type"]["value"], data["work_order_at"]["value"]) == (kind, department["code"])
                accepted.add((kind, status))
    assert accepted == {row[:2] for row in table(client, scope="MAIN") + table(client)}


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"work_order_type": "HATS"}, "work_order_type"),
        ({"work_order_type": "DIGITIZE"}, "work_order_type"),
        ({"work_order_type": "BINDING", "status": "CONSERVE_INIT"}, "status"),
        ({"status": "BINDING_SENT"}, "status"),
        ({"work_order_type": "CONSERVE", "status": "ASLEEP", "done": "true"}, "status"),
    ],
)
def test_an_unknown_type_or_status_is_refused_by_name_and_nothing_happens(
    client: Client, a_barcode: Pick, params: dict[str, str], name: str
) -> None:
    barcode = a_barcode("in_place")
    answer = client.scan(barcode, **WORKSHOP, **params)
    error = answer.json()["errorList"]["error"][0]
    assert answer.status_code == 400
    assert error["errorCode"] == "40166411"
    assert f"parameter {name} is invalid" in error["errorMessage"]
    assert not client.simulator.scans()
    assert client.simulator.item(barcode)["process_type"] == ""


def test_a_work_order_is_finished_in_two_steps_at_its_department_and_at_the_home_desk(
    client: Client, a_barcode: Pick
) -> None:
    barcode = a_barcode("in_place")
    begun = client.scan(barcode, **WORKSHOP, work_order_type="CONSERVE", status="CONSERVE_BENCH").json()["item_data"]
    assert begun["process_type"]["value"] == "WORK_ORDER_DEPARTMENT"
    assert begun["work_order_at"] == {"value": "CONSERVATION", "desc": "Conservation Workshop"}
    finished = client.scan(barcode, **WORKSHOP, done="true").json()["item_data"]
    assert (finished["base_status"]["value"], finished["process_type"]["value"]) == ("0", "TRANSIT")
    assert "work_order_type" not in finished
    home = client.scan(barcode).json()["item_data"]
    assert (home["base_status"]["value"], home["process_type"]["value"]) == ("1", "")


def test_a_desk_that_acts_as_a_department_finishes_the_work_order_by_done(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_place")
    begun = client.scan(barcode, work_order_type="BINDING", status="BINDING_SENT").json()["item_data"]
    assert begun["process_type"]["value"] == "WORK_ORDER_DEPARTMENT"
    assert client.scan(barcode, done="true").json()["item_data"]["base_status"]["value"] == "1"


def test_done_at_a_desk_does_not_finish_the_work_order_of_a_department(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("work_order")
    answer = client.scan(barcode, done="true").json()["item_data"]
    assert (answer["process_type"]["value"], answer["work_order_type"]["value"]) == ("TRANSIT", "CONSERVE")


def test_a_department_says_which_libraries_it_serves(client: Client) -> None:
    served = {
        department["code"]: [library["value"] for library in department["served_libraries"]["library"]]
        for department in client.get("/conf/departments").json()["department"]
    }
    assert served["CONSERVATION"] == ["MAIN", "SCI"]
    assert {"MAIN", "SCI", "LAW"} < set(served["DIGITIZE"])


def request_path(client: Client, barcode: str) -> str:
    path = client.item_path(barcode)
    request_id = client.get(f"{path}/requests").json()["user_request"][0]["request_id"]
    return f"{path}/requests/{request_id}"


def test_a_request_is_cancelled_and_the_patron_told_unless_asked_not_to(client: Client) -> None:
    told, untold = client.simulator.barcodes("hold_shelf", 2)
    answer = client.send("DELETE", request_path(client, told), params={"reason": "CannotBeFulfilled"})
    assert (answer.status_code, answer.content) == (204, b"")
    silent = {"reason": "CannotBeFulfilled", "notify_user": "false", "note": "x"}
    assert client.send("DELETE", request_path(client, untold), params=silent).status_code == 204
    assert client.simulator.stats()["letters"] == 1
    assert client.simulator.stats()["by_operation"]["cancel"] == 2


def test_an_item_whose_hold_was_cancelled_stays_on_the_hold_shelf_until_it_is_scanned(client: Client) -> None:
    barcode = client.simulator.barcodes("hold_shelf", 1)[0]
    while client.simulator.item(barcode)["requested"]:
        client.send("DELETE", request_path(client, barcode), params={"reason": "CannotBeFulfilled"})
    assert client.simulator.item(barcode)["process_type"] == "HOLDSHELF"
    client.scan(barcode)
    assert client.simulator.item(barcode)["process_type"] in {"", "TRANSIT"}


def test_an_item_on_its_shelf_is_no_longer_requested_when_its_last_request_is_cancelled(client: Client) -> None:
    barcode = next(
        one
        for one in client.simulator.barcodes("requested", 50)
        if client.simulator.item(one)["process_type"] == "REQUESTED"
    )
    while client.simulator.item(barcode)["requested"]:
        client.send("DELETE", request_path(client, barcode), params={"reason": "CannotBeFulfilled"})
    assert client.simulator.item(barcode)["process_type"] == ""


def test_a_request_is_not_cancelled_without_a_reason_or_with_a_key_that_reads_only(client: Client) -> None:
    barcode = client.simulator.barcodes("hold_shelf", 1)[0]
    path = request_path(client, barcode)
    assert client.send("DELETE", path).json()["errorList"]["error"][0]["errorCode"] == "401664"
    reason = {"reason": "CannotBeFulfilled"}
    assert "UNAUTHORIZED" in client.send("DELETE", path, params=reason, key="read_only").text
    unknown = client.send("DELETE", f"{client.item_path(barcode)}/requests/1", params=reason)
    assert unknown.json()["errorList"]["error"][0]["errorCode"] == "401694"
    assert client.simulator.item(barcode)["requested"]
