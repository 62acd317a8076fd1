import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alma.door import Door, Drift, Journey, Window, drift

from almascan.alma.pacing import LARGEST_GUARD_SECONDS, SPREAD, TICK_SECONDS, Pace, Passage

SEEDS = range(3)
LIMIT = 25


def travel(
    seed: int, *, window: Window, up: Drift, down: Drift, seconds: float = 60, rate: float = LIMIT, limit: int = LIMIT
) -> Journey:
    journey = Journey(Pace(rate), Door(limit, window), up, down)
    journey.travel(seconds, seed)
    return journey


@pytest.mark.parametrize("window", ["sliding", "calendar"])
@pytest.mark.parametrize(
    ("up_seconds", "down_seconds", "least_share"),
    [(0.0025, 0.0025, 0.97), (0.005, 0.005, 0.97), (0.04, 0.04, 0.92), (0.08, 0, 0.92), (0, 0.08, 0.92)],
)
def test_nearly_all_of_the_limit_is_used_and_hardly_a_request_refused(
    window: Window, up_seconds: float, down_seconds: float, least_share: float
) -> None:
    journeys = [travel(seed, window=window, up=drift(up_seconds), down=drift(down_seconds)) for seed in SEEDS]
    accepted = sum(journey.door.accepted for journey in journeys)
    refused = sum(journey.door.refused for journey in journeys)
    assert accepted >= least_share * LIMIT * 60 * len(journeys)
    assert refused <= 0.001 * (accepted + refused)


def test_slow_and_uneven_answers_cost_little_of_the_limit() -> None:
    journey = Journey(Pace(LIMIT), Door(LIMIT, "sliding"), drift(0.005), drift(0.005), work=drift(2.0))
    journey.travel(120, seed=1)
    assert journey.door.accepted >= 0.95 * LIMIT * 120
    assert journey.door.refused <= 3


def test_another_system_keeps_most_of_what_it_asks_for() -> None:
    journey = Journey(Pace(LIMIT), Door(LIMIT, "sliding"), drift(0.005), drift(0.005), others=10)
    journey.travel(120, seed=1)
    ours = journey.door.accepted - journey.others_accepted
    assert journey.others_accepted >= 0.8 * 10 * 120
    assert ours >= 0.6 * 15 * 120


def test_a_limit_lower_than_the_rate_told_is_found() -> None:
    journey = travel(1, window="sliding", up=drift(0.005), down=drift(0.005), limit=10, seconds=120)
    assert journey.door.accepted >= 0.85 * 10 * 120
    assert journey.door.refused <= 0.15 * journey.door.accepted


@settings(max_examples=60)
@given(
    rate=st.one_of(st.floats(0.1, 60), st.integers(1, 60)),
    ways=st.lists(st.floats(0, 0.09), min_size=5, max_size=40),
    waits=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.01, 3.0]), min_size=5, max_size=40),
    answers=st.lists(st.sampled_from([0.3, 0.5, 4.0]), min_size=1, max_size=9),
)
def test_no_second_sees_more_arrivals_than_the_rate_while_the_way_varies_within_the_guard(
    rate: float, ways: list[float], waits: list[float], answers: list[float]
) -> None:
    pace, now, arrivals = Pace(rate, guard_seconds=LARGEST_GUARD_SECONDS), 50.0, list[float]()
    pending: list[tuple[float, int]] = []
    passages: list[Passage] = []
    # The first two answers are as quick as can be, so that the smallest round trip is known.
    for index in range(120):
        now = max(now + waits[index % len(waits)], pace.earliest(now))
        for answered_at, which in sorted(pending):
            if answered_at <= now:
                pace.answered(passages[which], answered_at)
                pending.remove((answered_at, which))
        now = max(now, pace.earliest(now))
        way = 0.0 if index < 2 else min(ways[index % len(ways)], pace.guard_at(now))
        passages.append(pace.depart(now))
        arrivals.append(now + way)
        pending.append((now + (0.2 if index < 2 else way + answers[index % len(answers)]), index))
    most = max(1, math.floor(rate))
    window_seconds = max(1.0, 1 / rate)
    arrivals.sort()
    assert all(later - first >= window_seconds for first, later in zip(arrivals, arrivals[most:], strict=False))


@given(st.floats(0.1, 100), st.lists(st.sampled_from([0.0, 0.001, 1.0, 100.0]), min_size=2, max_size=60))
def test_requests_never_leave_in_bursts_not_even_after_idle_time(rate: float, waits: list[float]) -> None:
    pace, now, departures = Pace(rate), 7.0, list[float]()
    for wait in waits:
        now = max(now + wait, pace.earliest(now + wait))
        pace.depart(now)
        departures.append(now)
    assert all(later - earlier >= 0.999 * SPREAD / rate - TICK_SECONDS for earlier, later in pairwise(departures))


def test_timers_that_are_late_by_a_tick_do_not_slow_a_quick_rate() -> None:
    journey = Journey(Pace(1000), Door(5000, "sliding"), drift(0), drift(0), slack_seconds=0.002)
    journey.travel(10, seed=1)
    assert journey.door.accepted >= 0.95 * 1000 * 9.5


