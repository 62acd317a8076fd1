"""Connections: not too many, and none that is held open without a request."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from almascan.web.access.limits import Limits

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 10\r\n"
    b"Connection: close\r\n\r\nThe page has as many connections open as it can serve. Close some of its tabs, and try again.\n"
)


class PageProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which itself waits for ever for a request's head and counts connections without one.

    Attributes:
        limits: What a connection may take; of the subclass that ``make_protocol`` makes.
    """

    limits = Limits()
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or turn it away where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.write(_FULL)
            transport.close()
        else:
            self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Read on; the head that has begun must be whole in time."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_answering():
            self._forget_head()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go."""
        self._forget_head()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_seconds, self._give_up)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self._is_answering():
            self.transport.abort()


def make_protocol(limits: Limits) -> type[PageProtocol]:
    """Make the protocol of a server with these limits."""
    return type("LimitedPageProtocol", (PageProtocol,), {"limits": limits})
