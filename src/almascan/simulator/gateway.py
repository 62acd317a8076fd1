"""The gateway in front of the operations: keys, limits, formats and headers; a plain function of a request and a time.

``Gateway.answer`` needs no socket and no clock, so that a client's pacing can be tried in virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.dates import format_tracking_id
from almascan.simulator.identifiers import draw
from almascan.simulator.institution import Identity
from almascan.simulator.keys import Keyring, find_key
from almascan.simulator.ledger import Ledger
from almascan.simulator.markup import (
    JSON_TYPE,
    TEXT_TYPE,
    XML_TYPE,
    encode_json,
    make_error,
    parse_query,
    wants_json,
    write_error_xml,
    write_xml,
)
from almascan.simulator.operations import Call, Operations, Result
from almascan.simulator.refusals import UNKNOWN_CODES, Refusal, refuse_key, refuse_path, refuse_unknown_key
from almascan.simulator.routes import BASE_PATH, Route, find_route
from almascan.simulator.shapes import Shapes
from almascan.simulator.thresholds import Thresholds

_FOUND = 302
_NO_CONTENT = 204
_INSTITUTION_SALT = 51


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Gateway:
    """One institution's Alma behind its gateway, without a network.

    Attributes:
        seed: Decides its data; the institutions of a simulator have different ones.
        keyring: The keys that it knows.
    """

    def __init__(self, config: SimulatorConfig, number: int = 1) -> None:
        self.config = config
        self.identity = Identity(number)
        self.keyring = Keyring(number)
        self.seed = config.seed if number == 1 else draw(config.seed, _INSTITUTION_SALT, number)
        self.catalogue = Catalogue(self.seed, config.items, self.identity.id_suffix)
        self.thresholds = Thresholds(config)
        self.ledger = Ledger()
        self.operations = Operations(self.catalogue, self.ledger, config, self.identity)
        self._shapes = Shapes(config.readings)
        self._requests = 0

    def reset(self) -> None:
        """Forget every change, count and limit used."""
        self.catalogue.reset()
        self.thresholds = Thresholds(self.config)
        self.ledger = Ledger()
        self.operations = Operations(self.catalogue, self.ledger, self.config, self.identity)

    def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], *, body: bytes = b"", now: float
    ) -> Reply:
        """Answer a request that arrives at ``now``.

        Args:
            method: GET, POST, ...
            path: The path, percent-encoded as sent.
            query: The query string without its question mark.
            headers: The headers; names are in lower case.
            body: The body; that of a scan does not matter.
            now: Seconds since 1970, GMT.
        """
        parameters = parse_query(query)
        route = self._count(method, path, parameters)
        json = wants_json(headers.get("accept", ""), parameters)
        base_url = f"http://{headers.get('host', '127.0.0.1')}{BASE_PATH}"
        call = Call(method, route.path, parameters, body, base_url, now, find_key(headers, parameters))
        try:
            reply = self._write(self._serve(route, call, path), json=json)
        except Refusal as refusal:
            self.ledger.refused += refusal.over_limit
            reply = self._write_refusal(refusal, now, json=json)
        return self._finish(route, reply, now)

    def note(self, method: str, path: str, query: str, now: float) -> Reply:
        """Count a request that reaches the gateway and has no effect; the reply has headers alone."""
        return self._finish(self._count(method, path, parse_query(query)), Reply(0), now)

    def _count(self, method: str, path: str, parameters: Mapping[str, str]) -> Route:
        route = find_route(method, path, parameters)
        self._requests += 1
        self.ledger.by_operation[route.name] += 1
        return route

    def _finish(self, route: Route, reply: Reply, now: float) -> Reply:
        reply.headers["x-exl-api-remaining"] = str(self.thresholds.remaining(now))
        reply.headers["x-request-id"] = f"{self._requests:010x}"
        reply.headers["server"] = "Layer7-API-Gateway"
        self.ledger.log.append((now, route.name, route.subject, reply.status))
        return reply

    def _serve(self, route: Route, call: Call, path: str) -> Result:
        if not self.keyring.knows(call.key):
            raise refuse_unknown_key(self.config.readings)
        self.thresholds.admit(call.now)
        if route.operation is None:
            raise refuse_path(path)
        if not self.keyring.may(call.key, route.area, route.right):
            raise refuse_key()
        return route.operation(self.operations, call)

    def _write(self, result: Result, *, json: bool) -> Reply:
        if result.location:
            return Reply(_FOUND, {"location": result.location})
        if result.status == _NO_CONTENT:
            return Reply(_NO_CONTENT)
        if result.text:
            return Reply(result.status, {"content-type": XML_TYPE}, result.text.encode())
        answer = result.answer
        if self._shapes.changes_answers:
            answer = self._shapes.shape_answer(answer, json=json)
        if json:
            return Reply(result.status, {"content-type": JSON_TYPE}, encode_json(answer))
        return Reply(result.status, {"content-type": XML_TYPE}, write_xml(result.root, answer))

    def _write_refusal(self, refusal: Refusal, now: float, *, json: bool) -> Reply:
        readings = self.config.readings
        if not refusal.code:
            return Reply(refusal.status, {"content-type": TEXT_TYPE}, refusal.message.encode())
        status = 404 if "unknown-404" in readings and refusal.code in UNKNOWN_CODES else refusal.status
        tracked = refusal.tracked or (refusal.over_limit and "threshold-tracked" in readings)
        tracking_id = format_tracking_id(now, self._requests) if tracked else ""
        if json and not refusal.always_xml and "errors-in-xml" not in readings:
            error = self._shapes.shape_error(make_error(refusal.code, refusal.message, tracking_id))
            content_type, body = JSON_TYPE, encode_json(error)
        else:
            content_type, body = XML_TYPE, write_error_xml(refusal.code, refusal.message, tracking_id)
        return Reply(status, {"content-type": TEXT_TYPE if "errors-as-text" in readings else content_type}, body)
