"""A server that misbehaves as told: it reads requests off a real socket and answers with whatever bytes it is given."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

JSON = "application/json;charset=UTF-8"


@dataclass
class Received:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Reply:
    """What one request meets: bytes, and whether the connection goes on, is closed, or hangs for ever."""

    data: bytes
    then: str = "keep"


def http(status: int, body: bytes | str = b"", content_type: str = JSON, **headers: str) -> Reply:
    """Write a whole answer; underscores in header names become hyphens."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {content_type}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Reply("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


DROP = Reply(b"", "drop")
HANG = Reply(b"", "hang")


@dataclass
class RawServer:
    """Answers the n-th request with the n-th reply, and the last reply from then on."""

    replies: list[Reply] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    has_received: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    resets: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/almaws/v1"

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.received]

    def script(self, replies: Iterable[Reply]) -> None:
        self.replies = list(replies)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.ensure_future(self._serve(reader, writer, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        try:
            while True:
                self.received.append(await _read_request(reader, connection))
                self.has_received.set()
                reply = self.replies[min(len(self.received), len(self.replies)) - 1]
                writer.write(reply.data)
                await writer.drain()
                if reply.then == "hang":
                    await reader.read()
                    return
                if reply.then == "drop":
                    return
        except asyncio.IncompleteReadError:
            return
        except ConnectionResetError:
            self.resets += 1
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Received:
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in lines if header)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(line, headers, body, connection)
