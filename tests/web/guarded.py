"""A small application behind the guard, on a real socket, and requests written byte by byte."""

import asyncio
import contextlib
import http.client
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from almascan.web.access import Access, Guard, Limits
from almascan.web.server import _configure, listen

Headers = Sequence[tuple[str, str]]
FORM = ("Content-Type", "application/x-www-form-urlencoded")
SECRET = "a secret that is long enough to be one"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Clock:
    """The time that the access goes by."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Door:
    """Where a server listens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.origin = f"http://{self.host}"

    def ask(
        self, method: str, target: str, headers: Headers = (), body: bytes = b"", *, host: str | None = None
    ) -> Answer:
        """Send one request with these headers and a Host; ``host=""`` leaves the Host away."""
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"Host: {self.host if host is None else host}"] if host != "" else []
        lines += [f"{name}: {value}" for name, value in headers]
        if body or method == "POST":
            lines += [] if any(name == "Transfer-Encoding" for name, _ in headers) else [f"Content-Length: {len(body)}"]
        return self.send("\r\n".join([*lines, "", ""]).encode() + body, method)

    def send(self, data: bytes, method: str = "GET") -> Answer:
        """Send bytes, and read one answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            with contextlib.suppress(ConnectionError):  # a refusal may come before all is sent
                connection.sendall(data)
            return read_answer(connection, method)


class Guarded(Door):
    """The server, and what of the requests came through to the application."""

    def __init__(self, access: Access, port: int) -> None:
        super().__init__(port)
        self.access = access
        self.through: list[str] = []
        self.received_bytes = 0

    async def home(self, request: Request) -> PlainTextResponse:
        self.through.append(f"{request.method} {request.url.path}")
        return PlainTextResponse(request.state.person.name)

    async def change(self, request: Request) -> RedirectResponse:
        async with request.form() as form:
            self.through.append(f"{request.method} {request.url.path} {form.get('name', '')}")
        return RedirectResponse("/", 303)

    async def swallow(self, request: Request) -> PlainTextResponse:
        """Read a body, and answer whatever happens to it."""
        try:
            async for piece in request.stream():
                self.received_bytes += len(piece)
        except Exception:  # noqa: BLE001 - an application may catch anything
            return PlainTextResponse("all is well")
        self.through.append("swallowed")
        return PlainTextResponse("read")

    async def ignore(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("not read")

    async def fail(self, _: Request) -> PlainTextResponse:
        raise ZeroDivisionError

    async def ticks(self, _: Request) -> StreamingResponse:
        """Answer without an end."""

        async def tick() -> AsyncIterator[str]:
            while True:
                yield "tick\n"
                await asyncio.sleep(0.1)

        return StreamingResponse(tick(), media_type="text/event-stream")

    async def style(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("body {}", media_type="text/css", headers={"Cache-Control": "private"})

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/change", self.change, methods=["POST"]),
                Route("/swallow", self.swallow, methods=["POST"]),
                Route("/ignore", self.ignore, methods=["POST"]),
                Route("/fail", self.fail),
                Route("/ticks", self.ticks),
                Route("/static/page.css", self.style),
            ]
        )


def read_answer(connection: socket.socket, method: str = "GET") -> Answer:
    """Read one answer off a connection."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


@contextlib.contextmanager
def guarded(make_access: Callable[[int], Access], limits: Limits | None = None) -> Iterator[Guarded]:
    """Serve the small application.

    Args:
        make_access: Called with the port; gives the access.
        limits: What requests may take.
    """
    listener = listen("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    running = Guarded(make_access(port), port)
    application = running.application()

    async def application_or_defect(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/break":
            raise ZeroDivisionError
        await application(scope, receive, send)

    with serving(Guard(application_or_defect, running.access, limits=limits), listener, limits):
        yield running


@contextlib.contextmanager
def serving(
    app: ASGIApp, listener: socket.socket, limits: Limits | None = None, *, lifespan: Literal["on", "off"] = "on"
) -> Iterator[None]:
    """Serve an application in a thread."""
    config = _configure(app, limits or Limits())
    config.lifespan = lifespan
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=60)
        assert not thread.is_alive()
