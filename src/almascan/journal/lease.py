"""The lease: one process at a time works for an institution; and whose turn it is to load a list.

How a lease is kept depends on where the journal is: ``file_lease`` has locks that the operating system takes off the
moment a process dies, ``server_lease`` records that are renewed while their holder lives. Each time that a process takes
an institution's lease its epoch grows.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

import msgspec
from sqlalchemy import Connection

from almascan.clock import Stamp

LOADING_PATIENCE_SECONDS = 300.0
"""How long a list waits until others are loaded; a million rows take ten seconds or so."""


class Lease(msgspec.Struct, frozen=True):
    """An institution's lease, as it was taken.

    Attributes:
        institution: Whose.
        epoch: How many times it was given out, which a later holder has more of.
        taken: When this process took it, by its own clocks.
        is_seized: Whether whoever had it before was not heard of any more, and may still have something on its way.
        departures: How long before the taking the latest requests of whoever had it before left, in seconds.
    """

    institution: str
    epoch: int
    taken: Stamp
    is_seized: bool = False
    departures: tuple[float, ...] = ()


class _Held(msgspec.Struct):
    """A lease that was taken: how many share it, and what its next holder is to know."""

    lease: Lease
    users: int = 0
    departures: tuple[float, ...] = ()


class Leases(ABC):
    """The leases that one journal object holds; several runs of an institution share one, in threads too."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._mutexes: dict[str, threading.Lock] = {}
        self._over = threading.Event()
        self._renewing: threading.Thread | None = None
        self._beginning = threading.Lock()

    @contextmanager
    def hold(self, institution: str, holder: str, at: float) -> Iterator[Lease]:
        """Hold an institution's lease.

        Whoever takes it pauses the runs that a dead process left running, or puts them back into the queue that they
        came from; who shares it finds siblings at work.

        Args:
            institution: Whose.
            holder: Who is named to those who are refused.
            at: Seconds since 1970.

        Raises:
            LeaseError: Another process has it; the message says which.
            JournalError: The lock cannot be made, or the journal not written.
        """
        # One for each: who waits for one institution's record keeps nobody from another's.
        mutex = self._mutexes.setdefault(institution, threading.Lock())
        with mutex:
            held = self._held.get(institution) or _Held(self._take(institution, holder, at))
            self._held[institution] = held
            held.users += 1
        try:
            yield held.lease
        finally:
            with mutex:
                held.users -= 1
                if not held.users:
                    del self._held[institution]
                    self._give_back(held.lease, held.departures)

    def tell_next(self, institution: str, departures: tuple[float, ...]) -> None:
        """Have the next holder told when the latest requests left.

        Args:
            institution: Whose lease, which is held.
            departures: Seconds before the lease is given back, which is to follow at once.
        """
        self._held[institution].departures = departures

    def epoch(self, institution: str) -> int | None:
        """Give the epoch of a lease that is held here; None for another."""
        held = self._held.get(institution)
        return None if held is None else held.lease.epoch

    def close(self) -> None:
        """Renew no lease any more; those that are still held are free once their holder is not heard of."""
        self._over.set()
        if self._renewing is not None:
            self._renewing.join()

    @abstractmethod
    def is_held(self, institution: str) -> bool:
        """Whether some process has an institution's lease now, this one included."""

    def is_sure(self, institution: str) -> bool:  # noqa: ARG002 - for leases that can be lost
        """Whether a lease that is held here cannot be another process's by now: such a lock lasts as long as its process."""
        return True

    def end_silent(self) -> None:  # noqa: B027 - not every kind of lease has what to do
        """End what silent processes keep locked in the journal's database, where that is possible: nothing here.

        Raises:
            JournalError: The journal cannot be used.
        """

    def find_fenced(self, connection: Connection, institutions: Collection[str]) -> frozenset[str]:  # noqa: ARG002
        """Find the institutions whose lease was lost to another process while this one thought it held it: none here.

        A lock that the operating system keeps is lost with its process alone, which then sends nothing.
        """
        return frozenset()

    @abstractmethod
    def loading(
        self, institution: str, patience_seconds: float = LOADING_PATIENCE_SECONDS
    ) -> AbstractContextManager[None]:
        """Wait until nobody else loads a list for an institution, and keep others waiting meanwhile.

        It blocks its thread. Two threads of a process take turns like two processes.

        Raises:
            LeaseError: It took longer than ``patience_seconds``.
            JournalError: The lock cannot be made.
        """

    @abstractmethod
    def _take(self, institution: str, holder: str, at: float) -> Lease:
        """Take a lease that is not held here, or raise LeaseError."""

    @abstractmethod
    def _give_back(self, lease: Lease, departures: tuple[float, ...]) -> None:
        """Let others have a lease."""


def say_taken(institution: str, holder: str) -> str:
    """Say that another process has an institution's lease."""
    return f"{holder} is working for {institution} now; wait until it is done, or stop it, and try again."


def say_loading(institution: str, patience_seconds: float) -> str:
    """Say that it took too long until others had loaded their lists."""
    return (
        f"Another list is still being read for {institution} after {patience_seconds:.0f} seconds of waiting; "
        "nothing was read of this one. Try again when that one is read."
    )
