"""A simulated Alma over a real socket on 127.0.0.1, in a thread of this process."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

import uvicorn

from almascan.simulator.access import Institution
from almascan.simulator.application import Application
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.control import make_control
from almascan.simulator.delivery import make_protocol
from almascan.simulator.ready import describe
from almascan.simulator.routes import BASE_PATH

T = TypeVar("T")
HOST = "127.0.0.1"
BACKLOG = 2048
_PATIENCE_SECONDS = 5.0
"""How long the server is given to end by itself."""


class Simulator(Institution):
    """A simulated Alma that runs while its ``with`` block does.

    It serves one institution, which it is itself, or as many as its settings say.

    Attributes:
        config: Its settings.
        institution: The code of the first institution.
        institutions: All of them, the first included.

    Example::

        with Simulator(SimulatorConfig(items=1000, seed=7, per_second=0)) as simulator:
            requests.get(f"{simulator.base_url}/items", params={"item_barcode": simulator.barcodes("in_transit", 1)[0]})
    """

    def __init__(self, config: SimulatorConfig | None = None) -> None:
        self.config = config or SimulatorConfig()
        self._application = Application(self.config)
        self._application.control = make_control(self._application)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._listening = threading.Event()
        now = self._application.clock.now
        super().__init__(self._application.tenants[0], now, self._do)
        self.institution = self.code
        self.institutions = [Institution(tenant, now, self._do) for tenant in self._application.tenants]

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            OSError: If the port is taken.
        """
        self._socket = _listen(self.config.port)
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(_configure(self._application))
        self._thread = threading.Thread(target=self._run, name="simulated Alma", daemon=True)
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop listening and drop whatever is still being served."""
        self._server.should_exit = True
        self._thread.join(_PATIENCE_SECONDS)
        if self._thread.is_alive() and self._loop is not None and self._serving is not None:
            self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join()
        self._socket.close()
        self._loop = None

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """Where the API is: the address and /almaws/v1."""
        return f"{self.address}{BASE_PATH}"

    @property
    def control_url(self) -> str:
        """Where the control plane is: the address and /simulator."""
        return f"{self.address}/simulator"

    @property
    def is_running(self) -> bool:
        """Whether it serves requests."""
        return self._thread.is_alive()

    def reset(self) -> None:
        """Forget every change, count, limit used and fault, and set the clock right."""
        self._do(self._application.reset)

    def set_clock_offset(self, seconds: float) -> None:
        """Put the simulated Alma's clock ahead of the machine's."""
        self._application.clock.offset_seconds = seconds

    def describe(self) -> dict[str, Any]:
        """Return what the ready file holds."""
        return self._do(lambda: describe(self._application, self._tenant, self.address))

    def _do(self, function: Callable[[], T]) -> T:
        if self._loop is None:
            return function()

        async def call() -> T:
            return function()

        coroutine: Coroutine[Any, Any, T] = call()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                asyncio.run(self._serve())
        finally:
            self._loop = None
            self._listening.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        # The socket listens already: a connection that comes now waits in the backlog.
        self._listening.set()
        await self._server.serve(sockets=[self._socket])


def _listen(port: int) -> socket.socket:
    # Only of a socket whose protocol is named does asyncio know that TCP_NODELAY makes sense; without it every answer
    # with a body waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            # On Windows this option would let a second simulator take the port of the first.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _configure(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=make_protocol(application.faults),
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
