"""HTTP as a scan needs it: one request, one departure, and always the knowledge of whether bytes have left.

Whatever fails before the departure is a ``NotSentError``: nothing happened. Whatever fails after it is a
``NoAnswerError``: nobody knows.
"""

import asyncio
import socket
import struct
import sys
import urllib.request
import zlib
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from aiohttp.connector import Connection
from yarl import URL

from almascan.alma.answers import Answer
from almascan.alma.hosts import is_loopback
from almascan.errors import BrokenConnectionError, NoAnswerError, NotSentError, UsageError
from almascan.version import __version__

LARGEST_BODY_BYTES = 5_000_000
_LINGER_OFF = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_GZIP_OR_ZLIB = 47
_SHORTEST_KEY = 8
"""Alma's keys are longer; taking out what is shorter would tear an answer apart."""
_LONGEST_NUMBER = 15


class Timeouts(msgspec.Struct, frozen=True):
    """How long things may take, in seconds.

    Attributes:
        connect_seconds: Making a connection: finding the host, a proxy's answer and TLS included.
        read_seconds: Answering anything but a scan.
        scan_seconds: Answering a scan; one was seen to take effect 52 s into a call. ``docs/alma.md`` "Side effects".
        slow_seconds: Answering what adds members to a set, which may take a minute. ``docs/alma.md`` "Sets".
        throttled_seconds: How long a read is tried again while Alma refuses it by the second.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    scan_seconds: float = 120.0
    slow_seconds: float = 180.0
    throttled_seconds: float = 60.0


class HeldBackError(NotSentError):
    """The caller's own check said that the request must not leave any more."""


class Departure:
    """The moment at which a request's bytes leave, and what is asked and noted then.

    Args:
        on_leave: Called just before the bytes leave.
        may_leave: Asked just before that; False holds the request back.
    """

    def __init__(self, on_leave: Callable[[], None], may_leave: Callable[[], bool] | None = None) -> None:
        self.has_left = False
        self._on_leave = on_leave
        self._may_leave = may_leave

    def leave(self) -> None:
        """Let the request leave, once.

        Raises:
            HeldBackError: It may not leave, or has left already: aiohttp repeats a GET when a kept connection
                breaks, and that repetition would have no turn of its own.
        """
        if self.has_left:
            raise HeldBackError("The connection broke, and the request is not repeated unasked.")
        if self._may_leave is not None and not self._may_leave():
            raise HeldBackError("The request was held back: it could no longer leave in time.")
        self.has_left = True
        self._on_leave()


_leave: ContextVar[Callable[[], None]] = ContextVar("leave")
"""What lets the request that is being sent leave."""


class _Request(ClientRequest):
    """aiohttp's request; ``send`` runs with the connection made, just before the first byte."""

    async def send(self, conn: Connection) -> ClientResponse:
        if conn.protocol is None or conn.protocol.should_close:
            # What came on it already answers another request, or nobody's; it would be taken for this one's answer.
            raise aiohttp.ServerDisconnectedError("Something came on the connection before the request was sent.")
        _leave.get()()
        return await super().send(conn)


