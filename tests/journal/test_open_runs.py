"""Open runs: rows come one by one, each under a number of its own, and no item twice."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.journal.processes import address_of
from tests.journal.samples import a_run, new

from almascan.errors import UsageError
from almascan.journal import Journal
from almascan.journal.inspection import inspect_journal
from almascan.model import Outcome, Row, RowState, Run, RunState


def open_run(journal: Journal) -> Run:
    run_id = journal.add_run(msgspec.structs.replace(a_run(), is_open=True), [])
    return journal.seal_run(run_id, list_digest="", list_notes={})


def test_rows_come_under_the_next_number_and_are_counted(journal: Journal) -> None:
    run = open_run(journal)
    assert (run.is_open, run.rows) == (True, 0)
    first, second = journal.append_row(run.id, new(0, "a")), journal.append_row(run.id, new(0, "", "23"))
    assert (first.run, first.row, first.barcode, second.row, second.pid) == (run.id, 1, "a", 2, "23")
    assert list(journal.rows(run.id)) == [first, second]
    assert journal.run(run.id).rows == 2
    if not journal.is_shared:
        assert inspect_journal(journal.path).problems == []


def test_a_row_that_names_an_item_again_is_answered_at_once(journal: Journal) -> None:
    run = open_run(journal)
    damaged = Row(0, 0, RowState.FAILED, Outcome.BAD_BARCODE, given="a", barcode="a", note="damaged", finished_at=1.0)
    for row in (damaged, new(0, "a"), new(0, "b", "23")):
        journal.append_row(run.id, row)
    again, by_pid = journal.append_row(run.id, new(0, "a")), journal.append_row(run.id, new(0, "", "23"))
    assert (again.state, again.outcome, again.note) == (RowState.SKIPPED, Outcome.DUPLICATE, "duplicate of row 2")
    assert again.finished_at is not None
    assert by_pid.note == "duplicate of row 3"
    assert journal.row(run.id, 4) == again
    assert journal.append_row(run.id, new(0, "A")).state is RowState.NEW


def test_a_closed_or_cancelled_run_takes_no_row(journal: Journal) -> None:
    closed, cancelled = open_run(journal), open_run(journal)
    assert journal.close_run(closed.id).is_open is False
    journal.change_run(cancelled.id, state=RunState.CANCELLED)
    for run in (closed, cancelled):
        with pytest.raises(UsageError, match=f"Run {run.id} is closed"):
            journal.append_row(run.id, new(0, "a"))
    with pytest.raises(UsageError, match="no run 99"):
        journal.append_row(99, new(0, "a"))


def test_rows_that_come_from_many_threads_and_processes_at_once_have_a_number_each(journal: Journal) -> None:
    run = open_run(journal)
    with closing(Journal(address_of(journal))) as other, ThreadPoolExecutor(6) as pool:
        rows = list(pool.map(lambda n: (journal, other)[n % 2].append_row(run.id, new(0, str(n // 2))), range(40)))
    assert sorted(row.row for row in rows) == list(range(1, 41))
    assert sum(row.answer is Outcome.DUPLICATE for row in rows) == 20
    assert journal.run(run.id).rows == 40


NAMES = st.tuples(st.sampled_from(["", "a", "A", "b"]), st.sampled_from(["", "1", "2"])).filter(any)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=10))
def test_of_rows_that_share_a_name_one_is_tried(journal: Journal, names: list[tuple[str, str]]) -> None:
    run = open_run(journal)
    for name in names:
        journal.append_row(run.id, new(0, *name))
    tried = [row for row in journal.rows(run.id) if row.state is RowState.NEW]
    for each in ("barcode", "pid"):
        seen = [getattr(row, each) for row in tried if getattr(row, each)]
        assert len(seen) == len(set(seen))


def test_a_barcode_that_is_another_row_s_pid_makes_no_duplicate(journal: Journal) -> None:
    run = open_run(journal)
    rows = [journal.append_row(run.id, row) for row in (new(0, "23"), new(0, "", "23"), new(0, "23"))]
    assert [row.note for row in rows] == ["", "", "duplicate of row 1"]
