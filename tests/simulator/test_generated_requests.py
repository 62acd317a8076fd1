"""Requests made from the vendor's operations and parameters: whatever they hold, the simulator has an answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from almascan.simulator import Simulator, SimulatorConfig

DOCUMENTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "openapi"
AREAS = ("bibs", "conf", "analytics")
EXAMPLES = 15
METHODS = {"get", "post", "put", "delete"}

pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the vendor's documents are not on this machine")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000, seed=7, per_second=0)) as simulator:
        yield simulator


def likely_values(simulator: Simulator) -> dict[str, list[str]]:
    """Values with which a request gets somewhere, by parameter."""
    mms_id, holding_id, pid = simulator.ids(simulator.barcodes("in_transit", 1)[0])
    key = {"apikey": simulator.keys["full"], "format": "json"}
    sets = requests.get(f"{simulator.base_url}/conf/sets", params=key, timeout=60).json()["set"]
    return {
        "mms_id": [mms_id],
        "holding_id": [holding_id, "ALL"],
        "item_pid": [pid],
        "item_id": [pid],
        "set_id": [one["id"] for one in sets],
        "libraryCode": ["MAIN"],
        "circDeskCode": ["RARE_DESK"],
        "mappingTableName": ["WorkOrderTypeStatuses"],
        "op": ["scan", "add_members", "delete_members", "replace_members"],
        "library": ["MAIN", "SCI"],
        "circ_desk": ["DEFAULT_CIRC_DESK"],
        "department": ["CONSERVATION", "DIGITIZE"],
        "work_order_type": ["CONSERVE"],
        "status": ["CONSERVE_INIT", "active"],
        "id_type": ["BARCODE"],
        "path": [simulator.report],
        "order_by": ["library", "due_date"],
    }


def reduce_parameter(parameter: dict[str, Any], likely: dict[str, list[str]]) -> dict[str, Any]:
    """A parameter as the document has it, which may always be any text and is seldom left unset."""
    known = [{"enum": likely[parameter["name"]]}] if parameter["name"] in likely else []
    schema = {"anyOf": [*known, {"type": "string", "minLength": 1 if parameter["in"] == "path" else 0}]}
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter["in"] == "path" or parameter["name"] == "op",
        "schema": schema,
    }


def reduced_document(area: str, likely: dict[str, list[str]]) -> dict[str, Any]:
    """The document's operations and parameters alone: its schemas point to files that are not there."""
    document = json.loads((DOCUMENTS / f"{area}.json").read_text(encoding="utf-8"))
    paths: dict[str, Any] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = [reduce_parameter(each, likely) for each in operation.get("parameters", ())]
            reduced = {"parameters": parameters, "responses": {"200": {"description": "OK"}}}
            paths.setdefault(path, {})[method] = reduced
    return {"openapi": "3.0.3", "info": {"title": area, "version": "1"}, "paths": paths}


def bodies() -> st.SearchStrategy[bytes]:
    names = st.sampled_from(["name", "type", "content", "private", "status", "members", "member", "id", "value"])
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["ITEM", "ITEMIZED"])
    tree = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
    )
    return tree.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


@pytest.mark.parametrize("area", AREAS)
def test_no_request_made_from_the_vendors_document_is_a_server_error(simulator: Simulator, area: str) -> None:
    schema = schemathesis.openapi.from_dict(reduced_document(area, likely_values(simulator)))
    asked_before = simulator.stats()["requests"]
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:
        ask_many(simulator, operation)
    assert simulator.stats()["requests"] - asked_before > len(operations)
    assert simulator.stats()["by_operation"].get("other", 0) < simulator.stats()["requests"] / 2


def ask_many(simulator: Simulator, operation: Any) -> None:
    @given(case=operation.as_strategy(), body=bodies(), accept=st.sampled_from(["application/json", "", "text/html,,"]))
    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, body: bytes, accept: str) -> None:
        case.headers = {"Authorization": f"apikey {simulator.keys['full']}", "Accept": accept}
        sent = requests.Request(**case.as_transport_kwargs(base_url=simulator.address))
        sent.data = body if case.method in {"POST", "PUT"} else None
        with requests.Session() as session:
            answer = session.send(session.prepare_request(sent), timeout=60, allow_redirects=False)
        is_unknown_report = answer.status_code == 500 and "Path not found" in answer.text
        assert answer.status_code in {200, 204, 302, 400, 404} or is_unknown_report, (sent.url, answer.text)

    ask()
