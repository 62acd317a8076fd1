"""One process at a time works for an institution."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.journal.processes import address_of, started
from tests.journal.samples import a_run, add, new

from almascan.errors import JournalError, LeaseError
from almascan.journal import Journal
from almascan.model import RunState

_HOLD = """
import sys, time
from almascan.journal import Journal
with Journal(sys.argv[1]).lease("01A"):
    print("held", flush=True)
    time.sleep(60)
"""
_PEEK = """
import sys
from almascan.journal import Journal
journal = Journal(sys.argv[1])
print("peeking", flush=True)
while True:
    journal.is_leased("01A")
"""


def test_a_lease_is_refused_with_its_holders_name_and_free_when_the_holder_is_killed(file_journal: Journal) -> None:
    with file_journal.lease("01A") as lease:
        assert lease.epoch == 1
    with started(_HOLD, file_journal) as holder:
        holder.readline()
        with pytest.raises(LeaseError, match=f"process {holder.pid}"), file_journal.lease("01A"):
            raise AssertionError
        with file_journal.lease("01B"):
            assert file_journal.is_leased("01A")
        holder.kill()
    assert not file_journal.is_leased("01A")
    with file_journal.lease("01A") as lease:
        assert lease.epoch == 3


def test_whoever_only_looks_whether_a_lease_is_held_is_in_nobodys_way(journal: Journal) -> None:
    with journal.lease("01A"):
        pass
    with started(_PEEK, journal) as looking:
        looking.readline()
        for _ in range(40):
            with journal.lease("01A"):
                pass


def test_looking_whether_a_lease_is_held_leaves_nothing_behind(file_journal: Journal) -> None:
    before = sorted(file_journal.path.parent.iterdir())
    assert not file_journal.is_leased("01A")
    assert sorted(file_journal.path.parent.iterdir()) == before


def test_a_lease_is_given_back_after_an_error_too(journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError), journal.lease("01A"):
        raise ZeroDivisionError
    assert not journal.is_leased("01A")


def test_a_lease_that_cannot_be_recorded_is_a_sentence_and_not_held(file_journal: Journal) -> None:
    with sqlite3.connect(file_journal.path) as connection:
        connection.execute("DROP TABLE leases")
    connection.close()
    with pytest.raises(JournalError, match="cannot be used"), file_journal.lease("01A"):
        raise AssertionError
    assert not file_journal.is_leased("01A")


@pytest.mark.parametrize("institution", ["01A/../B", "01A B:C", "\u00d6NB"])
def test_an_institution_of_any_name_has_its_lock_beside_the_journal(file_journal: Journal, institution: str) -> None:
    with file_journal.lease(institution):
        assert file_journal.is_leased(institution)
        locks = [path for path in file_journal.path.parent.iterdir() if path.suffix == ".lock"]
        assert [path.parent for path in locks] == [Path(file_journal.path.parent)]


def test_all_who_work_with_one_journal_share_the_lease_and_its_epoch(journal: Journal) -> None:
    with closing(Journal(address_of(journal))) as stranger:
        with journal.lease("01A") as first:
            with journal.lease("01A") as second:
                assert first == second
                assert first.epoch == 1
            assert journal.is_leased("01A")
            with pytest.raises(LeaseError, match="is working for 01A now"), stranger.lease("01A"):
                raise AssertionError
        with stranger.lease("01A") as lease:
            assert lease.epoch == 2


def test_the_last_of_many_threads_gives_the_lease_back(journal: Journal) -> None:
    together = threading.Barrier(8)

    def work(_: int) -> int:
        together.wait()
        with journal.lease("01A") as lease:
            together.wait()
            assert journal.is_leased("01A")
        return lease.epoch

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {1}
    with closing(Journal(address_of(journal))) as stranger, stranger.lease("01A") as lease:
        assert lease.epoch == 2


def test_who_shares_a_lease_does_not_pause_a_sibling_that_works(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    with journal.lease("01A"):
        journal.begin_run(run.id)
        with journal.lease("01A"):
            assert journal.run(run.id).state is RunState.RUNNING
        assert journal.run(run.id).state is RunState.RUNNING


_LOAD = """
import sys, time
from almascan.journal import Journal
with Journal(sys.argv[1]).loading("01A"):
    print("loading", flush=True)
    time.sleep(60)
"""


def test_lists_are_loaded_one_after_another_by_processes_and_by_threads(journal: Journal) -> None:
    with started(_LOAD, journal) as loader:
        loader.readline()
        with pytest.raises(LeaseError, match="Another list is still being read for 01A"):
            journal._leases.loading("01A", patience_seconds=0.05).__enter__()
        with journal.loading("01B"):
            loader.kill()
    inside = threading.Lock()

    def load(_: int) -> int:
        with journal.loading("01A"):
            assert inside.acquire(blocking=False)
            run_id = journal.add_run(a_run(), [new(1, "a")])
            journal.seal_run(run_id, list_digest="", list_notes={})
            inside.release()
        return run_id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(load, range(4)))) == 4
    assert len(journal.runs()) == 4


def test_a_list_is_loaded_while_another_process_works_for_its_institution(journal: Journal) -> None:
    with started(_HOLD, journal) as holder:
        holder.readline()
        with journal.loading("01A"):
            run = add(journal, [new(1, "a")])
    assert journal.run(run.id).state is RunState.READY
