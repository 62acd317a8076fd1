"""What is taken off a barcode, and what makes it unusable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.lists.barcode import MAX_BARCODE_CHARACTERS, clean_barcode, is_blank, is_comment
from almascan.lists.notes import NOTES

DIRTY = st.text(
    st.sampled_from(
        "0123456789AZaz.,+-Ee'=\"# \t\r\n\x00\x1f\x85\xa0\xad\u200b\u200e\u202e\u2028\u2060\u3000\ufeff\ufffd"
    ),
    max_size=40,
)
ANYTHING = st.text(max_size=200) | DIRTY


@given(ANYTHING, st.text(max_size=3), st.text(max_size=3))
def test_cleaning_takes_any_text(text: str, prefix: str, suffix: str) -> None:
    cleaned = clean_barcode(text, prefix, suffix)
    assert not (cleaned.barcode and cleaned.problem)
    assert set(cleaned.notes) <= set(NOTES)


@given(ANYTHING)
def test_a_cleaned_barcode_is_clean(text: str) -> None:
    barcode = clean_barcode(text).barcode
    assert clean_barcode(barcode) == (barcode, "", ())


@given(ANYTHING)
def test_nothing_invisible_and_no_outer_white_space_is_left(text: str) -> None:
    barcode = clean_barcode(text).barcode
    assert barcode == barcode.strip()
    assert len(barcode) <= MAX_BARCODE_CHARACTERS
    assert not set(barcode) & set("\t\n\r\x00\xa0\xad\u200b\u200e\u202e\u2028\u2060\u3000\ufeff\ufffd")


@given(ANYTHING)
def test_nothing_vanishes_without_a_word(text: str) -> None:
    barcode, problem, notes = clean_barcode(text)
    assert barcode == text or problem or notes


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 /.-]{6,30}[A-Za-z]", fullmatch=True))
def test_an_ordinary_barcode_stays_as_it_is_inner_spaces_and_case_included(barcode: str) -> None:
    assert clean_barcode(barcode) == (barcode, "", ())
    assert clean_barcode(f"  {barcode}\t") == (barcode, "", ("trimmed",))
    assert clean_barcode(f"\ufeff{barcode}\u00a0") == (barcode, "", ("invisible",))


@pytest.mark.parametrize("rounded", ["3.01121E+13", "3,01121E+13", "3.01121e+13", "3E+13", " 3.01121E+13 "])
def test_a_number_that_a_spreadsheet_rounded_is_refused_and_says_how_to_export_it_again(rounded: str) -> None:
    barcode, problem, notes = clean_barcode(rounded)
    assert barcode == ""
    assert "as text" in problem
    assert "damaged" in notes


@pytest.mark.parametrize(
    ("text", "barcode", "note"),
    [
        ("3011210001234.0", "3011210001234", "decimals"),
        ("3011210001234,00", "3011210001234", "decimals"),
        ('="0030112"', "0030112", "unwrapped"),
        ("'0030112", "0030112", "unwrapped"),
        ("30\u200b112", "30112", "invisible"),
        ("AB\u00a0112", "AB 112", "invisible"),
        ("30\u00ad112", "30112", "invisible"),
    ],
)
def test_what_programs_add_to_a_barcode_is_taken_off_and_counted(text: str, barcode: str, note: str) -> None:
    assert clean_barcode(text) == (barcode, "", (note,))


def test_decimals_of_a_number_with_more_digits_than_a_spreadsheet_keeps_are_damage() -> None:
    assert clean_barcode("123456789012345.0").barcode == "123456789012345"
    assert clean_barcode("1234567890123456.0").problem


@pytest.mark.parametrize(
    "text", ["NULL", "null", "None", "nan", "#N/A", "#NV", "#REF!", "#¡VALOR!", "#NOMBRE?", "-", "\u2013"]
)
def test_a_word_that_stands_for_nothing_is_refused_and_shown(text: str) -> None:
    barcode, problem, _ = clean_barcode(text)
    assert barcode == ""
    assert text in problem


@pytest.mark.parametrize(("text", "name"), [("30\t112", "a tab"), ("30\n112", "a line break"), ("30\x07112", "U+0007")])
def test_a_control_character_inside_is_refused_by_its_name(text: str, name: str) -> None:
    assert name in clean_barcode(text).problem


def test_a_barcode_of_more_than_a_hundred_characters_is_refused() -> None:
    assert clean_barcode("3" * 100).barcode == "3" * 100
    assert "101" in clean_barcode("3" * 101).problem


def test_a_barcode_with_a_character_lost_in_conversion_is_refused() -> None:
    assert "lost" in clean_barcode("M\ufffdNCHEN1").problem


def test_prefix_and_suffix_go_only_where_they_are() -> None:
    assert clean_barcode("a30112b", "a", "b") == ("30112", "", ("stripped",))
    assert clean_barcode(" X-30112", "X-", "") == ("30112", "", ("stripped", "trimmed"))
    assert clean_barcode("30112", "a", "b") == ("30112", "", ())


def test_nothing_is_blank_and_no_problem() -> None:
    assert clean_barcode(" \u200b\t") == ("", "", ("invisible",))
    assert is_blank("\u00a0 \ufeff\x00")
    assert not is_blank(" x ")


@pytest.mark.parametrize(
    ("text", "comment"), [("# x", True), ("  #30112", True), ("#", True), ("#N/A", False), ("30#1", False)]
)
def test_a_comment_begins_with_a_hash_and_is_no_error_value(text: str, comment: bool) -> None:
    assert is_comment(text) is comment
