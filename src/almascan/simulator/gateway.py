"""The gateway in front of the operations: keys, limits, formats and headers; a plain function of a request and a time.

``Gateway.answer`` needs no socket and no clock, so that a client's pacing can be tried in virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from almascan.simulator import keys
from almascan.simulator.catalogue import Catalogue
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.dates import format_tracking_id
from almascan.simulator.ledger import Ledger
from almascan.simulator.markup import (
    JSON_TYPE,
    XML_TYPE,
    encode_json,
    parse_query,
    wants_json,
    write_error_json,
    write_error_xml,
    write_xml,
)
from almascan.simulator.operations import Call, Operation, Operations, Result
from almascan.simulator.refusals import Refusal, refuse_key, refuse_parameter, refuse_path
from almascan.simulator.thresholds import Thresholds

BASE_PATH = "/almaws/v1"
_OK = 200
_FOUND = 302


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: the operation, its name, the rights it needs, and the item it names, if any."""

    name: str
    area: str
    right: str
    operation: Operation | None
    path: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


NOT_FOUND = Route("other", "", keys.READ, None)


def find_route(method: str, path: str, query: Mapping[str, str]) -> Route:
    """Find the operation that a request is for; NOT_FOUND if there is none."""
    if not path.startswith(BASE_PATH + "/"):
        return NOT_FOUND
    parts = tuple(unquote(part) for part in path[len(BASE_PATH) + 1 :].removesuffix("/").split("/"))
    if parts[0] == "items":
        return Route("find", "bibs", keys.READ, Operations.find, (), query.get("item_barcode", ""))
    if parts[0] == "bibs":
        return _find_bibs_route(method, parts[1:], query)
    return _find_conf_route(method, parts[1:]) if parts[0] == "conf" else NOT_FOUND


def _find_bibs_route(method: str, parts: tuple[str, ...], query: Mapping[str, str]) -> Route:
    match (method, *parts):
        case "POST", mms_id, "holdings", holding_id, "items", pid:
            known = query.get("op", "").lower() == "scan"
            return Route(
                "scan", "bibs", keys.WRITE, Operations.scan if known else _refuse_op, (mms_id, holding_id, pid), pid
            )
        case "GET", mms_id, "holdings", holding_id, "items", pid:
            return Route("read", "bibs", keys.READ, Operations.read, (mms_id, holding_id, pid), pid)
        case "GET", mms_id, "holdings", holding_id, "items", pid, "requests":
            return Route("requests", "bibs", keys.READ, Operations.list_requests, (mms_id, holding_id, pid), pid)
        case "GET", mms_id, "holdings", holding_id, "items", pid, "loans":
            return Route("loans", "bibs", keys.READ, Operations.list_loans, (mms_id, holding_id, pid), pid)
        case "GET", mms_id, "holdings", holding_id, "items":
            return Route("items", "bibs", keys.READ, Operations.list_items, (mms_id, holding_id))
        case (("GET" | "POST"), "test"):
            return Route("test", "bibs", keys.READ if method == "GET" else keys.WRITE, Operations.test)
    return NOT_FOUND


def _find_conf_route(method: str, parts: tuple[str, ...]) -> Route:
    def conf(operation: Operation, *path: str) -> Route:
        return Route("conf", "conf", keys.READ, operation, path)

    match (method, *parts):
        case (("GET" | "POST"), "test"):
            return Route("test", "conf", keys.READ if method == "GET" else keys.WRITE, Operations.test)
        case "GET", "general":
            return conf(Operations.read_general)
        case "GET", "libraries":
            return conf(Operations.list_libraries)
        case "GET", "libraries", library:
            return conf(Operations.read_library, library)
        case "GET", "libraries", library, "circ-desks":
            return conf(Operations.list_desks, library)
        case "GET", "libraries", library, "circ-desks", desk:
            return conf(Operations.read_desk, library, desk)
        case "GET", "departments":
            return conf(Operations.list_departments)
    return NOT_FOUND


