from typing import Literal

import pytest
from bench.journey import Journey
from bench.pace import Case, imagine, refused_percent, used_percent

from almascan.simulator import SimulatorConfig


@pytest.mark.parametrize("window", ["sliding", "calendar"])
def test_a_journey_never_sees_more_accepted_than_the_limit(window: Literal["sliding", "calendar"]) -> None:
    config = SimulatorConfig(per_second=10, window=window, latency_ms=100, jitter_ms=50)
    came = Journey(config, rate=30).travel(20)
    # A window of the clock may be begun at either end.
    assert came.accepted <= 10 * 21
    assert came.refused > 0


def test_a_journey_is_the_same_for_the_same_seed() -> None:
    config = SimulatorConfig(per_second=25, latency_ms=250, jitter_ms=80)
    assert Journey(config, 25, 10, seed=3).travel(10) == Journey(config, 25, 10, seed=3).travel(10)
    assert Journey(config, 25, 10, seed=3).travel(10) != Journey(config, 25, 10, seed=4).travel(10)


def test_another_system_is_counted_apart() -> None:
    came = Journey(SimulatorConfig(per_second=25, latency_ms=250), rate=10, others=5).travel(60)
    assert came.others_accepted == pytest.approx(5 * 60, rel=0.2)
    assert came.others_refused <= 0.05 * came.others_accepted
    assert came.accepted == pytest.approx(10 * 60, rel=0.05)


def test_the_limit_per_minute_bounds_what_is_free() -> None:
    case = Case(50, per_minute=1500)
    assert [case.free(seconds) for seconds in (10, 60, 120)] == [500, 1500, 3000]


def test_another_systems_requests_are_not_free() -> None:
    assert Case(25, others=10).free(60) == 15 * 60
    assert Case(25, others=4, rate=20).free(60) == 20 * 60


def test_a_case_in_virtual_time_uses_most_of_its_limit_without_refusals() -> None:
    case = Case(25, "sliding", 250, 5)
    came = imagine(case, 20)
    assert used_percent(case, came, 20, times=3) > 97
    assert refused_percent(came.accepted, came.refused) < 0.1


def test_what_another_system_is_refused_does_not_count_as_ours() -> None:
    came = Journey(SimulatorConfig(per_second=5, latency_ms=250), rate=1, others=20).travel(60)
    assert came.others_refused > 10 * 60
    assert came.accepted + came.refused <= 61
