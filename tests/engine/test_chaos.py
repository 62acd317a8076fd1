"""Everything goes wrong at random, at every step at once: still at most one scan of an item, and an answer for each."""

import asyncio
import random
from typing import Any

import pytest
from tests.engine.conftest import RATE, Bench
from tests.engine.together import scan

from almascan.alma import Pacer, Timeouts
from almascan.intervene import settle
from almascan.model import Outcome, RowState, RunState
from almascan.scanner import MOST_SENDS

IMPATIENT = Timeouts(connect_seconds=1, read_seconds=0.6, scan_seconds=0.4, throttled_seconds=1)
SETTLE_SECONDS = 2.5
LATEST_SECONDS = 0.6
"""Scans that are applied late are applied before they are settled: closing after 0.4 s, 2.5 s from then."""

FAULTS: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "drop", "applied": True},
    {"kind": "refuse"},
    {"kind": "delay", "delay_seconds": 0.1},
    {"kind": "delay", "delay_seconds": LATEST_SECONDS},
    {"kind": "silent"},
    {"kind": "silent", "delay_seconds": 0.3, "applied": True},
    {"kind": "truncate"},
    {"kind": "mistyped"},
    {"kind": "redirect"},
    {"kind": "redirect", "applied": True},
    *({"kind": "error", "status": 500, "body_format": form} for form in ("json", "xml", "html", "text", "empty")),
    *({"kind": "error", "status": 503, "body_format": form, "applied": True} for form in ("json", "html", "empty")),
    {"kind": "error", "status": 400, "code": "402504", "applied": True},
    {"kind": "error", "status": 400, "code": "401652"},
    {"kind": "error", "status": 429, "code": "PER_SECOND_THRESHOLD"},
    {"kind": "error", "status": 429, "body_format": "empty"},
]


def _plan(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    for fault in FAULTS:
        for operation in ("scan", "read", "find"):
            settings = {"operation": operation, "times": chance.randint(1, 3), "probability": 0.04} | fault
            bench.simulator.add_fault(**settings)


@pytest.mark.parametrize("recipe", ["transit", "any"])
@pytest.mark.parametrize("seed", range(2))
async def test_whatever_goes_wrong_no_item_is_scanned_twice_and_every_row_gets_its_answer(
    bench: Bench, recipe: str, seed: int
) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 120)
    _plan(bench, seed)
    await bench.scan(barcodes, bench.order(recipe, settle_seconds=SETTLE_SECONDS), timeouts=IMPATIENT)
    assert set(bench.simulator.scans().values()) <= {1}
    bench.simulator.clear_faults()
    ended = await bench.retry(timeouts=IMPATIENT)
    for row in bench.journal.rows_in_state(1, RowState.UNCLEAR):
        # Three scans without effect are all that a row is given; a person says that it may have another.
        assert row.sends == MOST_SENDS
        settle(bench.journal, 1, row.row, done=False, at=0.0)
        ended = await bench.resume(timeouts=IMPATIENT)
    assert (ended.run.state, ended.counts) == (RunState.FINISHED, {Outcome.IN_PLACE: 120})
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)
    assert {row.state for row in bench.journal.rows(1)} == {RowState.DONE}
    assert any(row.sends > 1 for row in bench.journal.rows(1)), "nothing went wrong"


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_goes_wrong_no_item_that_stands_in_three_runs_at_once_is_scanned_twice(
    bench: Bench, seed: int
) -> None:
    chance = random.Random(seed)
    barcodes = bench.simulator.barcodes("in_transit", 90)
    lists = [chance.sample(barcodes, 60) for _ in range(3)]
    _plan(bench, seed)
    order = bench.order(settle_seconds=SETTLE_SECONDS)
    pacer = Pacer(RATE)
    await asyncio.gather(*(scan(bench, pacer, rows, order, timeouts=IMPATIENT) for rows in lists))
    assert set(bench.simulator.scans().values()) <= {1}
    bench.simulator.clear_faults()
    for run in (1, 2, 3):
        await bench.retry(run, timeouts=IMPATIENT)
        for row in list(bench.journal.rows_in_state(run, RowState.UNCLEAR)):
            assert row.sends == MOST_SENDS
            settle(bench.journal, run, row.row, done=False, at=0.0)
            await bench.resume(run, timeouts=IMPATIENT)
    assert bench.simulator.scans() == dict.fromkeys(set().union(*lists), 1)
    for run in (1, 2, 3):
        # Where another run's scan was still unclear the row left the item to it.
        answers = {Outcome.IN_PLACE, Outcome.ALREADY_IN_PLACE, Outcome.SENT_IN_EARLIER_RUN}
        assert set(bench.journal.counts(run)) <= answers
