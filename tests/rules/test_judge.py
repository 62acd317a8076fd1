"""What an answer makes of a scan, and what reading an item again says of one whose answer was lost."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.model import OWN_REASON, RECIPES, TRANSIT_TYPES, Desk, Group, Item, Outcome, Recipe, ScanOptions
from almascan.rules import Finding, Place, Step, Verdict, judge, judge_lost_answer

PLACE = Place(Desk(library="MAIN", circ_desk="DESK"), frozenset({"stacks"}))
DEPARTMENT = Place(Desk(library="MAIN", department="BINDING"))
TRANSIT = Item(
    "99", "22", "23", barcode="B1", base_status="0", process_type="TRANSIT", requested=False, library="MAIN",
    location="stacks", modification_date="2026-01-01Z",
)  # fmt: skip
IN_PLACE = msgspec.structs.replace(TRANSIT, base_status="1", process_type="")
LOAN = msgspec.structs.replace(TRANSIT, process_type="LOAN", due_date="2026-03-01Z")
ON_ITS_WAY_TO_THE_BINDER = msgspec.structs.replace(TRANSIT, work_order_type="BINDING", work_order_at="BINDERY")

items = st.builds(
    Item,
    mms_id=st.just("99"),
    holding_id=st.just("22"),
    pid=st.just("23"),
    barcode=st.sampled_from(["B1", "B2"]),
    base_status=st.sampled_from(["0", "1"]),
    process_type=st.sampled_from(["", "TRANSIT", "TRANSIT_TO_REMOTE_STORAGE", "REQUESTED", "NEWTYPE", *OWN_REASON]),
    awaiting_reshelving=st.booleans(),
    requested=st.booleans(),
    due_date=st.sampled_from(["", "2026-03-01Z", "2026-04-01Z"]),
    modification_date=st.sampled_from(["2026-01-01Z", "2026-01-02Z"]),
    work_order_type=st.sampled_from(["", "", "BINDING"]),
    library=st.sampled_from(["MAIN", "SCI"]),
    location=st.sampled_from(["stacks", "rare"]),
)
recipes = st.sampled_from(list(RECIPES.values()))
looking = st.sampled_from([recipe for recipe in RECIPES.values() if recipe.looks])


def changed(item: Item, **fields: Any) -> Item:
    return msgspec.structs.replace(item, **fields)


def lost(
    before: Item | None,
    now: Item,
    *,
    settled: bool = True,
    place: Place = PLACE,
    recipe: str = "transit",
    done: bool = False,
) -> Verdict:
    step = step_of(RECIPES[recipe], place, done=done)
    return judge_lost_answer(before, now, step, place, settled=settled, barcode="B1")


def step_of(recipe: Recipe, place: Place, *, done: bool = False) -> Step:
    return Step(recipe, place.desk, ScanOptions(done=done))


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"base_status": "1", "process_type": ""}, Outcome.IN_PLACE),
        ({"base_status": "0", "process_type": "", "awaiting_reshelving": True}, Outcome.IN_PLACE),
        ({"base_status": "0", "process_type": ""}, Outcome.STILL_NOT_IN_PLACE),
        ({"process_type": "TRANSIT"}, Outcome.IN_TRANSIT_ELSEWHERE),
        ({"process_type": "TRANSIT_TO_REMOTE_STORAGE"}, Outcome.IN_TRANSIT_ELSEWHERE),
        ({"process_type": "HOLDSHELF"}, Outcome.ON_HOLD_SHELF),
        ({"process_type": "WORK_ORDER_DEPARTMENT"}, Outcome.AT_DEPARTMENT),
        ({"process_type": "LOAN"}, Outcome.STILL_NOT_IN_PLACE),
        ({"barcode": "B2", "base_status": "1", "process_type": ""}, Outcome.WRONG_ITEM),
    ],
)
def test_an_answer_is_judged_by_its_statuses(fields: dict[str, Any], outcome: Outcome) -> None:
    assert judge(changed(TRANSIT, **fields), RECIPES["transit"], "B1") is outcome


def test_in_transit_is_done_where_the_recipe_wants_it() -> None:
    assert judge(TRANSIT, RECIPES["any"], "B1") is Outcome.ON_ITS_WAY
    assert judge(TRANSIT, RECIPES["send"], "B1") is Outcome.ON_ITS_WAY
    assert judge(IN_PLACE, RECIPES["send"], "B1") is Outcome.NOT_SENT_ON


@given(items, recipes)
def test_done_is_said_only_of_what_the_recipe_calls_done(item: Item, recipe: Recipe) -> None:
    outcome = judge(item, recipe, "B1")
    assert (outcome.group is Group.DONE) == (outcome in recipe.done)
    assert outcome.group in (Group.DONE, Group.ATTENTION)
    assert (outcome is Outcome.IN_PLACE) <= item.in_place


@pytest.mark.parametrize("settled", [True, False])
def test_in_place_and_not_so_before_happened_at_once(settled: bool) -> None:
    for before in (TRANSIT, LOAN, None):
        assert lost(before, IN_PLACE, settled=settled) == (Finding.HAPPENED, Outcome.IN_PLACE)


def test_awaiting_reshelving_counts_as_in_place() -> None:
    now = changed(TRANSIT, process_type="", base_status="0", awaiting_reshelving=True)
    assert lost(TRANSIT, now, settled=False) == (Finding.HAPPENED, Outcome.IN_PLACE)


def test_the_very_state_as_before_did_not_happen_once_it_is_settled() -> None:
    assert lost(TRANSIT, TRANSIT).finding is Finding.DID_NOT_HAPPEN
    assert lost(TRANSIT, TRANSIT, settled=False).finding is Finding.WAIT


def test_without_a_look_being_in_transit_home_did_not_happen() -> None:
    assert lost(None, TRANSIT, recipe="any").finding is Finding.DID_NOT_HAPPEN
    assert lost(None, LOAN, recipe="any").finding is Finding.UNKNOWN


@pytest.mark.parametrize("before", [None, ON_ITS_WAY_TO_THE_BINDER])
def test_an_item_in_transit_to_its_work_order_is_left_to_a_person(before: Item | None) -> None:
    # A scan at a desk leaves it so: it cannot be told from one that did not happen.
    assert lost(before, ON_ITS_WAY_TO_THE_BINDER, recipe="any").finding is Finding.UNKNOWN


@pytest.mark.parametrize("process_type", ["ACQ", "ILL", "LOST_LOAN", "CLAIM_RETURNED_LOAN", "TECHNICAL", "NEWTYPE"])
def test_a_state_that_a_scan_may_leave_as_it_is_is_left_to_a_person(process_type: str) -> None:
    item = changed(TRANSIT, process_type=process_type)
    assert lost(item, item).finding is Finding.UNKNOWN


def test_at_a_department_a_work_order_that_is_not_done_did_not_happen() -> None:
    bound = changed(TRANSIT, process_type="WORK_ORDER_DEPARTMENT", work_order_type="BINDING")
    assert lost(bound, bound, place=DEPARTMENT, done=True).finding is Finding.DID_NOT_HAPPEN
    assert lost(bound, bound, place=DEPARTMENT).finding is Finding.UNKNOWN
    assert lost(TRANSIT, TRANSIT, place=DEPARTMENT, done=True).finding is Finding.UNKNOWN


@pytest.mark.parametrize(
    "now",
    [
        changed(LOAN, due_date="2026-04-01Z"),
        changed(LOAN, modification_date="2026-01-02Z"),
    ],
)
def test_a_loan_made_meanwhile_is_left_to_a_person(now: Item) -> None:
    assert lost(LOAN, now, recipe="returns").finding is Finding.UNKNOWN


def test_a_state_that_this_scan_leaves_happened() -> None:
    shelf = changed(TRANSIT, process_type="HOLDSHELF", requested=True)
    assert lost(TRANSIT, shelf) == (Finding.HAPPENED, Outcome.ON_HOLD_SHELF)
    sent = changed(LOAN, process_type="TRANSIT", due_date="", library="SCI")
    assert lost(LOAN, sent, recipe="returns") == (Finding.HAPPENED, Outcome.ON_ITS_WAY)
    bound = changed(TRANSIT, process_type="WORK_ORDER_DEPARTMENT", work_order_type="BINDING")
    assert lost(TRANSIT, bound, place=DEPARTMENT) == (Finding.HAPPENED, Outcome.AT_DEPARTMENT)


@pytest.mark.parametrize(
    "now",
    [
        changed(TRANSIT, process_type="MISSING"),
        changed(TRANSIT, process_type="WORK_ORDER_DEPARTMENT"),
        changed(TRANSIT, modification_date="2026-01-02Z"),
        changed(IN_PLACE, barcode="B2"),
    ],
)
def test_another_state_that_this_scan_does_not_leave_is_left_to_a_person(now: Item) -> None:
    assert lost(TRANSIT, now).finding is Finding.UNKNOWN


@given(st.none() | items, items, recipes, st.sampled_from([PLACE, DEPARTMENT, Place(PLACE.desk)]), st.booleans())
def test_nothing_is_sent_again_before_it_is_settled(
    before: Item | None, now: Item, recipe: Recipe, place: Place, done: bool
) -> None:
    verdict = judge_lost_answer(before, now, step_of(recipe, place, done=done), place, settled=False, barcode="B1")
    assert verdict.finding in (Finding.WAIT, Finding.HAPPENED)


@given(st.none() | items, items, recipes, st.sampled_from([PLACE, DEPARTMENT, Place(PLACE.desk)]), st.booleans())
def test_what_is_sent_again_is_what_a_scan_must_have_changed(
    before: Item | None, now: Item, recipe: Recipe, place: Place, done: bool
) -> None:
    verdict = judge_lost_answer(before, now, step_of(recipe, place, done=done), place, settled=True, barcode="B1")
    assert verdict.finding is not Finding.WAIT
    if verdict.finding is Finding.DID_NOT_HAPPEN:
        assert before is None or before.same_state(now)
        assert before is not None or now.in_transit
        assert place.is_home_of(now)
        assert not now.requested
        assert not now.in_place
        assert now.barcode == "B1"
        if done and place is DEPARTMENT:
            assert now.process_type == "WORK_ORDER_DEPARTMENT"
        else:
            assert now.process_type in {*TRANSIT_TYPES, "LOAN", "MISSING"}
            assert not now.work_order_type


@given(items, items, looking)
def test_settling_changes_no_finding_but_waiting(before: Item, now: Item, recipe: Recipe) -> None:
    early = judge_lost_answer(before, now, step_of(recipe, PLACE), PLACE, settled=False, barcode="B1")
    late = judge_lost_answer(before, now, step_of(recipe, PLACE), PLACE, settled=True, barcode="B1")
    if early.finding is Finding.HAPPENED:
        assert late == early
    else:
        assert late.finding is not Finding.HAPPENED


@given(items, looking)
def test_an_item_that_was_in_place_before_never_proves_a_scan_by_being_there(before: Item, recipe: Recipe) -> None:
    if before.in_place:
        assert (
            judge_lost_answer(before, before, step_of(recipe, PLACE), PLACE, settled=True).finding
            is not Finding.HAPPENED
        )
