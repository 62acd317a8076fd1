import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.progress.samples import START, ZONE

from almascan.model import Group, Outcome
from almascan.progress.text import (
    LOOKS,
    amount,
    by_group,
    clock_time,
    date_time,
    duration,
    iso_time,
    number,
    percent,
    plain,
    visible,
)

any_text = st.text(alphabet=st.characters())


@given(any_text)
def test_plain_text_holds_nothing_that_commands_a_terminal(text: str) -> None:
    found = plain(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in found)
    assert not set(found) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u202c\u2069")
    found.encode("utf-8")


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"])))
def test_what_can_be_read_is_left_as_it_is(text: str) -> None:
    assert plain(text) == text
    assert visible(text) == text


@given(any_text)
def test_nothing_hidden_stays_hidden_in_a_barcode(text: str) -> None:
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in visible(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1\u200b2", "1\\u200b2"), ("1\x1b", "1\\x1b"), ("1\u00a0", "1\\xa0"), ("1 2", "1 2"), ("\ufeff1", "\\ufeff1")],
)
def test_hidden_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (425, "7 min 5 s"),
        (3600, "1 h"),
        (8040, "2 h 14 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_times_of_another_day_have_their_date() -> None:
    assert clock_time(START + 60, START, ZONE) == "09:01"
    assert clock_time(START + 86400, START, ZONE) == "2026-11-25 09:00"


def test_full_times_tell_their_distance_to_utc() -> None:
    assert date_time(START, ZONE) == "2026-11-24 09:00:00 +01:00"
    assert iso_time(START + 0.25) == "2026-11-24T08:00:00.250Z"


def test_a_hundred_percent_is_all() -> None:
    assert percent(4999, 5000) == "99 %"
    assert percent(5000, 5000) == "100 %"
    assert percent(0, 0) == "100 %"


def test_counts_set_thousands_apart_and_nouns_follow_them() -> None:
    assert number(12345) == "12,345"
    assert number(7.46) == "7.5"
    assert (amount(1, "row"), amount(0, "row"), amount(5000, "row")) == ("1 row", "0 rows", "5,000 rows")


@given(st.dictionaries(st.sampled_from(Outcome), st.integers(0, 1000)))
def test_counts_per_group_add_up(counts: dict[Outcome, int]) -> None:
    sums = by_group(counts)
    assert sum(sums.values()) == sum(counts.values())
    assert all(sums.values())


def test_every_group_has_a_look_of_its_own() -> None:
    assert set(LOOKS) == set(Group)
    for name in ("symbol", "ascii_symbol", "colour"):
        assert len({getattr(look, name) for look in LOOKS.values()}) == len(Group)
    assert all(look.ascii_symbol.isascii() for look in LOOKS.values())
