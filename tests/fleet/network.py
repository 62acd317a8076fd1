"""A network of a worker's own, in which every packet on the way to the database or to Alma can be lost.

Only in a process that has a network of its own itself (``unshare --net``), on Linux, as root: nothing of the machine's
network is touched, and all of it is gone when the process is.
"""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.waiting import wait_until

ALONE = ("unshare", "--net")
"""What a command begins with that is to have a network of its own."""
_LOSE = ("root", "pfifo", "limit", "0")


def can_be_given() -> bool:
    """Whether this machine lets a process have a network of its own, and workers in it theirs."""
    if sys.platform != "linux" or os.geteuid() or not all(map(shutil.which, ("unshare", "nsenter", "ip", "tc"))):
        return False
    trial = [*ALONE, "ip", "link", "add", "one", "type", "veth", "peer", "name", "other"]
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


def is_own() -> bool:
    """Whether this process has a network of its own: it leads nowhere but to itself and to what was laid here."""
    return {name.rstrip("0123456789") for _, name in socket.if_nameindex()} <= {"lo", *_KINDS}


def prepare() -> None:
    """Have this process's own network carry what loopback addresses are said to mean, on other devices too."""
    _do("ip", "link", "set", "lo", "up")
    Path("/proc/sys/net/ipv4/conf/all/route_localnet").write_text("1")


class Wire:
    """A pair of devices, one here and one with the worker.

    Args:
        name: Of both devices.
        subnet: The number of its addresses: keys and passwords are sent in the clear to loopback addresses alone.
        inside: What a command begins with that is to be carried out with the worker.
        holder: A process of the worker's network.

    Attributes:
        address: Where the worker reaches this end of it.
    """

    def __init__(self, name: str, subnet: str, inside: list[str], holder: int) -> None:
        self.address = f"127.{subnet}.1"
        self._ends: list[list[str]] = [[], inside]
        self._name = name
        _do("ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", str(holder))
        for end, place in enumerate(self._ends, start=1):
            _do(*place, "ip", "address", "add", f"127.{subnet}.{end}/30", "dev", name)
            _do(*place, "ip", "link", "set", name, "up")

    def lose(self) -> None:
        """Lose every packet, both ways, without a word to either side."""
        for place in self._ends:
            _do(*place, "tc", "qdisc", "add", "dev", self._name, *_LOSE)

    def mend(self) -> None:
        """Let packets through again."""
        for place in self._ends:
            _do(*place, "tc", "qdisc", "del", "dev", self._name, "root")


_KINDS = ("database", "alma")


class Network:
    """A worker's network, with one wire to the database and one to Alma: a context manager.

    Args:
        number: The worker's, from 0 to 255; no other has it.

    Attributes:
        inside: What a command begins with that is to be carried out in it, in the process that is begun.
        database, alma: Its wires.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> Self:
        # It lasts as long as a process is in it.
        self._holder = subprocess.Popen([*ALONE, "sleep", "infinity"])
        holder = str(self._holder.pid)
        wait_until(lambda: _network_of(holder) != _network_of("self"), "the network is there")
        self.inside = ["nsenter", f"--target={self._holder.pid}", "--net"]
        _do(*self.inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet")
        self.database, self.alma = (
            Wire(f"{kind}{self._number}", f"{77 + each}.{self._number}", self.inside, self._holder.pid)
            for each, kind in enumerate(_KINDS)
        )
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(ProcessLookupError):
            self._holder.kill()
        self._holder.wait()


def _network_of(process: str) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


def _do(*command: str) -> None:
    subprocess.run(command, check=True)