def _refuse_op(operations: Operations, call: Call) -> Result:  # noqa: ARG001 - an operation's signature
    raise refuse_parameter("op", call.query.get("op", ""))


class Gateway:
    """One institution's Alma behind its gateway, without a network."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.catalogue = Catalogue(config.seed, config.items)
        self.thresholds = Thresholds(config)
        self.ledger = Ledger()
        self._requests = 0

    def reset(self) -> None:
        """Forget every change, count and limit used."""
        self.catalogue.reset()
        self.thresholds = Thresholds(self.config)
        self.ledger = Ledger()

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], now: float) -> Reply:
        """Answer a request that arrives at ``now``; nothing in a request's body matters.

        Args:
            method: GET, POST, ...
            path: The path, percent-encoded as sent.
            query: The query string without its question mark.
            headers: The headers; names are in lower case.
            now: Seconds since 1970, GMT.
        """
        parameters = parse_query(query)
        route = find_route(method, path, parameters)
        self._requests += 1
        self.ledger.by_operation[route.name] += 1
        try:
            result = self._serve(route, method, path, parameters, headers, now)
            reply = _write(result, json=wants_json(headers.get("accept", ""), parameters))
        except Refusal as refusal:
            self.ledger.refused += refusal.code in {"PER_SECOND_THRESHOLD", "DAILY_THRESHOLD"}
            reply = self._write_refusal(refusal, now, json=wants_json(headers.get("accept", ""), parameters))
        return self._finish(route, reply, now)

    def note(self, method: str, path: str, query: str, now: float) -> Reply:
        """Count a request that reaches the gateway and has no effect; the reply has headers alone."""
        route = find_route(method, path, parse_query(query))
        self._requests += 1
        self.ledger.by_operation[route.name] += 1
        return self._finish(route, Reply(0), now)

    def _finish(self, route: Route, reply: Reply, now: float) -> Reply:
        reply.headers["x-exl-api-remaining"] = str(self.thresholds.remaining(now))
        reply.headers["x-request-id"] = f"{self._requests:010x}"
        reply.headers["server"] = "Layer7-API-Gateway"
        self.ledger.log.append((now, route.name, route.subject, reply.status))
        return reply

    def _serve(
        self,
        route: Route,
        method: str,
        path: str,
        query: dict[str, str],
        headers: Mapping[str, str],
        now: float,
    ) -> Result:
        key = keys.find_key(headers, query)
        if not keys.is_known(key):
            raise refuse_key()
        self.thresholds.admit(now)
        if route.operation is None:
            raise refuse_path(path)
        if not keys.may(key, route.area, route.right):
            raise refuse_key()
        base_url = f"http://{headers.get('host', '127.0.0.1')}{BASE_PATH}"
        call = Call(route.path, query, base_url, "apikey" in query, method, now)
        return route.operation(Operations(self.catalogue, self.ledger, self.config), call)

    def _write_refusal(self, refusal: Refusal, now: float, *, json: bool) -> Reply:
        tracking_id = format_tracking_id(now, self._requests) if refusal.tracked else ""
        if json and not refusal.always_xml:
            body = write_error_json(refusal.code, refusal.message, tracking_id)
            return Reply(refusal.status, {"content-type": JSON_TYPE}, body)
        body = write_error_xml(refusal.code, refusal.message, tracking_id)
        return Reply(refusal.status, {"content-type": XML_TYPE}, body)


def _write(result: Result, *, json: bool) -> Reply:
    if result.location:
        return Reply(_FOUND, {"location": result.location})
    if result.text:
        return Reply(_OK, {"content-type": XML_TYPE}, result.text.encode())
    if json:
        return Reply(_OK, {"content-type": JSON_TYPE}, encode_json(result.answer))
    return Reply(_OK, {"content-type": XML_TYPE}, write_xml(result.root, result.answer))
