"""Runs are recorded whole or not at all, and read while they are written."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from tests.journal.processes import address_of, started
from tests.journal.samples import a_run, add, intent, new

from almascan.errors import UsageError
from almascan.journal import Change, Journal
from almascan.model import Outcome, Row, RowState, Run, RunState


def test_a_run_comes_back_as_it_went_in(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    assert run == Run(
        **{name: getattr(a_run(), name) for name in run.__struct_fields__}
        | {"id": 1, "state": RunState.READY, "list_digest": "d", "list_notes": {"blank": 2}, "rows": 1}
    )
    assert journal.run() == journal.run(1) == journal.runs()[0] == run


def test_a_number_is_never_given_to_a_second_run(journal: Journal) -> None:
    first = add(journal, [new(1, "a")])
    journal.delete_run(first.id)
    assert add(journal, [new(1, "a")]).id == first.id + 1


def test_duplicates_keep_their_first_row_and_name_it(journal: Journal) -> None:
    run = add(journal, [new(2, "a"), new(3, "b"), new(5, "a"), new(6, "a"), new(7, "", "9"), new(9, "", "9")])
    rows = {row.row: row for row in journal.rows(run.id)}
    assert {number: row.note for number, row in rows.items() if row.answer is Outcome.DUPLICATE} == {
        5: "duplicate of row 2",
        6: "duplicate of row 2",
        9: "duplicate of row 7",
    }
    assert journal.counts(run.id) == {Outcome.DUPLICATE: 3, Outcome.NOT_TRIED: 3}


def test_a_damaged_row_is_nobodys_first(journal: Journal) -> None:
    damaged = Row(0, 1, RowState.FAILED, Outcome.BAD_BARCODE, given="3.01E+13", barcode="a")
    run = add(journal, [damaged, new(2, "a"), new(3, "a")])
    assert [(row.answer, row.note) for row in journal.rows(run.id)] == [
        (Outcome.BAD_BARCODE, ""),
        (Outcome.NOT_TRIED, ""),
        (Outcome.DUPLICATE, "duplicate of row 2"),
    ]


NAMES = st.tuples(st.sampled_from(["", "a", "A", "b"]), st.sampled_from(["", "1", "2"]))


@settings(max_examples=40)
@given(names=st.lists(NAMES.filter(any), min_size=1, max_size=12))
def test_of_rows_that_share_a_name_one_is_left(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]]
) -> None:
    journal = Journal(tmp_path_factory.mktemp("journal") / "journal.db")
    run = add(journal, [new(number, *name) for number, name in enumerate(names, 1)])
    rows = list(journal.rows(run.id))
    journal.close()
    left = [row for row in rows if row.state is RowState.NEW]
    for each in ("barcode", "pid"):
        seen = [getattr(row, each) for row in left if getattr(row, each)]
        assert len(seen) == len(set(seen))
    for row in rows:
        if row.state is RowState.SKIPPED:
            first = rows[int(row.note.removeprefix("duplicate of row ")) - 1]
            assert first.row < row.row
            assert (first.barcode and first.barcode == row.barcode) or (first.pid and first.pid == row.pid)


def _effort(journal: Journal, rows: list[Row]) -> int:
    """Count how often SQLite's machine takes a thousand steps to record and seal a run."""
    ticks = 0

    def tick() -> int:
        nonlocal ticks
        ticks += 1
        return 0

    def listen(connection: Any, *_: object) -> None:
        connection.set_progress_handler(tick, 1000)

    event.listen(journal._engine, "checkout", listen)
    add(journal, rows)
    event.remove(journal._engine, "checkout", listen)
    return ticks


