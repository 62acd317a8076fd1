"""A restored journal: who worked with the newer one is fenced, and nothing is sent of which it is not known that it was not."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.engine.conftest import Bench
from tests.engine.test_turns import queue, shared, take_turn
from tests.journal.conftest import file_journal, journal, server_journal
from tests.journal.samples import a_run, add, intent, new
from tests.journal.test_server import silence

from almascan import intervene
from almascan.errors import LeaseError, UsageError
from almascan.journal import Change, Fenced, Journal
from almascan.journal.workers import Report
from almascan.model import Desk, EventKind, Order, Outcome, RowState, Run, RunState
from almascan.restoring import WAIT_SECONDS, mark_restored

__all__ = ["file_journal", "journal", "server_journal", "shared"]


def add_unseen(journal: Journal, number: int = 5) -> Run:
    """Record a run whose recipe does not look: one row done, one being sent, one located, the others new."""
    order = Order(Desk("MAIN", "DESK"), recipe="any")
    run = add(journal, [new(row, f"b{row}") for row in range(1, number + 1)])
    run = journal.change_run(run.id, order=order)
    first, second, third, *_ = journal.rows(run.id)
    with journal.lease("01A"):
        sent = [intent(first, f"{run.id}01"), intent(second, f"{run.id}02")]
        journal.save(sent)
        done = sent[0].row.to(RowState.DONE, outcome=Outcome.IN_PLACE, finished_at=101.0)
        journal.save(
            [Change(done, RowState.SENDING), Change(third.to(RowState.LOCATED, pid=f"{run.id}03"), RowState.NEW)]
        )
    return run


def test_what_was_not_sent_by_a_recipe_that_does_not_look_is_left_to_a_person(journal: Journal) -> None:
    looking, unseen = add(journal, [new(1, "a"), new(2, "b")]), add_unseen(journal)
    planned = add_unseen(journal, 3)
    journal.change_run(planned.id, state=RunState.PLANNED)
    over = add_unseen(journal, 3)
    journal.change_run(over.id, state=RunState.CANCELLED)
    restored = mark_restored(journal, at=7.0, who="ann")
    assert restored.runs == 3
    assert (restored.unclear, restored.for_person) == (2, 4)
    assert restored.runs_for_person == (unseen.id, planned.id)
    states = {row.row: (row.state, row.outcome) for row in journal.rows(unseen.id)}
    left_out = (RowState.SKIPPED, Outcome.LEFT_OUT)
    assert states == {
        1: (RowState.DONE, Outcome.IN_PLACE),
        2: (RowState.UNCLEAR, None),
        3: left_out,
        4: left_out,
        5: left_out,
    }
    row = journal.row(unseen.id, 4)
    assert (row.finished_at, "Look at it in Alma" in row.note) == (7.0, True)
    (event,) = journal.story(unseen.id, 4)
    assert (event.kind, event.text) == (EventKind.LEFT_OUT, "ann restored the journal from a back-up.")
    assert journal.counts(looking.id) == {Outcome.NOT_TRIED: 2}
    (action,) = journal.actions()
    assert (action.who, action.action) == ("ann", "restored")
    # Looked at by a person, they are taken back.
    assert intervene.take_back(journal, unseen.id, [3, 4], at=8.0) == 2
    assert [journal.row(unseen.id, row).state for row in (3, 4)] == [RowState.LOCATED, RowState.NEW]


def test_what_failed_without_a_look_is_not_sent_again_by_retry_and_a_person_may_take_it_back(journal: Journal) -> None:
    run = add_unseen(journal, 3)
    with journal.lease("01A"):
        changes = [
            Change(row.to(RowState.FAILED, outcome=Outcome.REFUSED, finished_at=102.0), row.state)
            for row in journal.rows(run.id, only_open=True)
        ]
        assert journal.save(changes) == [None, None]
        journal.change_run(run.id, state=RunState.FINISHED)
    restored = mark_restored(journal, at=7.0, who="ann")
    assert (restored.runs, restored.for_person, restored.runs_for_person) == (0, 2, (run.id,))
    assert intervene.reopen_failed(journal, run.id, 8.0) == 0
    assert intervene.take_back(journal, run.id, [2], at=9.0, who="ann") == 1
    row = journal.row(run.id, 2)
    assert (row.state, row.sends) == (RowState.LOCATED, 0)


def test_done_twice_it_finds_nothing_more_to_do(journal: Journal) -> None:
    add_unseen(journal)
    mark_restored(journal, at=7.0)
    again = mark_restored(journal, at=8.0)
    assert (again.runs, again.unclear, again.for_person) == (1, 0, 0)


@pytest.mark.system
def test_runs_that_were_going_on_wait_until_nothing_of_the_newer_journal_is_on_its_way(
    server: str, server_journal: Journal
) -> None:
    going, by_person, waiting = (add(server_journal, [new(1, name)]) for name in "abc")
    server_journal.queue_run(waiting.id)
    with closing(Journal(server)) as old, old.lease("01A"):
        old.queue_run(going.id)
        old.begin_run(going.id, in_queue=True)
        old.begin_run(by_person.id)
        old.save([intent(old.row(going.id, 1), "23")])
        silence(server_journal)
        mark_restored(server_journal, at=7.0)
    states = [server_journal.run(run.id).state for run in (going, by_person, waiting)]
    assert states == [RunState.QUEUED, RunState.PAUSED, RunState.QUEUED]
    assert server_journal.requeue_lost() == 0
    assert server_journal.due() == []
    due_at = [server_journal.run(run.id).due_at or 0.0 for run in (going, waiting)]
    assert min(due_at) > time.time() + WAIT_SECONDS - 10
    assert -WAIT_SECONDS <= server_journal.lost_seconds(going.id)[1] < -WAIT_SECONDS + 10


@pytest.mark.system
def test_a_worker_of_the_newer_journal_records_no_intent_any_more(server: str, server_journal: Journal) -> None:
    run = add(server_journal, [new(1, "a"), new(2, "b")])
    with closing(Journal(server)) as old, old.lease("01A"):
        assert old.save([intent(old.row(run.id, 1), "23")]) == [None]
        silence(server_journal)
        mark_restored(server_journal, at=7.0)
        assert old.save([intent(old.row(run.id, 2), "24")]) == [Fenced("01A")]
    with server_journal.lease("01A") as lease:
        assert lease.is_seized
    assert server_journal.row(run.id, 2).state is RowState.NEW


@pytest.mark.system
def test_it_is_refused_while_a_worker_is_there(server_journal: Journal) -> None:
    run = add_unseen(server_journal)
    server_journal.enlist_worker("w1", "me@here (process 1)", "1")
    server_journal.hear_worker("w1", Report())
    with pytest.raises(UsageError, match="now: w1"):
        mark_restored(server_journal, at=7.0)
    assert server_journal.counts(run.id)[Outcome.NOT_TRIED] == 3
    server_journal.dismiss_worker("w1")
    assert mark_restored(server_journal, at=7.0).for_person == 3


@pytest.fixture
def other(journal: Journal) -> Iterator[Journal]:
    place = journal.place.address if journal.is_shared else journal.path  # type: ignore[union-attr]
    with closing(Journal(place)) as opened:
        yield opened


def test_it_is_refused_while_a_process_works_for_an_institution(journal: Journal, other: Journal) -> None:
    run = add_unseen(journal)
    with other.lease("01A"), pytest.raises(LeaseError, match="is working for 01A now"):
        mark_restored(journal, at=7.0)
    assert journal.counts(run.id)[Outcome.NOT_TRIED] == 3


def test_a_run_that_was_being_loaded_is_left_to_the_next_loader(journal: Journal) -> None:
    journal.add_run(a_run(), [new(1, "a")])
    assert mark_restored(journal, at=7.0).runs == 0


@pytest.mark.system
async def test_nothing_is_scanned_twice_though_a_restored_journal_knows_nothing_of_it(shared: Bench) -> None:
    barcodes = shared.simulator.barcodes("in_transit", 4)
    unseen = shared.simulator.barcodes("on_loan", 2)
    run, blind = await queue(shared, barcodes), await queue(shared, unseen, shared.order("any"))
    # A newer journal had them scanned.
    newer = Bench(shared.simulator, Journal(shared.folder / "newer.db"), shared.folder)
    with closing(newer.journal):
        await newer.scan(barcodes[:2])
        await newer.scan(unseen, shared.order("any"))
    mark_restored(shared.journal, at=time.time())
    ended = await take_turn(shared, run)
    assert ended.counts == {Outcome.IN_PLACE: 2, Outcome.ALREADY_IN_PLACE: 2}
    assert (await take_turn(shared, blind)).counts == {Outcome.LEFT_OUT: 2}
    assert shared.simulator.scans() == dict.fromkeys((*barcodes, *unseen), 1)


def test_a_file_that_was_restored_is_marked_and_told_apart(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.db")) as journal:
        run = add_unseen(journal)
        beats = journal.mark().beats
        assert mark_restored(journal, at=7.0).for_person == 3
        assert journal.mark().beats > beats
        assert journal.lost_seconds(run.id) == {}
