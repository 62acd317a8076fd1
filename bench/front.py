"""What stands between a client and a simulated Alma: a listener that is away at times, or TLS that goes wrong."""

import asyncio
import contextlib
import importlib.util
import ssl
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from random import Random

import aiohttp

HOST = "127.0.0.1"
AWAY, PLAIN, CUT, MUTE, STRANGER = "away", "plain", "cut", "mute", "stranger"
"""What goes wrong: nobody listens at times; no TLS is spoken; its handshake is cut off or never answered; and a
certificate that nobody trusts."""
HAS_CERTIFICATES = importlib.util.find_spec("cryptography") is not None
"""Whether certificates can be made here; keyring brings what makes them on Linux alone."""
_TURN_SECONDS = 0.4
_PIECE_BYTES = 65_536


class Front:
    """Passes connections on to a simulated Alma, and fails a share of them in one way.

    Args:
        kind: What goes wrong; all kinds but ``AWAY`` speak TLS.
        port: The simulated Alma's port.
        seed: Decides which connections fail.

    Attributes:
        share: How many fail, from 0 to 1; of ``AWAY``, for how much of the time nobody listens.
        met: How many failed; of ``AWAY``, how often nobody was there.
    """

    def __init__(self, kind: str, port: int, seed: int) -> None:
        self.kind = kind
        self.share = 0.0
        self.met = 0
        self._alma_port = port
        self._random = Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._port = 0
        if kind != AWAY:
            self._own, self._stranger = make_context(trusted=True), make_context(trusted=False)

    @property
    def base_url(self) -> str:
        """Where it is reached as if it were Alma."""
        return f"{'http' if self.kind == AWAY else 'https'}://{HOST}:{self._port}/almaws/v1"

    @contextlib.asynccontextmanager
    async def standing(self) -> AsyncIterator["Front"]:
        """Stand there as long as the block lasts."""
        self._server = await self._listen()
        self._port = self._server.sockets[0].getsockname()[1]
        leaving = asyncio.create_task(self._come_and_go())
        try:
            yield self
        finally:
            self._leave()
            tasks = [leaving, *(task for task in self._tasks if task is not None)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._meet, HOST, self._port)

    async def _come_and_go(self) -> None:
        while True:
            await asyncio.sleep(_TURN_SECONDS * (1 - self.share))
            if self.kind == AWAY and self.share:
                self.met += 1
                self._leave()
                await asyncio.sleep(_TURN_SECONDS * self.share)
                self._server = await self._listen()

    def _leave(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._tasks.add(asyncio.current_task())
        # Whoever was there may leave at any moment, or not like the certificate; and at last the front itself leaves.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if self.kind != AWAY and self._random.random() < self.share:
                self.met += 1
                await self._fail(reader, writer)
            else:
                if self.kind != AWAY:
                    await writer.start_tls(self._own)
                await self._pass_on(reader, writer)
        self._tasks.discard(asyncio.current_task())
        self._writers.discard(writer)
        writer.close()

    async def _fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.kind == STRANGER:
            await writer.start_tls(self._stranger)
            return
        await reader.read(_PIECE_BYTES)
        if self.kind == PLAIN:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        elif self.kind == MUTE:
            await reader.read()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        alma_reader, alma_writer = await asyncio.open_connection(HOST, self._alma_port)
        asking = asyncio.create_task(_pump(reader, alma_writer))
        await _pump(alma_reader, writer)
        asking.cancel()
        alma_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on whatever comes, and at last that no more comes."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    writer.close()


def make_context(*, trusted: bool) -> ssl.SSLContext:
    """Make a server's TLS with a certificate of its own for this machine.

    Args:
        trusted: Whether clients in this process are to trust it.
    """
    pem = _sign()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_text(pem, encoding="ascii")
        context.load_cert_chain(path)
    if trusted:
        certificate = pem[pem.index("-----BEGIN CERTIFICATE") :]
        # aiohttp reads whom to trust when it is imported, which is over.
        aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(cadata=certificate)  # noqa: SLF001 - see above
    return context


def _sign() -> str:
    from cryptography import x509  # noqa: PLC0415 - not on every platform
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - likewise
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - likewise

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"almascan bench {x509.random_serial_number()}")])
    now, public = datetime.now(UTC), key.public_key()
    certificate = (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (private + certificate.public_bytes(pem)).decode("ascii")
