"""Workers as processes of their own, each with its own keys and its own ways to the database and to Alma."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.fleet.network import Network
from tests.fleet.relay import Relay, Witness

_LEAVE_SECONDS = 90
_HOST = "127.0.0.1"


class Member(NamedTuple):
    """An institution of the fleet: its code, and a key that may do everything."""

    code: str
    key: str


class Place(NamedTuple):
    """Where workers find what they need.

    Attributes:
        folder: Where they keep their files.
        journal: The database's address.
        base_url: Where Alma's API is.
        library, circ_desk: The desk of every profile.
    """

    folder: Path
    journal: str
    base_url: str
    library: str
    circ_desk: str


class Worker:
    """A worker, as a process that can be started, stopped, killed and cut off: a context manager that ends it.

    Args:
        name: Its name in the fleet.
        place: Where it finds what it needs.
        members: The institutions that its profiles name.
        options: More options of ``almascan worker``.
        is_relayed: Whether it reaches the database and Alma through relays, which costs processor.
        network: A network of its own for its processes, on whose wires packets can be lost; it has relays then.

    Attributes:
        name: Its name.
        log: What it wrote.
        database, alma: Its ways there.
        network: Its own network, if it has one.
        witness: What it asked of Alma.
        went_away: When it was killed, stopped or cut off, in seconds since 1970.
        processes: The ids of the processes that it was, the latest last.
    """

    database: Relay
    alma: Relay

    def __init__(
        self,
        name: str,
        place: Place,
        members: Sequence[Member],
        *options: str,
        is_relayed: bool = True,
        network: Network | None = None,
    ) -> None:
        self.name = name
        self.network = network
        self.log = place.folder / f"{name}.log"
        self.witness = Witness()
        self.went_away: list[float] = []
        self.processes: list[int] = []
        self._place = place
        self._members = list(members)
        self._options = options
        self._is_relayed = is_relayed
        self._folder = place.folder / name
        self._process: subprocess.Popen[bytes] | None = None
        self._is_wanted = False

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._ways = ExitStack()
        if self.network is not None:
            self._ways.enter_context(self.network)
        self._journal, self._base_url = self._place.journal, self._place.base_url
        if self._is_relayed:
            self._lay_ways()
        self.know(*self._members)
        return self

    def __exit__(self, *exception: object) -> None:
        if self.is_running:
            self.kill()
        self._ways.close()

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start its process, which is not there."""
        self._is_wanted = True
        command = [sys.executable, "-m", "almascan", "worker", "--name", self.name, "--journal", self._journal]
        inside = self.network.inside if self.network is not None else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*inside, *command, *self._options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(self._process.pid)

    def is_meant(self, holder: str) -> bool:
        """Whether it is what the journal calls the holder of a lease."""
        named = re.search(rf"\b{re.escape(self.name)}\b", holder)
        return bool(named) or any(f"process {process})" in holder for process in self.processes)

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        assert self._process is not None
        self._is_wanted = False
        self.note_away()
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Have it stand still."""
        self.note_away()
        self._signal(signal.SIGSTOP)

    def note_away(self) -> None:
        """Note that it goes away now."""
        self.went_away.append(time.time())

    def go_on(self) -> None:
        """Have it go on after it stood still."""
        self._signal(signal.SIGCONT)

    def ask_to_leave(self) -> None:
        """Ask it to finish what is in flight and leave."""
        self._is_wanted = False
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float = _LEAVE_SECONDS) -> int:
        """Wait until it has left; give its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    def keep_up(self) -> None:
        """Start it again where it has left by itself, as a supervisor does; one that was ended stays so."""
        if self._is_wanted and not self.is_running:
            self.start()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a command that is to know what this worker knows."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")}
        return own | {
            "ALMASCAN_CONFIG": str(self._profiles),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "XDG_DATA_HOME": str(self._place.folder),
            "XDG_STATE_HOME": str(self._place.folder),
        }

    def know(self, *members: Member) -> None:
        """Have its profiles name these institutions, and have their keys in files beside it."""
        lines = []
        for member in members:
            self.put_key(member)
            lines += [
                f'[profiles."{member.code}"]',
                f'institution = "{member.code}"',
                f'base_url = "{self._base_url}"',
                f'key_file = "{self._key_file(member)}"',
                f'library = "{self._place.library}"',
                f'circ_desk = "{self._place.circ_desk}"',
            ]
        draft = self._profiles.with_suffix(".new")
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(self._profiles)

    def put_key(self, member: Member) -> None:
        """Put a key into the file of its institution."""
        draft = self._key_file(member).with_suffix(".new")
        draft.touch(0o600)
        draft.write_text(member.key, encoding="utf-8")
        draft.replace(self._key_file(member))

    def tell(self) -> str:
        """Give the end of what it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:] if self.log.exists() else ""

    @property
    def _profiles(self) -> Path:
        return self._folder / "profiles.toml"

    def _key_file(self, member: Member) -> Path:
        return self._folder / f"{member.code}.key"

    def _lay_ways(self) -> None:
        """Have it reach the database and Alma through relays of its own."""
        hosts = (self.network.database.address, self.network.alma.address) if self.network else (_HOST, _HOST)
        enter = self._ways.enter_context
        self.database = enter(Relay(_port_of(self._journal), host=hosts[0]))
        self.alma = enter(Relay(_port_of(self._base_url), self.witness.watch, host=hosts[1]))
        self._journal = _through(self.database, self._journal)
        self._base_url = _through(self.alma, self._base_url)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def _port_of(address: str) -> int:
    port = urlsplit(address).port
    assert port is not None
    return port


def _through(relay: Relay, address: str) -> str:
    return address.replace(f"{_HOST}:{_port_of(address)}/", f"{relay.host}:{relay.port}/", 1)
