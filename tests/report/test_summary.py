from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import START, a_run, an_item

from almascan.model import OWN_REASON, TRANSIT_TYPES, Group, Outcome, RunState
from almascan.report.fields import next_step
from almascan.report.states import PROCESS_WORDS, state_words
from almascan.report.summary import in_order, needs_person, next_commands, rows_per_minute, verdict

any_counts = st.dictionaries(st.sampled_from(Outcome), st.integers(0, 10_000))


def lines(counts: dict[Outcome, int], *, example: int | None = None, state: RunState = RunState.FINISHED) -> list[str]:
    return [command.line for command in next_commands(a_run(state=state), counts, example)]


def test_rows_not_tried_are_gone_on_with_by_resume() -> None:
    assert lines({Outcome.NOT_TRIED: 3})[0] == "almascan resume 7"
    assert "almascan resume 7" not in lines({Outcome.IN_PLACE: 3})


def test_a_paused_run_is_gone_on_with_by_resume() -> None:
    assert lines({Outcome.IN_PLACE: 3}, state=RunState.PAUSED)[0] == "almascan resume 7"


def test_unclear_rows_are_read_again_or_settled_and_never_sent_again() -> None:
    commands = next_commands(a_run(), {Outcome.UNCLEAR: 2})
    assert [command.line for command in commands[:2]] == ["almascan retry 7", "almascan settle 7 ROW --done"]
    assert commands[0].purpose == "reads 2 unclear rows again"


def test_a_damaged_barcode_is_not_worth_a_retry() -> None:
    assert "almascan retry 7" not in lines({Outcome.BAD_BARCODE: 2})
    assert "almascan retry 7" in lines({Outcome.BAD_BARCODE: 2, Outcome.REFUSED: 1})


def test_a_row_that_needs_a_person_is_named() -> None:
    assert "almascan show 7 12" in lines({Outcome.ON_LOAN: 2}, example=12)


def test_a_report_is_always_offered() -> None:
    assert lines({})[-2:] == [
        "almascan report 7 --format html --output run-7.html",
        "almascan report 7 --format csv --output run-7.csv",
    ]


@given(any_counts)
def test_outcomes_that_need_a_person_come_first_and_none_is_lost(counts: dict[Outcome, int]) -> None:
    order = in_order(counts)
    assert sorted(order) == sorted(outcome for outcome, count in counts.items() if count)
    wants = [needs_person(outcome) for outcome in order]
    assert wants == sorted(wants, reverse=True)


def test_done_rows_duplicates_what_was_left_out_and_rows_not_tried_need_nobody() -> None:
    nobody = {outcome for outcome in Outcome if not needs_person(outcome)}
    done = {outcome for outcome in Outcome if outcome.group is Group.DONE}
    assert nobody == done | {Outcome.DUPLICATE, Outcome.LEFT_OUT, Outcome.NOT_TRIED}


def test_the_verdict_counts_what_is_done_what_needs_a_person_and_what_is_left() -> None:
    counts = {Outcome.IN_PLACE: 1200, Outcome.ON_LOAN: 1, Outcome.NOT_TRIED: 2, Outcome.DUPLICATE: 1}
    assert verdict(a_run(rows=1204), counts) == (
        "1,200 of 1,204 rows are done. 1 needs a person. 2 were not tried yet."
    )
    assert verdict(a_run(rows=1), {Outcome.IN_PLACE: 1}) == "1 of 1 row is done."


def test_the_pace_counts_rows_with_an_answer() -> None:
    counts = {Outcome.IN_PLACE: 100, Outcome.NOT_TRIED: 50}
    assert rows_per_minute(a_run(finished_at=START + 120), counts) == 50
    assert rows_per_minute(a_run(finished_at=None), counts) is None
    assert rows_per_minute(a_run(finished_at=START), counts) is None


def test_no_next_step_is_left_with_a_placeholder() -> None:
    for outcome in Outcome:
        assert not {"RUN", "ROW"} & set(next_step(outcome, 7, 12).replace(",", " ").replace(".", " ").split())


def test_states_are_said_in_words() -> None:
    assert state_words(an_item()) == "in transit"
    assert state_words(an_item(base_status="1", process_type="")) == "in place"
    assert state_words(an_item(base_status="1", process_type="REQUESTED")) == "in place, requested"
    assert state_words(an_item(requested=True)) == "in transit, requested"
    assert state_words(an_item(process_type="", awaiting_reshelving=True)) == "awaiting reshelving"
    assert state_words(an_item(process_type="WORK_ORDER_DEPARTMENT", work_order_at="Bindery")) == (
        "in a work order (Bindery)"
    )
    assert state_words(an_item(process_type="SOMETHING_NEW")) == "SOMETHING_NEW"


def test_every_process_type_that_is_a_reason_has_words() -> None:
    assert set(OWN_REASON) | TRANSIT_TYPES <= set(PROCESS_WORDS)
