"""Leases of a journal on a server: records that are renewed while their holder lives, with an epoch that fences.

All their times are by the server's clock, so that no two machines' clocks are compared. A holder that was not heard of
for ``STALE_SECONDS`` has lost its lease: the next one seizes it, and the transaction that records an intent to send
demands the epoch that its writer took, so that one who sleeps through the loss and wakes up sends nothing more.
``docs/why.md`` "The fleet" says why each of these times is what it is.
"""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, func, or_, select, text, update

from almascan.clock import Stamp
from almascan.errors import JournalError, LeaseError
from almascan.journal import runs
from almascan.journal.database import insert_unless_there, server_clock, translated, writing
from almascan.journal.lease import LOADING_PATIENCE_SECONDS, Lease, Leases, say_loading, say_taken
from almascan.journal.place import Server
from almascan.journal.postgres import IDLE_SECONDS, is_locked
from almascan.journal.schema import LEASES, MARKS

BEAT_SECONDS = 5.0
STALE_SECONDS = 15.0
"""After so long without a sign of life a lease may be seized; three beats, of which two may be lost."""
SURE_SECONDS = 12.0
"""How long after its last sign of life a holder takes its lease for its own: it is through before another begins."""

_LOADING_POLL_SECONDS = 0.2
_LOCKED_SECONDS = 4
"""How long a record that somebody has locked is waited for: a transaction that changes it is over in a moment."""
# The server keeps the same limit itself, but counts only between statements, and not while more of a batch is to come.
_END_SILENT = text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity AS session
    WHERE datname = current_database() AND usename = current_user AND application_name = 'almascan'
    AND pid <> pg_backend_pid() AND wait_event_type = 'Client' AND state_change < clock_timestamp() - make_interval(secs => :seconds)
    AND EXISTS (SELECT FROM pg_locks WHERE pid = session.pid AND mode IN ('RowShareLock', 'RowExclusiveLock'))""")
_EPOCHS_OF = select(LEASES.c.institution, LEASES.c.epoch).order_by(LEASES.c.institution)


class ServerLeases(Leases):
    """The leases that one journal object holds of a journal on a server; a thread renews them while there are any.

    Args:
        engine: The journal's database.
        server: Where it is.
    """

    def __init__(self, engine: Engine, server: Server) -> None:
        super().__init__()
        self._engine = engine
        self._server = server
        self._heard: dict[str, float] = {}
        self._unreturned: dict[str, tuple[Lease, tuple[float, ...]]] = {}

    def is_held(self, institution: str) -> bool:
        """Whether some process has an institution's lease now, this one included."""
        query = select(LEASES.c.institution).where(LEASES.c.institution == institution, is_alive())
        with translated(self._server), self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    @contextmanager
    def loading(self, institution: str, patience_seconds: float = LOADING_PATIENCE_SECONDS) -> Iterator[None]:
        """Have the turn to load a list; see ``Leases.loading``. The lock ends with its session."""
        wanted = text("SELECT pg_try_advisory_xact_lock(hashtext('almascan loading'), hashtext(:institution))")
        ended = time.monotonic() + patience_seconds
        with translated(self._server):
            connection = self._engine.connect()
        with connection:
            with translated(self._server):
                # It has nothing else locked, and waits for as long as a list takes to read.
                connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            while True:
                with translated(self._server):
                    has_turn = connection.execute(wanted, {"institution": institution}).scalar()
                if has_turn:
                    break
                if time.monotonic() > ended:
                    raise LeaseError(say_loading(institution, patience_seconds))
                time.sleep(_LOADING_POLL_SECONDS)
            try:
                yield
            finally:
                with suppress(Exception):  # where the session is lost, so is the lock
                    connection.rollback()

    def is_sure(self, institution: str) -> bool:
        """Whether a lease that is held here cannot be another process's by now, by this machine's own clock."""
        heard = self._heard.get(institution)
        return heard is not None and time.monotonic() - heard < SURE_SECONDS

    def end_silent(self) -> None:
        """End the sessions of processes that stand still or are cut off with records locked, in the middle of a batch."""
        with translated(self._server), writing(self._engine).begin() as connection:
            connection.execute(_END_SILENT, {"seconds": IDLE_SECONDS})

    def find_fenced(self, connection: Connection, institutions: Collection[str]) -> frozenset[str]:
        """Find the institutions whose lease this journal object does not hold, or holds no more.

        Args:
            connection: In the transaction that is to be fenced; until it ends nobody takes one of the leases.
            institutions: Whose.
        """
        query = _EPOCHS_OF.where(LEASES.c.institution.in_(institutions)).with_for_update(read=True)
        epochs = dict(map(tuple, connection.execute(query)))
        return frozenset(each for each in institutions if epochs.get(each) is None or epochs[each] != self.epoch(each))

    def _take(self, institution: str, holder: str, at: float) -> Lease:
        self._return()
        try:
            return self._take_record(institution, holder, at)
        except _LockedError:
            self.end_silent()
        return self._take_record(institution, holder, at)

    def _take_record(self, institution: str, holder: str, at: float) -> Lease:
        here = LEASES.c.institution == institution
        asked = time.monotonic()
        with _brief(institution), translated(self._server), writing(self._engine).begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCKED_SECONDS}s'"))
            self._make_record(connection, institution)
            now = server_clock()
            columns = (
                LEASES.c.epoch,
                LEASES.c.holder,
                LEASES.c.left_at,
                LEASES.c.departures,
                (now - LEASES.c.left_at).label("left_seconds"),
                is_alive().label("is_alive"),
            )
            before = connection.execute(select(*columns).where(here).with_for_update()).one()
            if before.is_alive:
                raise LeaseError(say_taken(institution, before.holder))
            taken = Stamp(at, time.monotonic())
            values = {"epoch": before.epoch + 1, "holder": holder, "taken_at": at, "heard_at": now, "left_at": None}
            connection.execute(update(LEASES).where(here).values(**values))
            runs.pause_interrupted(connection, institution)
        self._heard[institution] = asked
        self._begin_to_renew()
        return Lease(institution, before.epoch + 1, taken, before.left_at is None, _departures(before))

    def _make_record(self, connection: Connection, institution: str) -> None:
        """Make an institution's record, as one that was left in order, unless there is one."""
        first = connection.execute(select(MARKS.c.first_epoch)).scalar() or 0
        values = {"institution": institution, "epoch": first, "holder": "", "taken_at": 0.0, "left_at": 0.0}
        insert_unless_there(connection, LEASES, **values)

    def _give_back(self, lease: Lease, departures: tuple[float, ...]) -> None:
        self._unreturned[lease.institution] = (lease, departures)
        with suppress(JournalError):  # tried again while this process lives; else its next holder is the more careful
            self._return()

    def _return(self) -> None:
        """Give back the leases of which the server does not know yet that they were left in order."""
        for institution, left in list(self._unreturned.items()):
            lease, departures = left
            here = (LEASES.c.institution == institution, LEASES.c.epoch == lease.epoch)
            values: dict[str, Any] = {"left_at": server_clock(), "departures": msgspec.json.encode(departures).decode()}
            with translated(self._server), writing(self._engine).begin() as connection:
                connection.execute(update(LEASES).where(*here).values(**values))
            if self._unreturned.get(institution) is left:
                self._unreturned.pop(institution, None)

    def _begin_to_renew(self) -> None:
        with self._beginning:
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="journal leases", daemon=True)
                self._renewing.start()

    def _renew(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with suppress(JournalError):  # tried again at the next beat; the fence holds meanwhile
                self._beat()
                self._return()

    def _beat(self) -> None:
        held = {institution: held.lease.epoch for institution, held in list(self._held.items())}
        if not held:
            return
        asked = time.monotonic()
        with translated(self._server), writing(self._engine).begin() as connection:
            # In one order, so that nobody who locks several waits for us while we wait for it.
            query = _EPOCHS_OF.where(LEASES.c.institution.in_(held)).with_for_update(key_share=True)
            ours = [each for each, epoch in connection.execute(query) if held[each] == epoch]
            connection.execute(update(LEASES).where(LEASES.c.institution.in_(ours)).values(heard_at=server_clock()))
        self._heard |= dict.fromkeys(ours, asked)


class _LockedError(LeaseError):
    """A lease's record was locked for longer than it is waited for."""


@contextmanager
def _brief(institution: str) -> Iterator[None]:
    """Say that a lease is taken where its record stays locked."""
    try:
        yield
    except JournalError as error:
        if not is_locked(error.__cause__):
            raise
        raise _LockedError(say_taken(institution, "Another process")) from error


def is_alive() -> ColumnElement[bool]:
    """Say that a lease's holder has not left it and was heard of lately."""
    heard = func.coalesce(LEASES.c.heard_at, 0.0) > server_clock() - STALE_SECONDS
    return LEASES.c.left_at.is_(None) & heard


def is_free() -> ColumnElement[bool]:
    """Say that a lease's holder has left it, or was not heard of for long."""
    stale = func.coalesce(LEASES.c.heard_at, 0.0) <= server_clock() - STALE_SECONDS
    return or_(LEASES.c.left_at.is_not(None), stale)


def _departures(before: Any) -> tuple[float, ...]:
    """Give how long ago the latest requests of whoever left in order left."""
    if before.left_at is None or not before.departures:
        return ()
    ages = msgspec.json.decode(before.departures, type=tuple[float, ...])
    return tuple(age + before.left_seconds for age in ages)
