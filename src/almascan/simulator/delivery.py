"""How an answer goes out over its connection: whole, or spoiled in the way that a planned fault says.

What no server would send is written to the connection itself, past uvicorn, which then hears nothing but that the
client has left.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from almascan.simulator.faults import HEAD_KINDS, Fault, FaultPlan
from almascan.simulator.gateway import Reply
from almascan.simulator.markup import parse_query
from almascan.simulator.routes import find_route
from almascan.simulator.spoiled import halve, spoil, write_head

CONNECTION = "almascan.simulator.connection"
"""The ASGI extension that holds a request's transport, its protocol and the faults that are planned."""
_LINGER_OFF = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_GARBAGE = bytes(range(256)) * 8
_POUR_SECONDS = 0.001
_MOST_UNSENT_BYTES = 1_000_000
_CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
_HEADERS = b"".join(b"x-filler-%d: %s\r\n" % (number, b"x" * 1000) for number in range(64))


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, which lets faults reach the connection.

    Attributes:
        faults: The planned faults; of the subclass that ``make_protocol`` makes.
        is_stale: Whether the next bytes that come are to reset the connection.
        is_deaf: Whether nothing that comes is read any more.
    """

    faults: FaultPlan
    is_stale = False
    is_deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Meet the faults of a new connection."""
        super().connection_made(transport)
        fault = self.faults.match_connection()
        if fault is None:
            return
        self.is_deaf = True
        if fault.kind == "refuse":
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on, unless a fault has it otherwise."""
        if self.is_stale:
            self._hang_up()
        if not self.is_deaf:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Give a new request the means to spoil its answer."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: {"transport": self.transport, "protocol": self, "faults": self.faults}}

    def on_headers_complete(self) -> None:
        """Meet the faults of a request that is still being sent."""
        if self.faults.may_meet(HEAD_KINDS) and self._meets_fault():
            self._hang_up()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a request's body, unless the request was cut off."""
        if not self.is_deaf:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request, unless the request was cut off."""
        if not self.is_deaf:
            super().on_message_complete()

    def _meets_fault(self) -> bool:
        path, _, query = self.url.decode("latin-1").partition("?")
        route = find_route(self.parser.get_method().decode("ascii"), path, parse_query(query))
        return self.faults.match_head(route.name, route.subject) is not None

    def _hang_up(self) -> None:
        self.is_deaf = True
        _reset(self.transport)


def make_protocol(faults: FaultPlan) -> type[Connection]:
    """Make uvicorn's protocol class for an application with its planned faults."""
    return type("PlannedConnection", (Connection,), {"faults": faults})


async def send_reply(reply: Reply, send: Send) -> None:
    """Send an answer whole."""
    await _send_under(len(reply.body), reply, send)


async def send_spoiled(fault: Fault, reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer in the way that a fault spoils it."""
    connection = scope["extensions"][CONNECTION]
    transport: asyncio.Transport = connection["transport"]
    answer = reply if reply.status else replace(reply, status=HTTPStatus.OK)
    spoiled = spoil(fault, answer, connection["faults"])
    if spoiled is not None:
        connection["protocol"].is_stale = fault.kind == "stale"
        return await send_reply(spoiled, send)
    if fault.kind == "drip":
        return await _drip(answer, fault.drip_seconds, transport, send)
    if fault.kind == "endless_headers":
        await _pour(write_head(answer)[:-2], _HEADERS, transport)
    elif fault.kind == "endless":
        await _pour(write_head(answer, **{"content-length": "", "transfer-encoding": "chunked"}), _CHUNK, transport)
    elif fault.kind in _SPOILERS:
        _SPOILERS[fault.kind](transport, answer, fault)
    return await _wait_for_leaving(receive)


def _cut_headers(transport: asyncio.Transport, reply: Reply, _: Fault) -> None:
    transport.write(write_head(reply)[:-20])
    transport.close()


def _send_garbage(transport: asyncio.Transport, _reply: Reply, _fault: Fault) -> None:
    transport.write(_GARBAGE)
    transport.close()


def _send_long_header(transport: asyncio.Transport, reply: Reply, fault: Fault) -> None:
    transport.write(write_head(reply, **{"x-filler": "x" * fault.size_bytes}) + reply.body)


def _send_too_long(transport: asyncio.Transport, reply: Reply, _: Fault) -> None:
    transport.write(write_head(reply, **{"content-length": str(len(reply.body) + 100)}) + reply.body)


def _send_too_short(transport: asyncio.Transport, reply: Reply, _: Fault) -> None:
    transport.write(write_head(reply, **{"content-length": str(len(halve(reply.body)))}) + reply.body)


def _truncate(transport: asyncio.Transport, reply: Reply, _: Fault) -> None:
    transport.write(write_head(reply) + halve(reply.body))
    transport.close()


def _send_and_reset(transport: asyncio.Transport, reply: Reply, _: Fault) -> None:
    transport.write(write_head(reply) + reply.body)
    _reset(transport)


def _drop(transport: asyncio.Transport, _reply: Reply, _fault: Fault) -> None:
    transport.abort()


_SPOILERS: dict[str, Callable[[asyncio.Transport, Reply, Fault], None]] = {
    "cut_headers": _cut_headers,
    "garbage": _send_garbage,
    "long_header": _send_long_header,
    "too_long": _send_too_long,
    "too_short": _send_too_short,
    "truncate": _truncate,
    "reset": _send_and_reset,
    "drop": _drop,
    "another": _drop,
}
"""What is written to the connection at once, and whether that ends it; nothing for kind silent."""


async def _drip(reply: Reply, drip_seconds: float, transport: asyncio.Transport, send: Send) -> None:
    await _send_under(len(reply.body), replace(reply, body=b""), send, more_body=True)
    for byte in reply.body:
        if transport.is_closing():
            return
        await asyncio.sleep(drip_seconds)
        await send({"type": "http.response.body", "body": bytes((byte,)), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _send_under(content_length: int, reply: Reply, send: Send, *, more_body: bool = False) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.status != HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", str(content_length).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": more_body})


async def _pour(start: bytes, portion: bytes, transport: asyncio.Transport) -> None:
    """Write a start, and then the same again and again until the client leaves."""
    transport.write(start)
    while not transport.is_closing():
        if transport.get_write_buffer_size() < _MOST_UNSENT_BYTES:
            transport.write(portion)
        await asyncio.sleep(_POUR_SECONDS)


def _reset(transport: asyncio.Transport) -> None:
    """Close a connection with a reset, which the client cannot take for an end."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
    transport.close()


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
