import pytest
from bench.figure import Aim, Figure, Findings, at_least, at_most, write_number
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.floats(-1e9, 1e9, allow_nan=False)


@given(VALUES, VALUES)
def test_an_aim_is_met_on_its_own_side_alone(value: float, aim: float) -> None:
    assert Figure("it", value, "s", at_most(aim)).is_met is (value <= aim)
    assert Figure("it", value, "s", at_least(aim)).is_met is (value >= aim)


@pytest.mark.parametrize("aim", [None, at_most(5)])
def test_what_cannot_be_measured_is_neither_met_nor_missed(aim: Aim | None) -> None:
    figure = Figure("it", None, "MB", aim)
    assert (figure.is_met, figure.ratio) == (None, None)
    assert Findings("start", "python -m bench.start", 1.0, [figure]).is_met


def test_a_figure_that_is_only_shown_misses_nothing() -> None:
    assert Figure("it", 7.0).is_met is None


def test_the_ratio_is_the_figure_by_its_aim() -> None:
    assert Figure("it", 120, "ms", at_most(150)).ratio == pytest.approx(0.8)
    assert Figure("it", 0, "", at_most(0)).ratio is None


def test_one_aim_missed_is_the_bench_missed() -> None:
    good, bad = Figure("good", 1, "s", at_most(2)), Figure("bad", 3, "s", at_most(2))
    assert Findings("start", "", 1.0, [good]).is_met
    assert not Findings("start", "", 1.0, [good, bad]).is_met
    assert not Findings("faults", "", 1.0, failed=True).is_met


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.0, "", "0"),
        (0.0312, "s", "0.03 s"),
        (0.5, "MB", "0.50 MB"),
        (12.34, "ms", "12.3 ms"),
        (99.96, "%", "100.0 %"),
        (1234.5, "rows/s", "1,234 rows/s"),
        (1_000_000, "rows", "1,000,000 rows"),
        (None, "MB", "not measured here"),
    ],
)
def test_numbers_are_written_as_people_read_them(value: float | None, unit: str, written: str) -> None:
    assert write_number(value, unit) == written
