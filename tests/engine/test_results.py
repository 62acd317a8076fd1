"""What a scan made of an item, where that is not simply in place."""

from pathlib import Path

from tests.engine.conftest import Bench

from almascan.errors import ExitCode
from almascan.journal import Journal
from almascan.model import Group, Outcome
from almascan.simulator import Simulator, SimulatorConfig


async def test_what_it_was_and_what_it_is_are_kept_without_a_patron(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode])
    (row,) = bench.journal.rows(1)
    assert row.before is not None
    assert row.after is not None
    assert (row.before.process_type, row.after.process_type) == ("TRANSIT", "")
    assert row.after.in_place


async def test_a_requested_item_that_is_allowed_lands_on_the_hold_shelf_and_wants_a_person(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.change(barcode, requested=True)
    ended = await bench.scan([barcode], bench.order(allow=(Outcome.REQUESTED,)))
    assert ended.counts == {Outcome.ON_HOLD_SHELF: 1}
    assert Outcome.ON_HOLD_SHELF.group is Group.ATTENTION
    assert ended.exit_code is ExitCode.LEFTOVERS
    assert bench.simulator.stats()["letters"] == 1
    stored = bench.journal.path.read_bytes()
    stored += bench.journal.path.with_name(f"{bench.journal.path.name}-wal").read_bytes()
    assert b"Okonkwo" not in stored
    assert b"700002" not in stored


async def test_any_scans_requested_items_and_items_of_other_libraries_too(bench: Bench) -> None:
    wanted, away = bench.simulator.barcodes("in_place", 2)
    bench.simulator.change(wanted, requested=True)
    bench.simulator.change(away, library="SCI", location="scistacks")
    await bench.scan([wanted, away], bench.order("any"))
    assert bench.answers() == {wanted: Outcome.ON_HOLD_SHELF, away: Outcome.ON_ITS_WAY}
    assert all(row.before is None for row in bench.journal.rows(1))


async def test_a_scan_at_a_department_wants_a_person(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan([barcode], bench.order("any", desk=bench.department))
    assert bench.answers() == {barcode: Outcome.AT_DEPARTMENT}


async def test_an_item_that_a_scan_does_not_move_is_still_not_in_place(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("acquisition", 1)
    await bench.scan([barcode], bench.order("any"))
    assert bench.answers() == {barcode: Outcome.STILL_NOT_IN_PLACE}


async def test_base_status_0_while_awaiting_reshelving_counts_as_in_place(tmp_path: Path) -> None:
    config = SimulatorConfig(items=500, per_second=0, reshelving_in_place=False)
    with Simulator(config) as simulator:
        bench = Bench(simulator, Journal(tmp_path / "journal.db"), tmp_path)
        (barcode,) = simulator.barcodes("in_transit", 1)
        simulator.change(barcode, location="newbooks")
        await bench.scan([barcode])
        (row,) = bench.journal.rows(1)
        bench.journal.close()
    assert row.answer is Outcome.IN_PLACE
    assert row.after is not None
    assert row.after.base_status == "0"
