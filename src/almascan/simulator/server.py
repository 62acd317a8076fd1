"""A simulated Alma over a real socket on 127.0.0.1, in a thread of this process."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

import uvicorn

from almascan.simulator.application import Application
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.control import count_scans, describe_item, make_control
from almascan.simulator.dates import format_day
from almascan.simulator.delivery import make_protocol
from almascan.simulator.faults import Fault, Kind
from almascan.simulator.institution import (
    CIRC_DESK,
    DEPARTMENT,
    INSTITUTION,
    LIBRARY,
    OTHER_CIRC_DESK,
    OTHER_LIBRARY,
)
from almascan.simulator.keys import KEYS
from almascan.simulator.ready import describe
from almascan.simulator.reports import BARCODES_REPORT, IN_TRANSIT_REPORT
from almascan.simulator.routes import BASE_PATH
from almascan.simulator.sets import ITEMIZED_SET, LOGICAL_SET

T = TypeVar("T")
HOST = "127.0.0.1"
BACKLOG = 2048


class Simulator:
    """A simulated Alma that runs while its ``with`` block does.

    Every method may be called from any thread; what it does happens between two requests.

    Attributes:
        config: Its settings.
        keys: API keys by what they may do: full, read_only, bibs_only, conf_only, bibs_conf_read, analytics_only.
        institution, library, circ_desk, department, other_library, other_circ_desk: Codes to scan with. A scan at
            the other library's desk puts an item of ``library`` in transit.
        logical_set, itemized_set: Names of sets of items that are there from the start.
        report, barcodes_report: Paths of Analytics reports on items in transit, with ids or with barcodes alone.

    Example::

        with Simulator(SimulatorConfig(items=1000, seed=7, per_second=0)) as simulator:
            requests.get(f"{simulator.base_url}/items", params={"item_barcode": simulator.barcodes("in_transit", 1)[0]})
    """

    institution = INSTITUTION
    library = LIBRARY
    circ_desk = CIRC_DESK
    department = DEPARTMENT
    other_library = OTHER_LIBRARY
    other_circ_desk = OTHER_CIRC_DESK
    logical_set = LOGICAL_SET
    itemized_set = ITEMIZED_SET
    report = IN_TRANSIT_REPORT
    barcodes_report = BARCODES_REPORT

    def __init__(self, config: SimulatorConfig | None = None) -> None:
        self.config = config or SimulatorConfig()
        self.keys = dict(KEYS)
        self._application = Application(self.config)
        self._application.control = make_control(self._application)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening = threading.Event()

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

    def barcodes(self, state: str, number: int) -> list[str]:
        """List up to ``number`` barcodes of items in a state; the states are ``items.STATES`` and "unknown".

        Raises:
            ValueError: If there is no such state.
        """
        return self._do(lambda: list(self._application.gateway.catalogue.barcodes(state, number)))

    def ids(self, barcode: str) -> tuple[str, str, str]:
        """Return an item's MMS ID, holding ID and PID.

        Raises:
            KeyError: If no item has this barcode.
        """
        numbering, number = self._application.gateway.catalogue.numbering, self._number(barcode)
        return numbering.mms_id(number), numbering.holding_id(number), numbering.pid(number)

    def item(self, barcode: str) -> dict[str, Any]:
        """Return an item's state, as ``GET /simulator/items/BARCODE`` answers it.

        Raises:
            KeyError: If no item has this barcode.
        """
        number = self._number(barcode)
        return self._do(lambda: describe_item(self._application, self._application.gateway.catalogue.item(number)))

    def change(self, barcode: str, **fields: Any) -> None:
        """Change an item as another operator would; the fields are those of ``Catalogue.change``.

        Raises:
            KeyError: If no item has this barcode.
            ValueError: If a field is unknown.
        """
        number = self._number(barcode)
        catalogue, clock = self._application.gateway.catalogue, self._application.clock
        self._do(lambda: catalogue.change(number, fields, format_day(clock.now())))

    def add_fault(self, kind: Kind, **settings: Any) -> None:
        """Plan a fault; the settings are those of ``faults.Fault``."""
        fault = Fault(kind=kind, **settings)
        self._do(lambda: self._application.faults.add(fault))

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._do(self._application.faults.clear)

    def sets(self) -> dict[str, int]:
        """List all sets: their names, and how many members each has."""
        sets = self._application.gateway.operations.sets
        return self._do(lambda: {one.name: sets.count(one) for one in sets.list_all()})

    def stats(self) -> dict[str, Any]:
        """Return the sums that ``GET /simulator/stats`` answers."""

        def read() -> dict[str, Any]:
            return self._application.gateway.ledger.stats()

        return self._do(read)

    def scans(self) -> dict[str, int]:
        """Count the scans of every item that was scanned, by barcode."""
        return self._do(lambda: count_scans(self._application))

    def log(self) -> list[tuple[float, str, str, int]]:
        """List the last requests: seconds since 1970, operation, barcode or PID, HTTP status."""
        return self._do(lambda: list(self._application.gateway.ledger.log))

    def reset(self) -> None:
        """Forget every change, count, limit used and fault, and set the clock right."""
        self._do(self._application.reset)

    def set_clock_offset(self, seconds: float) -> None:
        """Put the simulated Alma's clock ahead of the machine's."""
        self._application.clock.offset_seconds = seconds

    def describe(self) -> dict[str, Any]:
        """Return what the ready file holds."""
        return self._do(lambda: describe(self._application.gateway.catalogue, self.address))

    def _number(self, barcode: str) -> int:
        number = self._application.gateway.catalogue.find(barcode)
        if number is None:
            raise KeyError(f"No item has the barcode {barcode}.")
        return number

    def _do(self, function: Callable[[], T]) -> T:
        if self._loop is None:
            return function()

        async def call() -> T:
            return function()

        coroutine: Coroutine[Any, Any, T] = call()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._loop = None
            self._listening.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
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
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
