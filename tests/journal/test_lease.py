"""One process at a time works for an institution."""

import sqlite3
from pathlib import Path

import pytest
from tests.journal.processes import started

from almascan.errors import JournalError, LeaseError
from almascan.journal import Journal

_HOLD = """
import sys, time
from pathlib import Path
from almascan.journal import Journal
with Journal(Path(sys.argv[1])).lease("01A"):
    print("held", flush=True)
    time.sleep(60)
"""
_PEEK = """
import sys
from pathlib import Path
from almascan.journal import Journal
journal = Journal(Path(sys.argv[1]))
print("peeking", flush=True)
while True:
    journal.is_leased("01A")
"""


def test_a_lease_is_refused_with_its_holders_name_and_free_when_the_holder_is_killed(journal: Journal) -> None:
    with journal.lease("01A") as epoch:
        assert epoch == 1
    with started(_HOLD, journal.path) as holder:
        holder.readline()
        with pytest.raises(LeaseError, match=f"process {holder.pid}"), journal.lease("01A"):
            raise AssertionError
        with journal.lease("01B"):
            assert journal.is_leased("01A")
        holder.kill()
    assert not journal.is_leased("01A")
    with journal.lease("01A") as epoch:
        assert epoch == 3


def test_whoever_only_looks_whether_a_lease_is_held_is_in_nobodys_way(journal: Journal) -> None:
    with journal.lease("01A"):
        pass
    with started(_PEEK, journal.path) as looking:
        looking.readline()
        for _ in range(40):
            with journal.lease("01A"):
                pass


def test_looking_whether_a_lease_is_held_leaves_nothing_behind(journal: Journal) -> None:
    before = sorted(journal.path.parent.iterdir())
    assert not journal.is_leased("01A")
    assert sorted(journal.path.parent.iterdir()) == before


def test_a_lease_is_given_back_after_an_error_too(journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError), journal.lease("01A"):
        raise ZeroDivisionError
    assert not journal.is_leased("01A")


def test_a_lease_that_cannot_be_recorded_is_a_sentence_and_not_held(journal: Journal) -> None:
    with sqlite3.connect(journal.path) as connection:
        connection.execute("DROP TABLE leases")
    connection.close()
    with pytest.raises(JournalError, match="cannot be used"), journal.lease("01A"):
        raise AssertionError
    assert not journal.is_leased("01A")


@pytest.mark.parametrize("institution", ["01A/../B", "01A B:C", "\u00d6NB"])
def test_an_institution_of_any_name_has_its_lock_beside_the_journal(journal: Journal, institution: str) -> None:
    with journal.lease(institution):
        assert journal.is_leased(institution)
        locks = [path for path in journal.path.parent.iterdir() if path.suffix == ".lock"]
        assert [path.parent for path in locks] == [Path(journal.path.parent)]
