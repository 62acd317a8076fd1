"""Every answer that a row can have, from the real thing that happened at Alma."""

import pytest
from tests.run.scene import Scene

from almascan.errors import ExitCode
from almascan.model import Group, Outcome, RowState, RunState
from almascan.simulator import Simulator, SimulatorConfig

SKIPPED = {
    "on_loan": Outcome.ON_LOAN,
    "requested": Outcome.REQUESTED,
    "hold_shelf": Outcome.HOLD_SHELF,
    "missing": Outcome.MISSING,
    "lost": Outcome.LOST,
    "claimed_returned": Outcome.CLAIMED_RETURNED,
    "work_order": Outcome.WORK_ORDER,
    "resource_sharing": Outcome.RESOURCE_SHARING,
    "acquisition": Outcome.ACQUISITION,
    "technical": Outcome.TECHNICAL,
}


async def test_an_item_in_transit_to_this_desk_is_scanned_and_in_place(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    ended = await scene.scan([barcode])
    [row] = scene.rows()
    assert row.answer is Outcome.IN_PLACE
    assert row.state is RowState.DONE
    assert row.before is not None
    assert row.before.process_type == "TRANSIT"
    assert row.after is not None
    assert row.after.in_place
    assert ended.exit_code is ExitCode.DONE
    assert ended.run.state is RunState.FINISHED
    assert scene.simulator.scans() == {barcode: 1}


async def test_a_scan_is_no_use_of_a_book_in_the_house(scene: Scene) -> None:
    await scene.scan(scene.simulator.barcodes("in_transit", 3))
    assert scene.simulator.stats()["in_house_uses"] == 0


async def test_an_item_in_transit_to_remote_storage_is_scanned_too(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    scene.simulator.change(barcode, process_type="TRANSIT_TO_REMOTE_STORAGE")
    await scene.scan([barcode])
    assert scene.answers() == [Outcome.IN_PLACE]


@pytest.mark.parametrize("state", SKIPPED)
async def test_what_transit_does_not_scan_is_told_apart(scene: Scene, state: str) -> None:
    [barcode] = scene.simulator.barcodes(state, 1)
    before = scene.simulator.item(barcode)
    ended = await scene.scan([barcode])
    assert scene.answers() == [SKIPPED[state]]
    assert scene.simulator.item(barcode) == before
    assert ended.exit_code is ExitCode.LEFTOVERS


async def test_an_item_in_place_is_done_without_a_scan(scene: Scene) -> None:
    ended = await scene.scan(scene.simulator.barcodes("in_place", 2))
    assert scene.answers() == [Outcome.ALREADY_IN_PLACE] * 2
    assert scene.simulator.scans() == {}
    assert ended.exit_code is ExitCode.DONE


async def test_an_item_awaiting_reshelving_is_in_place(scene: Scene) -> None:
    [waiting, moving] = scene.simulator.barcodes("in_transit", 2)
    scene.simulator.change(waiting, process_type="", base_status="0", awaiting_reshelving=True)
    scene.simulator.change(moving, location="newbooks")
    await scene.scan([waiting, moving])
    assert scene.answers() == [Outcome.ALREADY_IN_PLACE, Outcome.IN_PLACE]


@pytest.mark.parametrize(
    "home",
    [
        {"library": "SCI", "location": "scistacks"},
        {"temp_library": "SCI", "temp_location": "scires"},
        {"location": "rare"},
    ],
    ids=["another library", "a temporary location elsewhere", "a location that the desk does not serve"],
)
async def test_an_item_whose_home_is_elsewhere_is_not_put_in_transit(scene: Scene, home: dict[str, str]) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    scene.simulator.change(barcode, **home)
    await scene.scan([barcode])
    assert scene.answers() == [Outcome.OTHER_LIBRARY]
    assert scene.simulator.scans() == {}


async def test_an_item_in_a_temporary_location_of_this_library_is_home(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    scene.simulator.change(barcode, library="SCI", location="scistacks", temp_library="MAIN", temp_location="reading")
    await scene.scan([barcode])
    assert scene.answers() == [Outcome.IN_PLACE]


async def test_a_state_that_the_recipe_does_not_know_is_not_scanned(scene: Scene) -> None:
    unknown, idle = scene.simulator.barcodes("in_transit", 2)
    scene.simulator.change(unknown, process_type="SOMETHING_NEW")
    scene.simulator.change(idle, process_type="", base_status="0")
    await scene.scan([unknown, idle])
    assert scene.answers() == [Outcome.NOT_EXPECTED] * 2
    assert scene.simulator.scans() == {}


async def test_a_request_holds_an_item_back_before_its_library_does(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    scene.simulator.change(barcode, library="SCI", location="scistacks", requested=True)
    await scene.scan([barcode])
    assert scene.answers() == [Outcome.REQUESTED]


async def test_a_reason_that_is_allowed_holds_nothing_back(scene: Scene) -> None:
    [missing] = scene.simulator.barcodes("missing", 1)
    [moving] = scene.simulator.barcodes("in_transit", 1)
    scene.simulator.change(moving, library="SCI", location="scistacks")
    await scene.scan([missing, moving], allow=(Outcome.MISSING, Outcome.OTHER_LIBRARY))
    assert scene.answers() == [Outcome.IN_PLACE, Outcome.IN_TRANSIT_ELSEWHERE]


async def test_a_requested_item_that_is_allowed_lands_on_the_hold_shelf_and_wants_a_person(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    scene.simulator.change(barcode, requested=True)
    await scene.scan([barcode], allow=(Outcome.REQUESTED,))
    [row] = scene.rows()
    assert row.answer is Outcome.ON_HOLD_SHELF
    assert row.answer.group is Group.ATTENTION
    assert scene.simulator.stats()["letters"] == 1


async def test_any_scans_everything_without_a_look(scene: Scene) -> None:
    [moving] = scene.simulator.barcodes("in_transit", 1)
    [lent] = scene.simulator.barcodes("on_loan", 1)
    [resting, wanted] = scene.simulator.barcodes("in_place", 2)
    [away] = scene.simulator.barcodes("missing", 1)
    scene.simulator.change(away, library="SCI", location="scistacks")
    scene.simulator.change(wanted, requested=True)
    await scene.scan([moving, lent, resting, wanted, away], recipe="any")
    places = [Outcome.IN_PLACE] * 3
    assert scene.answers() == [*places, Outcome.ON_HOLD_SHELF, Outcome.ON_ITS_WAY]
    assert scene.simulator.stats()["loans_returned"] == 1
    assert scene.requests() == {"find": 5, "scan": 5}
    assert all(row.before is None for row in scene.rows())


async def test_any_at_a_department_wants_a_person(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    await scene.scan([barcode], recipe="any", desk=scene.desk.__class__(library="MAIN", department="CONSERVATION"))
    assert scene.answers() == [Outcome.AT_DEPARTMENT]


async def test_an_item_that_a_scan_does_not_move_is_said_to_stay_where_it_is(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("acquisition", 1)
    await scene.scan([barcode], recipe="any")
    assert scene.answers() == [Outcome.STILL_NOT_IN_PLACE]


async def test_a_barcode_that_nobody_has_is_not_found_with_alma_s_words(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("unknown", 1)
    await scene.scan([barcode])
    [row] = scene.rows()
    assert row.answer is Outcome.NOT_FOUND
    assert row.alma_code == "401689"
    assert barcode in row.alma_message
    assert row.tracking_id.startswith("E01-")
    assert scene.requests() == {"find": 1}


async def test_ids_that_name_no_item_are_not_found(scene: Scene) -> None:
    mms_id, holding_id, pid = scene.simulator.ids(scene.simulator.barcodes("in_transit", 1)[0])
    await scene.scan(["MMS Id,Holding Id,Item Id", f"{mms_id},{holding_id},{pid[:-5]}99999"])
    assert scene.answers() == [Outcome.NOT_FOUND]


async def test_a_damaged_barcode_is_never_asked_for(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    await scene.scan(["Barcode,Title", "3.01211E+13,One", f"{barcode},Two"])
    assert scene.answers() == [Outcome.BAD_BARCODE, Outcome.IN_PLACE]
    assert scene.requests()["find"] == 1


async def test_a_barcode_given_twice_is_scanned_once(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    ended = await scene.scan([barcode, f"  {barcode} ", barcode], recipe="any")
    assert scene.answers() == [Outcome.IN_PLACE, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert [row.note for row in scene.rows()][1:] == ["duplicate of row 1"] * 2
    assert scene.simulator.scans() == {barcode: 1}
    assert ended.exit_code is ExitCode.DONE


async def test_an_item_given_by_ids_and_by_barcode_is_scanned_once(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    lines = ["MMS Id,Holding Id,Item Id,Barcode", f"{scene.ids_line(barcode)},", f",,,{barcode}"]
    await scene.scan(lines, recipe="any")
    assert sorted(scene.answers()) == [Outcome.DUPLICATE, Outcome.IN_PLACE]
    assert scene.simulator.scans() == {barcode: 1}


async def test_an_item_by_two_names_is_scanned_once_though_both_looks_found_it_in_transit(scene: Scene) -> None:
    barcodes = scene.simulator.barcodes("in_transit", 20)
    lines = ["MMS Id,Holding Id,Item Id,Barcode"]
    for barcode in barcodes:
        lines += [f"{scene.ids_line(barcode)},", f",,,{barcode}"]
    await scene.scan(lines)
    assert set(scene.answers()) <= {Outcome.IN_PLACE, Outcome.DUPLICATE, Outcome.ALREADY_IN_PLACE}
    assert scene.answers().count(Outcome.IN_PLACE) == 20
    assert scene.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_a_barcode_in_another_case_is_the_same_barcode(scene: Scene) -> None:
    # Alma's own folding is not known; an answer in another case is the item that was asked for.
    barcode = next(code for code in scene.simulator.barcodes("in_transit", 100) if code.endswith("kj"))
    lines = ["MMS Id,Holding Id,Item Id,Barcode", f"{scene.ids_line(barcode)},{barcode.upper()}"]
    await scene.scan(lines)
    assert scene.answers() == [Outcome.IN_PLACE]


async def test_ids_of_another_item_than_the_barcode_are_not_scanned(scene: Scene) -> None:
    [one, other] = scene.simulator.barcodes("in_transit", 2)
    await scene.scan(["MMS Id,Holding Id,Item Id,Barcode", f"{scene.ids_line(one)},{other}"])
    [row] = scene.rows()
    assert row.answer is Outcome.OTHER_ITEM
    assert one in row.note
    assert scene.simulator.scans() == {}


async def test_any_says_when_alma_answered_with_another_barcode(scene: Scene) -> None:
    [one, other] = scene.simulator.barcodes("in_transit", 2)
    await scene.scan(["MMS Id,Holding Id,Item Id,Barcode", f"{scene.ids_line(one)},{other}"], recipe="any")
    [row] = scene.rows()
    assert row.answer is Outcome.WRONG_ITEM
    assert one in row.note


async def test_a_stale_holding_id_is_corrected_by_the_look(scene: Scene) -> None:
    [barcode, elsewhere] = [scene.simulator.barcodes("in_transit", 30)[n] for n in (0, -1)]
    mms_id, _, pid = scene.simulator.ids(barcode)
    stale = scene.simulator.ids(elsewhere)[1]
    await scene.scan(["MMS Id,Holding Id,Item Id", f"{mms_id},{stale},{pid}"])
    [row] = scene.rows()
    assert row.answer is Outcome.IN_PLACE
    assert row.holding_id == scene.simulator.ids(barcode)[1]


async def test_a_refusal_is_told_with_alma_s_code_and_changes_nothing(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    options = scene.order().options.__class__(work_order_type="NO_SUCH_TYPE")
    await scene.scan([barcode], options=options)
    [row] = scene.rows()
    assert row.answer is Outcome.REFUSED
    assert row.alma_code == "40166411"
    assert row.tracking_id
    assert scene.simulator.scans() == {}


async def test_any_skips_what_another_run_sent_within_a_day(scene: Scene) -> None:
    barcodes = scene.simulator.barcodes("in_transit", 2)
    await scene.scan(barcodes[:1], recipe="any")
    await scene.scan(barcodes, recipe="any")
    assert scene.answers() == [Outcome.SENT_IN_EARLIER_RUN, Outcome.IN_PLACE]
    assert scene.rows()[0].note == "sent by run 1, row 1"
    assert scene.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_any_scans_again_what_was_sent_when_that_is_allowed(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    await scene.scan([barcode], recipe="any")
    await scene.scan([barcode], recipe="any", allow=(Outcome.SENT_IN_EARLIER_RUN,))
    assert scene.simulator.scans() == {barcode: 2}


async def test_a_scan_that_alma_refused_keeps_no_other_run_from_scanning(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    options = scene.order().options.__class__(work_order_type="NO_SUCH_TYPE")
    await scene.scan([barcode], recipe="any", options=options)
    assert scene.answers() == [Outcome.REFUSED]
    await scene.scan([barcode], recipe="any")
    assert scene.answers() == [Outcome.IN_PLACE]


async def test_the_live_state_decides_in_a_second_run(scene: Scene) -> None:
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    await scene.scan([barcode])
    await scene.scan([barcode])
    assert scene.answers() == [Outcome.ALREADY_IN_PLACE]
    scene.simulator.change(barcode, process_type="TRANSIT")
    await scene.scan([barcode])
    assert scene.answers() == [Outcome.IN_PLACE]


async def test_a_desk_that_does_not_reshelve_says_where_the_item_goes(scene: Scene) -> None:
    desk = scene.desk.__class__(library=scene.simulator.other_library, circ_desk=scene.simulator.other_circ_desk)
    [barcode] = scene.simulator.barcodes("in_transit", 1)
    await scene.scan([barcode], desk=desk, allow=(Outcome.OTHER_LIBRARY,))
    assert scene.answers() == [Outcome.IN_TRANSIT_ELSEWHERE]


async def test_base_status_0_while_awaiting_reshelving_counts_as_in_place(scene: Scene) -> None:
    config = SimulatorConfig(items=500, per_second=0, reshelving_in_place=False)
    with Simulator(config) as simulator:
        scene.simulator, scene.base_url = simulator, simulator.base_url
        [barcode] = simulator.barcodes("in_transit", 1)
        simulator.change(barcode, location="newbooks")
        await scene.scan([barcode])
        [row] = scene.rows()
    assert row.answer is Outcome.IN_PLACE
    assert row.after is not None
    assert row.after.base_status == "0"
