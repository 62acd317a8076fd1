"""How an answer goes out over its connection: whole, or spoiled in the way that a planned fault says."""

import asyncio
from dataclasses import replace

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from almascan.simulator.faults import Fault, FaultPlan
from almascan.simulator.gateway import Reply

CONNECTION = "almascan.simulator.connection"
"""The ASGI extension that holds a request's transport."""
_NO_CONTENT = 204


def make_protocol(faults: FaultPlan) -> type[HttpToolsProtocol]:
    """Make uvicorn's protocol class for an application: it lets faults reach the connection."""

    class Protocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if faults.match_connection():
                transport.abort()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["extensions"] = {CONNECTION: {"transport": self.transport}}

    return Protocol


async def send_reply(reply: Reply, send: Send) -> None:
    """Send an answer whole."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.status != _NO_CONTENT:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def send_spoiled(fault: Fault, reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer in the way that a fault spoils it."""
    match fault.kind:
        case "drop":
            await _close(scope, receive, abort=True)
        case "silent":
            await _wait_for_leaving(receive)
        case "truncate":
            await _send_half(reply, send)
            await _close(scope, receive, abort=False)
        case "error":
            error = fault.error_reply()
            await send_reply(replace(error, headers=reply.headers | error.headers), send)
        case "redirect":
            await send_reply(Reply(302, reply.headers | {"location": fault.location}), send)
        case "mistyped":
            await send_reply(replace(reply, headers=reply.headers | {"content-type": "text/html;charset=UTF-8"}), send)
        case _:
            await send_reply(reply, send)


async def _send_half(reply: Reply, send: Send) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})


async def _close(scope: Scope, receive: Receive, *, abort: bool) -> None:
    transport = scope["extensions"][CONNECTION]["transport"]
    if abort:
        transport.abort()
    else:
        transport.close()
    await _wait_for_leaving(receive)


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