class Transport:
    """A pool of connections to one Alma, with the key in a header of every request.

    Args:
        base_url: From ``resolve_base_url``.
        key: The API key; it goes into the Authorization header and nowhere else.
        timeouts: Per phase.

    Raises:
        UsageError: The key holds characters that no key has.
    """

    def __init__(self, base_url: str, key: str, timeouts: Timeouts) -> None:
        if not key or not all("!" <= character <= "~" for character in key):
            raise UsageError(
                "The API key is empty or holds white space or other characters that no key has. Copy it once more "
                "from the Developer Network."
            )
        self.base_url = base_url
        self.host = urlsplit(base_url).hostname or ""
        self._timeouts = timeouts
        self._key = key.encode("ascii")
        self._headers = {
            "Authorization": f"apikey {key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"almascan/{__version__}",
        }
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, socket_factory=_make_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_Request,
            auto_decompress=False,
            # None: ``send`` keeps the time.
            timeout=aiohttp.ClientTimeout(),
            proxy=_find_proxy(self.base_url, self.host),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, method: str, path: str, departure: Departure, *, body: bytes | None = None, answer_seconds: float
    ) -> Answer:
        """Send one request, once.

        Args:
            method: GET or POST.
            path: Path and query behind the base URL, percent-encoded.
            departure: Asked and told when the bytes leave.
            body: A JSON body, or None.
            answer_seconds: How long the answer may take, from the departure to its last byte.

        Returns:
            The whole answer, whatever its status; redirects are not followed.

        Raises:
            NotSentError: No byte left.
            NoAnswerError: Bytes left, and no whole answer came.
        """
        try:
            # One limit, moved on as the bytes leave: aiohttp keeps three, with a timer each.
            async with asyncio.timeout(self._timeouts.connect_seconds) as limit:
                return await self._exchange(method, path, body, _leaving(departure, limit, answer_seconds))
        except (aiohttp.ClientError, OSError, TimeoutError, HeldBackError) as error:
            raise self._explain(error, departure, answer_seconds) from None

    async def _exchange(self, method: str, path: str, body: bytes | None, leave: Callable[[], None]) -> Answer:
        if self._session is None:
            raise UsageError("The client is used as: async with Alma(...) as alma.")
        token = _leave.set(leave)
        try:
            async with self._session.request(
                method,
                URL(self.base_url + path, encoded=True),
                data=body,
                # Not the session's: aiohttp would send those to a proxy too, the key among them.
                headers=self._headers if body is None else self._headers | {"Content-Type": "application/json"},
                allow_redirects=False,
            ) as response:
                return self._without_key(await _read(response))
        finally:
            _leave.reset(token)

    def _without_key(self, answer: Answer) -> Answer:
        """Take the key out of an answer that says back what was asked, before anybody keeps or shows it."""
        if len(self._key) < _SHORTEST_KEY or self._key not in answer.body:
            return answer
        return msgspec.structs.replace(answer, body=answer.body.replace(self._key, b"[key]"))

    def _explain(self, error: Exception, departure: Departure, answer_seconds: float) -> Exception:
        """Say what failed in words of ours: aiohttp's texts and the errors behind them may carry headers."""
        if isinstance(error, HeldBackError) and not departure.has_left:
            return error
        if departure.has_left:
            if isinstance(error, TimeoutError):
                return NoAnswerError(f"Alma did not answer within {answer_seconds:g} s.")
            return BrokenConnectionError("The connection broke before Alma's whole answer was here.")
        return NotSentError(_say_why_unsent(error, self.host))


def _leaving(departure: Departure, limit: asyncio.Timeout, answer_seconds: float) -> Callable[[], None]:
    """Give what lets a request leave, and begins the time for its answer."""

    def leave() -> None:
        departure.leave()
        limit.reschedule(asyncio.get_running_loop().time() + answer_seconds)

    return leave


def _say_why_unsent(error: Exception, host: str) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"The host {host} was not found. Look at the network and the region."
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"No safe connection to {host}: its certificate or TLS was not accepted."
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"The proxy refused to connect to {host} (HTTP {error.status})."
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"The proxy on the way to {host} cannot be reached."
    if isinstance(error, TimeoutError):
        return f"No connection to {host} in time."
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "the connection failed"
    return f"No connection to {host}: {reason}."


async def _read(response: ClientResponse) -> Answer:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST_BODY_BYTES:
            raise NoAnswerError(f"Alma's answer is larger than {LARGEST_BODY_BYTES:,} bytes.")
        parts.append(part)
    headers = response.headers
    body = _decompress(b"".join(parts), headers.get("Content-Encoding", ""))
    return Answer(
        status=response.status,
        body=body,
        location=headers.get("Location", ""),
        remaining_calls=_read_remaining(headers.get("X-Exl-Api-Remaining", "").strip()),
    )


def _read_remaining(text: str) -> int | None:
    """Read how many calls are left; what is no such number says nothing."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def _decompress(body: bytes, encoding: str) -> bytes:
    """Undo a compression that was not asked for, within the bound."""
    if not body or encoding.lower() not in ("gzip", "deflate"):
        return body
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = decompressor.decompress(body, LARGEST_BODY_BYTES)
    except zlib.error:
        raise NoAnswerError("Alma's answer is compressed and damaged.") from None
    if not decompressor.eof:
        raise NoAnswerError(f"Alma's answer is cut off, or larger than {LARGEST_BODY_BYTES:,} bytes.")
    return plain


def _make_socket(address: tuple[int, int, int, str, object]) -> socket.socket:
    """Make a socket that drops what it has not sent when it is closed, or when its process dies.

    Without this the kernel goes on sending: bytes of a killed process were seen to arrive 26 s later.
    """
    family, kind, protocol, _, _ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _find_proxy(base_url: str, host: str) -> str | None:
    """The proxy that the environment names for Alma's host; none for this machine itself."""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(urlsplit(base_url).scheme)
