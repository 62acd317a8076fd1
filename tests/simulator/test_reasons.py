"""Every reason that Alma is known to give for a refusal can be produced: by its cause, or by a planned fault."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from almascan.simulator import Simulator, SimulatorConfig

from .conftest import Client

FACTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "alma-api.md"
HERE = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
Ask = Callable[[Client, str], requests.Response]


@dataclass(frozen=True)
class Way:
    """How a reason comes about: settings, a planned fault, and a request with the path of an item in transit."""

    status: int
    ask: Ask
    settings: dict[str, Any] = field(default_factory=dict)
    fault: dict[str, Any] = field(default_factory=dict)


def get(path: str, /, **params: str) -> Ask:
    return lambda client, _item: client.get(path, params=params)


def scan(**params: str) -> Ask:
    return lambda client, item: client.send("POST", item, params={"op": "scan"} | params)


def with_key(key: str) -> Ask:
    return lambda client, item: client.get(item, headers={"Authorization": f"apikey {key}"})


def three_times(client: Client, item: str) -> requests.Response:
    return [client.get(item) for _ in range(3)][-1]


def by_fault(status: int, code: str = "", **fault: Any) -> Way:
    return Way(status, scan(**HERE), fault={"kind": "error", "status": status, "code": code} | fault)


WAYS: dict[str, Way] = {
    "401689": Way(400, get("/items", item_barcode="1")),
    "401664": Way(400, scan(circ_desk="DEFAULT_CIRC_DESK")),
    "40166415": Way(400, scan(library="MAIN")),
    "40166411": Way(400, scan(library="MAIN", circ_desk="NOWHERE")),
    "401652": by_fault(400, "401652"),
    "402502": by_fault(400, "402502"),
    "402504": by_fault(400, "402504", applied=True),
    "4800090": by_fault(400, "4800090"),
    "40166404": by_fault(400, "40166404"),
    "40166410": Way(400, get("/conf/sets", set_type="LIST")),
    "402203": Way(400, get("/bibs/991/holdings/22/items/23")),
    "401688": Way(400, lambda client, item: client.get(f"{item.rpartition('/holdings')[0]}/holdings/22/items")),
    "401694": Way(400, lambda client, item: client.send("DELETE", f"{item}/requests/1", params={"reason": "X"})),
    "60107": Way(400, get("/conf/sets/1")),
    "UNAUTHORIZED": Way(400, with_key("l8xxnobodys")),
    "Invalid API Key": Way(400, with_key("l8xxnobodys"), {"readings": frozenset({"invalid-key-text"})}),
    "INVALID_REQUEST": Way(403, with_key("l8xxnobodys"), {"readings": frozenset({"invalid-key-403"})}),
    "FORBIDDEN": by_fault(403, "FORBIDDEN"),
    "PER_SECOND_THRESHOLD": Way(429, three_times, {"per_second": 2}),
    "DAILY_THRESHOLD": Way(429, three_times, {"per_day": 2}),
    "DAILY_THRESHOLD, 403": Way(403, three_times, {"per_day": 2, "daily_status": 403}),
    "INTERNAL_SERVER_ERROR": Way(500, get("/analytics/reports", path="/shared/nowhere")),
    "GENERAL_ERROR": by_fault(503),
    "NOT_FOUND": Way(404, get("/nowhere")),
    "HTTP Status 401": by_fault(401, body_format="html"),
    "401674": by_fault(400, "401674"),
    "401675": by_fault(400, "401675"),
}


@pytest.mark.parametrize("reason", WAYS)
def test_a_reason_can_be_produced(reason: str) -> None:
    way = WAYS[reason]
    with Simulator(SimulatorConfig(items=1000, seed=7, **({"per_second": 0} | way.settings))) as simulator:
        if way.fault:
            simulator.add_fault(**way.fault)
        client = Client(simulator)
        answer = way.ask(client, client.item_path(simulator.barcodes("in_transit", 1)[0]))
    said = reason.partition(",")[0]
    assert answer.status_code == way.status
    assert re.search(rf"\b{said}\b", answer.text)


@pytest.mark.skipif(not FACTS.is_file(), reason="the collection of facts is not on this machine")
def test_every_reason_that_is_known_has_a_way() -> None:
    text = FACTS.read_text(encoding="utf-8")
    table = text[text.index("## 4. Errors") : text.index("## 5. Thresholds")]
    cells = re.findall(r"^\| ([^|]+) \| (?:\d|not stated)", table, re.MULTILINE)
    codes = {code.strip() for cell in cells for code in re.split(r" / ", cell)}
    assert len(codes) > 20
    others = {"(none)": "Invalid API Key", 'HTML "HTTP Status 401"': "HTTP Status 401"}
    assert {others.get(code, code) for code in codes} - set(WAYS) == set()
