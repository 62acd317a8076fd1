"""What a spoiled answer holds: its head, its body, and what comes instead of them. No I/O."""

import gzip
from dataclasses import replace
from http import HTTPStatus

from almascan.simulator.faults import Fault, FaultPlan
from almascan.simulator.gateway import Reply
from almascan.simulator.markup import JSON_TYPE, XML_TYPE, write_error_json, write_error_xml

HTML_TYPE = "text/html;charset=UTF-8"
TEXT_TYPE = "text/plain;charset=UTF-8"
_HTML = "<!DOCTYPE html><html><head><title>HTTP Status {0}</title></head><body><h1>HTTP Status {0}</h1></body></html>"
_CODES = {500: "INTERNAL_SERVER_ERROR", 503: "GENERAL_ERROR"}
_MESSAGE = "An error has occurred while processing the request."
_MESSAGES = {503: "General error with the API Gateway - please retry later."}
_LEVELS = 100_000
_LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
_ENTITIES = f'<?xml version="1.0"?><!DOCTYPE item [<!ENTITY l0 "ha">{_LAUGHS}]><item>&l9;</item>'


def spoil(fault: Fault, reply: Reply, faults: FaultPlan) -> Reply | None:
    """Give the answer, whole in itself, that is sent in the place of the right one.

    Args:
        fault: What spoils it.
        reply: The right answer.
        faults: Keeps the answers that kind another mixes up.

    Returns:
        The answer; None where it is not what is said that is spoiled, or there is nothing to say.
    """
    headers, body = reply.headers, reply.body
    match fault.kind:
        case "error":
            error = write_error(fault)
            return replace(error, headers=headers | error.headers)
        case "redirect":
            return Reply(HTTPStatus.FOUND, headers | {"location": fault.location})
        case "mistyped":
            headers = headers | {"content-type": HTML_TYPE}
        case "half":
            body = halve(body)
        case "damaged":
            headers, body = headers | {"content-encoding": "gzip"}, _damage(gzip.compress(body))
        case "another":
            return faults.exchange(fault.operation, reply)
        case "delay" | "stale":
            return reply
        case _:
            return None
    return Reply(reply.status, headers, body)


def write_error(fault: Fault) -> Reply:
    """Write the answer of kind error."""
    code = fault.code or _CODES.get(fault.status, "")
    message = _MESSAGES.get(fault.status, _MESSAGE)
    content_type, body = {
        "json": (JSON_TYPE, write_error_json(code, message, "")),
        "xml": (XML_TYPE, write_error_xml(code, message, "")),
        "html": (HTML_TYPE, _HTML.format(fault.status).encode()),
        "text": (TEXT_TYPE, message.encode()),
        "empty": (TEXT_TYPE, b""),
        "null": (JSON_TYPE, b"null"),
        "deep": (JSON_TYPE, b'{"item_data":' * _LEVELS),
        "entities": (XML_TYPE, _ENTITIES.encode()),
    }[fault.body_format]
    return Reply(fault.status, {"content-type": content_type}, body)


def write_head(reply: Reply, **changes: str) -> bytes:
    """Write an answer's status line and headers, up to and with the empty line.

    Args:
        reply: The answer.
        changes: Headers that are to be different; "" leaves one out.
    """
    headers = reply.headers | {"content-length": str(len(reply.body))} | changes
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def halve(body: bytes) -> bytes:
    """Give the first half of a body."""
    return body[: len(body) // 2]


def _damage(body: bytes) -> bytes:
    return halve(body) + bytes(len(body) // 2)
