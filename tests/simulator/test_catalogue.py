import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.config import MAXIMUM_ITEMS, SimulatorConfig
from almascan.simulator.identifiers import Numbering
from almascan.simulator.institution import CIRC_DESK, LIBRARIES, LIBRARY
from almascan.simulator.items import STATES
from almascan.simulator.seed import MIXTURE, Seed


@given(st.integers(0, 2**40), st.integers(0, MAXIMUM_ITEMS - 1))
def test_every_id_leads_back_to_its_item(seed: int, number: int) -> None:
    numbering = Numbering(seed, MAXIMUM_ITEMS)
    assert numbering.number_of_barcode(numbering.barcode(number)) == number
    assert numbering.number_of_pid(numbering.pid(number)) == number
    assert numbering.first_of_holding(numbering.holding_id(number)) == number // 2 * 2
    assert numbering.first_of_bib(numbering.mms_id(number)) == number // 4 * 4


@given(st.text(max_size=20) | st.from_regex(r"(301211|3030|22|23|99)\d{8,12}(kj|7701)?", fullmatch=True))
def test_a_name_that_was_not_given_out_names_nothing_or_the_item_that_bears_it(name: str) -> None:
    numbering = Numbering(1, 1000)
    number = numbering.number_of_barcode(name)
    assert number is None or numbering.barcode(number) == name
    pid = numbering.number_of_pid(name)
    assert pid is None or numbering.pid(pid) == name


def test_barcodes_beyond_the_catalogue_are_unknown() -> None:
    catalogue = Catalogue(1, 1000)
    unknown = list(catalogue.barcodes("unknown", 50))
    assert len(set(unknown)) == 50
    assert all(catalogue.find(barcode) is None for barcode in unknown)


def test_some_barcodes_have_letters_and_all_have_fourteen_characters() -> None:
    numbering = Numbering(1, 1000)
    barcodes = [numbering.barcode(number) for number in range(1000)]
    assert {len(barcode) for barcode in barcodes} == {14}
    assert 0 < sum(not barcode.isdigit() for barcode in barcodes) < 100


@pytest.mark.parametrize("start", [0, 300, 999_900])
def test_every_hundred_items_hold_the_exact_mixture(start: int) -> None:
    seed = Seed(5)
    assert Counter(seed.kind(number) for number in range(start, start + 100)) == MIXTURE


def test_ten_million_items_cost_no_memory_until_they_are_changed() -> None:
    tracemalloc.start()
    try:
        catalogue = Catalogue(3, 10_000_000)
        for number in range(0, 10_000_000, 5_000):
            catalogue.item(number)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 200_000


@pytest.mark.parametrize("state", STATES)
def test_a_thousand_items_have_barcodes_of_every_state(state: str) -> None:
    catalogue = Catalogue(1, 1000)
    least = 20 if state in {"in_transit", "in_place", "on_loan", "requested", "hold_shelf", "missing"} else 1
    barcodes = list(catalogue.barcodes(state, 25))
    assert len(barcodes) >= least
    for barcode in barcodes:
        number = catalogue.find(barcode)
        assert number is not None
        assert state in catalogue.item(number).states()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_offered_items_in_transit_belong_to_the_main_desk_and_nobody_wants_them(seed: int) -> None:
    catalogue = Catalogue(seed, 1000)
    served = LIBRARIES[LIBRARY].desks[CIRC_DESK].locations
    for barcode in catalogue.barcodes("in_transit", 1000):
        item = catalogue.item(catalogue.find(barcode) or 0)
        library, location = item.home
        assert (library, item.requests) == (LIBRARY, ())
        assert location in served


def test_some_offered_requests_are_picked_up_at_the_main_desk_and_some_elsewhere() -> None:
    catalogue = Catalogue(1, 1000)
    items = [catalogue.item(catalogue.find(barcode) or 0) for barcode in catalogue.barcodes("requested", 50)]
    assert {item.requests[0].pickup_library for item in items} == {"MAIN", "SCI"}


def test_an_unknown_state_is_refused_with_the_states_there_are() -> None:
    with pytest.raises(ValueError, match="in_transit, in_place"):
        Catalogue(1, 10).barcodes("lost in space", 1)


def test_another_operators_change_brings_what_goes_with_it() -> None:
    catalogue = Catalogue(1, 1000)
    number = catalogue.find(next(catalogue.barcodes("in_place", 1))) or 0
    item = catalogue.change(number, {"process_type": "LOAN", "due_date": "2026-04-01T21:59:00Z"}, "2026-03-01Z")
    assert (item.base_status, item.modification_date) == ("0", "2026-03-01Z")
    assert item.loan
    assert item.loan.due_date == "2026-04-01T21:59:00Z"
    item = catalogue.change(number, {"process_type": "", "requested": True}, "2026-03-02Z")
    assert item.loan is None
    assert item.requests[0].pickup_desk == CIRC_DESK
    assert catalogue.change(number, {"requested": False}, "2026-03-02Z").requests == ()
    with pytest.raises(ValueError, match="No such field: colour"):
        catalogue.change(number, {"colour": "red"}, "2026-03-02Z")


@pytest.mark.parametrize(
    "fields",
    [
        {"library": "NOWHERE"},
        {"location": "scistacks"},
        {"temp_library": "SCI", "temp_location": "stacks"},
        {"requested": True, "pickup_library": "NOWHERE"},
    ],
)
def test_a_change_to_a_place_that_does_not_exist_is_refused_and_changes_nothing(fields: dict[str, object]) -> None:
    catalogue = Catalogue(1, 1000)
    number = catalogue.find(next(catalogue.barcodes("in_place", 1))) or 0
    before = catalogue.item(number)
    with pytest.raises(ValueError, match="No such place"):
        catalogue.change(number, fields, "2026-03-01Z")
    assert catalogue.item(number) == before


def test_an_item_that_somebody_wants_is_not_offered_as_in_place() -> None:
    catalogue = Catalogue(1, 1000)
    barcode = next(catalogue.barcodes("in_place", 1))
    catalogue.change(catalogue.find(barcode) or 0, {"requested": True}, "2026-03-01Z")
    assert barcode not in catalogue.barcodes("in_place", 1000)


def test_a_reset_brings_back_the_seeded_state() -> None:
    catalogue = Catalogue(1, 1000)
    before = catalogue.item(5)
    catalogue.change(5, {"process_type": "MISSING"}, "2026-03-01Z")
    catalogue.reset()
    assert catalogue.item(5) == before


def test_a_catalogue_larger_than_the_barcodes_can_number_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 50,000,000"):
        SimulatorConfig(items=MAXIMUM_ITEMS + 1)
