import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.alma.codes import CODES, Kind, Purpose, classify, error_for
from almascan.errors import (
    ItemNotFoundError,
    KeyRefusedError,
    NoAnswerError,
    QuotaError,
    Refusal,
    RefusedError,
    ThrottledError,
)

NOON = 1_799_971_200.0 + 12 * 3600  # 2027-01-15 12:00 UTC


@pytest.mark.parametrize(
    ("status", "code", "message", "after_read", "after_scan"),
    [
        (400, "401689", "", ItemNotFoundError, NoAnswerError),
        (400, "401688", "", ItemNotFoundError, NoAnswerError),
        (400, "402203", "", ItemNotFoundError, ItemNotFoundError),
        (400, "40166411", "", ItemNotFoundError, RefusedError),
        (400, "401664", "", RefusedError, RefusedError),
        (400, "40166415", "", RefusedError, RefusedError),
        (400, "401652", "", RefusedError, NoAnswerError),
        (400, "402502", "", RefusedError, NoAnswerError),
        (400, "402504", "", RefusedError, NoAnswerError),
        (400, "4800090", "", RefusedError, NoAnswerError),
        (400, "999999", "", RefusedError, NoAnswerError),
        (404, "NOT_FOUND", "", RefusedError, NoAnswerError),
        (404, "", "", RefusedError, NoAnswerError),
        (400, "UNAUTHORIZED", "", KeyRefusedError, KeyRefusedError),
        (400, "", "Invalid API Key", KeyRefusedError, KeyRefusedError),
        (403, "FORBIDDEN", "", KeyRefusedError, KeyRefusedError),
        (403, "INVALID_REQUEST", "", KeyRefusedError, KeyRefusedError),
        (401, "", "HTTP Status 401", KeyRefusedError, KeyRefusedError),
        (403, "", "", KeyRefusedError, KeyRefusedError),
        (429, "PER_SECOND_THRESHOLD", "", ThrottledError, ThrottledError),
        (429, "", "", ThrottledError, ThrottledError),
        (429, "SOMETHING_NEW", "", ThrottledError, ThrottledError),
        (429, "DAILY_THRESHOLD", "", QuotaError, QuotaError),
        (403, "DAILY_THRESHOLD", "", QuotaError, QuotaError),
        (500, "INTERNAL_SERVER_ERROR", "", NoAnswerError, NoAnswerError),
        (503, "GENERAL_ERROR", "", NoAnswerError, NoAnswerError),
        (500, "NEW", "", NoAnswerError, NoAnswerError),
        (502, "", "Invalid API Key", NoAnswerError, NoAnswerError),
        (302, "", "", NoAnswerError, NoAnswerError),
    ],
)
def test_a_code_decides_and_the_status_where_there_is_none(
    status: int, code: str, message: str, after_read: type[Exception], after_scan: type[Exception]
) -> None:
    refusal = Refusal(status, code, message)
    assert type(error_for(refusal, Purpose.ITEM, NOON)) is after_read
    assert type(error_for(refusal, Purpose.SCAN, NOON)) is after_scan


PROVING = {"401664", "40166415", "40166411", "402203", "UNAUTHORIZED", "FORBIDDEN", "INVALID_REQUEST"}
PROVING |= {"PER_SECOND_THRESHOLD", "DAILY_THRESHOLD"}


def test_only_the_codes_known_for_it_prove_that_a_scan_did_not_happen() -> None:
    assert {code for code, meaning in CODES.items() if meaning.scan is not Kind.NO_ANSWER} == PROVING


@given(st.integers(200, 599), st.text(max_size=12))
def test_a_scan_with_any_other_code_is_never_taken_for_refused(status: int, code: str) -> None:
    if code in PROVING or status in (401, 403, 429):
        return
    assert classify(Refusal(status, code, "a message"), Purpose.SCAN) is Kind.NO_ANSWER


def test_the_days_limit_says_from_when_there_are_requests_again() -> None:
    error = error_for(Refusal(429, "DAILY_THRESHOLD", "used up"), Purpose.SCAN, NOON)
    assert "2027-01-16 00:00 UTC, in 12 h 0 min" in str(error)
