"""The journal of answers that pages are opened on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.answered import ACTIONS, RARE, RARE_ROWS, load_answered, plan_again, title_of
from bench.simulated import Simulated, run_simulator

from almascan.journal import Journal
from almascan.model import EventKind, Outcome, RunState

ROWS = 1_000
RUNS = 3


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    with run_simulator("--per-second", "0") as running:
        yield running


def test_every_row_of_every_run_has_its_answer_its_item_and_its_story(simulated: Simulated, tmp_path: Path) -> None:
    path = load_answered(ROWS, RUNS, tmp_path, simulated)
    journal = Journal(path, create=False)
    runs = journal.runs()
    assert [(run.state, run.rows) for run in runs] == [(RunState.FINISHED, ROWS)] * RUNS
    for run in runs:
        counts = journal.counts(run.id)
        assert sum(counts.values()) == ROWS
        assert counts[RARE] == RARE_ROWS
        assert counts[Outcome.IN_PLACE] > ROWS * 8 // 10
        row = journal.row(run.id, ROWS // 2)
        assert row.before is not None
        assert row.before.title == title_of(ROWS // 2)
        assert [event.kind for event in journal.story(run.id, row.row)] == [EventKind.SENDING, EventKind.ANSWERED]
    found = journal.find_rows(journal.row(1, 1).barcode)
    assert [row.run for row in found] == [3, 2, 1]
    assert len(journal.actions(limit=ACTIONS + 1)) == ACTIONS
    plan_again(path)
    assert journal.run(1).state is RunState.PLANNED
    assert (
        journal.planned(1)
        == journal.counts(1)[Outcome.NOT_TRIED]
        == runs[0].rows
        - sum(number for outcome, number in journal.counts(2).items() if outcome is not Outcome.IN_PLACE)
    )
    journal.close()
