"""JSON and XML of the same answer say the same, for every operation and for items in every state."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from almascan.simulator import Gateway, SimulatorConfig
from almascan.simulator.institution import PROCESS_TYPES
from almascan.simulator.sets import SEEDED_SETS

from .in_process import Asker, code_in

ERRORS = "{http://com/exlibris/urm/general/xmlbeans}"
ATTRIBUTES = {"link", "desc", "total_record_count"}
WRAPPERS = {"network_numbers", "rows"}
ITEMS = 1000


def leaves_of_json(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        if value not in (None, ""):
            yield path, str(value).lower() if isinstance(value, bool) else str(value)
        return
    for name, child in value.items():
        if name == "value":
            yield from leaves_of_json(child, path)
        elif name in ATTRIBUTES:
            yield from leaves_of_json(child, f"{path}@{name}")
        else:
            for place, one in enumerate(child if isinstance(child, list) else [child]):
                yield from leaves_of_json(one, f"{path}/{name}[{place}]")


def leaves_of_xml(element: ET.Element, path: str = "") -> Iterator[tuple[str, str]]:
    yield from ((f"{path}@{name}", value) for name, value in element.attrib.items() if value)
    if element.text:
        yield path, element.text
    names = [child.tag.removeprefix(ERRORS) for child in element]
    for place, (name, child) in enumerate(zip(names, element, strict=True)):
        if name in WRAPPERS:
            yield from leaves_of_xml(child, path)
        else:
            yield from leaves_of_xml(child, f"{path}/{name}[{names[:place].count(name)}]")


def leaves(body: bytes) -> set[tuple[str, str]]:
    """All that an answer says, as places and texts."""
    is_xml = body.startswith(b"<")
    return set(leaves_of_xml(fromstring(body)) if is_xml else leaves_of_json(msgspec.json.decode(body)))


def two_askers() -> tuple[Asker, Asker]:
    config = SimulatorConfig(items=ITEMS, seed=7, per_second=0)
    return Asker(Gateway(config)), Asker(Gateway(config), accept="application/xml")


READS = (
    "/conf/libraries",
    "/conf/libraries/MAIN",
    "/conf/libraries/RES_SHARE",
    "/conf/libraries/MAIN/circ-desks",
    "/conf/libraries/STORE/circ-desks",
    "/conf/libraries/MAIN/circ-desks/RARE_DESK",
    "/conf/departments",
    "/conf/general",
    "/conf/mapping-tables/WorkOrderTypeStatuses",
    "/conf/mapping-tables/WorkOrderTypeStatuses?scope=MAIN",
    "/conf/sets",
    *(f"/conf/sets/{name}" for name in SEEDED_SETS),
    *(f"/conf/sets/{name}/members?limit=20" for name in SEEDED_SETS),
    "/conf/nothing",
    "/items?item_barcode=1",
)


@pytest.mark.parametrize("read", READS)
def test_what_is_not_of_an_item_says_the_same_in_both_formats(read: str) -> None:
    json, xml = two_askers()
    for name in SEEDED_SETS:
        read = read.replace(name, json.set_id(name))
    path, _, query = read.partition("?")
    ours, theirs = json.ask("GET", path, query), xml.ask("GET", path, query)
    assert ours.body[:1] + theirs.body[:1] == b"{<"
    assert ours.status == theirs.status
    assert leaves(ours.body) == leaves(theirs.body)
    assert leaves(ours.body)


changes = st.fixed_dictionaries(
    {},
    optional={
        "process_type": st.sampled_from(["", *PROCESS_TYPES]),
        "requested": st.booleans(),
        "awaiting_reshelving": st.booleans(),
        "work_order_type": st.sampled_from(["CONSERVE", "DIGITIZE"]),
        "work_order_at": st.sampled_from(["CONSERVATION", "DIGITIZE"]),
        "temp_library": st.just("SCI"),
        "due_date": st.just("2027-01-01T20:00:00Z"),
    },
).map(lambda fields: fields | ({"temp_location": "scires"} if "temp_library" in fields else {}))
scans = st.fixed_dictionaries(
    {"op": st.just("scan")},
    optional={
        "library": st.sampled_from(["MAIN", "SCI", "LAW", "NOWHERE"]),
        "circ_desk": st.sampled_from(["DEFAULT_CIRC_DESK", "RARE_DESK", "SCI_CIRC"]),
        "department": st.sampled_from(["CONSERVATION", "DIGITIZE"]),
        "work_order_type": st.sampled_from(["CONSERVE", "<&>"]),
        "done": st.sampled_from(["true", "false"]),
        "lang": st.sampled_from(["de", "fr", "en"]),
    },
)


@given(number=st.integers(0, ITEMS - 1), fields=changes, scan=scans)
@settings(max_examples=120)
def test_an_item_its_loans_its_requests_and_its_scan_say_the_same_in_both_formats(
    number: int, fields: dict[str, Any], scan: dict[str, str]
) -> None:
    json, xml = two_askers()
    path = json.item_path(number)
    asked = [
        ("GET", path, {"expand": "due_date"}),
        ("GET", f"{path}/requests", {}),
        ("GET", f"{path}/loans", {}),
        ("POST", path, scan),
        ("GET", path, {}),
        ("GET", path.rpartition("/holdings")[0] + "/holdings/ALL/items", {}),
        ("GET", f"{path}/loans", {"loan_status": "Complete"}),
    ]
    for asker in (json, xml):
        asker.gateway.catalogue.change(number, fields, "2026-09-21Z")
    for method, place, query in asked:
        ours, theirs = json.ask(method, place, query), xml.ask(method, place, query)
        assert (ours.status, leaves(ours.body)) == (theirs.status, leaves(theirs.body))


def test_the_comparison_finds_a_difference() -> None:
    json, xml = two_askers()
    first, second = (json.ask("GET", json.item_path(number)) for number in (0, 1))
    assert leaves(first.body) != leaves(second.body)
    assert leaves(first.body) == leaves(xml.ask("GET", xml.item_path(0)).body)
    assert code_in(json.ask("GET", "/items", "item_barcode=1")) == "401689"
