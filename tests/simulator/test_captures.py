"""Real answers of Alma: whatever keys they have, the simulator's answers have too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from almascan.simulator import Simulator, SimulatorConfig

from .conftest import Client

CAPTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "captures"

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captured answers are not on this machine")


def capture(name: str) -> Any:
    return json.loads((CAPTURES / name).read_text(encoding="utf-8"))


def key_paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield f"{path}/{key}"
            yield from key_paths(child, f"{path}/{key}")
    elif isinstance(value, list):
        for child in value:
            yield from key_paths(child, f"{path}[]")


def kinds(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from kinds(child, f"{path}/{key}")
    elif not isinstance(value, list) and value is not None:
        yield path, type(value).__name__


def assert_like(answer: Any, captured: Any) -> None:
    assert set(key_paths(captured)) - set(key_paths(answer)) == set()
    ours = dict(kinds(answer))
    assert {path: kind for path, kind in kinds(captured) if ours.get(path, kind) != kind} == {}


def test_an_item_has_the_keys_of_a_real_one(client: Client) -> None:
    barcode = client.simulator.barcodes("in_place", 1)[0]
    assert_like(client.get(client.item_path(barcode)).json(), capture("item.json"))


@pytest.mark.parametrize(
    ("name", "library", "circ_desk", "place"),
    [
        ("scan-in-place.json", "MAIN", "DEFAULT_CIRC_DESK", "location"),
        ("scan-into-transit.json", "SCI", "SCI_CIRC", "library"),
    ],
)
def test_a_scan_answers_like_a_real_one(client: Client, name: str, library: str, circ_desk: str, place: str) -> None:
    barcode = client.simulator.barcodes("in_transit", 1)[0]
    answer, captured = client.scan(barcode, library=library, circ_desk=circ_desk).json(), capture(name)
    assert_like(answer, captured)
    ours, real = answer["item_data"], captured["item_data"]
    for key in ("base_status", "process_type", "requested"):
        assert ours[key] == real[key]
    assert captured["additional_info"].replace(real[place]["desc"], ours[place]["desc"]) == answer["additional_info"]


def test_libraries_have_the_keys_of_real_ones(client: Client) -> None:
    assert_like(client.get("/conf/libraries").json(), capture("libraries.json"))


def test_an_item_that_is_not_on_loan_has_no_loans_like_a_real_one(client: Client) -> None:
    path = client.item_path(client.simulator.barcodes("in_place", 1)[0])
    assert client.get(f"{path}/loans").json() == capture("loans-none.json")


def test_refusals_are_worded_like_real_ones(client: Client) -> None:
    path = client.item_path(client.simulator.barcodes("in_place", 1)[0])
    answers = {
        "barcode-unknown.json": client.get("/items", params={"item_barcode": "123"}),
        "scan-missing-desk.json": client.send("POST", path, params={"op": "scan", "library": "MAIN"}),
        "error-mandatory-field.json": client.send("POST", path, params={"op": "scan"}),
        "error-invalid-mms-id.json": client.get("/bibs/99100401219703811/holdings/1/items/1"),
    }
    for name, answer in answers.items():
        captured = capture(name)
        assert_like(answer.json(), captured)
        ours, real = (envelope["errorList"]["error"][0] for envelope in (answer.json(), captured))
        assert (ours["errorCode"], ours["errorMessage"]) == (real["errorCode"], real["errorMessage"])


def test_a_request_over_the_limit_is_refused_like_by_alma() -> None:
    with Simulator(SimulatorConfig(per_second=0, per_minute=1)) as simulator:
        client = Client(simulator)
        answers = [client.get("/conf/test") for _ in range(2)]
        assert simulator.stats()["refused"] == 1
    captured = capture("per-second-threshold.json")
    assert answers[1].status_code == 429
    assert answers[1].json() == captured


def test_a_mandatory_field_is_missed_in_xml_as_by_alma(client: Client) -> None:
    path = client.item_path(client.simulator.barcodes("in_place", 1)[0])
    ours = client.send("POST", path, params={"op": "scan", "format": "xml"}).text
    real = (CAPTURES / "error-mandatory-field.xml").read_text(encoding="utf-8")

    def without_ids(text: str) -> str:
        return text.partition("?>")[2].strip().partition("<trackingId>")[0]

    assert without_ids(ours) == without_ids(real)
