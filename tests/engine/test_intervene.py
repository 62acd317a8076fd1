"""What a person says to a run from outside is done, stands in the stories, and is refused while it would be unsafe."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.engine.conftest import Bench
from tests.journal.samples import a_run, add, intent, new

from almascan import intervene
from almascan.errors import ExitCode, LeaseError, UsageError
from almascan.journal import Change, Journal
from almascan.model import Event, EventKind, Outcome, Row, RowState, Run, RunState

DAY_SECONDS = 86_400.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db")
    yield opened
    opened.close()


def states(journal: Journal, run: Run) -> dict[int, RowState]:
    return {row.row: row.state for row in journal.rows(run.id)}


def record_sent(journal: Journal, run: Run, row_number: int, pid: str, at: float = 100.0) -> Row:
    """Record that a row was sent, and has no answer."""
    claimed = intent(journal.row(run.id, row_number), pid, at)
    assert journal.save([claimed]) == [None]
    return claimed.row


def skip(journal: Journal, run: Run, row_number: int, reason: Outcome, *, step: int = 0) -> None:
    row = journal.row(run.id, row_number)
    located = row.to(RowState.LOCATED, pid=f"23{row_number}", step=step)
    skipped = located.to(RowState.SKIPPED, outcome=reason, note="a note", finished_at=50.0)
    journal.save([Change(skipped, row.state)])


# Leaving out and taking back


def test_rows_that_are_left_out_are_answered_so_and_what_was_sent_or_answered_stays(journal: Journal) -> None:
    run = add(journal, [new(number, f"b{number}") for number in range(1, 7)])
    record_sent(journal, run, 2, "232")
    skip(journal, run, 3, Outcome.ON_LOAN)
    second_step = journal.row(run.id, 4).to(RowState.LOCATED, pid="234", step=1, sends=1)
    journal.save([Change(second_step, RowState.NEW)])
    assert intervene.leave_out(journal, run.id, [1, 2, 3, 4, 5, 5, 99], at=7.0, who="ann") == 2
    for number in (1, 5):
        row = journal.row(run.id, number)
        assert (row.state, row.outcome, row.finished_at) == (RowState.SKIPPED, Outcome.LEFT_OUT, 7.0)
        assert journal.story(run.id, number) == [Event(7.0, EventKind.LEFT_OUT, "ann left it out of the run.")]
    assert journal.row(run.id, 3).outcome is Outcome.ON_LOAN
    assert [states(journal, run)[number] for number in (2, 4, 6)] == [RowState.SENDING, RowState.LOCATED, RowState.NEW]


def test_rows_that_are_taken_back_are_as_before(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b"), new(3, "c")])
    located = journal.row(run.id, 2).to(RowState.LOCATED, pid="23")
    journal.save([Change(located, RowState.NEW)])
    skip(journal, run, 3, Outcome.ON_LOAN)
    before = list(journal.rows(run.id))
    assert intervene.leave_out(journal, run.id, [1, 2], at=7.0) == 2
    assert intervene.take_back(journal, run.id, [1, 2, 3], at=8.0, who="ann") == 2
    assert list(journal.rows(run.id)) == before
    assert [event.kind for event in journal.story(run.id, 1)] == [EventKind.LEFT_OUT, EventKind.TAKEN_BACK]
    assert journal.run(run.id).state is RunState.READY


def test_a_finished_run_has_something_to_do_again_when_rows_are_taken_back(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    intervene.leave_out(journal, run.id, [1], at=7.0)
    journal.change_run(run.id, state=RunState.FINISHED)
    assert intervene.take_back(journal, run.id, [2], at=8.0) == 0
    assert journal.run(run.id).state is RunState.FINISHED
    assert intervene.take_back(journal, run.id, [1], at=8.0, who="ann") == 1
    run = journal.run(run.id)
    assert (run.state, run.reason) == (RunState.PAUSED, "ann took rows back into it.")


def test_many_rows_are_left_out_and_taken_back_part_by_part(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 2001)])
    assert intervene.leave_out(journal, run.id, range(1, 2001), at=1.0) == 2000
    assert journal.counts(run.id) == {Outcome.LEFT_OUT: 2000}
    assert intervene.take_back(journal, run.id, range(2, 2001), at=2.0) == 1999
    assert journal.counts(run.id) == {Outcome.LEFT_OUT: 1, Outcome.NOT_TRIED: 1999}


# Allowing a reason


def test_a_reason_that_is_allowed_stands_in_the_order_and_its_rows_are_open_again(journal: Journal) -> None:
    run_id = journal.add_run(a_run(), [new(number, f"b{number}") for number in range(1, 1203)])
    run = journal.seal_run(run_id, list_digest="", list_notes={})
    order = msgspec.structs.replace(run.order, skip=(Outcome.REQUESTED, Outcome.MISSING))
    journal.change_run(run.id, order=order, state=RunState.FINISHED)
    for number in range(1, 1200):
        skip(journal, run, number, Outcome.REQUESTED)
    skip(journal, run, 1200, Outcome.MISSING)
    skip(journal, run, 1201, Outcome.REQUESTED, step=1)
    assert intervene.allow(journal, run.id, Outcome.REQUESTED, at=9.0, who="ann") == 1199
    row = journal.row(run.id, 700)
    assert (row.state, row.outcome, row.note, row.finished_at) == (RowState.LOCATED, None, "", None)
    assert journal.story(run.id, 700) == [Event(9.0, EventKind.TAKEN_BACK, "ann allowed requested.")]
    assert journal.row(run.id, 1201).outcome is Outcome.REQUESTED
    run = journal.run(run.id)
    assert run.order.allow == (Outcome.ON_LOAN, Outcome.REQUESTED)
    assert run.order.skip == (Outcome.MISSING,)
    assert (run.state, run.reason) == (RunState.PAUSED, "ann allowed requested.")
    assert intervene.allow(journal, run.id, Outcome.REQUESTED, at=9.0) == 0
    assert journal.run(run.id).order == run.order


@pytest.mark.parametrize("reason", [Outcome.DUPLICATE, Outcome.NOT_FOUND, Outcome.LEFT_OUT])
def test_a_reason_that_cannot_be_allowed_changes_nothing(journal: Journal, reason: Outcome) -> None:
    run = add(journal, [new(1, "a"), new(2, "a")])
    before = list(journal.rows(run.id))
    with pytest.raises(UsageError, match=f"{reason} cannot be allowed"):
        intervene.allow(journal, run.id, reason, at=1.0)
    assert journal.run(run.id) == run
    assert list(journal.rows(run.id)) == before


async def test_what_is_left_out_is_not_scanned_and_what_is_allowed_is(bench: Bench) -> None:
    stuck, requested = bench.simulator.barcodes("in_transit", 2), bench.simulator.barcodes("requested", 1)
    planned = await bench.plan([*stuck, *requested])
    run_id = planned.run.id
    assert intervene.leave_out(bench.journal, run_id, [1], at=1.0) == 1
    assert intervene.allow(bench.journal, run_id, Outcome.REQUESTED, at=1.0) == 1
    await bench.resume(run_id)
    assert bench.answers()[stuck[0]] is Outcome.LEFT_OUT
    assert sum(bench.simulator.scans().values()) == 2
    assert intervene.take_back(bench.journal, run_id, [1], at=2.0) == 1
    await bench.resume(run_id)
    assert sum(bench.simulator.scans().values()) == 3
    assert bench.answers()[stuck[0]] is Outcome.IN_PLACE


# Settling


def test_who_settles_a_row_stands_in_its_story(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    for number in (1, 2):
        record_sent(journal, run, number, f"23{number}")
    journal.change_run(run.id, state=RunState.FINISHED)
    done = intervene.settle(journal, run.id, 1, done=True, at=5.0, who="ann")
    assert (done.state, done.outcome, done.note) == (RowState.DONE, Outcome.IN_PLACE, "Settled by ann.")
    assert journal.story(run.id, 1)[-1] == Event(5.0, EventKind.SETTLED, "ann says: it happened.")
    assert journal.run(run.id).state is RunState.FINISHED
    again = intervene.settle(journal, run.id, 2, done=False, at=6.0, who="bob")
    assert (again.state, again.sends) == (RowState.LOCATED, 0)
    assert journal.row(run.id, 2) == again
    run = journal.run(run.id)
    assert (run.state, run.reason) == (RunState.PAUSED, "bob settled a row to be scanned again.")


def test_a_row_that_is_on_its_way_to_alma_is_not_settled(journal: Journal) -> None:
    run, other = add(journal, [new(1, "a")]), add(journal, [new(1, "b")])
    with journal.lease("01A"):
        journal.begin_run(run.id)
        sent = record_sent(journal, run, 1, "23")
        with pytest.raises(UsageError, match=f"Run {run.id} is being worked on: pause it first"):
            intervene.settle(journal, run.id, 1, done=True, at=5.0)
        assert journal.row(run.id, 1) == sent
        # A sibling that is not worked on is settled all the same.
        record_sent(journal, other, 1, "24")
        assert intervene.settle(journal, other.id, 1, done=True, at=5.0).state is RowState.DONE
    assert intervene.settle(journal, run.id, 1, done=True, at=5.0).state is RowState.DONE


def test_a_row_is_not_settled_while_another_process_works_for_the_institution(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    record_sent(journal, run, 1, "23")
    with closing(Journal(journal.path)) as other, other.lease("01A"), pytest.raises(LeaseError):
        intervene.settle(journal, run.id, 1, done=True, at=5.0)


# Refusals

WORDS: dict[str, Callable[[Journal, int], object]] = {
    "leave out": lambda journal, run_id: intervene.leave_out(journal, run_id, [1], at=1.0),
    "take back": lambda journal, run_id: intervene.take_back(journal, run_id, [1], at=1.0),
    "allow": lambda journal, run_id: intervene.allow(journal, run_id, Outcome.REQUESTED, at=1.0),
    "delete": lambda journal, run_id: intervene.delete(journal, run_id, at=1.0),
}


@pytest.mark.parametrize("word", WORDS)
def test_a_run_that_is_being_worked_on_is_left_alone(journal: Journal, word: str) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    intervene.leave_out(journal, run.id, [2], at=1.0)
    with journal.lease("01A"):
        run, before = journal.begin_run(run.id), list(journal.rows(run.id))
        with pytest.raises(UsageError, match=f"Run {run.id} is being worked on"):
            WORDS[word](journal, run.id)
    assert journal.run(run.id) == run
    assert list(journal.rows(run.id)) == before
    # Its process is gone now.
    WORDS[word](journal, run.id)


@pytest.mark.parametrize("word", ["leave out", "take back", "allow"])
def test_a_cancelled_run_stays_as_it_is(journal: Journal, word: str) -> None:
    run = add(journal, [new(1, "a")])
    intervene.cancel(journal, run.id)
    with pytest.raises(UsageError, match="cancelled"):
        WORDS[word](journal, run.id)
    assert states(journal, run) == {1: RowState.NEW}


@pytest.mark.parametrize("word", WORDS)
def test_a_run_that_is_not_there_is_said(journal: Journal, word: str) -> None:
    journal.add_run(a_run(), [new(1, "a")])
    for run_id in (1, 9):
        with pytest.raises(UsageError, match=f"no run {run_id}"):
            WORDS[word](journal, run_id)


def test_who_pauses_or_cancels_stands_in_the_run_s_reason(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    with pytest.raises(UsageError, match="No process works on run"):
        intervene.pause(journal, run.id, who="ann")
    with journal.lease("01A"):
        journal.begin_run(run.id)
        assert intervene.pause(journal, run.id, who="ann").reason == "ann paused it."
    cancelled = intervene.cancel(journal, run.id, who="bob")
    assert (cancelled.state, cancelled.reason) == (RunState.CANCELLED, "bob cancelled it.")


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_run_of_the_queue_is_paused_before_anybody_takes_it(journal: Journal, is_begun: bool) -> None:
    run = add(journal, [new(1, "a")])
    journal.queue_run(run.id)
    if is_begun:
        with journal.lease("01A"):
            journal.begin_run(run.id, in_queue=True)
        # Its process died: somebody would go on with it by themselves.
    paused = intervene.pause(journal, run.id, who="ann")
    assert (paused.state, paused.reason) == (RunState.PAUSED, "ann paused it.")
    assert (journal.queued(), journal.due()) == ([], [])
    with journal.lease("01A"):
        assert journal.run(run.id).state is RunState.PAUSED


# Back into the queue


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.PLANNED, RunState.QUEUED, RunState.FINISHED])
def test_a_run_with_something_to_do_is_put_into_the_queue(journal: Journal, state: RunState) -> None:
    run = add(journal, [new(1, "a")])
    journal.change_run(run.id, state=state, reason="It was paused.")
    queued = intervene.put_in_queue(journal, run.id, {"rate": 2.0, "keep_calls": 7})
    assert (queued.state, queued.in_queue, queued.reason) == (RunState.QUEUED, True, "")
    assert (queued.order.rate, queued.order.keep_calls, queued.order.recipe) == (2.0, 7, run.order.recipe)
    assert [due.run for due in journal.due()] == [run.id]


def test_a_run_whose_process_died_is_put_into_the_queue_and_one_that_is_worked_on_is_not(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    with journal.lease("01A"):
        journal.begin_run(run.id)
        with pytest.raises(UsageError, match=f"Run {run.id} is being worked on"):
            intervene.put_in_queue(journal, run.id, {"rate": 2.0})
        assert journal.run(run.id).order == run.order
    assert intervene.put_in_queue(journal, run.id, {}).state is RunState.QUEUED


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": RunState.READY}, "was never begun"),
        ({"state": RunState.CANCELLED}, "was cancelled"),
        ({"state": RunState.PAUSED, "is_open": True}, "is open"),
        ({"state": RunState.LOADING}, "no run 1"),
    ],
)
def test_a_run_that_nobody_could_go_on_with_is_not_put_into_the_queue(
    journal: Journal, fields: dict[str, Any], says: str
) -> None:
    run = add(journal, [new(1, "a")])
    journal.change_run(run.id, **fields)
    with pytest.raises(UsageError, match=says):
        intervene.put_in_queue(journal, run.id, {})
    assert journal.queued() == []


def test_a_finished_run_without_anything_to_do_is_not_put_into_the_queue(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    skip(journal, run, 1, Outcome.ON_LOAN)
    record_sent(journal, run, 2, "23")
    journal.change_run(run.id, state=RunState.FINISHED)
    # The page reads unclear rows again.
    assert intervene.put_in_queue(journal, run.id, {}).state is RunState.QUEUED
    journal.change_run(run.id, state=RunState.FINISHED)
    intervene.settle(journal, run.id, 2, done=True, at=1.0)
    with pytest.raises(UsageError, match="is finished: there is nothing to do"):
        intervene.put_in_queue(journal, run.id, {})


@pytest.mark.system
def test_what_was_left_to_a_person_is_nothing_that_a_worker_would_do(server: str) -> None:
    with closing(Journal(server)) as journal:
        run = add(journal, [new(1, "a")])
        with journal.lease("01A"):
            sent = record_sent(journal, run, 1, "23")
        journal.recover(run.id)
        journal.change_run(run.id, state=RunState.FINISHED)
        assert intervene.put_in_queue(journal, run.id, {}).state is RunState.QUEUED
        journal.change_run(run.id, state=RunState.FINISHED)
        journal.save([Change(sent.to(RowState.UNCLEAR, note="Nobody knows."), RowState.UNCLEAR)])
        with pytest.raises(UsageError, match="almascan retry"):
            intervene.put_in_queue(journal, run.id, {})


# Deleting


def test_a_run_that_others_still_need_is_not_deleted(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    sent = record_sent(journal, run, 1, "23", at=DAY_SECONDS)
    with pytest.raises(UsageError, match="1 unclear rows"):
        intervene.delete(journal, run.id, at=9 * DAY_SECONDS)
    journal.save([Change(sent.to(RowState.DONE, outcome=Outcome.IN_PLACE), RowState.SENDING)])
    with pytest.raises(UsageError, match="in the last 24 hours"):
        intervene.delete(journal, run.id, at=2 * DAY_SECONDS - 1)
    assert journal.row(run.id, 1).state is RowState.DONE
    intervene.delete(journal, run.id, at=2 * DAY_SECONDS + 1)
    with pytest.raises(UsageError, match=f"no run {run.id}"):
        journal.run(run.id)
    assert journal.story(run.id, 1) == []


async def test_a_run_of_which_a_person_left_out_the_rest_ends_as_done(bench: Bench) -> None:
    await bench.plan(bench.simulator.barcodes("in_transit", 3))
    intervene.leave_out(bench.journal, 1, [2, 3], at=1.0)
    ended = await bench.resume()
    assert (ended.run.state, ended.exit_code) == (RunState.FINISHED, ExitCode.DONE)
    assert ended.counts == {Outcome.IN_PLACE: 1, Outcome.LEFT_OUT: 2}
