"""From an HTTP answer, in whatever shape it comes, to a typed body or to what Alma refused with.

The shapes are in ``docs/alma.md`` "Errors"; content types are not believed, the body is looked at.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

from almascan.alma.markup import parse_xml, plain_text
from almascan.errors import NoAnswerError, Refusal

Body = TypeVar("Body", bound=msgspec.Struct)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DEEPEST = 8
_LARGEST_ERROR_BYTES = 100_000
"""What Alma refuses with is smaller; in larger answers errors are not looked for."""
_UNDECODABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, whole.

    Attributes:
        status: The HTTP status.
        body: The body, decompressed.
        location: Where a redirect points, or "".
        remaining_calls: The institution's calls left for today, where Alma said so.
    """

    status: int
    body: bytes = b""
    location: str = ""
    remaining_calls: int | None = None


def decode(answer: Answer, shape: type[Body]) -> Body:
    """Read the body of a good answer.

    Args:
        answer: An answer in which ``find_refusal`` found nothing.
        shape: The type to read it as; its root is the JSON's top, or the XML's root element.

    Returns:
        The body, of which only what the type declares was unpacked.

    Raises:
        NoAnswerError: It is no such thing, or half of one.
    """
    body = answer.body.removeprefix(_BYTE_ORDER_MARK)
    try:
        if not body.lstrip().startswith(b"<"):
            return msgspec.json.decode(body, type=shape)
        tree = parse_xml(body)
        if tree is not None:
            (content,) = tree.values()
            return msgspec.convert(content or {}, type=shape)
    except _UNDECODABLE:
        pass  # said below, without the decoder's words: they may quote the body
    raise NoAnswerError("Alma's answer cannot be read.", Refusal(answer.status, "", _page_text(body)))


def find_refusal(answer: Answer) -> Refusal | None:
    """Find out whether an answer says that something was not done, and what it says.

    Args:
        answer: Any answer.

    Returns:
        What Alma said, or None where the answer is HTTP 200 or 204 and carries no error.
    """
    is_good = answer.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT)
    is_small = len(answer.body) <= _LARGEST_ERROR_BYTES
    if is_good and not (is_small and b"error" in answer.body):
        return None
    body = answer.body.removeprefix(_BYTE_ORDER_MARK)
    error = next(_errors(_tree(body), _DEEPEST), None) if is_small else None
    if error is not None:
        return _refusal(answer.status, error)
    return None if is_good else Refusal(answer.status, "", _text_of(body))


def text_body(answer: Answer) -> str:
    """The body as text, whatever it is."""
    return answer.body.decode(errors="replace")


def _tree(body: bytes) -> Any:
    if body.lstrip().startswith(b"<"):
        return parse_xml(body)
    try:
        return msgspec.json.decode(body)
    except _UNDECODABLE:
        return None


def _errors(tree: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Find error entries wherever they are: Alma wraps them in more than one way."""
    if not depth:
        return
    if isinstance(tree, list):
        for part in tree:
            yield from _errors(part, depth - 1)
    elif isinstance(tree, dict):
        if tree.get("errorCode") not in (None, "") or "errorMessage" in tree:
            yield tree
            return
        for name in ("web_service_result", "errorList", "error"):
            yield from _errors(tree.get(name), depth - 1)


def _refusal(status: int, error: dict[str, Any]) -> Refusal:
    code, message, tracking_id = (_scalar(error.get(name)) for name in ("errorCode", "errorMessage", "trackingId"))
    return Refusal(status, plain_text(code), plain_text(message), plain_text(tracking_id))


def _scalar(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _page_text(body: bytes) -> str:
    """What a page or a text says; nothing of a document of Alma's own, which may name a patron."""
    start = body.lstrip()[:100].lower()
    is_page = start.startswith((b"<!doctype html", b"<html"))
    return _text_of(body) if is_page or not start.startswith((b"{", b"[", b"<")) else ""


def _text_of(body: bytes) -> str:
    return plain_text(body[:_LARGEST_ERROR_BYTES].decode(errors="replace"))
