"""Everything that Alma or the network between can do to a request, kind by kind, as data."""

from typing import Any, NamedTuple

from bench.front import AWAY, CUT, HAS_CERTIFICATES, MUTE, PLAIN, STRANGER

LATE_SECONDS = 1.0
VERY_LATE_SECONDS = 3.0
"""How late a request of the kinds late and very late takes effect: the latter after an unclear row is first read again."""
SETTLE_SECONDS = 3.0
LONG_SETTLE_SECONDS = 5.5


class Trouble(NamedTuple):
    """A kind of trouble.

    Attributes:
        name: What it is called.
        phase: Of a request and its answer.
        fault: The simulator's fault; empty where a front fails.
        front: The front's kind, or "".
        weight: How many rows it is tried on, 1 being as many as others; fewer where the run has to be slow.
        operations: The requests that meet it.
        settle_seconds: The run's time to settle; what is late is over before.
    """

    name: str
    phase: str
    fault: dict[str, Any]
    front: str = ""
    weight: float = 1.0
    operations: tuple[str, ...] = ("find", "read", "scan")
    settle_seconds: float = SETTLE_SECONDS

    @property
    def is_of_connections(self) -> bool:
        """Whether it is met by new connections alone."""
        return bool(self.front) or self.fault["kind"] in ("refuse", "deaf")


def _error(name: str, phase: str, status: int, body_format: str = "json", **settings: Any) -> Trouble:
    weight = settings.pop("weight", 1.0)
    return Trouble(name, phase, {"kind": "error", "status": status, "body_format": body_format} | settings, "", weight)


def _fault(kind: str, phase: str, name: str = "", **settings: Any) -> Trouble:
    return Trouble(name or kind.replace("_", " "), phase, {"kind": kind} | settings)


_FORMATS = ("json", "xml", "html", "text", "empty")
_TLS = {PLAIN: "no TLS", CUT: "TLS cut off", MUTE: "TLS mute", STRANGER: "stranger's certificate"}
TROUBLES = (
    Trouble("nobody listens", "connect", {}, AWAY),
    _fault("refuse", "connect"),
    _fault("deaf", "connect"),
    *(Trouble(name, "TLS", {}, kind) for kind, name in _TLS.items() if HAS_CERTIFICATES),
    _fault("interrupt", "request"),
    _fault("drop", "before it is applied"),
    _fault("silent", "before it is applied"),
    *(_error(f"500 {form}", "before it is applied", 500, form) for form in _FORMATS),
    _error("503", "before it is applied", 503),
    _error("429", "before it is applied", 429, code="PER_SECOND_THRESHOLD", weight=0.3),
    _error("429 xml", "before it is applied", 429, "xml", code="PER_SECOND_THRESHOLD", weight=0.3),
    _error("429 without a code", "before it is applied", 429, "empty", weight=0.3),
    _error("daily 429", "before it is applied", 429, code="DAILY_THRESHOLD", weight=0.3),
    _error("daily 403", "before it is applied", 403, code="DAILY_THRESHOLD", weight=0.3),
    _error("400 401652 not applied", "before it is applied", 400, code="401652"),
    _fault("redirect", "before it is applied"),
    _fault("drop", "after it is applied", "drop applied", applied=True),
    _fault("silent", "after it is applied", "silent applied", applied=True),
    _fault("delay", "after it is applied", "late", delay_seconds=LATE_SECONDS),
    _fault("delay", "after it is applied", "very late", delay_seconds=VERY_LATE_SECONDS)._replace(
        settle_seconds=LONG_SETTLE_SECONDS
    ),
    *(_error(f"500 {form} applied", "after it is applied", 500, form, applied=True) for form in _FORMATS),
    *(
        _error(f"400 {code}", "after it is applied", 400, code=code, applied=True)
        for code in ("402504", "401652", "402502")
    ),
    _fault("redirect", "after it is applied", "redirect applied", applied=True),
    *(_fault(kind, "headers", applied=True) for kind in ("cut_headers", "endless_headers", "garbage")),
    _fault("long_header", "headers", size_bytes=2_000_000),
    *(_fault(kind, "headers") for kind in ("too_long", "too_short")),
    *(_fault(kind, "body") for kind in ("truncate", "half", "drip", "damaged", "mistyped", "another")),
    _fault("endless", "body", applied=True),
    *(_error(f"200 {form}", "body", 200, form) for form in ("html", "empty", "null", "deep", "entities")),
    _fault("reset", "after the answer"),
    _fault("stale", "after the answer"),
)
