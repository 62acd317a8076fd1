"""Rows that name their own desk, and hours of work."""

from datetime import UTC, datetime

import pytest
from tests.engine.conftest import Bench

from almascan.errors import UsageError
from almascan.hours import read_hours
from almascan.model import Outcome


async def test_each_row_is_scanned_at_the_desk_it_names(bench: Bench) -> None:
    here, there, plain = bench.simulator.barcodes("in_transit", 3)
    bench.simulator.change(there, library="SCI", location="scistacks")
    lines = ["Barcode;Library;Circ Desk", f"{here};MAIN;DEFAULT_CIRC_DESK", f"{there};SCI;SCI_CIRC", f"{plain};;"]
    await bench.scan(bench.write(lines, "desks.csv"))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert {name: str(row.desk) for name, row in bench.rows().items()} == {
        here: "DEFAULT_CIRC_DESK at MAIN",
        there: "SCI_CIRC at SCI",
        plain: "DEFAULT_CIRC_DESK at MAIN",
    }


async def test_an_unknown_desk_in_the_list_is_said_before_anything_is_scanned(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    with pytest.raises(UsageError, match='"NOWHERE"'):
        await bench.scan(bench.write(["Barcode;Desk", f"{barcode};NOWHERE"], "desks.csv"))
    assert bench.journal.runs() == []
    assert bench.simulator.scans() == {}


async def test_a_library_column_alone_says_nothing_of_a_desk(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    await bench.scan(bench.write(["Barcode;Library Code", f"{barcode};SCI"], "report.csv"))
    assert bench.answers() == {barcode: Outcome.IN_PLACE}


def at(hour: int, minute: int, day: int = 24) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()


def test_hours_are_the_next_ones_and_until_comes_after_not_before() -> None:
    hours = read_hours("22:00", "07:00", at(12, 30), UTC)
    assert (hours.not_before, hours.until) == (at(22, 0), at(7, 0, 25))
    assert read_hours(None, "07:00", at(12, 30), UTC).until == at(7, 0, 25)
    assert read_hours("9:05", None, at(9, 5), UTC).not_before == at(9, 5, 25)


@pytest.mark.parametrize("text", ["25:00", "7", "noon", "7:60", ""])
def test_a_text_that_is_no_time_of_day_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="time of day"):
        read_hours(text, None, at(12, 0), UTC)
