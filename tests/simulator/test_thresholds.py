from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.simulator.config import SimulatorConfig, Window
from almascan.simulator.refusals import Refusal
from almascan.simulator.thresholds import DAY_SECONDS, Limit, Thresholds


def admitted(thresholds: Thresholds, times: list[float]) -> list[bool]:
    answers = []
    for now in times:
        try:
            thresholds.admit(now)
            answers.append(True)
        except Refusal:
            answers.append(False)
    return answers


def test_a_sliding_second_may_not_hold_more_than_the_limit_wherever_it_begins() -> None:
    thresholds = Thresholds(SimulatorConfig(per_second=2))
    assert admitted(thresholds, [0.8, 0.9, 1.1, 1.79, 1.8]) == [True, True, False, False, True]


def test_a_calendar_second_starts_anew_with_the_clock() -> None:
    thresholds = Thresholds(SimulatorConfig(per_second=2, window="calendar"))
    assert admitted(thresholds, [0.8, 0.9, 0.95, 1.0, 1.1, 1.99, 2.0]) == [True, True, False, True, True, False, True]


def test_a_refused_request_uses_up_the_window_only_when_set_so() -> None:
    times = [0.0, 0.5, 1.2]
    assert admitted(Thresholds(SimulatorConfig(per_second=1)), times) == [True, False, True]
    counting = Thresholds(SimulatorConfig(per_second=1, refused_requests_count=True))
    assert admitted(counting, times) == [True, False, False]


def test_a_minute_has_a_limit_of_its_own() -> None:
    thresholds = Thresholds(SimulatorConfig(per_second=0, per_minute=2))
    assert admitted(thresholds, [0.0, 30.0, 59.0, 60.0]) == [True, True, False, True]


@pytest.mark.parametrize("status", [429, 403])
def test_the_day_ends_at_midnight_gmt(status: Literal[429, 403]) -> None:
    thresholds = Thresholds(SimulatorConfig(per_second=0, per_day=2, daily_status=status))
    midnight = 20_000.0 * DAY_SECONDS
    thresholds.admit(midnight - 10)
    assert thresholds.remaining(midnight - 10) == 1
    thresholds.admit(midnight - 5)
    with pytest.raises(Refusal) as refusal:
        thresholds.admit(midnight - 1)
    assert (refusal.value.code, refusal.value.status) == ("DAILY_THRESHOLD", status)
    assert thresholds.remaining(midnight) == 2
    thresholds.admit(midnight)


def test_a_clock_that_goes_back_locks_nobody_out() -> None:
    thresholds = Thresholds(SimulatorConfig(per_second=1, per_minute=1))
    thresholds.admit(1000.0)
    thresholds.admit(10.0)


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=80).map(sorted),
    st.integers(1, 5),
    st.sampled_from(["sliding", "calendar"]),
)
def test_no_window_ever_holds_more_than_the_limit(times_ms: list[int], most: int, window: Window) -> None:
    limit = Limit(most, 1, window)
    taken: list[float] = []
    for now in (ms / 1000 for ms in times_ms):
        if not limit.is_met(now):
            limit.count(now)
            taken.append(now)
    for start in taken:
        first = int(start) if window == "calendar" else start
        assert sum(1 for now in taken if first <= now < first + 1) <= most
