"""Planned faults: answers that are lost, late, broken or wrong, as data.

A fault says what goes wrong, for which operation and items, and how often. ``delay_seconds`` passes before the
request takes effect, whether or not the client still waits; ``applied`` says whether it takes effect at all.

========= ==========================================================================================
kind      what the client meets
========= ==========================================================================================
refuse    its next new connection is closed before a byte of it is read; never applied
drop      the connection is closed without an answer
silent    no answer ever comes, until the client leaves
delay     the right answer, late
error     an answer with ``status`` and a body in ``body_format``: json, xml, html, text or empty
truncate  the right answer, cut off in the middle of its body
mistyped  the right answer with the content type of a web page
redirect  a redirect to ``location``, another host
========= ==========================================================================================

``applied`` is true for delay, truncate and mistyped whatever was said, and false unless said otherwise for the rest.
"""

from collections.abc import Callable
from random import Random
from typing import Literal

import msgspec

from almascan.simulator.gateway import Reply
from almascan.simulator.markup import JSON_TYPE, XML_TYPE, write_error_json, write_error_xml

Kind = Literal["refuse", "drop", "silent", "delay", "error", "truncate", "mistyped", "redirect"]
ALWAYS_APPLIED = frozenset({"delay", "truncate", "mistyped"})
OPERATIONS = (
    "any",
    "find",
    "read",
    "scan",
    "requests",
    "cancel",
    "loans",
    "items",
    "test",
    "conf",
    "mapping_tables",
    "sets",
    "set_members",
    "analytics",
    "other",
)
_HTML = "<!DOCTYPE html><html><head><title>HTTP Status {status}</title></head><body><h1>HTTP Status {status}</h1></body></html>"
_CODES = {500: "INTERNAL_SERVER_ERROR", 503: "GENERAL_ERROR"}
_MESSAGES = {503: "General error with the API Gateway - please retry later."}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One planned fault; the module's table says what each kind does.

    Attributes:
        kind: What goes wrong.
        operation: The operation it is for, or "any".
        items: Barcodes or PIDs it is for; empty for all.
        times: For so many matching requests; 0 for as long as the fault stands.
        probability: The chance, from 0 to 1, that a matching request meets it.
        delay_seconds: Seconds before the request takes effect.
        applied: Whether the request takes effect.
        status: HTTP status of kind error.
        body_format: Format of the body of kind error.
        code: errorCode in that body; by default what Alma says with that status, if it is known.
        location: Where kind redirect leads.
    """

    kind: Kind
    operation: str = "any"
    items: tuple[str, ...] = ()
    times: int = 1
    probability: float = 1.0
    delay_seconds: float = 0.0
    applied: bool = False
    status: int = 500
    body_format: Literal["json", "xml", "html", "text", "empty"] = "json"
    code: str = ""
    location: str = "https://elsewhere.example.org/almaws/v1/items"

    def __post_init__(self) -> None:
        """Refuse an operation that does not exist.

        Raises:
            ValueError: If the operation is unknown.
        """
        if self.operation not in OPERATIONS:
            raise ValueError(f"No such operation: {self.operation}. Operations: {', '.join(OPERATIONS)}.")

    @property
    def takes_effect(self) -> bool:
        """Whether the request is applied."""
        return self.applied or self.kind in ALWAYS_APPLIED

    def error_reply(self) -> Reply:
        """Write the answer of kind error."""
        code = self.code or _CODES.get(self.status, "")
        message = _MESSAGES.get(self.status, "An error has occurred while processing the request.")
        if self.body_format == "json":
            return Reply(self.status, {"content-type": JSON_TYPE}, write_error_json(code, message, ""))
        if self.body_format == "xml":
            return Reply(self.status, {"content-type": XML_TYPE}, write_error_xml(code, message, ""))
        if self.body_format == "html":
            page = _HTML.format(status=self.status)
            return Reply(self.status, {"content-type": "text/html;charset=UTF-8"}, page.encode())
        text = message.encode() if self.body_format == "text" else b""
        return Reply(self.status, {"content-type": "text/plain;charset=UTF-8"}, text)


class FaultPlan:
    """The faults that stand, in the order in which they were planned; the first that matches happens."""

    def __init__(self, seed: int, find_item: Callable[[str], int | None]) -> None:
        self._random = Random(seed)  # noqa: S311 - faults need to repeat, not to be secret
        self._find_item = find_item
        self._standing: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self._standing.append((fault, fault.times))

    def clear(self) -> None:
        """Forget all faults."""
        self._standing.clear()

    def standing(self) -> list[Fault]:
        """List the faults that may still happen."""
        return [fault for fault, _ in self._standing]

    def match(self, operation: str, subject: str) -> Fault | None:
        """Find the fault that a request meets, and count it.

        Args:
            operation: The request's operation.
            subject: The barcode or PID that it names, or "".
        """
        if not self._standing:
            return None
        return self._take(lambda fault: fault.kind != "refuse" and self._is_for(fault, operation, subject))

    def match_connection(self) -> Fault | None:
        """Find the fault that a new connection meets, and count it."""
        return self._take(lambda fault: fault.kind == "refuse") if self._standing else None

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for position, (fault, left) in enumerate(self._standing):
            if not fits(fault) or self._random.random() >= fault.probability:
                continue
            if left == 1:
                del self._standing[position]
            elif left > 1:
                self._standing[position] = (fault, left - 1)
            return fault
        return None

    def _is_for(self, fault: Fault, operation: str, subject: str) -> bool:
        if fault.operation not in {"any", operation}:
            return False
        if not fault.items or subject in fault.items:
            return True
        number = self._find_item(subject)
        return number is not None and any(self._find_item(name) == number for name in fault.items)
