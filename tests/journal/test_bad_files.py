"""A journal's file on a bad day: each is a sentence that says what to do, and nothing that was recorded is lost."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.journal.conftest import mounts
from tests.journal.samples import a_run, add, intent, new

from almascan.errors import JournalError
from almascan.journal import Journal


@pytest.fixture
def journal(file_journal: Journal) -> Journal:
    return file_journal


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_a_journal_is_readable_by_its_owner_alone(journal: Journal) -> None:
    add(journal, [new(1, "a")])
    files = [path for path in journal.path.parent.iterdir() if path.suffix != ".lock"]
    assert len(files) == 3, "the journal, and what SQLite keeps beside it while it is open"
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_what_is_no_journal_is_a_sentence(tmp_path: Path) -> None:
    text, other, newer = tmp_path / "text.db", tmp_path / "other.db", tmp_path / "newer.db"
    text.write_text("no database at all\n" * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    connection.close()
    Journal(newer).close()
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for path, said in (
        (text, "not a database"),
        (other, "no journal of almascan"),
        (newer, "newer almascan"),
        (tmp_path, "unable to open"),
        (text / "journal.db", "cannot be made"),
    ):
        with pytest.raises(JournalError, match=said):
            Journal(path)
    with pytest.raises(JournalError, match="no journal at"):
        Journal(tmp_path / "absent.db", create=False)
    assert not (tmp_path / "absent.db").exists()


@pytest.mark.parametrize("folder", ["100%41", "why?mode=memory", "a#b", "\u00dcbersicht \u2192"])
def test_a_journal_lies_where_it_was_named_whatever_its_folder_is_called(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "journal.db"
    journal = Journal(path)
    add(journal, [new(1, "a")])
    journal.close()
    assert list(tmp_path.iterdir()) == [path.parent]
    assert path.stat().st_size > 0


def test_a_list_whose_name_is_no_text_is_recorded_with_a_name_that_is(journal: Journal) -> None:
    run_id = journal.add_run(a_run(list_name=os.fsdecode(b"caf\xe9.txt")), [new(1, "a")])
    assert journal.run(run_id).list_name == "caf?.txt"


def _count(path: Path) -> None:
    with closing(Journal(path)) as journal:
        journal.counts(1)


def test_a_damaged_journal_is_a_sentence(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    add(journal, [new(number, str(number)) for number in range(1, 2000)])
    journal.close()
    with (tmp_path / "journal.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    with pytest.raises(JournalError, match=r"malformed.*Restore it"):
        _count(tmp_path / "journal.db")


@pytest.mark.parametrize("size_bytes", [0, 1, 100, 511])
def test_a_journal_of_which_next_to_nothing_is_left_is_not_begun_anew(tmp_path: Path, size_bytes: int) -> None:
    path, latest = tmp_path / "journal.db", tmp_path / "journal.db-wal"
    path.write_bytes(b"SQLite format 3\0".ljust(size_bytes, b"\1")[:size_bytes])
    latest.write_bytes(b"records" * 1000)
    with pytest.raises(JournalError, match="is cut off"):
        Journal(path)
    assert (path.stat().st_size, latest.stat().st_size) == (size_bytes, 7000)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rows SET state = 'donf'",
        "UPDATE rows SET outcome = 'in-plbce'",
        "UPDATE rows SET desk = '{\"library'",
        "UPDATE rows SET desk = 5",
        "UPDATE rows SET note = CAST(x'ff' AS TEXT)",
    ],
)
def test_a_row_that_nobody_can_understand_is_a_sentence_that_names_the_check(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "journal.db"
    with closing(Journal(path)) as journal:
        add(journal, [new(1, "a")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    with closing(Journal(path)) as journal, pytest.raises(JournalError, match="almascan journal check"):
        list(journal.rows(1))


def test_a_full_disk_is_a_sentence_and_loses_nothing(disk: Path) -> None:
    journal = Journal(disk / "journal.db")
    run = add(journal, [new(number, str(number)) for number in range(1, 50)])
    with pytest.raises(JournalError, match="Free some space"):
        add(journal, [new(number, "x" * 200 + str(number)) for number in range(1, 50_000)])
    assert [row.barcode for row in journal.rows(run.id)] == [str(number) for number in range(1, 50)]
    journal.close()


def _save_until_full(journal: Journal, run_id: int, saved: list[int]) -> None:
    for row in journal.rows(run_id):
        journal.save([intent(row, f"{row.row}" * 100)])
        saved.append(row.row)


def test_a_disk_that_fills_up_during_the_work_keeps_every_row_that_was_saved(disk: Path) -> None:
    journal = Journal(disk / "journal.db")
    run = add(journal, [new(number, str(number)) for number in range(1, 1500)])
    saved: list[int] = []
    with pytest.raises(JournalError, match="Free some space"):
        _save_until_full(journal, run.id, saved)
    journal.close()
    again = Journal(disk / "journal.db")
    assert [row.row for row in again.rows(run.id) if row.sends] == saved
    assert saved
    again.close()


def test_a_disk_that_is_read_only_is_a_sentence(disk: Path) -> None:
    Journal(disk / "journal.db").close()
    assert mounts("-o", "remount,ro", str(disk))
    with pytest.raises(JournalError, match="its folder are writable, or name another with --journal"):
        Journal(disk / "journal.db")
    with pytest.raises(JournalError, match="Name a writable place with --journal"):
        Journal(disk / "another.db")
