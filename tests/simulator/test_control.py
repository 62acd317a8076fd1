"""The control plane, over a real socket."""

from collections.abc import Callable

import pytest

from almascan.simulator import Simulator, SimulatorConfig

from .conftest import Client

Pick = Callable[[str], str]


def control(client: Client, path: str) -> str:
    return f"{client.simulator.control_url}/{path}"


def test_the_stats_have_what_other_programs_rely_on(client: Client) -> None:
    once, twice = client.simulator.barcodes("in_transit", 2)
    for barcode in (once, twice, twice):
        client.scan(barcode)
    client.get("/items", params={"item_barcode": once})
    stats = client.get(control(client, "stats")).json()
    assert stats == {
        "requests": 4,
        "refused": 0,
        "by_operation": {"scan": 3, "find": 1},
        "scans": 3,
        "items_scanned": 2,
        "items_scanned_twice": 1,
        "letters": 0,
        "loans_returned": 0,
        "in_house_uses": 3,
    }
    assert client.get(control(client, "counts")).json() == {once: 1, twice: 2}


def test_control_requests_are_neither_counted_nor_limited() -> None:
    with Simulator(SimulatorConfig(per_second=0, per_minute=1)) as simulator:
        client = Client(simulator)
        assert {client.get(control(client, "stats")).status_code for _ in range(5)} == {200}
        assert client.get("/conf/test").status_code == 200
        assert simulator.stats()["requests"] == 1


def test_the_control_plane_answers_this_machine_alone(client: Client) -> None:
    for path in ("stats", "counts", "log", "barcodes", "items/1", "faults", "clock", "ready"):
        answer = client.get(control(client, path), headers={"Host": "rebound.example.org"})
        assert (answer.status_code, answer.json()) == (403, {"error": "The control plane answers this machine alone."})
    assert client.send("POST", control(client, "reset"), headers={"Host": "rebound.example.org"}).status_code == 403


def test_barcodes_come_one_a_line_as_plain_text(client: Client) -> None:
    answer = client.get(control(client, "barcodes"), params={"state": "in_transit", "limit": "7"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.split("\n") == [*client.simulator.barcodes("in_transit", 7), ""]
    wrong = client.get(control(client, "barcodes"), params={"state": "lost in space"})
    assert (wrong.status_code, "States: in_transit" in wrong.json()["error"]) == (400, True)
    assert client.get(control(client, "barcodes"), params={"limit": "many"}).status_code == 400


def test_an_item_that_was_scanned_leaves_the_list_of_its_state(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    client.scan(barcode)
    assert barcode not in client.simulator.barcodes("in_transit", 1000)


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_another_operator_can_change_an_item(client: Client, a_barcode: Pick, method: str) -> None:
    barcode = a_barcode("in_transit")
    url = control(client, f"items/{barcode}")
    state = client.send(method, url, json={"process_type": "LOAN", "due_date": "2030-01-01T20:00:00Z"}).json()
    assert (state["states"], state["due_date"], state["base_status"]) == (["on_loan"], "2030-01-01T20:00:00Z", "0")
    assert client.get(client.item_path(barcode)).json()["item_data"]["process_type"]["value"] == "LOAN"
    assert client.get(control(client, f"items/{state['pid']}")).json() == state
    wrong = client.send(method, url, json={"colour": "red"})
    assert (wrong.status_code, wrong.json()["error"][:21]) == (400, "No such field: colour")
    assert client.send(method, url, data="not JSON").status_code == 400
    assert client.get(control(client, "items/123")).status_code == 404


def test_faults_are_planned_listed_and_forgotten(client: Client) -> None:
    url = control(client, "faults")
    planned = client.send("POST", url, json={"kind": "error", "status": 502, "times": 0}).json()
    assert planned[0]["status"] == 502
    assert client.get("/conf/test").status_code == 502
    assert client.send("DELETE", url).json() == []
    assert client.get("/conf/test").status_code == 200
    assert client.send("POST", url, json={"kind": "explode"}).status_code == 400


def test_the_clock_moves_the_day() -> None:
    with Simulator(SimulatorConfig(per_second=0, per_day=1)) as simulator:
        client = Client(simulator)
        assert client.get("/conf/test").headers["X-Exl-Api-Remaining"] == "0"
        assert "DAILY_THRESHOLD" in client.get("/conf/test").text
        moved = client.send("POST", control(client, "clock"), json={"offset_seconds": 86400}).json()
        assert moved["offset_seconds"] == 86400
        assert client.get("/conf/test").status_code == 200


def test_the_log_holds_the_last_requests(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_place")
    client.get("/items", params={"item_barcode": barcode})
    client.get("/nowhere")
    entries = client.get(control(client, "log"), params={"limit": "10"}).json()
    assert [(entry["operation"], entry["subject"], entry["status"]) for entry in entries] == [
        ("find", barcode, 302),
        ("other", "", 404),
    ]


def test_a_reset_forgets_everything(client: Client, a_barcode: Pick) -> None:
    barcode = a_barcode("in_transit")
    client.scan(barcode)
    client.simulator.add_fault("drop", times=0)
    client.simulator.set_clock_offset(3600)
    client.send("POST", control(client, "reset"))
    assert client.simulator.stats()["requests"] == 0
    assert client.simulator.item(barcode)["states"] == ["in_transit"]
    assert client.get(control(client, "faults")).json() == []
    assert client.get(control(client, "clock")).json()["offset_seconds"] == 0


def test_what_the_ready_file_holds_can_be_asked_for(client: Client) -> None:
    assert client.get(control(client, "ready")).json() == client.simulator.describe()


def test_letters_and_loans_are_counted(client: Client) -> None:
    barcode = next(
        barcode
        for barcode in client.simulator.barcodes("requested", 50)
        if client.simulator.item(barcode)["requests"][0]["pickup_library"] == "MAIN"
    )
    client.scan(barcode)
    client.scan(client.simulator.barcodes("on_loan", 1)[0])
    stats = client.simulator.stats()
    assert (stats["letters"], stats["loans_returned"]) == (1, 1)
