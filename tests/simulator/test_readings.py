"""Other readings of Alma: each makes the simulator answer otherwise, and is named where a user looks."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from almascan.simulator import Gateway, Reply, SimulatorConfig
from almascan.simulator.readings import READINGS
from almascan.simulator.sets import ITEMIZED_SET

from .in_process import NOW, Asker

REPORT = "/shared/Simulated University/Reports/Barcodes in transit"
HERE = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
Probe = Callable[[Asker], Any]


def asker_with(*readings: str, **settings: Any) -> Asker:
    config = SimulatorConfig(items=1000, seed=7, readings=frozenset(readings), **({"per_second": 0} | settings))
    return Asker(Gateway(config))


def item_in(state: str) -> Probe:
    return lambda asker: asker.read(asker.item_path(asker.number(state)))


def shown(reply: Reply) -> Any:
    return reply.status, reply.headers.get("content-type"), reply.headers.get("location"), reply.body


def look_up(state: str, change: Callable[[str], str] = str, query: str = "") -> Probe:
    def probe(asker: Asker) -> Any:
        barcode = change(asker.gateway.catalogue.numbering.barcode(asker.number(state)))
        return shown(asker.ask("GET", "/items", f"item_barcode={barcode}{query}"))

    return probe


def refusal(asker: Asker) -> Any:
    return shown(asker.ask("GET", "/items", "item_barcode=1"))


def unknown_key(asker: Asker) -> Any:
    return shown(asker.ask("GET", "/bibs/test", authorization="apikey nobodys"))


def scan(state: str, holding: str = "", **parameters: str) -> Probe:
    def probe(asker: Asker) -> Any:
        path = asker.item_path(asker.number(state))
        if holding:
            path = f"{path.rpartition('/holdings')[0]}/holdings/{holding}/items/{path.rpartition('/')[2]}"
        reply = asker.ask("POST", path, HERE | parameters)
        return reply.status, msgspec.json.decode(reply.body).get("item_data"), reply.body

    return probe


def scan_at(library: str, location: str) -> Probe:
    def probe(asker: Asker) -> Any:
        number = asker.number("in_transit")
        asker.gateway.catalogue.change(number, {"library": library, "location": location}, "2026-01-01Z")
        return asker.ask("POST", asker.item_path(number), HERE).body

    return probe


def over_limit(asker: Asker) -> Any:
    return shown([asker.ask("GET", "/bibs/test") for _ in range(3)][-1])


def at_times(*times: float) -> Probe:
    def probe(asker: Asker) -> Any:
        key = {"authorization": f"apikey {asker.gateway.keyring.keys['full']}"}
        gateway = asker.gateway
        return [gateway.answer("GET", "/almaws/v1/bibs/test", "", key, now=NOW + each).status for each in times]

    return probe


def members(query: str) -> Probe:
    return lambda asker: asker.ask("GET", f"/conf/sets/{asker.set_id(ITEMIZED_SET)}/members", query).body


def report(asker: Asker) -> Any:
    first = asker.ask("GET", "/analytics/reports", {"path": REPORT}).body.decode()
    token = first.partition("<ResumptionToken>")[2].partition("<")[0]
    return first, asker.ask("GET", "/analytics/reports", {"token": token}).body if token else None


PROBES: dict[str, tuple[Probe, dict[str, Any]]] = {
    "relative-location": (look_up("in_transit"), {}),
    "location-drops-key": (look_up("in_transit", query="&apikey=l8xxsimulatorfull"), {}),
    "location-shows-key": (look_up("in_transit"), {}),
    "barcode-folded": (look_up("in_transit", lambda barcode: f"+{barcode}+"), {}),
    "technical-not-found": (look_up("technical"), {}),
    "read-needs-holding": (
        lambda asker: shown(asker.ask("GET", asker.item_path(0).replace("holdings/", "holdings/1"))),
        {},
    ),
    "scan-takes-any-holding": (scan("in_transit", "22"), {}),
    "unknown-404": (refusal, {}),
    "requested-null": (item_in("in_transit"), {}),
    "requested-absent": (item_in("in_transit"), {}),
    "no-awaiting-reshelving": (item_in("in_transit"), {}),
    "empty-null": (item_in("in_place"), {}),
    "empty-bare": (item_in("in_place"), {}),
    "relative-links": (item_in("in_place"), {}),
    "single-object": (lambda asker: asker.read("/conf/departments", "type=DIGI"), {}),
    "other-desk-reshelves": (scan_at("MAIN", "rare"), {}),
    "department-reshelves": (scan("work_order", department="CONSERVATION", circ_desk="", done="true"), {}),
    "reshelving-not-in-place": (scan_at("MAIN", "newbooks"), {}),
    "lost-stays": (scan("lost"), {}),
    "missing-stays": (scan("missing"), {}),
    "departments-of-institution": (lambda asker: asker.read("/conf/departments"), {}),
    "place-general-error": (scan("in_transit", circ_desk="NOWHERE"), {}),
    "members-repeat": (members("limit=100"), {}),
    "members-short-pages": (members("limit=100"), {}),
    "report-loading": (report, {}),
    "report-schema-always": (report, {}),
    "errors-exist-text": (refusal, {}),
    "error-code-number": (refusal, {}),
    "error-single": (refusal, {}),
    "error-wrapped": (refusal, {}),
    "error-without-result": (refusal, {}),
    "errors-in-xml": (refusal, {}),
    "errors-as-text": (refusal, {}),
    "invalid-key-text": (unknown_key, {}),
    "invalid-key-403": (unknown_key, {}),
    "threshold-tracked": (over_limit, {"per_second": 2}),
    "daily-403": (over_limit, {"per_day": 2}),
    "refused-counts": (at_times(0, 0.5, 1.2), {"per_second": 1}),
    "calendar-window": (at_times(0.9, 1.1), {"per_second": 1}),
}


def test_every_reading_has_a_probe() -> None:
    assert set(PROBES) == set(READINGS)


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_makes_the_simulator_answer_otherwise(name: str) -> None:
    probe, settings = PROBES[name]
    assert probe(asker_with(**settings)) == probe(asker_with(**settings))
    assert probe(asker_with(name, **settings)) != probe(asker_with(**settings))


def test_a_refusal_takes_every_shape_that_was_seen() -> None:
    every = ("errors-exist-text", "error-code-number", "error-single", "error-wrapped", "error-without-result")
    (result,) = msgspec.json.decode(refusal(asker_with(*every))[3]).items()
    assert result[0] == "web_service_result"
    assert set(result[1]) == {"errorsExist", "errorList"}
    assert result[1]["errorsExist"] == "true"
    assert result[1]["errorList"]["error"]["errorCode"] == 401689


def test_a_single_department_is_an_object_and_two_are_a_list() -> None:
    asker = asker_with("single-object", "departments-of-institution")
    assert asker.read("/conf/departments")["department"]["code"] == "DIGITIZE"
    assert len(asker.read("/conf/departments", "library=MAIN")["department"]) == 2
    assert asker.read("/conf/departments", "library=LAW") == {"total_record_count": 0}


def test_requested_is_left_open_by_a_read_and_said_by_the_requests() -> None:
    for name, said in (("requested-null", None), ("requested-absent", "absent")):
        asker = asker_with(name)
        path = asker.item_path(asker.number("requested"))
        assert asker.read(path)["item_data"].get("requested", "absent") == said
        assert asker.read(f"{path}/requests")["total_record_count"] > 0


def test_an_unknown_key_is_told_so_in_plain_text() -> None:
    assert unknown_key(asker_with("invalid-key-text")) == (
        400,
        "text/plain;charset=UTF-8",
        None,
        b"Invalid API Key",
    )


def test_an_unknown_reading_is_refused_and_those_there_are_named() -> None:
    with pytest.raises(ValueError, match=r"No such reading: wishful\. Readings: relative-location, "):
        SimulatorConfig(readings=frozenset({"wishful"}))
    command = [sys.executable, "-m", "almascan", "simulator", "--reading", "wishful"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "requested-null" in ended.stderr


@pytest.mark.parametrize(("hours", "admitted"), [(0, False), (1, True), (-23, True)])
def test_the_day_begins_anew_at_the_midnight_that_is_set(hours: float, admitted: bool) -> None:
    asker = asker_with(per_day=1, midnight_hours=hours)
    # 1,790,035,200 is a midnight GMT.
    midnight = 1_790_035_200 - NOW
    statuses = at_times(midnight + 60, midnight + 3700)(asker)
    assert statuses == [200, 200 if admitted else 429]


@pytest.mark.parametrize(
    ("language", "place", "destination"),
    [
        ("de", "Exemplar am Standort", "Ziel des Exemplars: Rückstellen nach Stacks. "),
        ("fr", "Exemplaire en rayon", "Destination de l'exemplaire : Remettre en rayon à Stacks. "),
        ("en", "Item in place", "Item's destination is: Reshelve to Stacks. "),
    ],
)
def test_texts_come_in_the_language_of_the_request_or_of_the_institution(
    language: Any, place: str, destination: str
) -> None:
    for asker, asked in ((asker_with(), {"lang": language}), (asker_with(language=language), {})):
        number = asker.number("in_transit")
        asker.gateway.catalogue.change(number, {"library": "MAIN", "location": "stacks"}, "2026-01-01Z")
        scanned = msgspec.json.decode(asker.ask("POST", asker.item_path(number), HERE | asked).body)
        assert scanned["additional_info"].startswith(destination)
        assert scanned["item_data"]["base_status"] == {"value": "1", "desc": place}


def test_an_unknown_language_is_the_institutions() -> None:
    asker = asker_with(language="de")
    path = asker.item_path(asker.number("in_transit"))
    said = [asker.read(path, query)["item_data"]["process_type"]["desc"] for query in ("", "lang=xx", "lang=en")]
    assert said == ["Transport", "Transport", "Transit"]
