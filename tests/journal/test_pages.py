"""Rows for a table that is turned page by page, narrowed by answer, state and text; and their counts."""

from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.journal.samples import add, new

from almascan.journal import Change, Journal
from almascan.model import Event, EventKind, Group, Item, Outcome, Row, RowState, Run

pytestmark = pytest.mark.usefixtures("held")

OUTCOMES = (Outcome.IN_PLACE, Outcome.NOT_FOUND, Outcome.ON_LOAN, Outcome.ON_HOLD_SHELF)
OPEN_STATES = (RowState.NEW, RowState.LOCATED, RowState.READY, RowState.SENDING, RowState.UNCLEAR)


def record(journal: Journal, rows: list[tuple[RowState, Outcome | None]]) -> Run:
    """Record a run whose rows are as they are said to be."""
    run = add(journal, [new(number, f"b{number}") for number in range(1, len(rows) + 1)])
    changes = []
    for row, (state, outcome) in zip(journal.rows(run.id), rows, strict=True):
        changes.append(Change(msgspec.structs.replace(row, state=state, outcome=outcome), RowState.NEW))
    journal.save(changes)
    return run


ANSWERED = st.sampled_from(OUTCOMES).map(lambda outcome: (RowState(outcome.group.value), outcome))
ROWS = st.lists(ANSWERED | st.sampled_from(OPEN_STATES).map(lambda state: (state, None)), max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    answers=st.sets(st.sampled_from([*OUTCOMES, Outcome.UNCLEAR, Outcome.NOT_TRIED])),
    states=st.sets(st.sampled_from(RowState)),
    limit=st.integers(1, 5),
)
def test_pages_forward_and_back_hold_exactly_the_rows_that_are_wanted(
    journal: Journal,
    rows: list[tuple[RowState, Outcome | None]],
    answers: set[Outcome],
    states: set[RowState],
    limit: int,
) -> None:
    run = record(journal, rows)
    every = list(journal.rows(run.id))
    wanted = [row for row in every if (not answers or row.answer in answers) and (not states or row.state in states)]
    forward: list[Row] = []
    while page := journal.page_of_rows(
        run.id, answers=answers, states=states, after=forward[-1].row if forward else 0, limit=limit
    ):
        assert len(page) <= limit
        forward += page
    assert forward == wanted
    back: list[Row] = []
    while page := journal.page_of_rows(
        run.id, answers=answers, states=states, before=back[0].row if back else len(rows) + 1, limit=limit
    ):
        back = page + back
    assert back == wanted
    assert journal.counts(run.id) == Counter(row.answer for row in every)
    first = next((row.row for row in every if row.answer in answers), None)
    assert journal.example(run.id, sorted(answers)) == first


def test_counts_of_several_runs_are_each_run_s_own(journal: Journal) -> None:
    first = record(journal, [(RowState.DONE, Outcome.IN_PLACE), (RowState.NEW, None)])
    second = record(journal, [(RowState.UNCLEAR, None)])
    assert journal.counts_of([first.id, second.id, 99]) == {
        first.id: {Outcome.IN_PLACE: 1, Outcome.NOT_TRIED: 1},
        second.id: {Outcome.UNCLEAR: 1},
    }
    assert journal.counts(99) == {}


def test_the_rows_that_something_happened_to_last_come_first(journal: Journal) -> None:
    run, other = (add(journal, [new(number, f"{name}{number}") for number in range(1, 6)]) for name in "ab")
    for run_id, number in ((run.id, 3), (other.id, 1), (run.id, 5), (run.id, 1), (run.id, 3)):
        row = journal.row(run_id, number)
        moved = row.to(RowState.LOCATED, pid=str(number), sends=row.sends)
        journal.save([Change(moved, row.state, (Event(1.0, EventKind.LOCATED, "found"),))])
    assert [row.row for row in journal.latest_rows(run.id)] == [3, 1, 5]
    assert [row.row for row in journal.latest_rows(run.id, 1)] == [3]
    opened = journal.change_run(other.id, is_open=True)
    assert [row.row for row in journal.latest_rows(opened.id, 2)] == [5, 4]
    assert journal.latest_rows(99) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B1", [1, 4]),
        ("stochastic", [2]),
        ("QA 76", [2]),
        ("100%", [3]),
        ("0_", []),
        ("%", [3]),
        ("\u00f6KOLOGIE", [4]),
        ('say "hello"', [3]),
        ("DESK", []),
        ("nothing", []),
    ],
)
def test_a_text_is_looked_for_in_barcode_title_and_call_number_as_it_is(
    journal: Journal, text: str, found: list[int]
) -> None:
    titles = {
        2: ("Stochastic Processes", "QA 76.9"),
        3: ('100% of "hello": I Say "Hello"', ""),
        4: ("\u00d6kologie", ""),
    }
    barcodes = ("b1", "b2", "b3", "xb17")
    run = add(journal, [new(number, barcode) for number, barcode in enumerate(barcodes, 1)])
    for row in list(journal.rows(run.id)):
        title, call_number = titles.get(row.row, ("", ""))
        item = Item("9", "2", "23", title=title, call_number=call_number, location="DESK")
        seen = {"before": item} if row.row % 2 else {"after": item}
        journal.save([Change(row.to(RowState.LOCATED, **seen), RowState.NEW)])
    assert [row.row for row in journal.page_of_rows(run.id, text=text)] == found
    assert [row.row for row in journal.page_of_rows(run.id, text=text, answers=[Outcome.NOT_TRIED])] == found


def test_every_answer_but_the_open_ones_belongs_to_the_state_of_its_group() -> None:
    for outcome in Outcome:
        if outcome.group is not Group.OPEN:
            assert RowState(outcome.group.value)
