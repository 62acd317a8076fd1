"""Planned faults, over a real socket."""

import threading
from collections.abc import Callable

import msgspec
import pytest
import requests
from tests.waiting import wait_until

from almascan.simulator import Fault, Simulator
from almascan.simulator.faults import FaultPlan

from .conftest import Client

Pick = Callable[[str], str]
Lost = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def test_a_refused_connection_reads_nothing_and_does_nothing(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("refuse")
    with pytest.raises(Lost):
        client.scan(a_barcode("in_transit"))
    assert client.simulator.stats()["requests"] == 0
    assert client.scan(a_barcode("in_transit")).status_code == 200


@pytest.mark.parametrize(("applied", "scans"), [(False, 0), (True, 1)])
def test_a_dropped_answer_leaves_a_scan_applied_or_not_as_planned(
    client: Client, a_barcode: Pick, applied: bool, scans: int
) -> None:
    client.simulator.add_fault("drop", operation="scan", applied=applied)
    with pytest.raises(Lost):
        client.scan(a_barcode("in_transit"))
    stats = client.simulator.stats()
    assert (stats["by_operation"], stats["scans"]) == ({"scan": 1}, scans)


def test_a_late_scan_is_applied_though_the_client_has_left(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    client.simulator.add_fault("delay", operation="scan", delay_seconds=0.3)
    params = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
    with pytest.raises(requests.ReadTimeout):
        client.send("POST", client.item_path(barcode), params=params, timeout=0.05)
    assert client.simulator.scans() == {}
    wait_until(lambda: client.simulator.scans() == {barcode: 1}, "the scan is applied")
    assert client.simulator.item(barcode)["states"] == ["in_place"]


def test_a_silent_scan_is_applied_and_never_answered(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    client.simulator.add_fault("silent", operation="scan", applied=True)
    params = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
    with pytest.raises(requests.ReadTimeout):
        client.send("POST", client.item_path(barcode), params=params, timeout=0.3)
    assert client.simulator.scans() == {barcode: 1}


@pytest.mark.parametrize(
    ("body_format", "content_type", "holds"),
    [
        ("json", "application/json;charset=UTF-8", '"errorCode":"GENERAL_ERROR"'),
        ("xml", "application/xml;charset=UTF-8", "<errorCode>GENERAL_ERROR</errorCode>"),
        ("html", "text/html;charset=UTF-8", "<h1>HTTP Status 503</h1>"),
        ("text", "text/plain;charset=UTF-8", "General error with the API Gateway"),
        ("empty", "text/plain;charset=UTF-8", ""),
    ],
)
def test_an_error_comes_in_every_format_and_applies_nothing(
    client: Client, a_barcode: Pick, body_format: str, content_type: str, holds: str
) -> None:
    client.simulator.add_fault("error", status=503, body_format=body_format)
    answer = client.scan(a_barcode("in_transit"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, content_type)
    assert holds in answer.text
    assert (answer.text == "") is (body_format == "empty")
    assert client.simulator.scans() == {}


def test_an_error_may_hide_a_scan_that_happened(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    client.simulator.add_fault("error", applied=True)
    assert client.scan(barcode).status_code == 500
    assert client.simulator.scans() == {barcode: 1}


def test_a_429_may_come_without_a_code_that_anybody_knows(client: Client) -> None:
    client.simulator.add_fault("error", status=429, body_format="text")
    answer = client.get("/conf/test")
    assert (answer.status_code, "THRESHOLD" in answer.text) == (429, False)
    client.simulator.add_fault("error", status=429, code="SOME_NEW_THRESHOLD")
    assert client.get("/conf/test").json()["errorList"]["error"][0]["errorCode"] == "SOME_NEW_THRESHOLD"


def test_a_truncated_answer_is_half_of_it(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    client.simulator.add_fault("truncate")
    with pytest.raises(Lost):
        client.scan(barcode)
    assert client.simulator.scans() == {barcode: 1}


def test_a_mistyped_answer_is_right_but_for_its_type(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("mistyped")
    answer = client.get(client.item_path(a_barcode("in_place")))
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.json()["item_data"]["base_status"]["value"] == "1"


def test_a_redirect_leads_to_another_host(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("redirect", operation="find")
    answer = client.get("/items", params={"item_barcode": a_barcode("in_place")})
    assert (answer.status_code, answer.headers["Location"].split("/")[2]) == (302, "elsewhere.example.org")


def test_a_fault_is_for_its_operation_and_its_items_alone(client: Client) -> None:
    mine, other = client.simulator.barcodes("in_place", 2)
    client.simulator.add_fault("error", operation="read", items=(mine,), times=0)
    assert client.get("/items", params={"item_barcode": mine}).status_code == 302
    assert client.get(client.item_path(other)).status_code == 200
    assert [client.get(client.item_path(mine)).status_code for _ in range(3)] == [500, 500, 500]
    client.simulator.clear_faults()
    assert client.get(client.item_path(mine)).status_code == 200


def test_a_fault_happens_so_many_times() -> None:
    plan = FaultPlan(1, lambda _: None)
    plan.add(Fault(kind="drop", times=2))
    assert [plan.match("scan", "") is not None for _ in range(4)] == [True, True, False, False]
    assert plan.standing() == []


def test_a_fault_with_a_probability_repeats_with_its_seed() -> None:
    def draw() -> list[bool]:
        plan = FaultPlan(3, lambda _: None)
        plan.add(Fault(kind="drop", times=0, probability=0.3))
        return [plan.match("scan", "") is not None for _ in range(200)]

    assert draw() == draw()
    assert 30 < sum(draw()) < 90


@pytest.mark.parametrize("spoiled", ['{"kind": "explode"}', '{"kind": "drop", "operation": "sing"}', '{"sort": 1}'])
def test_a_fault_that_makes_no_sense_is_refused(spoiled: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(spoiled, type=Fault)


def test_a_simulator_stops_at_once_though_answers_are_outstanding() -> None:
    with Simulator() as simulator:
        client = Client(simulator)
        simulator.add_fault("silent")

        def ask() -> None:
            with pytest.raises(Lost):
                client.get("/conf/test")

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: simulator.stats()["requests"] == 1, "the request has come")
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_a_plan_counts_what_has_met_a_fault() -> None:
    plan = FaultPlan(1, lambda _: None)
    plan.add(Fault(kind="refuse", times=0))
    plan.add(Fault(kind="interrupt", operation="scan", times=0))
    plan.add(Fault(kind="drop", operation="read", times=0))
    met = (plan.match_connection(), plan.match_head("read", ""), plan.match_head("scan", ""), plan.match("read", ""))
    assert [fault and fault.kind for fault in met] == ["refuse", None, "interrupt", "drop"]
    assert (plan.match("scan", ""), plan.met) == (None, {"refuse": 1, "interrupt": 1, "drop": 1})
