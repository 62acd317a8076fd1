"""When a run stops by itself, and what it leaves to the institution's other systems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.test_judge import LOAN

from almascan.model import Group, Outcome
from almascan.rules import ALIKE_ROWS, all_alike, describe, floor_of_calls, is_silent, next_midnight, say_floor

outcomes = st.sampled_from([outcome for outcome in Outcome if outcome.group is not Group.OPEN])


@given(st.lists(outcomes, max_size=ALIKE_ROWS))
def test_rows_are_alike_only_when_all_twenty_share_one_reason_and_none_is_done(first: list[Outcome]) -> None:
    alike = all_alike(first)
    if alike is not None:
        assert first == [alike] * ALIKE_ROWS
        assert alike.group is not Group.DONE


@pytest.mark.parametrize("outcome", [Outcome.IN_TRANSIT_ELSEWHERE, Outcome.OTHER_LIBRARY, Outcome.NOT_FOUND])
def test_twenty_of_the_same_mistake_are_noticed_and_nineteen_are_not(outcome: Outcome) -> None:
    assert all_alike([outcome] * 20) is outcome
    assert all_alike([outcome] * 19) is None
    assert all_alike([*[outcome] * 19, Outcome.ON_LOAN]) is None


def test_twenty_done_rows_are_no_mistake() -> None:
    assert all_alike([Outcome.IN_PLACE] * 20) is None


def test_ten_requests_without_an_answer_are_silence() -> None:
    assert not is_silent(9)
    assert is_silent(10)


@pytest.mark.parametrize(("seen", "floor"), [(0, 5_000), (100_000, 5_000), (300_000, 15_000)])
def test_a_twentieth_of_the_calls_is_left_to_others_and_five_thousand_at_least(seen: int, floor: int) -> None:
    assert floor_of_calls(seen) == floor


def test_the_floor_says_from_when_to_go_on() -> None:
    assert next_midnight(1_790_000_000.0) == "2026-09-22 00:00 UTC"
    assert "2026-09-22 00:00 UTC" in say_floor(4_999, 5_000, 1_790_000_000.0)


def test_a_state_is_described_without_a_title() -> None:
    assert describe(LOAN) == "not in place, LOAN, at MAIN/stacks, not requested, due 2026-03-01Z"
