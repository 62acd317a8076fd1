"""Alma's operations on items: what each request looks like, and how its answer is read. No I/O.

Each function here makes an ``Operation``; ``Alma`` performs it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import quote, unquote, urlencode, urlsplit

from almascan.alma.answers import Answer, decode
from almascan.alma.codes import Purpose
from almascan.alma.markup import plain_text
from almascan.alma.pacer import Priority
from almascan.alma.wire import ItemBody, RequestsBody, item_of, text_of
from almascan.errors import NoAnswerError, Refusal, UsageError
from almascan.model import Desk, Item, ItemIds, ScanOptions

Result = TypeVar("Result")

_ITEM_PATH = re.compile(r"/bibs/([^/]+)/holdings/([^/]+)/items/([^/]+)$")
_NO_ITEM = re.compile(r"No items found for barcode (.+)\.$")
_FLAGS = ("auto_print_slip", "place_on_hold_shelf", "confirm", "external_id", "done")
_TEXTS = ("work_order_type", "status", "request_id")
NO_PARAMETERS = b"{}"
"""The body of a POST; all of a scan is in its query. ``docs/alma.md`` "Scan-in"."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[Result]):
    """One request and how to read its answer.

    Attributes:
        method: GET, POST or DELETE.
        path: Path and query behind the base URL, percent-encoded; no key.
        read: From an answer that is no refusal to the result; raises NoAnswerError where it is not one.
        purpose: What the request is for, which decides what error codes mean.
        priority: Who goes first.
        body: A JSON body, or None.
        is_redirected: Whether a redirect is an answer that ``read`` understands.
        is_about: Whether what Alma refused with is about this request; a mixed-up answer is not.
        is_slow: Whether the answer may take minutes.
    """

    method: str
    path: str
    read: Callable[[Answer], Result]
    purpose: Purpose = Purpose.OTHER
    priority: Priority = Priority.READ
    body: bytes | None = None
    is_redirected: bool = False
    is_about: Callable[[Refusal], bool] = lambda _: True
    is_slow: bool = False


def find(barcode: str, host: str) -> Operation[ItemIds]:
    """Look a barcode up; the redirect's Location names the item. ``docs/alma.md`` "Look-up".

    Args:
        barcode: As it stands on the item; spaces around it are taken off, and its case is kept.
        host: Alma's host; a Location on another one is no answer.
    """
    return Operation(
        "GET",
        f"/items?item_barcode={quote(barcode.strip(), safe='')}",
        lambda answer: _read_found(answer, host),
        Purpose.ITEM,
        Priority.FIND,
        is_redirected=True,
        is_about=lambda refusal: _is_about(refusal, barcode),
    )


def read(ids: ItemIds) -> Operation[Item]:
    """Read an item with its due date. ``docs/alma.md`` "Item"."""
    return Operation("GET", f"{_item_path(ids)}?expand=due_date", read_item, Purpose.ITEM, Priority.READ)


def requests_of(ids: ItemIds) -> Operation[bool]:
    """Ask whether an item has active requests. ``docs/alma.md`` "Requests"."""
    return Operation("GET", f"{_item_path(ids)}/requests", _read_has_requests, Purpose.ITEM, Priority.REQUESTS)


def scan_in(ids: ItemIds, desk: Desk, options: ScanOptions) -> Operation[Item]:
    """Scan an item in at a desk. ``docs/alma.md`` "Scan-in".

    Raises:
        UsageError: The desk is not one circulation desk or one department.
    """
    return Operation(
        "POST", f"{_item_path(ids)}?{_scan_query(desk, options)}", read_item, Purpose.SCAN, Priority.SCAN, NO_PARAMETERS
    )


@lru_cache(maxsize=64)
def _scan_query(desk: Desk, options: ScanOptions) -> str:
    return urlencode(scan_parameters(desk, options), quote_via=quote)


def scan_parameters(desk: Desk, options: ScanOptions) -> dict[str, str]:
    """The parameters of a scan: only those that say something, except in-house use, which is on unless told.

    Args:
        desk: Where.
        options: What else.

    Returns:
        Alma's names and values, in a fixed order.

    Raises:
        UsageError: The desk is not one circulation desk or one department.
    """
    if bool(desk.circ_desk) == bool(desk.department):
        raise UsageError("Give either a circulation desk or a department to scan at, not both and not neither.")
    if desk.circ_desk and not desk.library:
        raise UsageError(f'Give the library of the circulation desk "{desk.circ_desk}".')
    parameters = {"op": "scan"}
    if desk.library:
        parameters["library"] = desk.library
    parameters["circ_desk" if desk.circ_desk else "department"] = desk.circ_desk or desk.department
    parameters["register_in_house_use"] = "true" if options.register_in_house_use else "false"
    parameters |= {name: "true" for name in _FLAGS if getattr(options, name)}
    return parameters | {name: getattr(options, name) for name in _TEXTS if getattr(options, name)}


def read_item(answer: Answer) -> Item:
    """Read the answer to an item's read or scan.

    Raises:
        NoAnswerError: It is no item, or lacks an id.
    """
    item = item_of(decode(answer, ItemBody))
    if item is None:
        raise NoAnswerError("Alma's answer is no item.", Refusal(answer.status, "", "no item in the answer"))
    return item


def ids_in(location: str, host: str) -> ItemIds:
    """Read the ids out of a redirect to an item; its query, which may hold a key, is not looked at.

    Args:
        location: Absolute or relative, with or without a query.
        host: Alma's host.

    Returns:
        The three ids.

    Raises:
        NoAnswerError: It names another host, or no item.
    """
    try:
        parts = urlsplit(location)
        other_host = parts.hostname
    except ValueError:
        raise NoAnswerError("Alma's answer redirects to an address that cannot be read.") from None
    if other_host and other_host.lower() != host.lower():
        raise NoAnswerError(f"The answer redirects to another host ({other_host}); it was not followed.")
    match = _ITEM_PATH.search(parts.path)
    if match is None:
        raise NoAnswerError("Alma's answer redirects to something that is no item.")
    return ItemIds(*(unquote(part) for part in match.groups()))


def _is_about(refusal: Refusal, barcode: str) -> bool:
    """Whether a refusal names no other barcode than the one that was asked for, as that of a mixed-up answer does."""
    named = _NO_ITEM.search(refusal.message)
    return named is None or _bare(named[1]) == _bare(plain_text(barcode))


def _bare(barcode: str) -> str:
    """What is left of a barcode whatever Alma may make of it: letters and digits, without case or leading zeros."""
    return "".join(filter(str.isalnum, barcode)).casefold().lstrip("0")


def _read_found(answer: Answer, host: str) -> ItemIds:
    if answer.status == HTTPStatus.OK:
        return read_item(answer).ids
    return ids_in(answer.location, host)


def _read_has_requests(answer: Answer) -> bool:
    body = decode(answer, RequestsBody)
    if body.total_record_count is None and body.user_request is None:
        raise NoAnswerError("Alma's answer does not say how many requests the item has.")
    count = text_of(body.total_record_count)
    return count != "0" if count else body.user_request not in ([], None)


def _item_path(ids: ItemIds) -> str:
    mms_id, holding_id, pid = (quote(part, safe="") for part in (ids.mms_id, ids.holding_id, ids.pid))
    return f"/bibs/{mms_id}/holdings/{holding_id}/items/{pid}"