def test_a_list_that_is_in_itself_twice_costs_each_row_the_same_however_long_it_is(file_journal: Journal) -> None:
    short, long = ([new(row, str(row % (size // 2))) for row in range(1, size + 1)] for size in (1000, 4000))
    assert _effort(file_journal, long) < 8 * _effort(file_journal, short)


def test_a_list_that_breaks_off_leaves_no_run(journal: Journal) -> None:
    def rows() -> Iterator[Row]:
        for number in range(1, 20_000):
            yield new(number, str(number))
        raise UsageError("The list broke off.")

    with pytest.raises(UsageError):
        journal.add_run(a_run(), rows())
    assert journal.runs() == []
    assert list(journal.rows(1)) == []


_LOAD = """
import sys, time
from tests.journal.samples import a_run, new
from almascan.journal import Journal
def rows():
    for number in range(1, 12_000):
        yield new(number, str(number))
    print("part of it is on disk", flush=True)
    time.sleep(60)
    yield new(number, "last")
Journal(sys.argv[1]).add_run(a_run(), rows())
"""


def test_a_run_whose_loading_was_killed_is_never_seen_and_deleted_by_the_next_loader(journal: Journal) -> None:
    with started(_LOAD, journal) as loader:
        loader.readline()
        loader.kill()
    assert journal.runs() == []
    with pytest.raises(UsageError, match="no run yet"):
        journal.run()
    assert next(journal.rows(1)).row == 1
    with journal.loading("01A"):
        assert list(journal.rows(1)) == []


def test_what_dead_processes_left_is_paused_by_the_next_worker_and_deleted_by_the_next_loader(journal: Journal) -> None:
    loading = journal.add_run(a_run(), [new(1, "a")])
    running, foreign = add(journal, [new(1, "a")]), add(journal, [new(1, "a")], "01B")
    for run in (running, foreign):
        journal.change_run(run.id, state=RunState.RUNNING)
    foreign_loading = journal.add_run(a_run("01B"), [new(1, "a")])
    assert journal.state_in_words(journal.run(running.id)) == "interrupted"
    with journal.lease("01A"):
        assert journal.run(running.id).state is RunState.PAUSED
        assert journal.run(loading).state is RunState.LOADING
    with journal.loading("01A"), pytest.raises(UsageError):
        journal.run(loading)
    assert journal.run(foreign.id).state is RunState.RUNNING
    assert journal.run(foreign_loading).state is RunState.LOADING


def test_runs_are_given_newest_first_and_page_by_page(journal: Journal) -> None:
    ids = [add(journal, [new(1, "a")]).id for _ in range(5)]
    journal.add_run(a_run(), [new(1, "a")])
    assert [run.id for run in journal.runs()] == ids[::-1]
    assert [run.id for run in journal.runs(2)] == [5, 4]
    assert [run.id for run in journal.runs(2, before=4)] == [3, 2]


def test_runs_that_are_queued_are_given_oldest_first(journal: Journal) -> None:
    first, _, last = add(journal, [new(1, "a")]), add(journal, [new(1, "b")]), add(journal, [new(1, "c")], "01B")
    for run in (last, first):
        journal.queue_run(run.id)
    assert [run.id for run in journal.queued()] == [first.id, last.id]


def test_a_run_that_a_sibling_works_on_is_not_begun_a_second_time(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    with journal.lease("01A"):
        assert journal.begin_run(run.id).state is RunState.RUNNING
        with journal.lease("01A"), pytest.raises(UsageError, match="is being worked on already"):
            journal.begin_run(run.id)
        journal.change_run(run.id, state=RunState.PAUSED)
        assert journal.begin_run(run.id).state is RunState.RUNNING


def test_a_deleted_run_takes_its_rows_and_stories_with_it(journal: Journal) -> None:
    kept, deleted = add(journal, [new(1, "a")]), add(journal, [new(1, "b")])
    for run, pid in ((kept, "23"), (deleted, "24")):
        with journal.lease("01A"):
            journal.save([intent(next(journal.rows(run.id)), pid)])
    journal.delete_run(deleted.id)
    with journal._engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT run FROM rows UNION ALL SELECT run FROM events").fetchall()
    assert left == [(kept.id,), (kept.id,)]


def test_the_same_list_of_the_same_institution_is_told(journal: Journal) -> None:
    first, _, again = add(journal, [new(1, "a")]), add(journal, [new(1, "a")], "01B"), add(journal, [new(1, "a")])
    assert journal.twin(again) == first
    assert journal.twin(first) is None


def test_rows_are_read_in_their_order_while_another_process_writes(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 5001)])
    other = Journal(address_of(journal))
    seen = []
    for row in journal.rows(run.id, only_open=True):
        seen.append(row.row)
        if row.row % 500 == 0:
            found = row.to(RowState.LOCATED, pid=str(row.row))
            assert other.save([Change(found.to(RowState.DONE, outcome=Outcome.IN_PLACE), RowState.NEW)]) == [None]
    other.close()
    assert seen == list(range(1, 5001))
    assert journal.counts(run.id) == {Outcome.IN_PLACE: 10, Outcome.NOT_TRIED: 4990}


def test_processes_that_count_calls_at_once_do_not_trip_over_each_other(journal: Journal) -> None:
    def count(mine: int) -> None:
        own = Journal(address_of(journal))
        for number in range(50):
            own.see_calls("01A", 2 * number + mine)
        own.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count, (0, 1)))
    assert journal.most_calls_seen("01A") == 99


def test_the_most_calls_of_seven_days_are_remembered(tmp_path: Path) -> None:
    now = [100 * 86_400.0]
    journal = Journal(tmp_path / "journal.db", wall_clock=lambda: now[0])
    for day, remaining in ((0, 90_000), (0, 80_000), (3, 50_000)):
        now[0] = (100 + day) * 86_400.0
        journal.see_calls("01A", remaining)
    assert journal.most_calls_seen("01A") == 90_000
    now[0] = 108 * 86_400.0
    assert journal.most_calls_seen("01A") == 50_000
    assert journal.most_calls_seen("01B") == 0
    journal.close()


def test_temporary_sets_are_remembered_until_they_are_deleted(journal: Journal) -> None:
    journal.remember_set("01A", "almascan 1")
    journal.remember_set("01A", "almascan 2")
    journal.remember_set("01B", "almascan 3")
    journal.forget_set("01A", "almascan 1")
    assert journal.remembered_sets("01A") == ["almascan 2"]
