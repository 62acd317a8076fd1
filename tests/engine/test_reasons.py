"""Why a row was not scanned, where the reason is not the item's process type alone."""

import pytest
from tests.engine.conftest import Bench

from almascan.errors import ExitCode
from almascan.model import Outcome, RowState


async def test_a_state_that_the_recipe_does_not_know_is_not_scanned(bench: Bench) -> None:
    unknown, idle = bench.simulator.barcodes("in_transit", 2)
    bench.simulator.change(unknown, process_type="SOMETHING_NEW")
    bench.simulator.change(idle, process_type="", base_status="0")
    await bench.scan([unknown, idle])
    assert set(bench.answers().values()) == {Outcome.NOT_EXPECTED}
    assert bench.simulator.scans() == {}


async def test_an_item_in_place_or_awaiting_reshelving_is_done_without_a_scan(bench: Bench) -> None:
    (resting,) = bench.simulator.barcodes("in_place", 1)
    (waiting,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(waiting, process_type="", base_status="0", awaiting_reshelving=True)
    ended = await bench.scan([resting, waiting])
    assert ended.counts == {Outcome.ALREADY_IN_PLACE: 2}
    assert ended.exit_code is ExitCode.DONE
    assert bench.simulator.scans() == {}


async def test_a_request_is_the_reason_before_the_library_is(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(barcode, library="SCI", location="scistacks", requested=True)
    await bench.scan([barcode])
    assert bench.answers() == {barcode: Outcome.REQUESTED}


async def test_an_item_in_a_temporary_location_of_this_library_is_home(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(barcode, library="SCI", location="scistacks", temp_library="MAIN", temp_location="reading")
    await bench.scan([barcode])
    assert bench.answers() == {barcode: Outcome.IN_PLACE}


async def test_a_reason_that_is_allowed_holds_nothing_back(bench: Bench) -> None:
    missing, moving = bench.simulator.barcodes("missing", 1) + bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(moving, library="SCI", location="scistacks")
    await bench.scan([missing, moving], bench.order(allow=(Outcome.MISSING, Outcome.OTHER_LIBRARY)))
    assert bench.answers() == {missing: Outcome.IN_PLACE, moving: Outcome.IN_TRANSIT_ELSEWHERE}


async def test_a_barcode_that_nobody_has_is_told_in_alma_s_words(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("unknown", 1)
    await bench.scan([barcode])
    (row,) = bench.journal.rows(1)
    assert (row.answer, row.alma_code) == (Outcome.NOT_FOUND, "401689")
    assert barcode in row.alma_message
    assert row.tracking_id.startswith("E01-")


async def test_ids_that_name_no_item_are_not_found(bench: Bench) -> None:
    mms_id, holding_id, pid = bench.simulator.ids(bench.simulator.barcodes("in_transit", 1)[0])
    lines = ["MMS Id,Holding Id,Item Id", f"{mms_id},{holding_id},{pid[:-5]}99999"]
    ended = await bench.scan(bench.write(lines, "ids.csv"))
    assert ended.counts == {Outcome.NOT_FOUND: 1}


async def test_a_damaged_barcode_is_never_asked_for(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan(bench.write(["Barcode,Title", "3.01211E+13,One", f"{barcode},Two"], "damaged.csv"))
    assert [row.answer for row in bench.journal.rows(1)] == [Outcome.BAD_BARCODE, Outcome.IN_PLACE]
    assert bench.simulator.stats()["by_operation"]["find"] == 1


async def test_a_barcode_answered_in_another_case_is_the_one_that_was_asked_for(bench: Bench) -> None:
    barcode = next(code for code in bench.simulator.barcodes("in_transit", 100) if code.endswith("kj"))
    ids = ",".join(bench.simulator.ids(barcode))
    await bench.scan(bench.write(["MMS Id,Holding Id,Item Id,Barcode", f"{ids},{barcode.upper()}"], "case.csv"))
    assert [row.answer for row in bench.journal.rows(1)] == [Outcome.IN_PLACE]


async def test_an_item_by_two_names_is_scanned_once_though_both_looks_found_it_in_transit(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 20)
    lines = ["MMS Id,Holding Id,Item Id,Barcode"]
    for barcode in barcodes:
        lines += [f"{','.join(bench.simulator.ids(barcode))},", f",,,{barcode}"]
    ended = await bench.scan(bench.write(lines, "pairs.csv"))
    assert ended.counts[Outcome.IN_PLACE] == 20
    assert set(ended.counts) <= {Outcome.IN_PLACE, Outcome.DUPLICATE, Outcome.ALREADY_IN_PLACE}
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_the_live_state_decides_in_a_second_run(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode])
    await bench.scan([barcode])
    assert bench.answers(2) == {barcode: Outcome.ALREADY_IN_PLACE}
    bench.simulator.change(barcode, process_type="TRANSIT")
    await bench.scan([barcode])
    assert bench.answers(3) == {barcode: Outcome.IN_PLACE}


async def test_a_refused_scan_is_told_in_alma_s_words_and_keeps_no_other_run_from_scanning(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.add_fault("error", operation="scan", status=400, code="401664")
    await bench.scan([barcode], bench.order("any"))
    (row,) = bench.journal.rows(1)
    assert (row.state, row.answer, row.alma_code, row.sends) == (RowState.FAILED, Outcome.REFUSED, "401664", 0)
    assert bench.simulator.scans() == {}
    await bench.scan([barcode], bench.order("any"))
    assert bench.answers(2) == {barcode: Outcome.IN_PLACE}


async def test_retry_scans_what_was_refused_and_nothing_that_is_done(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 4)
    bench.simulator.add_fault("error", operation="scan", items=(barcodes[1],), status=400, code="401664")
    await bench.scan(barcodes)
    assert bench.answers()[barcodes[1]] is Outcome.REFUSED
    await bench.work(lambda runner: runner.retry(1))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


@pytest.mark.parametrize("state", ["on_loan", "requested", "lost", "acquisition"])
async def test_an_item_that_is_not_scanned_is_as_it_was(bench: Bench, state: str) -> None:
    (barcode,) = bench.simulator.barcodes(state, 1)
    before = bench.simulator.item(barcode)
    await bench.scan([barcode])
    assert bench.simulator.item(barcode) == before
