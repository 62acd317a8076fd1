"""A proxy in front of a simulated Alma that says what it likes in Alma's place."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable

from tests.served import served

Change = Callable[[str, bytes], bytes]
"""From the request's first line and the right body to the body that is sent."""


@contextlib.asynccontextmanager
async def lie(port: int, change: Change) -> AsyncIterator[str]:
    """Stand in front of the simulated Alma at a port; yields the base URL to be reached at."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(reader, writer, port, change)

    async with served(serve) as base_url:
        yield base_url


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, change: Change) -> None:
    alma_reader, alma_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            head, body = await _read_message(reader)
            alma_writer.write(head + body)
            answer, right = await _read_message(alma_reader)
            said = change(head.split(b"\r\n", 1)[0].decode(), right)
            length = b"content-length: %d" % len(said)
            writer.write(re.sub(rb"(?i)content-length: \d+", length, answer) + said)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        return
    finally:
        writer.close()
        alma_writer.close()


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return head, await reader.readexactly(int(length[1]) if length else 0)
