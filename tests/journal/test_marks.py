"""A journal's mark: it counts on, is another's in any other database, and what is lifted is above all that was before."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.journal.samples import add, intent, new
from tests.journal.test_server import silence
from tests.postgres import Cluster

from almascan.errors import LeaseError
from almascan.journal import Fenced, Journal
from almascan.journal.schema import MARKS
from almascan.model import RowState


@pytest.fixture
def other(server: str) -> Iterator[Journal]:
    """The same journal, as another process has it."""
    with closing(Journal(server)) as opened:
        yield opened


def copy(cluster: Cluster, server: str) -> str:
    """Copy a database that nobody uses; give the copy's address."""
    name = server.rpartition("/")[2]
    cluster.terminate_sessions(name)
    return cluster.address(cluster.make_database(name))


def test_a_mark_counts_on_and_is_the_same_for_all_who_have_the_journal_open(journal: Journal) -> None:
    first = journal.mark()
    assert (first.beats, first.is_at_home) == (0, True)
    assert journal.beat() == first._replace(beats=1)
    with closing(Journal(journal.place.address if journal.is_shared else journal.path)) as other:  # type: ignore[union-attr]
        assert other.beat() == first._replace(beats=2)
    assert journal.mark() == first._replace(beats=2)


@pytest.mark.system
def test_a_copy_in_another_database_has_the_same_name_and_is_not_at_home(cluster: Cluster, server: str) -> None:
    with closing(Journal(server)):
        pass  # no worker was ever there
    address = copy(cluster, server)
    with closing(Journal(server)) as original, closing(Journal(address)) as restored:
        mark = original.mark()
        assert restored.mark() == mark._replace(is_at_home=False)
        assert restored.beat() == restored.mark(), "a copy does not count"
        restored.fence_all()
        assert not restored.mark().is_at_home, "it is taken only when all is done"
        restored.welcome(more_seconds=0)
        assert restored.mark().is_at_home
        assert restored.mark().beats > original.mark().beats


@pytest.mark.system
def test_one_back_up_that_is_restored_twice_never_gives_out_a_number_again(cluster: Cluster, server: str) -> None:
    given_out: set[int] = set()
    beats = 0
    with closing(Journal(server)) as original, original.lease("01A") as lease:
        given_out.add(lease.epoch)
    for _ in range(2):
        with closing(Journal(copy(cluster, server))) as restored:
            restored.fence_all()
            restored.welcome(more_seconds=0)
            for institution in ("01A", "01UNKNOWN"):
                with restored.lease(institution) as lease:
                    assert lease.epoch > max(given_out)
            given_out.add(lease.epoch)
            assert restored.beat().beats > beats
            beats = restored.mark().beats


@pytest.mark.system
def test_epochs_are_lifted_even_where_the_clock_is_behind(server_journal: Journal) -> None:
    ahead = int((time.time() + 3600) * 1e6)
    with server_journal._writes() as connection:
        connection.execute(update(MARKS).values(beats=ahead, first_epoch=ahead))
    server_journal.welcome(more_seconds=0)
    assert server_journal.mark().beats > ahead
    with server_journal.lease("01A") as lease:
        assert lease.epoch > ahead + 1


@pytest.mark.system
def test_who_had_a_lease_is_fenced_and_the_next_holder_is_careful(server_journal: Journal, other: Journal) -> None:
    run = add(server_journal, [new(1, "a")])
    with server_journal.lease("01B"):
        pass  # left in order, as far as the copy knows
    with server_journal.lease("01A"):
        with pytest.raises(LeaseError, match="is working for 01A now"):
            other.fence_all()
        assert server_journal.save([]) == []
        silence(other)
        other.fence_all()
        assert server_journal.save([intent(server_journal.row(run.id, 1), "23")]) == [Fenced("01A")]
    for institution in ("01A", "01B"):
        with other.lease(institution) as lease:
            assert lease.is_seized


@pytest.mark.system
def test_a_scan_that_a_copy_knows_as_unclear_counts_as_under_way_again(server_journal: Journal) -> None:
    run = add(server_journal, [new(1, "a")])
    with server_journal.lease("01A"):
        server_journal.save([intent(server_journal.row(run.id, 1), "23")])
        server_journal.recover(run.id, more_seconds=-1000.0)
    assert server_journal.lost_seconds(run.id)[1] > 999
    server_journal.welcome(more_seconds=100.0)
    assert -100 <= server_journal.lost_seconds(run.id)[1] < -90
    assert server_journal.row(run.id, 1).state is RowState.UNCLEAR


def test_a_journal_in_a_file_is_lifted_too(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.db", wall_clock=lambda: 50.0)) as journal:
        with journal.lease("01A"):
            pass
        journal.fence_all()
        journal.welcome(more_seconds=0)
        assert journal.mark().beats > 2**32
        with journal.lease("01A") as lease:
            assert lease.epoch > 2**32
