"""How Alma says no: status, code and message of a refusal; ``docs/alma.md`` "Errors"."""

from collections.abc import Set as AbstractSet


class Refusal(Exception):  # noqa: N818 - Alma's answer, and not a defect of the simulator
    """A request that Alma does not do.

    Attributes:
        status: The HTTP status.
        code: Alma's errorCode; "" for a message that comes as plain text alone.
        message: Alma's errorMessage.
        tracked: Whether the answer carries a trackingId.
        always_xml: Whether the body is XML whatever was asked for.
        over_limit: Whether a limit on requests is the reason.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        tracked: bool = True,
        always_xml: bool = False,
        over_limit: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.tracked = tracked
        self.always_xml = always_xml
        self.over_limit = over_limit


UNKNOWN_CODES = frozenset({"401688", "401689", "401694", "402203", "402264", "60107"})
"""The codes that say that nothing has this barcode or id."""


def refuse_barcode(barcode: str) -> Refusal:
    """No item has this barcode."""
    return Refusal("401689", f"No items found for barcode {barcode}.")


def refuse_missing(field: str) -> Refusal:
    """A mandatory parameter is missing."""
    return Refusal("401664", f"Mandatory field is missing: {field}")


def refuse_parameter(name: str, value: str) -> Refusal:
    """A parameter has a value that Alma does not know."""
    return Refusal("40166411", f"The parameter {name} is invalid. Received: {value}.")


def refuse_mms_id(mms_id: str) -> Refusal:
    """No bibliographic record has this id."""
    if not mms_id.isdigit():
        return Refusal("402204", f"Input parameters mmsId {mms_id} is not numeric.")
    return Refusal("402203", f"Input parameters mmsId {mms_id} is not valid.")


def refuse_holding(mms_id: str, holding_id: str) -> Refusal:
    """The record has no such holding, or the item is not in it."""
    return Refusal("401688", f"Search failed for Items with mmsId {mms_id}, holdings id {holding_id}.")


def refuse_no_desk() -> Refusal:
    """A scan that names neither a desk nor a department."""
    return Refusal("40166415", "Must send at least one of the following parameters: [circ_desk,department]")


def refuse_set() -> Refusal:
    """No set has this id."""
    return Refusal("60107", "Invalid set ID.")


def refuse_value(name: str) -> Refusal:
    """A parameter of a list has a value that Alma does not know."""
    return Refusal("40166410", f"Parameter value invalid: {name}.")


def refuse_query() -> Refusal:
    """A search that is no search."""
    return Refusal("60106", "Invalid query format.")


def refuse_request() -> Refusal:
    """Something about a request is wrong, and Alma does not say what."""
    return Refusal("402119", "General error.")


def refuse_in_general() -> Refusal:
    """Something about a request for an item is wrong, and Alma does not say what."""
    return Refusal("401652", "General Error - An error has occurred while processing the request.")


def refuse_report(path: str) -> Refusal:
    """No report is kept at this path."""
    return Refusal("INTERNAL_SERVER_ERROR", f"Path not found ({path})", status=500)


def refuse_request_id(request_id: str) -> Refusal:
    """The item has no such request of a patron."""
    return Refusal("401694", f"Request with id {request_id} was not found.")


def refuse_path(path: str) -> Refusal:
    """Nothing is known of this path."""
    return Refusal("NOT_FOUND", f"No API is found at {path}.", status=404)


def refuse_key() -> Refusal:
    """The key may not do this, or is unknown; the body is XML in every case and carries no trackingId."""
    text = "API-key not defined or not configured to allow this API."
    return Refusal("UNAUTHORIZED", text, tracked=False, always_xml=True)


def refuse_unknown_key(readings: AbstractSet[str]) -> Refusal:
    """Nobody has this key; there are three ways of saying so."""
    if "invalid-key-text" in readings:
        return Refusal("", "Invalid API Key", tracked=False)
    if "invalid-key-403" in readings:
        return Refusal("INVALID_REQUEST", "Invalid request.", status=403, tracked=False)
    return refuse_key()


def refuse_second() -> Refusal:
    """More requests than a second or a minute may hold."""
    text = "HTTP requests are more than allowed per second. See https://goo.gl/2x1c1M "
    return Refusal("PER_SECOND_THRESHOLD", text, status=429, tracked=False, over_limit=True)


def refuse_day(status: int) -> Refusal:
    """The institution's requests for today are used up."""
    text = "The number of API requests exceeds the daily threshold of the institution."
    return Refusal("DAILY_THRESHOLD", text, status=status, tracked=False, over_limit=True)
