"""The vendor's interface descriptions, the table of what is done and left out, and what the simulator does, agree."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from almascan.simulator.conformance import ANALYTICS, BIBS, CONF, DESCRIBED, REFUSALS, SUCCESSES, Described
from almascan.simulator.operations import Call
from almascan.simulator.refusals import Refusal
from almascan.simulator.routes import find_route
from almascan.simulator.sets import ITEMIZED_SET, LOGICAL_SET

from .in_process import BASE, NOW, Asker, code_in

DOCUMENTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "openapi"
EVERYTHING = {described.request: described for described in (*BIBS, *CONF, *ANALYTICS)}
DONE = [described for described in EVERYTHING.values() if not described.reason]
needs_documents = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the vendor's documents are not on this machine")


def documented(area: str) -> Iterator[tuple[str, dict[str, Any]]]:
    document = json.loads((DOCUMENTS / f"{area}.json").read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path.removeprefix(BASE)}", operation


def documented_names(operation: dict[str, Any]) -> set[str]:
    parameters = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    said = operation["responses"].get("400", {}).get("description", "")
    return parameters | set(re.findall(r"^(\d+) - ", said, re.MULTILINE))


@needs_documents
@pytest.mark.parametrize("area", DESCRIBED)
def test_the_table_knows_every_operation_of_the_vendors_document_and_no_other(area: str) -> None:
    assert {request for request, _ in documented(area)} == {each.request for each in DESCRIBED[area]}


@needs_documents
@pytest.mark.parametrize("area", DESCRIBED)
def test_the_table_knows_every_parameter_status_and_code_of_the_vendors_document(area: str) -> None:
    for request, operation in documented(area):
        described = EVERYTHING[request]
        assert set(operation["responses"]) <= {*SUCCESSES, *REFUSALS}, request
        if not described.reason:
            known = {*described.parameters, *described.codes, *described.left_out}
            assert known == documented_names(operation), request


def test_nothing_is_both_done_and_left_out_and_every_reason_is_said() -> None:
    for described in EVERYTHING.values():
        assert not {*described.parameters, *described.codes} & set(described.left_out)
        assert all(described.left_out.values())


def template(asker: Asker, described: Described) -> tuple[str, str]:
    method, path = described.request.split(" ")
    names = asker.gateway.catalogue.numbering
    number = asker.number("in_transit")
    ids = {"mms_id": names.mms_id(number), "holding_id": names.holding_id(number)}
    ids |= dict.fromkeys(("item_pid", "item_id"), names.pid(number))
    ids |= {"libraryCode": "MAIN", "circDeskCode": "RARE_DESK", "mappingTableName": "WorkOrderTypeStatuses"}
    return method, path.format(**ids, set_id=asker.set_id(LOGICAL_SET if method == "GET" else ITEMIZED_SET))


@pytest.mark.parametrize("described", EVERYTHING.values(), ids=lambda described: described.request)
def test_what_is_done_leads_to_an_operation_and_what_is_left_out_to_404(described: Described) -> None:
    method, path = template(asker := Asker(), described)
    if described.reason:
        assert asker.ask(method, path).status == 404
    else:
        assert find_route(method, BASE + path, {}).operation is not None


class Noting(dict[str, str]):
    """A query that notes which parameters it is asked for."""

    def __init__(self, query: dict[str, str]) -> None:
        super().__init__(query)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


QUERIES = {
    "items": {"order_by": "library"},
    "scan": {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"},
    "analytics": {"path": "/shared/Simulated University/Reports/Barcodes in transit"},
    "set_members": {"op": "replace_members"},
}


@pytest.mark.parametrize("described", DONE, ids=lambda described: described.request)
def test_every_parameter_that_is_done_is_looked_at(described: Described) -> None:
    method, path = template(asker := Asker(), described)
    route = find_route(method, BASE + path, {})
    query = Noting(QUERIES.get(route.name, {}))
    body = b'{"name": "new", "content": {"value": "ITEM"}, "members": {"member": [{"id": "1"}]}}'
    assert route.operation is not None
    call = Call(method, route.path, query, body, f"http://127.0.0.1{BASE}", NOW)
    with suppress(Refusal):
        route.operation(asker.gateway.operations, call)
    assert set(described.parameters) - query.asked == set()


Trigger = Callable[[Asker], Any]
ITEMS = "GET /bibs/{mms_id}/holdings/{holding_id}/items"
REQUESTS = "GET /bibs/{mms_id}/holdings/{holding_id}/items/{item_id}/requests"
SETS = "/conf/sets"


def listing(query: str) -> Trigger:
    return lambda asker: asker.ask("GET", asker.item_path(0).rpartition("/")[0], query)


def creating(**body: Any) -> Trigger:
    whole = {"name": "n", "content": {"value": "ITEM"}} | body
    return lambda asker: asker.ask("POST", SETS, body=whole)


def changing(**body: Any) -> Trigger:
    return lambda asker: asker.ask("PUT", f"{SETS}/{asker.set_id(ITEMIZED_SET)}", body=body)


def members(query: str, *ids: str | int, name: str = ITEMIZED_SET) -> Trigger:
    def ask(asker: Asker) -> Any:
        numbering = asker.gateway.catalogue.numbering
        by_name = numbering.barcode if "BARCODE" in query else numbering.pid
        member = [{"id": by_name(one) if isinstance(one, int) else one} for one in ids]
        return asker.ask("POST", f"{SETS}/{asker.set_id(name)}", query, {"members": {"member": member}})

    return ask


def at(method: str, path: str, query: str = "") -> Trigger:
    return lambda asker: asker.ask(method, path, query)


TRIGGERS: dict[tuple[str, str], Trigger] = {
    (ITEMS, "402203"): at("GET", "/bibs/991/holdings/ALL/items"),
    (ITEMS, "401688"): lambda asker: asker.ask(
        "GET", f"{asker.item_path(0).rpartition('/holdings')[0]}/holdings/22/items"
    ),
    (ITEMS, "402469"): listing("current_library=NOWHERE"),
    (ITEMS, "60215"): listing("current_location=nowhere"),
    (ITEMS, "60216"): listing("order_by=colour"),
    (ITEMS, "60106"): listing("q=volume"),
    (ITEMS, "402217"): listing("create_date_from=yesterday"),
    (REQUESTS, "402203"): at("GET", "/bibs/991/holdings/22/items/23/requests"),
    (REQUESTS, "402204"): at("GET", "/bibs/x/holdings/22/items/23/requests"),
    ("GET /conf/libraries/{libraryCode}", "402119"): at("GET", "/conf/libraries/X"),
    ("GET /conf/libraries/{libraryCode}/circ-desks/", "402119"): at("GET", "/conf/libraries/X/circ-desks/"),
    ("GET /conf/libraries/{libraryCode}/circ-desks/{circDeskCode}", "402119"): at(
        "GET", "/conf/libraries/X/circ-desks/Y"
    ),
    ("GET /conf/libraries/{libraryCode}/circ-desks/{circDeskCode}", "401664"): at(
        "GET", "/conf/libraries/MAIN/circ-desks/Y"
    ),
    ("GET /conf/mapping-tables/{mappingTableName}", "40166411"): at("GET", "/conf/mapping-tables/Colours"),
    ("GET /conf/sets", "40166410"): at("GET", SETS, "set_type=LIST"),
    ("GET /conf/sets", "60106"): at("GET", SETS, "q=truck"),
    ("POST /conf/sets", "402262"): creating(type="LIST"),
    ("POST /conf/sets", "402263"): creating(name=ITEMIZED_SET),
    ("POST /conf/sets", "402265"): creating(type="LOGICAL"),
    ("POST /conf/sets", "60209"): creating(private="perhaps"),
    ("POST /conf/sets", "60210"): creating(status="ASLEEP"),
    ("DELETE /conf/sets/{set_id}", "402264"): at("DELETE", f"{SETS}/1"),
    ("GET /conf/sets/{set_id}", "60107"): at("GET", f"{SETS}/1"),
    ("POST /conf/sets/{set_id}", "60107"): at("POST", f"{SETS}/1", "op=add_members"),
    ("POST /conf/sets/{set_id}", "60111"): members("op=sell_members", 1),
    ("POST /conf/sets/{set_id}", "60112"): members("op=add_members", 1, name=LOGICAL_SET),
    ("POST /conf/sets/{set_id}", "60113"): members("op=add_members"),
    ("POST /conf/sets/{set_id}", "60114"): members("op=add_members", ""),
    ("POST /conf/sets/{set_id}", "60115"): members("op=add_members", 0),
    ("POST /conf/sets/{set_id}", "60116"): members("op=add_members", "9"),
    ("POST /conf/sets/{set_id}", "60117"): members("op=delete_members", 1),
    ("POST /conf/sets/{set_id}", "60118"): members("op=add_members", *range(1001)),
    ("POST /conf/sets/{set_id}", "60119"): members("op=add_members", 1, 1),
    ("POST /conf/sets/{set_id}", "60120"): members("op=add_members&id_type=BARCODE", "9"),
    ("POST /conf/sets/{set_id}", "60176"): members("op=add_members&id_type=BARCODE", 0),
    ("POST /conf/sets/{set_id}", "40166410"): members("op=add_members&id_type=COLOUR", 1),
    ("PUT /conf/sets/{set_id}", "60107"): at("PUT", f"{SETS}/1"),
    ("PUT /conf/sets/{set_id}", "402261"): lambda asker: asker.ask(
        "PUT", f"{SETS}/{asker.set_id(ITEMIZED_SET)}", body=b"no set"
    ),
    ("PUT /conf/sets/{set_id}", "402228"): changing(description="nameless"),
    ("PUT /conf/sets/{set_id}", "402263"): changing(name=LOGICAL_SET),
    ("GET /conf/sets/{set_id}/members", "60107"): at("GET", f"{SETS}/1/members"),
    ("GET /analytics/reports", "402119"): at("GET", "/analytics/reports", "limit=26"),
}


def test_there_is_an_example_of_every_code_that_is_done_and_of_no_other() -> None:
    assert set(TRIGGERS) == {(each.request, code) for each in DONE for code in each.codes}


@pytest.mark.parametrize(("request_and_code", "trigger"), TRIGGERS.items(), ids=map(" ".join, TRIGGERS))
def test_every_code_that_is_done_is_answered(request_and_code: tuple[str, str], trigger: Trigger) -> None:
    reply = trigger(Asker())
    assert (reply.status, code_in(reply)) == (400, request_and_code[1])


def test_a_filter_leaves_out_what_does_not_fit() -> None:
    asker = Asker()
    path = asker.item_path(0).rpartition("/holdings")[0] + "/holdings/ALL/items"
    everything = asker.read(path)["item"]
    places = [(each["item_data"]["library"]["value"], each["item_data"]["creation_date"]) for each in everything]
    library, day = places[0]
    fitting = asker.read(path, {"current_library": library, "create_date_from": day, "create_date_to": day})
    assert fitting["total_record_count"] == places.count((library, day))
    ordered = asker.read(path, {"order_by": "receive_date", "direction": "asc"})["item"]
    days = [each["item_data"]["creation_date"] for each in ordered]
    assert days == sorted(day for _, day in places)
    assert asker.read(path, {"q": "description~2"}) == {"total_record_count": 0}


@pytest.mark.parametrize("text", ["-1", "1" * 5000, "many", "1.5"])
@pytest.mark.parametrize("name", ["limit", "offset"])
def test_a_page_that_is_no_number_is_refused(name: str, text: str) -> None:
    assert code_in(Asker().ask("GET", "/conf/sets", {name: text})) == "40166411"
