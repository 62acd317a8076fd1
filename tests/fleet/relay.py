"""A relay between a worker and a server: it can stall or cut the way between them, and watch what goes through."""

import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import NamedTuple, Self

_BYTES_AT_ONCE = 65536
_NO_LINGER = struct.pack("ii", 1, 0)
_HEAD_ENDS = b"\r\n\r\n"
# The body of the request before, if it has one, stands right before it.
_REQUEST_LINE = re.compile(rb"(GET|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n")
_SCAN = re.compile(rb"POST \S+/items/(\d+)\?\S*\bop=scan\b")
_KEY = re.compile(rb"\r\nauthorization: apikey (\S+)", re.IGNORECASE)


class Way(Enum):
    """What becomes of what is sent: it passes, is held up without a word, or finds the connection broken."""

    OPEN = "open"
    STALLED = "stalled"
    CUT = "cut"


class Relay:
    """Hands everything on to a port of this machine, both ways: a context manager, with a thread of its own.

    As in a real network, what is held up while its sender breaks the connection off never arrives, and what its sender
    closed in order does.

    Args:
        target: The port that it hands on to.
        watch: Is told what each connection sends to the target, with the connection's number.
        host: The address of this machine at which it listens.

    Attributes:
        host, port: Where it listens.
    """

    def __init__(
        self, target: int, watch: Callable[[int, bytes], None] | None = None, *, host: str = "127.0.0.1"
    ) -> None:
        self.host = host
        self._target = target
        self._watch = watch
        self._way = Way.OPEN
        self._is_over = False
        self._partners: dict[socket.socket, socket.socket] = {}
        self._numbers: dict[socket.socket, int] = {}
        self._connections = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._woken, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for each in (self._listener, self._woken):
            self._selector.register(each, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"relay to {self._target}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over = True
        with suppress(OSError):  # it may have seen so, and ended, because of something else that woke it
            self._waker.send(b".")
        self._thread.join()
        self._waker.close()

    def stall(self) -> None:
        """Hold everything up, and close nothing."""
        self._turn(Way.STALLED)

    def cut(self) -> None:
        """Break every connection off, and every new one at once."""
        self._turn(Way.CUT)

    def mend(self) -> None:
        """Let everything through again."""
        self._turn(Way.OPEN)

    def lead_to(self, target: int) -> None:
        """Hand on to another port from the next connection on; those that are there stay."""
        self._target = target

    def _turn(self, way: Way) -> None:
        self._way = way
        self._waker.send(b".")

    def _run(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select():
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                if ready is self._woken:
                    self._obey()
                elif self._way is Way.STALLED:
                    continue  # what woke the thread is among the rest
                elif ready is self._listener:
                    self._accept()
                elif ready in self._partners:
                    self._hand_on(ready)
        self._break_all_off()
        for each in (self._listener, self._woken):
            each.close()
        self._selector.close()

    def _obey(self) -> None:
        """Wait out a stall; break everything off where that was said."""
        self._woken.recv(1)
        while self._way is Way.STALLED and not self._is_over:
            self._woken.recv(1)
        if self._way is Way.CUT:
            self._break_all_off()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        far = None
        if self._way is Way.OPEN:
            with suppress(OSError):
                far = socket.create_connection(("127.0.0.1", self._target))
        if far is None:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            near.close()
            return
        self._connections += 1
        self._numbers[near] = self._connections
        for each, partner in ((near, far), (far, near)):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._partners[each] = partner
            self._selector.register(each, selectors.EVENT_READ)

    def _hand_on(self, sender: socket.socket) -> None:
        if sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            # Whoever broke the connection off takes back what has not arrived.
            return self._break_off(sender)
        try:
            data = sender.recv(_BYTES_AT_ONCE)
            if data and self._watch is not None and sender in self._numbers:
                self._watch(self._numbers[sender], data)
            self._partners[sender].sendall(data)
        except OSError:
            return self._break_off(sender)
        return None if data else self._forget(sender)

    def _break_all_off(self) -> None:
        while self._partners:
            self._break_off(next(iter(self._partners)))

    def _break_off(self, one: socket.socket) -> None:
        for each in (one, self._partners[one]):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._forget(one)

    def _forget(self, one: socket.socket) -> None:
        for each in (one, self._partners.pop(one)):
            self._selector.unregister(each)
            self._partners.pop(each, None)
            self._numbers.pop(each, None)
            each.close()


class Sighting(NamedTuple):
    """A request on its way to Alma: when it was seen, with which key, and the PID of the item that it scans, or ""."""

    at: float
    key: str
    pid: str


class Witness:
    """Reads the requests that go through a relay.

    Attributes:
        sightings: What was seen, in its order.
    """

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self._unread: dict[int, bytes] = {}

    def watch(self, connection: int, data: bytes) -> None:
        """Read what a connection sends on."""
        *heads, self._unread[connection] = (self._unread.get(connection, b"") + data).split(_HEAD_ENDS)
        for head in heads:
            request, key = _REQUEST_LINE.search(head), _KEY.search(head)
            if request and key:
                scan = _SCAN.match(request[0].strip())
                self.sightings.append(Sighting(time.time(), key[1].decode(), scan[1].decode() if scan else ""))
