"""Which items are scanned, and the first reason that holds one back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.model import OWN_REASON, RECIPES, Desk, Item, Outcome
from almascan.rules import Place, decide, is_same_barcode

PLACE = Place(Desk(library="MAIN", circ_desk="DESK"), frozenset({"stacks", "folio"}))
TRANSIT = Item(
    "99", "22", "23", barcode="B1", base_status="0", process_type="TRANSIT", requested=False, library="MAIN",
    location="stacks",
)  # fmt: skip
ORDER = [
    Outcome.OTHER_ITEM,
    *dict.fromkeys(OWN_REASON.values()),
    Outcome.REQUESTED,
    Outcome.OTHER_LIBRARY,
    Outcome.ALREADY_IN_PLACE,
    Outcome.ALREADY_ON_ITS_WAY,
    Outcome.NOT_EXPECTED,
]

items = st.builds(
    Item,
    mms_id=st.just("99"),
    holding_id=st.just("22"),
    pid=st.just("23"),
    barcode=st.sampled_from(["B1", "b1", "B2"]),
    base_status=st.sampled_from(["0", "1"]),
    process_type=st.sampled_from(["", "TRANSIT", "TRANSIT_TO_REMOTE_STORAGE", "REQUESTED", "NEWTYPE", *OWN_REASON]),
    awaiting_reshelving=st.booleans(),
    requested=st.booleans(),
    library=st.sampled_from(["MAIN", "SCI"]),
    location=st.sampled_from(["stacks", "rare"]),
)
reasons = st.sets(st.sampled_from([*OWN_REASON.values(), Outcome.REQUESTED, Outcome.OTHER_LIBRARY]))


def transit(**fields: Any) -> Outcome | None:
    return decide(msgspec.structs.replace(TRANSIT, **fields), RECIPES["transit"], PLACE, "B1")


def test_transit_scans_what_is_in_transit_home_and_not_requested() -> None:
    assert transit() is None
    assert transit(process_type="TRANSIT_TO_REMOTE_STORAGE") is None


@pytest.mark.parametrize(("process_type", "reason"), OWN_REASON.items())
def test_each_process_type_has_its_reason(process_type: str, reason: Outcome) -> None:
    assert transit(process_type=process_type) is reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"requested": True}, Outcome.REQUESTED),
        ({"process_type": "REQUESTED", "base_status": "1"}, Outcome.REQUESTED),
        ({"library": "SCI"}, Outcome.OTHER_LIBRARY),
        ({"location": "rare"}, Outcome.OTHER_LIBRARY),
        ({"process_type": "", "base_status": "1"}, Outcome.ALREADY_IN_PLACE),
        ({"process_type": "", "awaiting_reshelving": True}, Outcome.ALREADY_IN_PLACE),
        ({"process_type": "", "base_status": "0"}, Outcome.NOT_EXPECTED),
        ({"process_type": "NEWTYPE"}, Outcome.NOT_EXPECTED),
        ({"barcode": "B2"}, Outcome.OTHER_ITEM),
        ({"requested": True, "library": "SCI"}, Outcome.REQUESTED),
        ({"process_type": "LOAN", "requested": True, "library": "SCI"}, Outcome.ON_LOAN),
        ({"process_type": "NEWTYPE", "library": "SCI"}, Outcome.OTHER_LIBRARY),
    ],
)
def test_the_first_reason_of_the_order_is_given(fields: dict[str, Any], reason: Outcome) -> None:
    assert transit(**fields) is reason


def test_a_desk_of_which_no_location_is_listed_serves_its_whole_library() -> None:
    item = msgspec.structs.replace(TRANSIT, location="rare")
    assert decide(item, RECIPES["transit"], Place(PLACE.desk), "B1") is None


def test_a_department_of_the_institution_is_nobodys_home() -> None:
    place = Place(Desk(department="DIGITIZE"))
    assert not place.is_home_of(TRANSIT)
    assert not place.is_home_of(msgspec.structs.replace(TRANSIT, library=""))


@given(items)
def test_any_holds_back_only_another_barcode(item: Item) -> None:
    reason = decide(item, RECIPES["any"], PLACE, "B1")
    assert reason is (Outcome.OTHER_ITEM if item.barcode == "B2" else None)


@given(items)
def test_transit_never_scans_what_it_should_not(item: Item) -> None:
    if decide(item, RECIPES["transit"], PLACE, "B1") is None:
        assert item.in_transit
        assert not item.requested
        assert (item.library, item.location) == ("MAIN", "stacks")
        assert item.barcode.upper() == "B1"


@given(items, reasons)
def test_allowing_a_reason_never_leads_to_an_earlier_one(item: Item, allowed: set[Outcome]) -> None:
    strict = decide(item, RECIPES["transit"], PLACE, "B1")
    wide = decide(item, RECIPES["transit"].narrowed(allow=tuple(allowed)), PLACE, "B1")
    assert wide not in allowed
    if strict is None:
        assert wide is None
    elif strict not in allowed:
        assert wide is strict
    elif wide is not None:
        assert ORDER.index(wide) > ORDER.index(strict)


@given(items, reasons)
def test_a_reason_to_skip_is_kept(item: Item, skipped: set[Outcome]) -> None:
    narrow = decide(item, RECIPES["returns"].narrowed(skip=tuple(skipped)), PLACE, "B1")
    wide = decide(item, RECIPES["returns"], PLACE, "B1")
    assert narrow is wide or narrow in skipped


@given(st.text(), st.text(alphabet=" \t\n"), st.text(alphabet=" \t"))
def test_case_and_outer_spaces_make_no_other_barcode(barcode: str, before: str, after: str) -> None:
    assert is_same_barcode(barcode, f"{before}{barcode.upper().lower()}{after}") or barcode.casefold() != (
        barcode.upper().lower().casefold()
    )
    assert is_same_barcode("", barcode)


@pytest.mark.parametrize("answered", ["", "B 1", "B10", "B", "0B1"])
def test_an_inner_space_or_another_character_makes_another_barcode(answered: str) -> None:
    assert not is_same_barcode("B1", answered)
