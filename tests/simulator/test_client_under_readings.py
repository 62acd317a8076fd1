"""almascan against an Alma in which an unsure point turned out the other way: its rows end with right answers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.engine.conftest import Bench

from almascan.errors import KeyRefusedError
from almascan.journal import Journal
from almascan.model import Outcome
from almascan.simulator import Simulator, SimulatorConfig
from almascan.simulator.readings import READINGS

LIMITS = {"threshold-tracked", "refused-counts", "calendar-window"}
UNKNOWN_KEYS = {"invalid-key-text", "invalid-key-403"}
MEMBERS = {"members-repeat", "members-short-pages"}
SKIPPED = {
    "on_loan": Outcome.ON_LOAN,
    "requested": Outcome.REQUESTED,
    "hold_shelf": Outcome.HOLD_SHELF,
    "missing": Outcome.MISSING,
    "lost": Outcome.LOST,
    "technical": Outcome.TECHNICAL,
    "unknown": Outcome.NOT_FOUND,
}


@asynccontextmanager
async def working(folder: Path, *readings: str, **settings: Any) -> AsyncIterator[Bench]:
    per_second = 60 if LIMITS & set(readings) else 0
    config = SimulatorConfig(
        items=1000, seed=5, readings=frozenset(readings), **({"per_second": per_second} | settings)
    )
    with Simulator(config) as simulator:
        journal = Journal(folder / "journal.db")
        try:
            yield Bench(simulator, journal, folder)
        finally:
            journal.close()


def set_up_desk(bench: Bench) -> dict[str, Outcome]:
    """One item of each state, and what recipe transit has to answer."""
    expected = {bench.simulator.barcodes(state, 1)[0]: outcome for state, outcome in SKIPPED.items()}
    return expected | dict.fromkeys(bench.simulator.barcodes("in_transit", 2), Outcome.IN_PLACE)


def set_up_returns(bench: Bench) -> dict[str, Outcome]:
    """Four loans: two of this desk, one of another library and one that is wanted; and what recipe returns answers."""
    *here, elsewhere, wanted = bench.simulator.barcodes("on_loan", 5)[1:]
    bench.simulator.change(elsewhere, library="SCI", location="scistacks")
    bench.simulator.change(wanted, requested=True)
    return dict.fromkeys(here, Outcome.IN_PLACE) | {
        elsewhere: Outcome.ON_ITS_WAY,
        wanted: Outcome.ON_HOLD_SHELF,
    }


@pytest.mark.parametrize("reading", sorted(READINGS.keys() - UNKNOWN_KEYS - {"daily-403"}))
async def test_items_in_transit_and_then_returns_end_with_right_answers_under(reading: str, tmp_path: Path) -> None:
    async with working(tmp_path, reading) as bench:
        stuck, returned = set_up_desk(bench), set_up_returns(bench)
        if reading == "technical-not-found":
            stuck[bench.simulator.barcodes("technical", 1)[0]] = Outcome.NOT_FOUND
        if reading in MEMBERS:
            stuck |= dict.fromkeys(bench.simulator.barcodes("in_transit", 110), Outcome.IN_PLACE)
        await bench.scan(stuck, bench.order(locate="set" if reading in MEMBERS else "single"))
        assert bench.answers(1) == stuck
        await bench.scan(returned, bench.order("returns"))
        assert bench.answers(2) == returned
        scanned = [barcode for barcode, outcome in stuck.items() if outcome is Outcome.IN_PLACE]
        assert bench.simulator.scans() == dict.fromkeys([*scanned, *returned], 1)
        assert bench.simulator.stats()["loans_returned"] == len(returned)


@pytest.mark.parametrize("reading", ["reshelving-not-in-place", "no-awaiting-reshelving"])
async def test_an_item_that_waits_to_be_reshelved_is_in_place_under(reading: str, tmp_path: Path) -> None:
    async with working(tmp_path, reading) as bench:
        barcode = bench.simulator.barcodes("in_transit", 1)[0]
        bench.simulator.change(barcode, library="MAIN", location="newbooks", process_type="TRANSIT")
        await bench.scan([barcode])
        assert bench.answers() == {barcode: Outcome.IN_PLACE}


async def test_missing_items_that_a_scan_leaves_missing_are_for_a_person(tmp_path: Path) -> None:
    async with working(tmp_path, "missing-stays") as bench:
        await bench.scan(bench.simulator.barcodes("missing", 2), bench.order("found"))
        assert set(bench.answers().values()) == {Outcome.STILL_NOT_IN_PLACE}


@pytest.mark.parametrize("reading", ["requested-null", "requested-absent", "errors-in-xml", "single-object"])
async def test_a_lost_answer_is_settled_by_a_read_under(reading: str, tmp_path: Path) -> None:
    async with working(tmp_path, reading) as bench:
        happened, not_happened = bench.simulator.barcodes("in_transit", 2)
        bench.simulator.add_fault("drop", operation="scan", items=(happened,), applied=True)
        bench.simulator.add_fault("drop", operation="scan", items=(not_happened,))
        await bench.scan([happened, not_happened], bench.order(settle_seconds=0.1))
        assert set(bench.answers().values()) == {Outcome.IN_PLACE}
        assert bench.simulator.scans() == {happened: 1, not_happened: 1}


@pytest.mark.parametrize("reading", sorted(UNKNOWN_KEYS))
async def test_an_unknown_key_is_refused_before_anything_is_done_under(reading: str, tmp_path: Path) -> None:
    async with working(tmp_path, reading) as bench:
        bench.simulator.keys["full"] = "l8xxnobodys"
        with pytest.raises(KeyRefusedError):
            await bench.scan(bench.simulator.barcodes("in_transit", 1))
        assert bench.journal.runs() == []


async def test_a_daily_limit_said_with_403_leaves_the_rest_to_resume(tmp_path: Path) -> None:
    # Enough for two looks at every item and some scans, in whatever order they come, and not for all scans.
    async with working(tmp_path, "daily-403", per_day=50) as bench:
        barcodes = bench.simulator.barcodes("in_transit", 20)
        ended = await bench.scan(barcodes)
        assert set(ended.counts) == {Outcome.IN_PLACE, Outcome.NOT_TRIED}
        bench.simulator.set_clock_offset(86_400)
        ended = await bench.resume()
        assert set(bench.simulator.scans().values()) == {1}
        assert ended.counts[Outcome.IN_PLACE] == len(bench.simulator.scans())


async def test_a_key_that_alma_puts_into_its_redirect_goes_nowhere(tmp_path: Path) -> None:
    async with working(tmp_path, "location-shows-key") as bench:
        barcodes = bench.simulator.barcodes("in_transit", 3)
        await bench.scan([*barcodes, bench.simulator.barcodes("unknown", 1)[0]])
        key = bench.simulator.keys["full"].encode()
        assert [path.name for path in files_in(tmp_path) if key in path.read_bytes()] == []


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("language", ["de", "fr"])
async def test_the_language_of_the_institution_does_not_matter(language: Any, tmp_path: Path) -> None:
    async with working(tmp_path, language=language) as bench:
        expected = set_up_desk(bench)
        await bench.scan(expected)
        assert bench.answers() == expected
