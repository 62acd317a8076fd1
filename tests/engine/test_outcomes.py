"""Every row gets the answer that the item's state and the recipe call for."""

import asyncio
from contextlib import closing

import pytest
from tests.engine.conftest import Bench
from tests.waiting import until

from almascan.errors import ExitCode, KeyRefusedError, LeaseError, UsageError
from almascan.journal import Journal
from almascan.model import HOME, Desk, ItemIds, Outcome, RowState, RunState, ScanOptions
from almascan.stop import Stop

STATES = {
    "in_transit": Outcome.IN_PLACE,
    "in_place": Outcome.ALREADY_IN_PLACE,
    "on_loan": Outcome.ON_LOAN,
    "requested": Outcome.REQUESTED,
    "hold_shelf": Outcome.HOLD_SHELF,
    "missing": Outcome.MISSING,
    "lost": Outcome.LOST,
    "claimed_returned": Outcome.CLAIMED_RETURNED,
    "work_order": Outcome.WORK_ORDER,
    "acquisition": Outcome.ACQUISITION,
    "technical": Outcome.TECHNICAL,
    "unknown": Outcome.NOT_FOUND,
}


async def test_transit_scans_what_is_stuck_and_answers_every_other_state(bench: Bench) -> None:
    expected = {barcode: outcome for state, outcome in STATES.items() for barcode in bench.simulator.barcodes(state, 4)}
    ended = await bench.scan(expected)
    assert bench.answers() == expected
    assert set(bench.simulator.scans()) == {name for name, outcome in expected.items() if outcome is Outcome.IN_PLACE}
    assert (ended.run.state, ended.exit_code) == (RunState.FINISHED, ExitCode.LEFTOVERS)
    assert bench.simulator.stats()["letters"] == 0
    assert bench.simulator.stats()["in_house_uses"] == 0


