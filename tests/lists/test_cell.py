"""Numbers of a sheet under its formats: exact digits, or a problem."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.lists.cell import read_number
from almascan.lists.number_format import Shape, find_number_format, read_number_format


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("General", Shape.PLAIN),
        ("", Shape.PLAIN),
        ('"day "0', Shape.OTHER),
        ("h:mm", Shape.DATE),
        ("[h]:mm", Shape.DATE),
        ("[Red]0", Shape.PLAIN),
        ('0;"minus "0', Shape.PLAIN),
        ("000", Shape.PADDED),
        ("0,000", Shape.OTHER),
        ("0.000", Shape.PLAIN),
    ],
)
def test_a_format_is_judged_by_its_first_section_without_what_is_quoted(code: str, shape: Shape) -> None:
    assert read_number_format(code).shape is shape


@given(st.text(max_size=30), st.text(max_size=30) | st.decimals().map(str))
def test_any_number_under_any_format_is_digits_or_a_problem(code: str, value: str) -> None:
    cell = read_number(value, read_number_format(code))
    assert cell.problem or cell.text.isdecimal()


@given(st.integers(0, 999_999_999_999_999), st.integers(0, 200))
def test_a_number_keeps_its_value_under_every_built_in_format(number: int, format_id: int) -> None:
    cell = read_number(str(number), find_number_format(format_id, {}))
    assert cell.problem or int(cell.text) == number
