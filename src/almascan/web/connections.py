"""The institutions that the page can work for: the profiles, the environment's key, and a simulator to practise on."""

import asyncio
import math
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from almascan.alma import Alma, Pacer, resolve_base_url
from almascan.errors import AlmascanError, UsageError
from almascan.institution import check_institution, meet
from almascan.model import Environment, is_simulated
from almascan.settings import Key, Settings, config_path, find_key, load_settings, read_profiles
from almascan.settings.table import API_KEY
from almascan.web.practice import Practice

ENVIRONMENT = "environment"
"""The name of the connection whose address and key come from the environment alone."""
SIMULATOR = "simulator"
ASK_AGAIN_SECONDS = 60.0
"""How long after a failure a key is asked about again whose institution nobody knows."""


class Met(msgspec.Struct, frozen=True):
    """What Alma said of an institution: its code and name, which environment it is, and the calls left today."""

    code: str
    name: str
    environment: Environment
    remaining_calls: int | None = None


class Banner(msgspec.Struct, frozen=True):
    """What every page says of the Alma that it is about: "production", "sandbox", "simulated" or "unknown", and whose."""

    kind: str
    name: str


class Connection(msgspec.Struct, frozen=True):
    """An Alma and the key for it.

    Attributes:
        name: The profile's name, ``ENVIRONMENT`` or ``SIMULATOR``.
        settings: Its address, desk, recipe and pace.
        met: What Alma said of it, once it was asked.
    """

    name: str
    settings: Settings
    met: Met | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether it is a simulated Alma on this machine."""
        return is_simulated(self.settings.base_url)

    @property
    def banner(self) -> Banner:
        """What pages that are about it say of it."""
        kind = "simulated" if self.is_simulated else self.met.environment if self.met else "unknown"
        return Banner(kind, self.met.name if self.met else self.settings.institution or self.name)

    @property
    def institution(self) -> str:
        """The institution's code, as Alma or else the profile says it; "" while nobody does."""
        return self.met.code if self.met else self.settings.institution


class Connections:
    """Gives connections by name or institution, and clients for them.

    Args:
        settings: What ``almascan web`` was started with.
        environ: The environment variables.
        practice: The simulator in this process.

    Attributes:
        environ: The environment variables.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], practice: Practice) -> None:
        self._started_with = settings
        self.environ = environ
        self._practice = practice
        self._met: dict[str, Met] = {}
        self._failed_at: dict[str, float] = {}

    @property
    def config_file(self) -> Path:
        """Where the profiles are."""
        return config_path(self.environ)

    def all(self) -> list[Connection]:
        """Give all of them, the one to begin with first.

        Raises:
            UsageError: The file of profiles cannot be read.
        """
        started = self._started_with
        found = []
        if started.base_url:
            found.append(self._connection(started.profile or ENVIRONMENT, started))
        for name in sorted(read_profiles(self.config_file).profiles):
            if name != started.profile or not started.base_url:
                # The environment's other variables are for the connection that the page was started with.
                environ = {"ALMASCAN_CONFIG": str(self.config_file)}
                found.append(self._connection(name, load_settings({"profile": name}, environ=environ)))
        if self._practice.simulator is not None:
            found.append(self._connection(SIMULATOR, self._practice.settings()))
        return found

    def find(self, name: str) -> Connection:
        """Give one by its name; for "" the one to begin with.

        Raises:
            UsageError: There is none of that name.
        """
        connections = self.all()
        for connection in connections:
            if name in ("", connection.name):
                return connection
        if not connections:
            raise UsageError("No Alma is set up yet: add one on the set-up page, or start the simulator there.")
        raise UsageError(f'There is no connection "{name}" here: see the set-up page.')

    def for_institution(self, code: str) -> Connection | None:
        """Give the first whose institution it is, as far as known."""
        return next((each for each in self.all() if each.institution.casefold() == code.casefold()), None)

    async def meet_institution(self, code: str) -> Connection | None:
        """Give the first whose institution it is, asking Alma whose the keys are of which nobody knows it yet."""
        for connection in self.all():
            if self.for_institution(code) is None and not connection.institution and self._may_ask(connection):
                try:
                    await self.meet(connection)
                except AlmascanError:  # another connection's trouble is not this run's
                    self._failed_at[connection.name] = time.monotonic()
        return self.for_institution(code)

    def _may_ask(self, connection: Connection) -> bool:
        """Whether a key that failed is asked about again: not at every look for waiting runs."""
        return time.monotonic() - self._failed_at.get(connection.name, -math.inf) > ASK_AGAIN_SECONDS

    def key(self, connection: Connection) -> Key:
        """Find the key of a connection.

        Raises:
            KeyRefusedError, UsageError: There is none, or it cannot be read.
        """
        if connection.name == SIMULATOR:
            return Key(self._practice.key(), "the simulator")
        started = self._started_with
        if connection.name in (started.profile, ENVIRONMENT) and started.base_url:
            return find_key(connection.settings, self.environ)
        environ = {name: value for name, value in self.environ.items() if name != API_KEY.variable}
        return find_key(connection.settings, environ)

    async def client(self, connection: Connection, *, pacer: Pacer | None = None, precedence: int = 0) -> Alma:
        """Give a client, to be entered; its key is looked for in a thread, for a keyring or a command may take a while.

        Args:
            connection: Which Alma.
            pacer: The institution's limiter; None for a few questions by themselves.
            precedence: The lower, the sooner its requests have their turn.

        Raises:
            KeyRefusedError, UsageError: There is no key, or no address of Alma's.
        """
        key = await asyncio.to_thread(self.key, connection)
        return Alma(resolve_base_url(connection.settings.base_url), key.value, pacer=pacer, precedence=precedence)

    async def meet(self, connection: Connection, *, again: bool = False) -> Met:
        """Ask Alma once whose the key is and which environment it is for.

        Args:
            connection: Which Alma.
            again: Whether to ask although that is known.

        Raises:
            KeyRefusedError: The key is wrong, or another institution's than the profile says.
            AttemptError, StopError: Alma gives no usable answer.
        """
        if connection.name in self._met and not again:
            return self._met[connection.name]
        async with await self.client(connection) as alma:
            # A key without the right to read the configuration is told of on the set-up page, and scans all the same.
            found = await meet(alma, say=lambda _: None)
        check_institution(connection.settings, found.code)
        met = Met(found.code, found.name, found.environment, alma.remaining_calls)
        self._met[connection.name] = met
        return met

    def forget(self, name: str) -> None:
        """Forget what Alma said of a connection: its profile was changed."""
        self._met.pop(name, None)
        self._failed_at.pop(name, None)

    async def start_practice(self) -> Connection:
        """Start the simulator, unless it runs, and meet it."""
        await asyncio.to_thread(self._practice.start)
        self.forget(SIMULATOR)
        connection = self.find(SIMULATOR)
        await self.meet(connection)
        return self.find(SIMULATOR)

    def _connection(self, name: str, settings: Settings) -> Connection:
        return Connection(name, settings, self._met.get(name))
