"""What Alma's error codes mean: one table from code to kind of error, and the rules for answers without a code.

The sources of each line are in ``docs/alma.md`` "Errors".
"""

from enum import Enum, auto
from http import HTTPStatus
from typing import NamedTuple

from almascan.errors import (
    AlmascanError,
    ItemNotFoundError,
    KeyRefusedError,
    NoAnswerError,
    QuotaError,
    Refusal,
    RefusedError,
    ThrottledError,
)
from almascan.hours import midnight_after


class Purpose(Enum):
    """What a request was for; the same code does not mean the same after each."""

    ITEM = auto()
    """A barcode's look-up, an item's read, its requests: no effects, and its parameters are ids."""
    SCAN = auto()
    """A scan: what is not known to mean "nothing happened" proves nothing."""
    OTHER = auto()
    """Tests and configuration: no effects."""


class Kind(Enum):
    """The kinds of error there are."""

    NOT_FOUND = auto()
    REFUSED = auto()
    KEY = auto()
    THROTTLED = auto()
    QUOTA = auto()
    NO_ANSWER = auto()


class Meaning(NamedTuple):
    """What a code means after each purpose."""

    item: Kind
    scan: Kind
    other: Kind

    def after(self, purpose: Purpose) -> Kind:
        """The column of one purpose."""
        return {Purpose.ITEM: self.item, Purpose.SCAN: self.scan, Purpose.OTHER: self.other}[purpose]


_ALWAYS_REFUSED = Meaning(Kind.REFUSED, Kind.REFUSED, Kind.REFUSED)
_UNPROVEN = Meaning(Kind.REFUSED, Kind.NO_ANSWER, Kind.REFUSED)
_KEY = Meaning(Kind.KEY, Kind.KEY, Kind.KEY)

CODES: dict[str, Meaning] = {
    "401689": Meaning(Kind.NOT_FOUND, Kind.NO_ANSWER, Kind.REFUSED),  # no items found for barcode
    "401688": Meaning(Kind.NOT_FOUND, Kind.NO_ANSWER, Kind.REFUSED),  # search failed for items with these ids
    "402203": Meaning(Kind.NOT_FOUND, Kind.NOT_FOUND, Kind.REFUSED),  # the MMS ID is not valid
    "40166411": Meaning(Kind.NOT_FOUND, Kind.REFUSED, Kind.REFUSED),  # a parameter is invalid; of a read: an id
    "401664": _ALWAYS_REFUSED,  # a mandatory field is missing
    "40166415": _ALWAYS_REFUSED,  # neither circ_desk nor department
    "401652": _UNPROVEN,  # general error
    "402502": _UNPROVEN,  # scan-in of item failed
    "402504": _UNPROVEN,  # scan-in has failed due to item retrieve issue: some read it as "scanned, not returned"
    "UNAUTHORIZED": _KEY,
    "FORBIDDEN": _KEY,
    "INVALID_REQUEST": _KEY,
    "PER_SECOND_THRESHOLD": Meaning(Kind.THROTTLED, Kind.THROTTLED, Kind.THROTTLED),
    "DAILY_THRESHOLD": Meaning(Kind.QUOTA, Kind.QUOTA, Kind.QUOTA),
    "INTERNAL_SERVER_ERROR": Meaning(Kind.NO_ANSWER, Kind.NO_ANSWER, Kind.NO_ANSWER),
    "GENERAL_ERROR": Meaning(Kind.NO_ANSWER, Kind.NO_ANSWER, Kind.NO_ANSWER),
}
"""Alma's errorCode and its meaning. For scans these are all the codes that mean nothing happened."""

_INVALID_KEY_TEXT = "invalid api key"


def classify(refusal: Refusal, purpose: Purpose) -> Kind:
    """Say what kind of error an answer is: by its code first, by the HTTP status where the code says nothing.

    Args:
        refusal: What Alma answered.
        purpose: What had been asked.

    Returns:
        The kind. A scan's unknown codes are NO_ANSWER, for they do not prove that nothing happened.
    """
    meaning = CODES.get(refusal.code)
    if meaning is not None:
        return meaning.after(purpose)
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.THROTTLED
    if not refusal.code:
        return _classify_without_code(refusal, purpose)
    is_refusal = purpose is not Purpose.SCAN and refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Kind.REFUSED if is_refusal else Kind.NO_ANSWER


def _classify_without_code(refusal: Refusal, purpose: Purpose) -> Kind:
    is_client_error = HTTPStatus.BAD_REQUEST <= refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_denied = refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if is_denied or (is_client_error and _INVALID_KEY_TEXT in refusal.message.lower()):
        return Kind.KEY
    return Kind.REFUSED if is_client_error and purpose is not Purpose.SCAN else Kind.NO_ANSWER


def error_for(refusal: Refusal, purpose: Purpose, now: float) -> AlmascanError:
    """Make the error that an answer is.

    Args:
        refusal: What Alma answered.
        purpose: What had been asked.
        now: Seconds since 1970, to say when the day's limit begins anew.

    Returns:
        The error, to be raised.
    """
    kind = classify(refusal, purpose)
    if kind is Kind.NOT_FOUND:
        return ItemNotFoundError(f"Alma knows no such item: {refusal}", refusal)
    if kind is Kind.REFUSED:
        return RefusedError(refusal)
    if kind is Kind.THROTTLED:
        return ThrottledError(refusal)
    if kind is Kind.QUOTA:
        return QuotaError(quota_sentence(refusal, now))
    if kind is Kind.KEY:
        return KeyRefusedError(_key_sentence(refusal), refusal)
    return NoAnswerError(f"Alma's answer does not say what happened: {refusal}", refusal)


def quota_sentence(refusal: Refusal, now: float) -> str:
    """Say that the day's requests are used up, and from when there are new ones.

    Args:
        refusal: What Alma answered.
        now: Seconds since 1970.

    Returns:
        Two sentences. That Alma's midnight is GMT's is likely, not certain; ``docs/alma.md`` "Thresholds".
    """
    midnight = midnight_after(now)
    hours, minutes = divmod(int(midnight.timestamp() - now) // 60, 60)
    return (
        f"The institution's requests to Alma for today are used up ({refusal}). Alma counts anew at midnight, probably "
        f"GMT: go on after {midnight:%Y-%m-%d %H:%M} UTC, in {hours} h {minutes} min."
    )


def _key_sentence(refusal: Refusal) -> str:
    return (
        f"Alma does not accept the key for this request ({refusal}). Look in the Developer Network whether the key is "
        f"right, is for this institution's region, and may use this area with the rights that are needed."
    )
