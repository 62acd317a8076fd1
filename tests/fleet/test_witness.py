"""What a machine has seen of a journal: an older copy is told, and many who count at once are not taken for one."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.journal.test_marks import copy
from tests.postgres import Cluster

from almascan.errors import JournalError, UsageError
from almascan.fleet.witness import Witness
from almascan.journal import Journal

pytestmark = pytest.mark.system


@pytest.fixture
def journal(server: str) -> Iterator[Journal]:
    with closing(Journal(server)) as opened:
        yield opened


def test_a_copy_on_this_server_is_refused_until_it_is_taken_for_the_journal(
    cluster: Cluster, server: str, tmp_path: Path
) -> None:
    with closing(Journal(server)) as journal:
        Witness(journal, tmp_path).check()
    with closing(Journal(copy(cluster, server))) as restored:
        for folder in (tmp_path, tmp_path / "another machine"):
            with pytest.raises(JournalError, match="almascan journal restored"):
                Witness(restored, folder).check()
        restored.welcome(more_seconds=0)
        Witness(restored, tmp_path).check()
    with closing(Journal(server)) as journal, pytest.raises(JournalError, match="older copy"):
        Witness(journal, tmp_path).check()


def test_what_counts_less_than_it_did_is_refused(journal: Journal, cluster: Cluster, tmp_path: Path) -> None:
    witness = Witness(journal, tmp_path)
    for _ in range(3):
        witness.check()
    name = str(journal.place).rpartition("/")[2]
    cluster.execute("UPDATE marks SET beats = 2", name)
    with pytest.raises(JournalError, match="older copy"):
        witness.check()
    cluster.execute("UPDATE marks SET beats = 3", name)
    witness.check()


def test_workers_of_a_machine_that_count_at_once_are_not_taken_for_an_older_copy(server: str, tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def check_often() -> None:
        with closing(Journal(server)) as journal:
            witness = Witness(journal, tmp_path)
            try:
                for _ in range(60):
                    witness.check()
            except BaseException as error:  # noqa: BLE001 - the test's own thread tells
                errors.append(error)

    threads = [threading.Thread(target=check_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with closing(Journal(server)) as journal:
        assert journal.mark().beats == 240


def test_what_was_seen_and_cannot_be_read_is_a_sentence(journal: Journal, tmp_path: Path) -> None:
    witness = Witness(journal, tmp_path)
    witness.check()
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        witness.check()