async def test_resource_sharing_items_are_left_alone(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(barcode, process_type="ILL")
    await bench.scan([barcode])
    assert bench.answers() == {barcode: Outcome.RESOURCE_SHARING}


@pytest.mark.parametrize(
    "fields",
    [
        {"temp_library": "SCI", "temp_location": "scistacks"},
        {"location": "rare"},
        {"library": "SCI", "location": "scistacks"},
    ],
)
async def test_an_item_at_home_elsewhere_is_not_scanned(bench: Bench, fields: dict[str, str]) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(barcode, **fields)
    await bench.scan([barcode])
    assert bench.answers() == {barcode: Outcome.OTHER_LIBRARY}
    assert bench.simulator.scans() == {}


async def test_any_scans_everything_without_a_look_and_says_where_it_went(bench: Bench) -> None:
    transit, loan = bench.simulator.barcodes("in_transit", 1) + bench.simulator.barcodes("on_loan", 1)
    await bench.scan([transit, loan], bench.order("any"))
    assert bench.answers()[transit] is Outcome.IN_PLACE
    assert bench.answers()[loan] in (Outcome.IN_PLACE, Outcome.ON_ITS_WAY)
    assert bench.simulator.stats()["loans_returned"] == 1


async def test_a_scan_at_another_librarys_desk_wants_attention_or_is_skipped(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 2)
    await bench.scan(barcodes, bench.order(desk=bench.elsewhere))
    assert set(bench.answers().values()) == {Outcome.OTHER_LIBRARY}
    await bench.scan(barcodes, bench.order(desk=bench.elsewhere, allow=(Outcome.OTHER_LIBRARY,)))
    assert set(bench.answers(2).values()) == {Outcome.IN_TRANSIT_ELSEWHERE}


async def test_requests_are_two_with_any_and_three_with_transit(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 20)
    await bench.scan(barcodes[:10], bench.order("any"))
    operations = bench.simulator.stats()["by_operation"]
    assert (operations["find"], operations.get("read", 0), operations["scan"]) == (10, 0, 10)
    await bench.scan(barcodes[10:], bench.order("transit"))
    operations = bench.simulator.stats()["by_operation"]
    assert (operations["find"], operations["read"], operations["scan"]) == (20, 10, 20)


async def test_requests_are_one_less_with_ids(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 20)
    lines = ["MMS Id,Holding Id,Item Id"] + [",".join(bench.simulator.ids(barcode)) for barcode in barcodes]
    await bench.scan(bench.write(lines[:11], "any.csv"), bench.order("any"))
    operations = bench.simulator.stats()["by_operation"]
    assert ("find" in operations, operations.get("read", 0), operations["scan"]) == (False, 0, 10)
    await bench.scan(bench.write([lines[0], *lines[11:]], "transit.csv"), bench.order("transit"))
    operations = bench.simulator.stats()["by_operation"]
    assert ("find" in operations, operations["read"], operations["scan"]) == (False, 10, 20)


async def test_a_duplicate_keeps_its_first_row(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode, barcode, f" {barcode}"])
    rows = list(bench.journal.rows(1))
    assert [row.answer for row in rows] == [Outcome.IN_PLACE, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert rows[2].note == "duplicate of row 1"
    assert bench.simulator.scans() == {barcode: 1}


async def test_the_same_item_by_another_name_is_a_duplicate(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    lines = ["Barcode,MMS Id,Holding Id,Item Id", f"{barcode},,,", "," + ",".join(bench.simulator.ids(barcode))]
    await bench.scan(bench.write(lines, "both.csv"), bench.order("any"))
    assert sorted(row.answer for row in bench.journal.rows(1)) == [Outcome.DUPLICATE, Outcome.IN_PLACE]
    assert bench.simulator.scans() == {barcode: 1}


async def test_ids_that_lead_to_another_barcode_are_not_scanned(bench: Bench) -> None:
    one, other = bench.simulator.barcodes("in_transit", 2)
    lines = ["Barcode,MMS Id,Holding Id,Item Id", ",".join([one, *bench.simulator.ids(other)])]
    await bench.scan(bench.write(lines, "stale.csv"))
    assert bench.answers() == {one: Outcome.OTHER_ITEM}
    await bench.scan(bench.write(lines, "stale.csv"), bench.order("any"))
    assert bench.answers(2) == {one: Outcome.WRONG_ITEM}


async def test_a_stale_holding_id_is_replaced_by_the_looks(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    mms_id, _, pid = bench.simulator.ids(barcode)
    wrong = bench.simulator.ids(bench.simulator.barcodes("in_place", 3)[-1])[1]
    lines = ["MMS Id,Holding Id,Item Id", f"{mms_id},{wrong},{pid}"]
    await bench.scan(bench.write(lines, "stale.csv"))
    assert bench.answers() == {barcode: Outcome.IN_PLACE}


async def test_an_item_whose_scan_is_unclear_in_another_run_is_blocked_and_names_it(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(barcode, requested=True, pickup_library="SCI", pickup_desk="SCI_CIRC")
    bench.simulator.add_fault("drop", operation="scan", times=1)
    allowing = bench.order(allow=(Outcome.REQUESTED,), settle_seconds=0.1)
    await bench.scan([barcode], allowing)
    assert bench.answers() == {barcode: Outcome.UNCLEAR}
    await bench.scan([barcode], allowing)
    (row,) = bench.journal.rows(2)
    assert (row.answer, row.note) == (Outcome.SENT_IN_EARLIER_RUN, "sent by run 1, row 1")


async def test_any_leaves_what_was_sent_in_the_last_day_alone_unless_allowed(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode], bench.order("any"))
    await bench.scan([barcode], bench.order("any"))
    assert bench.answers(2) == {barcode: Outcome.SENT_IN_EARLIER_RUN}
    await bench.scan([barcode], bench.order("any", allow=(Outcome.SENT_IN_EARLIER_RUN,)))
    assert bench.answers(3) == {barcode: Outcome.IN_PLACE}


async def test_a_limit_leaves_the_rest_to_resume(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 30)
    ended = await bench.scan(barcodes, limit=10)
    assert (ended.counts, ended.exit_code) == (
        {Outcome.IN_PLACE: 10, Outcome.NOT_TRIED: 20},
        ExitCode.LEFTOVERS,
    )
    ended = await bench.resume()
    assert (ended.counts, ended.exit_code, ended.run.state) == (
        {Outcome.IN_PLACE: 30},
        ExitCode.DONE,
        RunState.FINISHED,
    )
    assert set(bench.simulator.scans().values()) == {1}


async def test_an_unknown_desk_is_said_before_anything_is_sent(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no circulation desk at MAIN"):
        await bench.scan(["1"], bench.order(desk=Desk("MAIN", "NOWHERE")))
    with pytest.raises(UsageError, match="no library"):
        await bench.scan(["1"], bench.order(desk=Desk("NOWHERE", "X")))
    assert bench.journal.runs() == []


async def test_a_key_that_may_not_write_stops_before_the_list_is_read(bench: Bench) -> None:
    with pytest.raises(KeyRefusedError):
        await bench.scan(bench.simulator.barcodes("in_transit", 2), key="read_only")
    assert bench.journal.runs() == []


async def test_a_key_with_bibs_rights_alone_scans(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    await bench.scan(barcodes, key="bibs_only")
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}


async def test_a_second_process_is_told_who_has_the_institution(bench: Bench) -> None:
    other = closing(Journal(bench.journal.path))
    refused = pytest.raises(LeaseError, match=r"process \d+")
    with other as journal, journal.lease(bench.simulator.institution), refused:
        await bench.scan(bench.simulator.barcodes("in_transit", 1))
    assert bench.simulator.scans() == {}


async def test_returns_ends_loans_and_sends_on(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("on_loan", 5)
    ended = await bench.scan(barcodes, bench.order("returns"))
    assert set(ended.counts) <= {Outcome.IN_PLACE, Outcome.ON_ITS_WAY, Outcome.ON_HOLD_SHELF}
    assert bench.simulator.stats()["loans_returned"] == 5


async def test_found_puts_missing_items_in_place_and_leaves_the_others(bench: Bench) -> None:
    missing, transit = bench.simulator.barcodes("missing", 1) + bench.simulator.barcodes("in_transit", 1)
    await bench.scan([missing, transit], bench.order("found"))
    assert bench.answers()[transit] is Outcome.NOT_EXPECTED
    assert bench.answers()[missing] in (Outcome.IN_PLACE, Outcome.IN_TRANSIT_ELSEWHERE)
    assert set(bench.simulator.scans()) == {missing}


async def test_send_puts_items_on_their_way_once(bench: Bench) -> None:
    barcodes = [
        barcode
        for barcode in bench.simulator.barcodes("in_place", 40)
        if bench.simulator.item(barcode)["library"] == "MAIN"
    ][:3]
    order = bench.order("send", desk=bench.elsewhere)
    await bench.scan(barcodes, order)
    assert set(bench.answers().values()) == {Outcome.ON_ITS_WAY}
    await bench.scan(barcodes, order)
    assert set(bench.answers(2).values()) == {Outcome.ALREADY_ON_ITS_WAY}
    assert set(bench.simulator.scans().values()) == {1}


async def test_a_finished_work_order_is_scanned_at_the_department_and_then_at_home(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("work_order", 3)
    for barcode in barcodes:
        bench.simulator.change(barcode, work_order_at="CONSERVATION", library="MAIN", location="stacks")
    order = bench.order(
        "work-order", desk=bench.department, options=ScanOptions(done=True, work_order_type="CONSERVE"), then=bench.home
    )
    await bench.scan(barcodes, order)
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert {row.step for row in bench.journal.rows(1)} == {1}
    assert set(bench.simulator.scans().values()) == {2}


async def test_each_item_is_scanned_at_its_own_home_desk(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 6)
    for barcode in barcodes[3:]:
        bench.simulator.change(barcode, library="SCI", location="scistacks")
    await bench.scan(barcodes, bench.order(desk=HOME))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert {row.desk.library for row in bench.rows().values() if row.desk} == {"MAIN", "SCI"}


async def test_a_plan_scans_nothing_and_resume_scans_what_it_said(bench: Bench) -> None:
    transit = bench.simulator.barcodes("in_transit", 5)
    loans = bench.simulator.barcodes("on_loan", 2)
    ended = await bench.plan([*transit, *loans])
    assert (ended.run.state, bench.simulator.scans(), bench.journal.planned(1)) == (RunState.PLANNED, {}, 5)
    bench.simulator.change(transit[0], process_type="LOAN", due_date="2027-01-01T20:00:00Z")
    bench.simulator.change(loans[0], process_type="TRANSIT")
    await bench.resume()
    assert set(bench.simulator.scans()) == set(transit[1:])
    changed = bench.rows()[transit[0]]
    assert changed.answer is Outcome.ON_LOAN
    assert "changed since the last look" in changed.note
    assert bench.rows()[loans[0]].answer is Outcome.ON_LOAN


async def test_a_list_with_an_unreadable_end_leaves_no_run(bench: Bench) -> None:
    path = bench.folder / "broken.txt"
    path.write_bytes(b"30121135336896\n" * 30_000 + b"\xff\xfe\xfa\n")
    with pytest.raises(Exception, match="encoding"):
        await bench.scan(path)
    assert bench.journal.runs() == []


async def test_the_ids_are_kept(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode])
    (row,) = bench.journal.rows(1)
    assert row.ids == ItemIds(*bench.simulator.ids(barcode))
    assert row.state is RowState.DONE
    assert [event.kind for event in bench.journal.story(1, 1)] == ["located", "looked", "sending", "answered"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ScanOptions(work_order_type="CONSERV"), 'no work order type with the code "CONSERV".*CONSERVE'),
        (ScanOptions(work_order_type="CONSERVE", status="NONE"), "no status of work order type CONSERVE"),
    ],
)
async def test_an_unknown_work_order_type_or_status_is_said_before_anything_is_sent(
    bench: Bench, options: ScanOptions, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        await bench.scan(["1"], bench.order("work-order", desk=bench.department, options=options))
    assert bench.journal.runs() == []


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_run_of_two_steps_stopped_between_them_takes_each_step_once(bench: Bench, at_once: bool) -> None:
    barcodes = bench.simulator.barcodes("work_order", 12)
    for barcode in barcodes:
        bench.simulator.change(barcode, work_order_at="CONSERVATION", library="SCI", location="scistacks")
    order = bench.order(
        "work-order", desk=bench.department, options=ScanOptions(done=True, work_order_type="CONSERVE"), then=HOME
    )
    for scans in (3, 8, 15, 20):
        stop = Stop()
        stopping = asyncio.create_task(_stop_after(bench, scans, stop, at_once=at_once))
        if scans == 3:
            await bench.scan(barcodes, order, stop=stop)
        else:
            await bench.resume(stop=stop)
        stopping.cancel()
    ended = await bench.resume()
    assert max(bench.simulator.scans().values()) == 2
    in_place = [row for row in bench.journal.rows(1) if row.answer is Outcome.IN_PLACE]
    assert {row.step for row in in_place} == {1}
    # A scan that was cut off at a department leaves the item as it was or not; away from home nobody can tell.
    assert set(ended.counts) <= {Outcome.IN_PLACE, Outcome.UNCLEAR}
    assert at_once or ended.counts == {Outcome.IN_PLACE: 12}


async def _stop_after(bench: Bench, scans: int, stop: Stop, *, at_once: bool) -> None:
    await until(lambda: bench.simulator.stats()["scans"] >= scans)
    if at_once:
        stop.abandon()
    else:
        stop.request("Enough.")
