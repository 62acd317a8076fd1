"""What stands between a client and a simulated Alma: a listener that is away at times, or TLS that goes wrong."""

import asyncio
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from random import Random

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
TLS_KINDS = ("plain answer to TLS", "TLS cut off", "TLS silent", "certificate of a stranger")
AWAY = "nobody listens"
_TURN_SECONDS = 0.4
_PIECE_BYTES = 65_536
_LIVES_REQUESTS = 4
"""A good connection is closed after so many answers, so that there are new ones for the faults to meet."""


class Front:
    """Passes connections on to a simulated Alma, and fails a share of them in one way.

    Args:
        kind: ``AWAY`` or one of ``TLS_KINDS``.
        probability: The share that fails, from 0 to 1.
        port: The simulated Alma's port.
        seed: Decides which fail.

    Attributes:
        base_url: Where it is reached.
        met: How many connections failed, or how often nobody was there.
    """

    def __init__(self, kind: str, probability: float, port: int, seed: int) -> None:
        self.kind = kind
        self.probability = probability
        self.met = 0
        self._alma_port = port
        self._random = Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"{'http' if self.kind == AWAY else 'https'}://{HOST}:{self._port}/almaws/v1"

    @contextlib.asynccontextmanager
    async def standing(self) -> AsyncIterator["Front"]:
        """Stand there as long as the block lasts."""
        server = await self._listen()
        self._port = server.sockets[0].getsockname()[1]
        leaving = asyncio.create_task(self._come_and_go(server)) if self.kind == AWAY else None
        try:
            yield self
        finally:
            if leaving is not None:
                leaving.cancel()
            server.close()
            self._hang_up()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._meet, HOST, self._port)

    async def _come_and_go(self, server: asyncio.Server) -> None:
        while True:
            await asyncio.sleep(_TURN_SECONDS * (1 - self.probability))
            self.met += 1
            server.close()
            self._hang_up()
            await asyncio.sleep(_TURN_SECONDS * self.probability)
            server = await self._listen()

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.kind == AWAY:
                await self._pass_on(reader, writer)
            elif self._random.random() < self.probability:
                self.met += 1
                await self._fail(reader, writer)
            else:
                await writer.start_tls(_own().context)
                await self._pass_on(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever was there has left
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.kind == "certificate of a stranger":
            await writer.start_tls(_stranger().context)
            return
        await reader.read(_PIECE_BYTES)
        if self.kind == "plain answer to TLS":
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        elif self.kind == "TLS silent":
            await reader.read()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        alma_reader, alma_writer = await asyncio.open_connection(HOST, self._alma_port)
        try:
            asking = asyncio.create_task(_pump(reader, alma_writer))
            await _pump(alma_reader, writer, _LIVES_REQUESTS)
            asking.cancel()
        finally:
            alma_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None) -> None:
    """Pass pieces on until there are no more, or there were so many that are whole answers as a rule."""
    while (most is None or most > 0) and (piece := await reader.read(_PIECE_BYTES)):
        writer.write(piece)
        await writer.drain()
        most = None if most is None else most - 1
    if most is None:
        writer.close()
