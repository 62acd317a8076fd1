"""A network in memory and in virtual time: aiohttp connects, uvicorn's protocol serves, and the wires between are ours.

So hours of a run take a second and happen the same way each time, and a wire can be slow, be cut, or keep or lose what
a dead process had written.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from tests.alma.virtual_time import VirtualLoop

T = TypeVar("T")
ServerFactory = Callable[[], asyncio.Protocol]


class Wire(asyncio.Transport):
    """One end of a connection; what is written at it reaches the other end after the network's latency.

    Args:
        network: The network.
        protocol: Who reads at this end.
        caller: The port that stands for the process which connected.
    """

    def __init__(self, network: "Network", protocol: asyncio.Protocol, caller: int) -> None:
        address = ("127.0.0.1", caller)
        super().__init__({"peername": address, "sockname": address})
        self.caller = caller
        self.other: Wire | None = None
        self.is_deaf = False
        self._network = network
        self._protocol = protocol
        self._closing = False
        self._held: list[bytes] | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing and self.other is not None:
            self._network.note_written(self, bytes(data))
            self._network.carry(self.other, bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def take(self, data: bytes) -> None:
        """Have bytes arrive."""
        if self._closing or self.is_deaf:
            return
        if self._held is None:
            self._protocol.data_received(data)
        else:
            self._held.append(data)

    def pause_reading(self) -> None:
        self._held = self._held or []

    def resume_reading(self) -> None:
        held, self._held = self._held or [], None
        for data in held:
            self.take(data)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(ConnectionResetError(104, "Connection reset by peer"))

    def lose(self, error: Exception | None) -> None:
        """Hear that the connection is over."""
        if not self._closing:
            self._closing = True
            self._protocol.connection_lost(error)

    def _end(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)
            if self.other is not None:
                self._network.carry_end(self.other, error)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def get_write_buffer_size(self) -> int:
        return 0


class Network:
    """All wires between almascan's processes and one server.

    Attributes:
        latency_seconds: How long bytes, the making and the end of a connection are on their way.
        is_cut: Whether nothing arrives and no connection is made.
        serve: Makes the server's protocol for a new connection.
        watch: Is told of everything that a process writes, with the port that stands for it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.latency_seconds = 0.05
        self.is_cut = False
        self.serve: ServerFactory = asyncio.Protocol
        self.watch: Callable[[int, bytes], None] = lambda _caller, _data: None
        self._loop = loop
        self._clients: list[Wire] = []

    def connect(self, factory: ServerFactory, caller: int) -> tuple[Wire, asyncio.Protocol]:
        """Make a connection between a client's protocol and one of the server's."""
        protocol, serving = factory(), self.serve()
        client, server = Wire(self, protocol, caller), Wire(self, serving, caller)
        client.other, server.other = server, client
        self._clients = [wire for wire in self._clients if not wire.is_closing()] + [client]
        serving.connection_made(server)
        protocol.connection_made(client)
        return client, protocol

    def note_written(self, wire: Wire, data: bytes) -> None:
        """Tell who watches what a client writes."""
        if wire in self._clients:
            self.watch(wire.caller, data)

    def carry(self, to: Wire, data: bytes) -> None:
        """Have bytes arrive after the latency, unless the network is cut then."""
        self._loop.call_later(self.latency_seconds, self._deliver, lambda: to.take(data))

    def carry_end(self, to: Wire, error: Exception | None) -> None:
        """Have the end of a connection arrive after the latency, unless the network is cut then."""
        self._loop.call_later(self.latency_seconds, self._deliver, lambda: to.lose(error))

    def _deliver(self, arrive: Callable[[], None]) -> None:
        if not self.is_cut:
            arrive()

    def kill(self, caller: int, *, keeps_written: bool) -> None:
        """Have a process die: its connections are reset.

        Args:
            caller: The port that stands for it.
            keeps_written: Whether what it had written still arrives.
        """
        for wire in self._clients:
            if wire.caller == caller and wire.other is not None:
                wire.other.is_deaf = not keeps_written
                wire.abort()

    def cut(self) -> None:
        """Let nothing arrive any more, and break every connection."""
        self.is_cut = True
        for client in self._clients:
            client.lose(ConnectionResetError(104, "Connection reset by peer"))
            if client.other is not None:
                client.other.lose(None)


class SimulatedLoop(VirtualLoop):
    """A virtual loop whose connections go over a ``Network``."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Network(self)
        self._ports: dict[socket.socket, int] = {}

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        """Have the clock stand still while a thread works, however long that takes on this machine."""
        awaiting = self.awaiting()
        awaiting.__enter__()
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: awaiting.__exit__(None, None, None))
        return future

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await asyncio.sleep(self.network.latency_seconds)
        if self.network.is_cut:
            raise ConnectionRefusedError(111, "Connection refused")
        self._ports[sock] = address[1]

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: ServerFactory, *_: Any, sock: socket.socket, **__: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        port = self._ports.pop(sock)
        sock.close()
        return self.network.connect(protocol_factory, port)
