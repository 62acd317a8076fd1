"""Planned faults: answers that are lost, late, broken or wrong, as data.

A fault says what goes wrong, for which operation and items, and how often. ``delay_seconds`` passes before the
request takes effect, whether or not the client still waits; ``applied`` says whether it takes effect at all.

================ ===================================================================================
kind             what the client meets
================ ===================================================================================
                 *while it connects*
refuse           its next new connection is closed before a byte of it is read
deaf             its next new connection is accepted, and nothing on it is ever read or answered
                 *while it asks*
interrupt        the connection is reset when the head of the request is here and its body may not be
                 *instead of an answer*
drop             the connection is closed without an answer
silent           no answer ever comes, until the client leaves
delay            the right answer, late
error            an answer with ``status`` and a body in ``body_format``: json, xml, html, text or empty;
                 and with status 200 what no client should swallow: null, deep (100,000 levels of JSON),
                 entities (XML that grows to gigabytes)
redirect         a redirect to ``location``, another host
                 *in the head of the answer*
cut_headers      the head, cut off in its middle
endless_headers  headers that do not end, until the client leaves
long_header      the right answer with a header of ``size_bytes``
garbage          bytes that are no HTTP, then the connection is closed
too_long         the right answer under a Content-Length that promises more, then silence
too_short        the right answer under a Content-Length that promises half of it
                 *in the body of the answer*
truncate         the right answer, cut off in the middle of its body
half             half of the right body as if it were all of it
endless          a body that does not end, until the client leaves
drip             the right answer, a byte of its body every ``drip_seconds``
damaged          the right body, compressed and damaged
mistyped         the right answer with the content type of a web page
another          the answer to the request that met this fault before; the first one's connection is closed
                 *after the answer*
reset            the right answer, and the connection is reset after its last byte
stale            the right answer, and the connection is reset by the next request that comes on it
================ ===================================================================================

``applied`` is false unless said otherwise. It is true, whatever was said, for delay and for whatever begins as the
right answer; it cannot be true for refuse, deaf and interrupt, which end before there is a request. Of several
institutions these three are the first one's to plan, and meet the connections of all: without a request there is no key.
"""

from collections import Counter
from collections.abc import Callable, Container
from random import Random
from typing import Literal, get_args

import msgspec

from almascan.simulator.gateway import Reply

Kind = Literal[
    "refuse",
    "deaf",
    "interrupt",
    "drop",
    "silent",
    "delay",
    "error",
    "redirect",
    "cut_headers",
    "endless_headers",
    "long_header",
    "garbage",
    "too_long",
    "too_short",
    "truncate",
    "half",
    "endless",
    "drip",
    "damaged",
    "mistyped",
    "another",
    "reset",
    "stale",
]
BodyFormat = Literal["json", "xml", "html", "text", "empty", "null", "deep", "entities"]
CONNECTION_KINDS = frozenset({"refuse", "deaf"})
HEAD_KINDS = frozenset({"interrupt"})
NEVER_APPLIED = CONNECTION_KINDS | HEAD_KINDS
MAYBE_APPLIED = frozenset(
    {"drop", "silent", "error", "redirect", "cut_headers", "endless_headers", "garbage", "endless"}
)
ALWAYS_APPLIED = frozenset(get_args(Kind)) - NEVER_APPLIED - MAYBE_APPLIED
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


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One planned fault; the module's table says what each kind does.

    Attributes:
        kind: What goes wrong.
        operation: The operation it is for, or "any", as refuse and deaf are: a new connection has none yet.
        items: Barcodes or PIDs it is for; empty for all.
        times: For so many matching requests; 0 for as long as the fault stands.
        probability: The chance, from 0 to 1, that a matching request meets it.
        delay_seconds: Seconds before the request takes effect.
        drip_seconds: Seconds between two bytes of kind drip.
        size_bytes: How long the header of kind long_header is.
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
    drip_seconds: float = 0.05
    size_bytes: int = 8_000_000
    applied: bool = False
    status: int = 500
    body_format: BodyFormat = "json"
    code: str = ""
    location: str = "https://elsewhere.example.org/almaws/v1/items"

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: If the operation is unknown, or the request would be applied without having been read.
        """
        if self.operation not in OPERATIONS:
            raise ValueError(f"No such operation: {self.operation}. Operations: {', '.join(OPERATIONS)}.")
        if self.applied and self.kind in NEVER_APPLIED:
            raise ValueError(f"A request that meets {self.kind} is not read, so it cannot be applied.")

    @property
    def takes_effect(self) -> bool:
        """Whether the request is applied."""
        return self.applied or self.kind in ALWAYS_APPLIED


class FaultPlan:
    """The faults that stand, in the order in which they were planned; the first that matches happens.

    Attributes:
        met: How many connections and requests have met one, per kind.
    """

    def __init__(self, seed: int, find_item: Callable[[str], int | None]) -> None:
        self._random = Random(seed)  # noqa: S311 - faults need to repeat, not to be secret
        self._find_item = find_item
        self._standing: list[tuple[Fault, int]] = []
        self._answers: dict[str, Reply] = {}
        self.met: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self._standing.append((fault, fault.times))

    def clear(self) -> None:
        """Forget all faults."""
        self._standing.clear()
        self._answers.clear()

    def standing(self) -> list[Fault]:
        """List the faults that may still happen."""
        return [fault for fault, _ in self._standing]

    def match(self, operation: str, subject: str) -> Fault | None:
        """Find the fault that a request meets once it is read, and count it.

        Args:
            operation: The request's operation.
            subject: The barcode or PID that it names, or "".
        """
        return self._take(lambda fault: fault.kind not in NEVER_APPLIED and self._is_for(fault, operation, subject))

    def match_head(self, operation: str, subject: str) -> Fault | None:
        """Find the fault that a request meets while it is being sent, and count it; arguments as ``match``."""
        return self._take(lambda fault: fault.kind in HEAD_KINDS and self._is_for(fault, operation, subject))

    def match_connection(self) -> Fault | None:
        """Find the fault that a new connection meets, and count it."""
        return self._take(lambda fault: fault.kind in CONNECTION_KINDS)

    def may_meet(self, kinds: Container[str]) -> bool:
        """Say whether a fault of some kinds stands at all."""
        return any(fault.kind in kinds for fault, _ in self._standing)

    def exchange(self, operation: str, reply: Reply) -> Reply | None:
        """Keep an answer, and give the one that was kept before for the same operation; None for the first."""
        kept = self._answers.get(operation)
        self._answers[operation] = reply
        return kept

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for position, (fault, left) in enumerate(self._standing):
            if not fits(fault) or self._random.random() >= fault.probability:
                continue
            if left == 1:
                del self._standing[position]
            elif left > 1:
                self._standing[position] = (fault, left - 1)
            self.met[fault.kind] += 1
            return fault
        return None

    def _is_for(self, fault: Fault, operation: str, subject: str) -> bool:
        if fault.operation not in {"any", operation}:
            return False
        if not fault.items or subject in fault.items:
            return True
        number = self._find_item(subject)
        return number is not None and any(self._find_item(name) == number for name in fault.items)
