"""Changes of rows: guarded by their state, claimed once for each item, and read back as they were written."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.journal.processes import started
from tests.journal.samples import add, intent, new

from almascan.journal import Blocked, Change, Claim, Journal, Overtaken
from almascan.model import STEPS, Desk, Event, EventKind, Item, Outcome, Row, RowState

pytestmark = pytest.mark.usefixtures("held")


def test_a_change_of_a_row_that_moved_on_meanwhile_is_not_made(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    (row,) = journal.rows(run.id)
    assert journal.save([intent(row, "23")]) == [None]
    assert journal.save([intent(row, "23", at=101.0)]) == [Overtaken("sending")]
    assert [event.kind for event in journal.story(run.id, 1)] == [EventKind.SENDING]


def test_one_row_that_moved_on_does_not_hold_up_the_others_of_its_commit(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b"), new(3, "c")])
    one, two, three = journal.rows(run.id)
    journal.save([Change(two.to(RowState.FAILED, outcome=Outcome.NOT_FOUND, finished_at=1.0), RowState.NEW)])
    found = [Change(row.to(RowState.LOCATED, pid=f"2{row.row}"), RowState.NEW) for row in (one, two, three)]
    assert journal.save(found) == [None, Overtaken("failed"), None]
    assert journal.row(run.id, 2).outcome is Outcome.NOT_FOUND
    assert [journal.row(run.id, number).pid for number in (1, 3)] == ["21", "23"]


def test_a_change_of_a_row_that_is_deleted_says_so(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    (row,) = journal.rows(run.id)
    journal.delete_run(run.id)
    assert journal.save([intent(row, "23")]) == [Overtaken("deleted")]


def test_an_item_is_claimed_once_in_a_run_within_one_commit_too(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b"), new(3, "c")])
    one, two, three = journal.rows(run.id)
    assert journal.save([intent(one, "23"), intent(two, "23"), intent(three, "24")]) == [None, Blocked(1, 1), None]
    assert journal.row(run.id, 2).state is RowState.NEW
    assert journal.story(run.id, 2) == []


def test_an_item_that_has_its_answer_is_not_claimed_by_another_row_of_its_run(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    one, two = journal.rows(run.id)
    claimed = intent(one, "23")
    journal.save([claimed])
    journal.save([Change(claimed.row.to(RowState.DONE, outcome=Outcome.IN_PLACE), RowState.SENDING)])
    assert journal.save([intent(two, "23")]) == [Blocked(run.id, 1)]


def test_an_item_whose_scan_had_no_effect_is_free_for_another_row(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    one, two = journal.rows(run.id)
    claimed = intent(one, "23")
    journal.save([claimed])
    journal.save([Change(claimed.row.to(RowState.READY, sends=0), RowState.SENDING)])
    assert journal.save([intent(two, "23")]) == [None]
    again = claimed.row.to(RowState.READY, sends=0).to(RowState.SENDING, sends=1, sent_at=102.0)
    assert journal.save([Change(again, RowState.READY, (), Claim("01A"))]) == [Blocked(1, 2)]


def test_the_second_step_of_a_row_is_not_blocked_by_its_first(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    one, two = journal.rows(run.id)
    first = intent(one, "23")
    journal.save([first])
    second = first.row.to(RowState.LOCATED, step=1)
    journal.save([Change(second, RowState.SENDING)])
    sending = second.to(RowState.READY).to(RowState.SENDING, sends=2, sent_at=101.0)
    assert journal.save([Change(sending, RowState.LOCATED, (), Claim("01A"))]) == [None]
    assert journal.save([intent(two, "23")]) == [Blocked(1, 1)]


def test_an_unclear_scan_of_another_run_blocks_its_item_and_is_named(journal: Journal) -> None:
    first, second = add(journal, [new(7, "a")]), add(journal, [new(1, "a")])
    (row,), (other,) = journal.rows(first.id), journal.rows(second.id)
    claimed = intent(row, "23")
    journal.save([claimed])
    assert journal.save([intent(other, "23")]) == [Blocked(1, 7)]
    unclear = claimed.row.to(RowState.UNCLEAR)
    journal.save([Change(unclear, RowState.SENDING)])
    assert journal.save([intent(other, "23")]) == [Blocked(1, 7)]
    journal.save([Change(unclear.to(RowState.DONE, outcome=Outcome.IN_PLACE), RowState.UNCLEAR)])
    assert journal.save([intent(other, "23", at=500.0, since=50.0)]) == [Blocked(1, 7)]
    assert journal.save([intent(other, "23", at=500.0, since=400.0)]) == [None]


def test_an_item_that_another_run_sent_and_has_an_answer_for_is_free_to_a_run_that_looks(journal: Journal) -> None:
    first, second = add(journal, [new(1, "a")]), add(journal, [new(1, "a")])
    claimed = intent(next(journal.rows(first.id)), "23")
    journal.save([claimed])
    journal.save([Change(claimed.row.to(RowState.DONE, outcome=Outcome.IN_PLACE), RowState.SENDING)])
    assert journal.save([intent(next(journal.rows(second.id)), "23")]) == [None]


def test_a_look_that_came_while_another_run_s_scan_was_under_way_does_not_count(journal: Journal) -> None:
    first, second = add(journal, [new(7, "a")]), add(journal, [new(1, "a")])
    claimed = intent(next(journal.rows(first.id)), "23", at=100.0)
    journal.save([claimed])
    done = claimed.row.to(RowState.DONE, outcome=Outcome.IN_PLACE, finished_at=103.0)
    journal.save([Change(done, RowState.SENDING)])
    (other,) = journal.rows(second.id)
    assert journal.save([intent(other, "23", at=105.0, since=101.0)]) == [Blocked(1, 7)]
    assert journal.save([intent(other, "23", at=105.0, since=104.0)]) == [None]


def test_another_institution_blocks_nothing(journal: Journal) -> None:
    first, second = add(journal, [new(1, "a")]), add(journal, [new(1, "a")], "01B")
    journal.save([intent(next(journal.rows(first.id)), "23")])
    assert journal.save([intent(next(journal.rows(second.id)), "23", institution="01B")]) == [None]


def test_sending_rows_of_a_dead_process_become_unclear(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    journal.save([intent(next(journal.rows(run.id)), "23")])
    assert journal.recover(run.id) == 1
    assert journal.counts(run.id) == {Outcome.UNCLEAR: 1, Outcome.NOT_TRIED: 1}
    assert [event.kind for event in journal.story(run.id, 1)] == [EventKind.SENDING, EventKind.LOST]
    assert journal.recover(run.id) == 0


def test_a_zero_character_goes_into_any_journal(journal: Journal) -> None:
    run = add(journal, [Row(0, 1, RowState.NEW, given="a\0", barcode="b")])
    row = journal.row(run.id, 1)
    event = Event(1.0, EventKind.ANSWERED, "said \0")
    changed = row.to(RowState.FAILED, outcome=Outcome.REFUSED, alma_message="\0", note="c\0")
    assert journal.save([Change(changed, RowState.NEW, (event,))]) == [None]
    assert [len(text) for text in (row.given, journal.row(run.id, 1).note, journal.story(run.id, 1)[0].text)] == [
        2,
        2,
        6,
    ]


_SAVE = """
import sys
from tests.journal.samples import intent
from almascan.journal import Journal
journal = Journal(sys.argv[1])
with journal.lease("01C"):
    for row in journal.rows(1):
        journal.save([intent(row, f"23{row.row}", institution="01C")])
        print(row.row, flush=True)
