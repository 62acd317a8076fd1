"""Asks a simulator for look-ups, items and scans as fast as it answers, and counts its processor time.

    python -m bench.simulator [--requests 30000] [--connections 16] [--institutions 1]

The simulator runs in this process and the load comes from another one, so that this process's processor is the
simulator's alone: requests for each second of one core, which other work on the machine does not spoil, and beside
it requests a second as they came.
"""

import argparse
import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from almascan.simulator import Simulator, SimulatorConfig
from bench.figure import Figure, Table, at_least
from bench.program import Bench, Option, Yield

AIM = 4000
ITEMS = 2000
KINDS = ("find", "read", "scan")
_GOOD = (b"HTTP/1.1 200", b"HTTP/1.1 302")


class Speed(NamedTuple):
    """How many requests of a kind a second of one core answers, and a second of time."""

    per_core: float
    per_second: float


def write_requests(simulator: Simulator, kinds: tuple[str, ...]) -> list[bytes]:
    """Write one request of each kind for each of 2,000 items in transit, ready to be sent."""
    key = simulator.institutions[-1].keys["full"]
    head = f"Host: 127.0.0.1\r\nAuthorization: apikey {key}\r\nAccept: application/json\r\n\r\n"
    return [
        f"{line} HTTP/1.1\r\n{head}".encode()
        for barcode in simulator.institutions[-1].barcodes("in_transit", ITEMS)
        for line in _write_lines(simulator, barcode, kinds)
    ]


def _write_lines(simulator: Simulator, barcode: str, kinds: tuple[str, ...]) -> Iterator[str]:
    mms_id, holding_id, pid = simulator.institutions[-1].ids(barcode)
    item = f"/almaws/v1/bibs/{mms_id}/holdings/{holding_id}/items/{pid}"
    lines = {
        "find": f"GET /almaws/v1/items?item_barcode={barcode}",
        "read": f"GET {item}?expand=due_date",
        "scan": f"POST {item}?op=scan&library={simulator.library}&circ_desk={simulator.circ_desk}",
    }
    return (lines[kind] for kind in kinds)


def load(port: int, requests: list[bytes], number: int, connections: int) -> None:
    """Send requests over some connections, each as soon as the one before it on its connection is answered.

    Raises:
        RuntimeError: An answer was not what it should be.
    """
    left, sockets = iter(range(number)), dict[int, socket.socket]()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(requests[next(left) % len(requests)])
            sockets[connection.fileno()] = connection
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            for ready, _ in selector.select():
                connection = sockets[ready.fd]
                _read_answer(connection)
                following = next(left, None)
                if following is None:
                    selector.unregister(connection)
                    connection.close()
                else:
                    connection.sendall(requests[following % len(requests)])


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(1 << 16)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(_GOOD):
        raise RuntimeError(f"The simulator answered {answer[:200]!r}")
    missing = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(missing))


def measure_kinds(simulator: Simulator, kinds: tuple[str, ...], number: int, connections: int) -> Speed:
    """Ask for the kinds in turn; give requests for each second of the simulator's processor, and of time."""
    arguments = (simulator.port, write_requests(simulator, kinds), number, connections)
    asking = multiprocessing.get_context("spawn").Process(target=load, args=arguments)
    before = _count(simulator)
    asking.start()
    while asking.is_alive() and _count(simulator) == before:
        time.sleep(0.01)
    already, used, began = _count(simulator), time.process_time(), time.perf_counter()
    asking.join()
    answered = _count(simulator) - already
    speed = Speed(answered / (time.process_time() - used), answered / (time.perf_counter() - began))
    if asking.exitcode:
        raise RuntimeError("The load broke off; its error is above.")
    return speed


def _count(simulator: Simulator) -> int:
    requests: int = simulator.institutions[-1].stats()["requests"]
    return requests


def measure(given: argparse.Namespace) -> Yield:
    rows, figures = [], []
    config = SimulatorConfig(items=50_000, per_second=0, institutions=given.institutions)
    with Simulator(config) as simulator:
        for kinds in (KINDS, *((kind,) for kind in KINDS)):
            speed = measure_kinds(simulator, kinds, given.requests, given.connections)
            what = ", ".join(kinds)
            rows.append((what, f"{speed.per_core:,.0f}", f"{speed.per_second:,.0f}"))
            if kinds == KINDS:
                figures.append(Figure(f"simulator, {what} in turn", speed.per_core, "requests/s", at_least(AIM)))
    columns = ("requests", "for a second of one core", "in a second of time")
    return Yield(figures, [Table("One simulator", columns, rows)])


BENCH = Bench(
    "simulator",
    "Measure how many requests a simulator answers.",
    [
        Option("--requests", 30_000, 6_000, "requests of each kind"),
        Option("--connections", 16, 16, "connections that ask at once"),
        Option("--institutions", 1, 1, "institutions; the last one is asked"),
    ],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
