"""A journal on a server: its leases are lost by silence, fence what was taken over, and the server must keep its word."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest
from sqlalchemy import text, update
from tests.journal.processes import started
from tests.journal.samples import add, intent, new
from tests.postgres import Cluster, database, standing_still
from tests.waiting import wait_until

from almascan.errors import JournalError, LeaseError, UsageError
from almascan.journal import Fenced, Journal
from almascan.journal.place import Server, place_of
from almascan.journal.schema import LEASES
from almascan.journal.server_lease import STALE_SECONDS
from almascan.model import Outcome, RowState, RunState

pytestmark = pytest.mark.system

_HOLD = """
import sys, time
from almascan.journal import Journal
with Journal(sys.argv[1]).lease("01A"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(server: str) -> Iterator[Journal]:
    """The same journal, as another process has it."""
    with closing(Journal(server)) as opened:
        yield opened


def silence(journal: Journal, institution: str = "01A", seconds: float = STALE_SECONDS) -> None:
    """Have a lease's holder not heard of for so long."""
    with journal._writes() as connection:
        here = LEASES.c.institution == institution
        connection.execute(update(LEASES).where(here).values(heard_at=LEASES.c.heard_at - seconds))


def test_a_lease_is_refused_while_its_holder_is_heard_of_and_seized_when_it_is_not(server_journal: Journal) -> None:
    with started(_HOLD, server_journal) as holder:
        holder.readline()
        with pytest.raises(LeaseError, match=f"process {holder.pid}"), server_journal.lease("01A"):
            raise AssertionError
        with server_journal.lease("01B") as left:
            assert not left.is_seized
        holder.kill()
    assert server_journal.is_leased("01A")
    silence(server_journal)
    assert not server_journal.is_leased("01A")
    with server_journal.lease("01A") as seized:
        assert (seized.epoch, seized.is_seized) == (2, True)
    with server_journal.lease("01A") as again:
        assert (again.epoch, again.is_seized) == (3, False)


def test_a_holder_that_lives_is_heard_of(server_journal: Journal) -> None:
    with server_journal.lease("01A"):
        silence(server_journal)
        server_journal._leases._beat()  # type: ignore[attr-defined]
        assert server_journal.is_leased("01A")


def test_who_was_silent_too_long_records_no_intent_and_is_told_so(server_journal: Journal, other: Journal) -> None:
    run = add(server_journal, [new(1, "a"), new(2, "b")])
    first, second = server_journal.rows(run.id)
    with server_journal.lease("01A"):
        assert server_journal.save([intent(first, "23")]) == [None]
        silence(server_journal)
        with other.lease("01A") as seized:
            assert server_journal.save([intent(second, "24")]) == [Fenced("01A")]
            assert server_journal.row(run.id, 2) == second
            assert seized.is_seized
            assert other.save([intent(second, "24")]) == [None]
    # What the one that was silent gives back is not what the other has.
    with other.lease("01A"):
        assert server_journal.save([intent(second, "24")]) == [Fenced("01A")]


def test_a_lease_that_was_seized_is_not_renewed_by_who_had_it(server_journal: Journal, other: Journal) -> None:
    with server_journal.lease("01A"):
        silence(server_journal)
        with other.lease("01A"):
            silence(other)
            server_journal._leases._beat()  # type: ignore[attr-defined]
            assert not other.is_leased("01A")


def test_the_next_holder_learns_how_long_ago_the_latest_requests_left(server_journal: Journal, other: Journal) -> None:
    with server_journal.lease("01A"):
        server_journal.tell_next("01A", (0.5, 0.25))
    with other.lease("01A") as lease:
        assert len(lease.departures) == 2
        assert 0.5 <= lease.departures[0] < 5
        assert lease.departures[0] - lease.departures[1] == pytest.approx(0.25)
    with server_journal.lease("01A") as untold:
        assert untold.departures == ()


def test_a_lease_that_is_left_while_the_server_is_away_is_free_when_it_is_back(
    server_journal: Journal, other: Journal, cluster: Cluster
) -> None:
    with server_journal.lease("01A"):
        cluster.stop("immediate")
    cluster.start()
    assert other.is_leased("01A"), "nobody has told the server"
    with server_journal.lease("01B"), other.lease("01A") as lease:
        assert not lease.is_seized


def test_since_when_a_scan_is_unclear_is_told_by_the_server_s_clock(server_journal: Journal) -> None:
    run = add(server_journal, [new(1, "a"), new(2, "b")])
    with server_journal.lease("01A"):
        claims = [intent(row, f"23{row.row}") for row in server_journal.rows(run.id)]
        server_journal.save(claims)
        assert server_journal.recover(run.id, more_seconds=100.0) == 2
        lost = server_journal.lost_seconds(run.id)
        assert lost.keys() == {1, 2}
        assert -100 <= lost[1] < -90
        row = server_journal.row(run.id, 1)
        # Left to a person, it is not waited for any more.
        server_journal.save([claims[0]._replace(row=row, was=RowState.UNCLEAR, claim=None)])
        assert server_journal.lost_seconds(run.id).keys() == {2}


def test_runs_of_the_queue_come_due_and_come_back_when_their_worker_is_silent(server_journal: Journal) -> None:
    run, later, paused = (add(server_journal, [new(1, name)]) for name in "abc")
    server_journal.queue_run(run.id)
    server_journal.queue_run(later.id, after_seconds=60)
    server_journal.queue_run(paused.id)
    server_journal.change_run(paused.id, state=RunState.PAUSED)
    server_journal.queue_run(paused.id, from_state=RunState.QUEUED)
    with server_journal.lease("01A"):
        server_journal.put_back(paused)
    assert [due.run for due in server_journal.due()] == [run.id]
    assert [due.run for due in server_journal.due(["01a"])] == [run.id]
    assert server_journal.due(["01B"]) == server_journal.due([]) == []
    with server_journal.lease("01A"):
        server_journal.begin_run(run.id, in_queue=True)
        assert server_journal.due() == []
        assert server_journal.requeue_lost() == 0
        silence(server_journal)
        assert server_journal.requeue_lost() == 1
    assert [due.run for due in server_journal.due()] == [run.id]


def test_a_process_that_stands_still_in_a_transaction_keeps_nobody_out(server_journal: Journal, other: Journal) -> None:
    run = add(server_journal, [new(1, "a")])
    with server_journal.lease("01A"), suppress(JournalError), server_journal._writes() as connection:
        assert server_journal._leases.find_fenced(connection, ["01A"]) == frozenset()
        # From here on it does nothing more, and has the lease's record locked.
        silence_at_once = "UPDATE leases SET heard_at = 0"
        with other._writes() as elsewhere:
            began = time.monotonic()
            elsewhere.exec_driver_sql(silence_at_once)
        with other.lease("01A") as lease:
            assert lease.is_seized
        assert 5 < time.monotonic() - began < 12
    assert server_journal.run(run.id).state is RunState.READY


@pytest.fixture
def dead(server_journal: Journal) -> None:
    """Somebody died with the lease of 01A, and was not heard of for long."""
    with started(_HOLD, server_journal) as holder:
        holder.readline()
        holder.kill()
    silence(server_journal)


_LOCKED = "SELECT FROM leases WHERE institution = '01A' FOR SHARE"


@pytest.mark.usefixtures("dead")
def test_a_process_that_stands_still_in_the_middle_of_a_batch_keeps_nobody_out(other: Journal, server: str) -> None:
    with standing_still(server, _LOCKED):
        with pytest.raises(LeaseError, match="Another process"), other.lease("01A"):
            pytest.fail("its record is locked")
        wait_until(lambda: _is_seized(other, "01A"), "the lease is seized")


@pytest.mark.usefixtures("dead")
def test_who_waits_for_one_institution_s_record_keeps_nobody_from_another(other: Journal, server: str) -> None:
    with standing_still(server, _LOCKED), ThreadPoolExecutor() as threads:
        waiting = threads.submit(_is_seized, other, "01A")
        with other.lease("01B"):
            other.tell_next("01B", (1.0,))
        assert not waiting.done()


def _is_seized(journal: Journal, institution: str) -> bool:
    with suppress(LeaseError), journal.lease(institution) as lease:
        return lease.is_seized
    return False


def test_who_lost_its_lease_puts_no_run_back_and_changes_none(server_journal: Journal, other: Journal) -> None:
    run = add(server_journal, [new(1, "a")])
    server_journal.queue_run(run.id)
    with server_journal.lease("01A"):
        server_journal.begin_run(run.id, in_queue=True)
        silence(server_journal)
        with other.lease("01A"):
            other.begin_run(run.id, in_queue=True)
            server_journal.put_back(run, reason="mine")
            assert server_journal.change_run(run.id, held_for="01A", state=RunState.PAUSED).state is RunState.RUNNING
            other.put_back(run, reason="ours", after_seconds=60)
            assert (other.run(run.id).state, other.run(run.id).reason) == (RunState.QUEUED, "ours")


def test_a_run_that_was_paused_before_its_turn_began_is_not_begun(server_journal: Journal) -> None:
    run = add(server_journal, [new(1, "a")])
    server_journal.queue_run(run.id)
    server_journal.change_run(run.id, state=RunState.PAUSED)
    with server_journal.lease("01A"), pytest.raises(UsageError, match="waits for no turn any more: it was paused"):
        server_journal.begin_run(run.id, in_queue=True)
    assert server_journal.run(run.id).state is RunState.PAUSED


def test_sessions_that_are_ended_are_made_anew_and_nothing_is_lost(
    server_journal: Journal, cluster: Cluster, server: str
) -> None:
    run = add(server_journal, [new(number, str(number)) for number in range(1, 41)])
    with server_journal.lease("01A"):
        for row in list(server_journal.rows(run.id)):
            if row.row % 10 == 0:
                cluster.terminate_sessions(server.rpartition("/")[2])
            assert server_journal.save([intent(row, f"23{row.row}")]) == [None]
    assert server_journal.counts(run.id) == {Outcome.UNCLEAR: 40}


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_a_server_that_loses_what_it_confirmed_is_refused(setting: str) -> None:
    with Cluster(f"{setting}=off") as careless, database(careless) as address:
        with pytest.raises(JournalError, match=f"has {setting} off"):
            Journal(address)
        assert careless.execute(
            "SELECT count(*) FROM pg_tables WHERE tablename = 'runs'", address.rpartition("/")[2]
        ) == [(0,)]


def test_what_cannot_be_opened_is_a_sentence_without_the_password(cluster: Cluster, server: str) -> None:
    with pytest.raises(JournalError, match="does not exist") as absent:
        Journal(f"postgresql://almascan:hush@127.0.0.1:{cluster.port}/absent")
    assert "hush" not in f"{absent.value}{absent.value.__cause__}"
    with pytest.raises(JournalError, match="See that the server runs"):
        Journal("postgresql://127.0.0.1:1/journal")
    with pytest.raises(JournalError, match="There is no journal at"):
        Journal(server, create=False)
    for wrong in ("postgresql://host", "postgresql://host:port/journal"):
        with pytest.raises(UsageError, match="must be as in"):
            Journal(wrong)


def test_a_database_of_others_is_left_alone(cluster: Cluster, server: str) -> None:
    name = server.rpartition("/")[2]
    cluster.execute("CREATE TABLE books (title text)", name)
    with pytest.raises(JournalError, match="no journal of almascan"):
        Journal(server)
    assert cluster.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == [("books",)]


def test_an_address_shows_no_password() -> None:
    place = place_of("postgres://me:hush@db.example.org:5433/journal")
    assert isinstance(place, Server)
    assert (
        f"{place} {place!r}"
        == "postgresql://me@db.example.org:5433/journal Server(postgresql://me@db.example.org:5433/journal)"
    )
    assert place.name == "journal.db.example.org.5433"


def test_a_reader_sees_one_state_and_a_writer_commits_durably(server_journal: Journal) -> None:
    add(server_journal, [new(1, "a")])
    with server_journal._reads() as connection:
        number = text("SELECT count(*) FROM runs")
        assert connection.execute(number).scalar() == 1
        add(server_journal, [new(1, "b")])
        assert connection.execute(number).scalar() == 1
    with server_journal._writes() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