"""


def test_what_was_saved_is_there_after_a_kill(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 3000)], "01C")
    with started(_SAVE, journal) as saving:
        said = [int(saving.readline()) for _ in range(50)]
        saving.kill()
        said += [int(line) for line in saving.read().split()]
    sending = {row.row for row in journal.rows_in_state(run.id, RowState.SENDING)}
    assert set(said) <= sending
    assert journal.recover(run.id) == len(sending)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TIMES = st.none() | st.floats(0, 4e9)
ITEMS = st.builds(Item, TEXTS, TEXTS, TEXTS, title=TEXTS, requested=st.sampled_from([None, True, False]))
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "outcome": st.none() | st.sampled_from(list(Outcome)),
        "barcode": TEXTS,
        "mms_id": TEXTS,
        "holding_id": TEXTS,
        "desk": st.none() | st.builds(Desk, TEXTS, TEXTS, TEXTS),
        "before": st.none() | ITEMS,
        "after": st.none() | ITEMS,
        "note": TEXTS,
        "alma_code": TEXTS,
        "alma_message": TEXTS,
        "tracking_id": TEXTS,
        "looked_at": TIMES,
        "sent_at": TIMES,
        "finished_at": TIMES,
    },
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=TEXTS, steps=st.lists(st.tuples(st.integers(0, 9), FIELDS, TEXTS), max_size=8))
def test_a_row_comes_back_as_it_was_written_wherever_its_life_takes_it(
    journal: Journal, given: str, steps: list[tuple[int, dict[str, object], str]]
) -> None:
    run = add(journal, [Row(0, 1, RowState.NEW, given=given, barcode=given)])
    (row,) = journal.rows(run.id)
    assert (row.given, row.barcode) == (given, given)
    story = []
    for choice, fields, text in steps:
        following = sorted(STEPS[row.state])
        if not following:
            break
        was, state = row.state, following[choice % len(following)]
        event = Event(float(choice), EventKind.LOOKED, text)
        claim = Claim("01A") if state is RowState.SENDING else None
        row = row.to(state, pid=str(run.id), sends=row.sends + (claim is not None), **fields)
        assert journal.save([Change(row, was, (event,), claim)]) == [None]
        assert journal.row(run.id, 1) == row
        story.append(event)
    assert journal.story(run.id, 1) == story
