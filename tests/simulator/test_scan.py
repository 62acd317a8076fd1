"""What a scan does, as pure state: no HTTP."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.institution import LIBRARIES
from almascan.simulator.items import Item, Loan, Request
from almascan.simulator.languages import MANAGE_LOCALLY
from almascan.simulator.refusals import Refusal
from almascan.simulator.scan import Effect, Scan, scan_in

TODAY = "2026-03-01Z"
CONFIG = SimulatorConfig()
HOME = Scan(library="MAIN", circ_desk="DEFAULT_CIRC_DESK")
ELSEWHERE = Scan(library="SCI", circ_desk="SCI_CIRC")
WORKSHOP = Scan(library="MAIN", department="CONSERVATION")
HOLD = Request("1", "Okonkwo, Elif", "4711", "MAIN", "DEFAULT_CIRC_DESK", TODAY)
LOAN = Loan("1", "4711", "MAIN", "DEFAULT_CIRC_DESK", "2026-01-01Z", "2026-02-01Z")


def make_item(process_type: str = "TRANSIT", location: str = "stacks", **fields: object) -> Item:
    item = Item(1, "MAIN", location)
    item.put(process_type)
    for name, value in fields.items():
        setattr(item, name, value)
    return item


def scan(item: Item, how: Scan = HOME, config: SimulatorConfig = CONFIG) -> Effect:
    return scan_in(item, how, TODAY, config)


def state(item: Item) -> tuple[str, str]:
    return item.base_status, item.process_type


def test_a_scan_at_the_home_desk_puts_the_item_in_place() -> None:
    item = make_item()
    effect = scan(item)
    assert state(item) == ("1", "")
    assert item.modification_date == TODAY
    assert effect.write_info({}) == (
        "Item's destination is: Reshelve to Stacks. Request/Process Type: . "
        "Requester: . Requester ID: . Place in Queue: 0"
    )


def test_a_scan_at_another_library_puts_the_item_in_transit() -> None:
    item = make_item("")
    effect = scan(item, ELSEWHERE)
    assert state(item) == ("0", "TRANSIT")
    assert effect.write_info({}) == (
        "Item's destination is: Main Library. Request/Process Type: Transit for reshelving. "
        "Requester: . Requester ID: . Place in Queue: 1"
    )


def test_a_desk_that_does_not_serve_the_location_sends_the_item_on_unless_set_otherwise() -> None:
    item = make_item(location="rare")
    scan(item)
    assert state(item) == ("0", "TRANSIT")
    lenient = SimulatorConfig(other_desk_reshelves=True)
    scan(item, config=lenient)
    assert state(item) == ("1", "")
    scan(item, ELSEWHERE, lenient)
    assert state(item) == ("0", "TRANSIT"), "another library's desk never reshelves"


def test_a_temporary_location_is_the_items_home_while_it_lasts() -> None:
    item = make_item(temp_library="SCI", temp_location="scires")
    scan(item)
    assert state(item) == ("0", "TRANSIT")
    scan(item, ELSEWHERE)
    assert state(item) == ("1", "")


@pytest.mark.parametrize(("in_place", "base_status"), [(True, "1"), (False, "0")])
def test_an_item_that_awaits_reshelving_has_no_process_type(in_place: bool, base_status: str) -> None:
    item = make_item(location="newbooks")
    scan(item, config=SimulatorConfig(reshelving_in_place=in_place))
    assert state(item) == (base_status, "")
    assert item.awaiting_reshelving


def test_the_pickup_desk_puts_a_requested_item_on_the_hold_shelf_with_one_letter() -> None:
    item = make_item(requests=(HOLD,))
    first = scan(item)
    second = scan(item)
    assert state(item) == ("0", "HOLDSHELF")
    assert (first.letter, second.letter) == (True, False)
    assert first.write_info({}) == (
        "Item's destination is: On Hold Shelf. Request/Process Type: Patron physical item request. "
        "Requester: Okonkwo, Elif. Requester ID: 4711. Place in Queue: 1"
    )


@pytest.mark.parametrize("how", [ELSEWHERE, replace(HOME, circ_desk="SELF_CHECK_1")])
def test_every_other_desk_sends_a_requested_item_on_to_its_pickup(how: Scan) -> None:
    item = make_item("", requests=(HOLD,))
    effect = scan(item, how)
    assert state(item) == ("0", "TRANSIT")
    assert not effect.letter
    assert effect.place == "Main Library"
    assert item.requests


def test_a_desk_with_hold_shelf_processing_sends_the_letter_only_when_told_to() -> None:
    item = make_item(requests=(replace(HOLD, pickup_desk="RARE_DESK"),))
    rare = replace(HOME, circ_desk="RARE_DESK")
    assert not scan(item, rare).letter
    assert scan(item, replace(rare, place_on_hold_shelf=True)).letter
    assert state(item) == ("0", "HOLDSHELF")


def test_a_hold_that_is_over_does_not_keep_the_item_on_the_hold_shelf() -> None:
    item = make_item("HOLDSHELF")
    scan(item)
    assert state(item) == ("1", "")


def test_the_named_request_is_filled_before_the_queue() -> None:
    later = replace(HOLD, request_id="2", pickup_library="SCI", pickup_desk="SCI_CIRC")
    item = make_item(requests=(HOLD, later))
    effect = scan(item, replace(ELSEWHERE, request_id="2"))
    assert effect.requester is later
    assert state(item) == ("0", "HOLDSHELF")


def test_a_loan_is_returned_by_a_scan_and_is_no_in_house_use() -> None:
    item = make_item("LOAN", loans=(LOAN,))
    effect = scan(item)
    assert effect.loan_returned
    assert not effect.in_house_use
    assert item.loan is None
    assert item.loans[0].return_date == TODAY
    assert state(item) == ("1", "")


@pytest.mark.parametrize(("register", "counted"), [(True, True), (False, False)])
def test_a_scan_counts_as_use_unless_it_says_no(register: bool, counted: bool) -> None:
    assert scan(make_item(), replace(HOME, register_in_house_use=register)).in_house_use is counted


@pytest.mark.parametrize("process_type", ["MISSING", "TECHNICAL"])
def test_missing_and_technical_are_cleared(process_type: str) -> None:
    item = make_item(process_type)
    scan(item)
    assert state(item) == ("1", "")


@pytest.mark.parametrize("process_type", ["LOST_LOAN", "LOST_LOAN_AND_PAID", "CLAIM_RETURNED_LOAN"])
@pytest.mark.parametrize("cleared", [True, False])
def test_lost_items_are_cleared_or_stay_as_set(process_type: str, cleared: bool) -> None:
    item = make_item(process_type, loans=(LOAN,))
    effect = scan(item, config=SimulatorConfig(lost_is_cleared=cleared))
    assert state(item) == (("1", "") if cleared else ("0", process_type))
    assert effect.loan_returned is cleared


@pytest.mark.parametrize("process_type", ["ILL", "LOST_ILL", "ACQ"])
def test_a_scan_does_not_end_resource_sharing_or_acquisition(process_type: str) -> None:
    item = make_item(process_type)
    scan(item)
    assert state(item) == ("0", process_type)


def test_a_work_order_is_finished_at_its_department_and_the_item_put_in_place_at_its_desk() -> None:
    item = make_item("")
    effect = scan(item, replace(WORKSHOP, work_order_type="BINDING"))
    assert state(item) == ("0", "WORK_ORDER_DEPARTMENT")
    assert (item.work_order_type, item.work_order_at) == ("BINDING", "CONSERVATION")
    assert (effect.destination, effect.place) == (MANAGE_LOCALLY, "Conservation Workshop")
    scan(item)
    assert state(item) == ("0", "TRANSIT"), "a desk's scan does not finish the work order"
    scan(item, replace(WORKSHOP, done=True))
    assert state(item) == ("0", "TRANSIT")
    assert not item.work_order_type
    scan(item)
    assert state(item) == ("1", "")


def test_a_department_of_the_home_library_can_be_set_to_reshelve() -> None:
    item = make_item("WORK_ORDER_DEPARTMENT", work_order_type="BINDING", work_order_at="CONSERVATION")
    scan(item, replace(WORKSHOP, done=True), SimulatorConfig(department_reshelves=True))
    assert state(item) == ("1", "")


def test_a_desk_that_is_given_a_work_order_type_acts_as_a_department() -> None:
    item = make_item("")
    scan(item, replace(HOME, work_order_type="BINDING", status="BINDING_SENT"))
    assert state(item) == ("0", "WORK_ORDER_DEPARTMENT")
    assert (item.work_order_at, item.work_order_status) == ("DEFAULT_CIRC_DESK", "BINDING_SENT")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (Scan(circ_desk="DEFAULT_CIRC_DESK"), "401664"),
        (Scan(department="CONSERVATION"), "401664"),
        (Scan(library="MAIN"), "40166415"),
        (Scan(library="NOWHERE", circ_desk="DEFAULT_CIRC_DESK"), "40166411"),
        (Scan(library="MAIN", circ_desk="SCI_CIRC"), "40166411"),
        (Scan(library="SCI", department="CONSERVATION"), "40166411"),
        (Scan(library="MAIN", circ_desk="DEFAULT_CIRC_DESK", department="CONSERVATION"), "40166411"),
        (replace(HOME, work_order_type="NONE"), "40166411"),
    ],
)
def test_a_refused_scan_changes_nothing(how: Scan, code: str) -> None:
    item = make_item("LOAN", loans=(LOAN,))
    before = replace(item)
    with pytest.raises(Refusal) as refusal:
        scan(item, how)
    assert refusal.value.code == code
    assert item == before


def test_a_department_of_the_institution_needs_no_library() -> None:
    item = make_item("")
    scan(item, Scan(department="DIGITIZE"))
    assert state(item) == ("0", "WORK_ORDER_DEPARTMENT")


PLACES = [Scan(library=library.code, circ_desk=desk) for library in LIBRARIES.values() for desk in library.desks] + [
    WORKSHOP,
    Scan(department="DIGITIZE"),
]


@given(st.integers(0, 999), st.lists(st.tuples(st.sampled_from(PLACES), st.booleans()), min_size=1, max_size=4))
def test_any_item_scanned_anywhere_is_left_in_a_state_that_agrees_with_itself(
    number: int, scans: list[tuple[Scan, bool]]
) -> None:
    item = Catalogue(7, 1000).item(number)
    for how, done in scans:
        effect = scan(item, replace(how, done=done))
        assert (item.base_status == "1") == (item.process_type == "")
        assert (effect.place_in_queue == 0) == (item.process_type == "")
        assert item.loan is None
        assert item.process_type not in {"LOAN", "MISSING", "TECHNICAL", "LOST_LOAN"}
