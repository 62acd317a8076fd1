"""The server of the page: one process, one event loop, in which the application's runs work too."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from almascan.errors import UsageError
from almascan.web.access.limits import Limits
from almascan.web.access.protocol import make_protocol

HOST = "127.0.0.1"
PORT = 8766
BACKLOG = 128
_KEEP_ALIVE_SECONDS = 10
_HEAD_BYTES = 32 * 1024
_CLOSE_SECONDS = 3
"""How long answers that are on their way may still take once the server ends; pages that show a run live end at once."""


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; connections that come before the server runs wait.

    Args:
        host: An IP address of this machine.
        port: A TCP port; 0 takes a free one.

    Raises:
        UsageError: The port is taken, or the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only of a socket whose protocol is named does asyncio know that TCP_NODELAY makes sense.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            # On Windows this option would let a second server take the port of the first.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"Port {port} of {host} cannot be used ({error.strerror}). Is the page running already? Choose another port "
            f"with --port {port + 1 if port else PORT}, or a free one with --port 0."
        ) from error
    return listener


def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    say_ready: Callable[[], None],
    say_ending: Callable[[], None],
    say_defect: Callable[[Exception], None],
    limits: Limits | None = None,
) -> None:
    """Serve the page until Ctrl-C or another signal ends it; of the main thread.

    The first Ctrl-C closes the pages and waits until the application has finished what is in flight, which is its
    lifespan's business. The second stops at once.

    Args:
        app: The application, with its guard around it.
        listener: Where to listen; it is closed at the end.
        say_ready: Called when the application is ready.
        say_ending: Called at the first Ctrl-C.
        say_defect: Called with what the application failed with at a request, which somebody should come to know.
        limits: What connections may take.

    Raises:
        KeyboardInterrupt: It was told to stop at once.
        Exception: What the application's lifespan failed with.
    """
    watched = _Watched(app, say_defect)
    server = _Server(_configure(watched, limits or Limits()), say_ready, say_ending)
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except SystemExit:
        if watched.error is None:
            raise
    finally:
        listener.close()
    if watched.error is not None:
        raise watched.error


class _Watched:
    """The application, and what it fails with: uvicorn would only log it."""

    def __init__(self, app: ASGIApp, say_defect: Callable[[Exception], None]) -> None:
        self.error: Exception | None = None
        self._app = app
        self._say_defect = say_defect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as error:
            if scope["type"] == "lifespan":
                self.error = error
            else:
                self._say_defect(error)
            raise


class _Server(uvicorn.Server):
    """uvicorn's server, with signals of its own: it ends with no other signal, and the second does not wait."""

    def __init__(self, config: uvicorn.Config, say_ready: Callable[[], None], say_ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_ready = say_ready
        self._say_ending = say_ending
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        self._loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        await super().startup(sockets)
        self._say_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that end a program, until the server has ended."""
        before = {number: signal.getsignal(number) for number in _ending_signals()}
        for number in before:
            signal.signal(number, self.handle_exit)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a signal's handler
        """Have the server end: once it has been said, in good order, and at once when it is said again."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)
        else:
            self.should_exit = True

    def _end(self) -> None:
        if not self.should_exit:
            self.should_exit = True
            self._say_ending()
        elif self._serving is not None:
            self.force_exit = True
            self._serving.cancel()


def _ending_signals() -> list[signal.Signals]:
    """Give the signals that end a program here; one that is ignored, as with nohup, stays so."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _configure(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=make_protocol(limits),
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="critical",
        # Whoever comes through a proxy is the access's business, which needs the socket's own address.
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
    )