@pytest.mark.parametrize(("rate", "expected"), [(0.2, 0.2), (0.5, 0.5), (1, 1), (2.5, 2), (25, 25), (100, 100)])
def test_slow_and_fractional_rates_are_kept(rate: float, expected: float) -> None:
    journey = travel(1, window="sliding", up=drift(0), down=drift(0), rate=rate, limit=1000, seconds=100)
    assert 0.93 * expected * 100 <= len(journey.departures) <= expected * 100 + 1


def test_no_minute_sees_more_than_its_limit() -> None:
    pace, now, departures = Pace(25, per_minute=100), 0.0, list[float]()
    for _ in range(350):
        now = max(now, pace.earliest(now))
        pace.depart(now)
        departures.append(now)
    assert all(later - first >= 60 for first, later in zip(departures, departures[100:], strict=False))
    assert departures[99] < 5
    assert departures[-1] < 3 * 60.2 + 3


def test_a_refusal_cuts_the_rate_once_in_300_ms_and_the_rate_recovers() -> None:
    pace = Pace(25)
    pace.depart(100.0)
    for moment in (100.0, 100.1, 100.29):
        pace.refused(moment)
    assert pace.refusals == 3
    assert pace.rate_at(100.3) == pytest.approx(22.65)
    pace.refused(100.31)
    assert pace.rate_at(100.31) == pytest.approx(0.9 * 22.655)
    assert pace.rate_at(101.31) == pytest.approx(0.9 * 22.655 + 0.5)
    assert pace.rate_at(120) == 25


def test_a_refusal_widens_the_guard_and_quiet_narrows_it_again() -> None:
    pace = Pace(25)
    pace.depart(100.0)
    assert pace.guard_at(100) == pytest.approx(0.050)
    assert pace.guard_at(200) == pytest.approx(0.040)
    pace.refused(200)
    assert pace.guard_at(200) == pytest.approx(0.100)
    pace.refused(201)
    assert pace.guard_at(201) == pytest.approx(0.130, abs=0.001)
    for second in range(202, 220):
        pace.refused(second)
    assert pace.guard_at(219) == LARGEST_GUARD_SECONDS
    assert pace.guard_at(5000) == pytest.approx(0.020)


def test_a_request_that_never_left_gives_its_place_back() -> None:
    pace = Pace(1)
    passage = pace.depart(10)
    assert pace.earliest(10) > 11
    pace.withdraw(passage)
    assert pace.earliest(10) < 11


def test_a_departure_that_a_new_connection_delayed_counts_from_when_it_left() -> None:
    pace = Pace(1)
    passage = pace.depart(10)
    pace.left(passage, 10.4)
    assert pace.earliest(10.5) > 11.4


def test_what_is_remembered_does_not_grow() -> None:
    pace, now = Pace(50, per_minute=600), 0.0
    oldest = pace.depart(now)
    for _ in range(3000):
        now = max(now, pace.earliest(now))
        pace.depart(now)
    assert len(pace._arrivals) < 1000
    pace.answered(oldest, now)
    pace.withdraw(oldest)
    assert pace.earliest(now) > now


@pytest.mark.parametrize(("rate", "per_minute"), [(0, 0), (-1, 0), (math.inf, 0), (math.nan, 0), (5, -1)])
def test_a_rate_that_is_none_is_refused(rate: float, per_minute: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        Pace(rate, per_minute)


@pytest.mark.parametrize(("rate", "per_minute"), [(25.0, 0), (4.0, 0), (20.0, 300), (2.5, 0), (0.5, 0)])
def test_who_takes_over_goes_on_as_if_it_had_sent_everything_itself(rate: float, per_minute: int) -> None:
    def send(pace: Pace, now: float, seconds: float) -> list[float]:
        sent, end = [], now + seconds
        while (now := max(now, pace.earliest(now))) < end:
            passage = pace.depart(now)
            pace.answered(passage, now + 0.2)
            sent.append(now)
        return sent

    before, after = Pace(rate, per_minute), Pace(rate, per_minute)
    sent = send(before, 0.0, 30.0)
    after.take_over(before.ages(30.0), 1000.0)
    sent += [moment - 970.0 for moment in send(after, 1000.0, 40.0)]
    for window, most in ((1.0 if rate >= 1 else 1 / rate, max(1, rate)), (60.0, per_minute or 1e9)):
        for index, moment in enumerate(sent):
            assert sum(moment <= other < moment + window for other in sent[index:]) <= most
    assert len(sent) > 60 * min(rate, per_minute / 60 or rate) * 0.8


def test_what_counts_no_more_is_not_handed_over() -> None:
    pace = Pace(10.0)
    for moment in range(50):
        pace.answered(pace.depart(moment / 10), moment / 10 + 0.05)
    assert len(pace.ages(5.0)) <= 11
    assert pace.ages(100.0) == []
