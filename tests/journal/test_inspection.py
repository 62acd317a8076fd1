"""What is said of a journal: nothing of one that is whole, and of one that is not what is wrong and what to do."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.journal.processes import leave_unmerged
from tests.journal.samples import a_run, add, intent, new

from almascan.errors import JournalError
from almascan.journal import Change, Journal
from almascan.journal.database import VERSION
from almascan.journal.inspection import Inspection, inspect_journal
from almascan.model import Desk, Event, EventKind, Item, Outcome, RowState


@pytest.fixture
def journal(file_journal: Journal) -> Journal:
    return file_journal


ITEM = Item("99", "22", "23", barcode="a", base_status="0", process_type="TRANSIT", title="A title")
ROWS = 60


@pytest.fixture
def path(journal: Journal) -> Path:
    """A journal that nobody has open, with a row in each state."""
    run = add(journal, [new(number, f"b{number}") for number in range(1, ROWS + 1)] + [new(99, "b1")])
    one, two, three, four, five, *_ = journal.rows(run.id)
    sent = intent(one, "231")
    lost = intent(two, "232")
    journal.save([sent, lost, intent(three, "233")])
    done = sent.row.to(RowState.DONE, outcome=Outcome.IN_PLACE, before=ITEM, after=ITEM, finished_at=200.0)
    failed = four.to(RowState.FAILED, outcome=Outcome.NOT_FOUND, finished_at=200.0)
    located = five.to(RowState.LOCATED, pid="235", desk=Desk("MAIN", "DESK"))
    story = (Event(200.0, EventKind.ANSWERED, "in place"),)
    journal.save(
        [
            Change(done, RowState.SENDING, story),
            Change(lost.row.to(RowState.UNCLEAR), RowState.SENDING),
            Change(failed, RowState.NEW),
            Change(located, RowState.NEW),
        ]
    )
    journal.close()
    return journal.path


def told(inspection: Inspection) -> str:
    return " ".join(f"{remark.sentence} {remark.next_step}" for remark in inspection.problems)


def test_a_whole_journal_has_no_problem_and_its_counts_are_told(path: Path) -> None:
    inspection = inspect_journal(path)
    assert inspection.problems == []
    assert (inspection.version, inspection.runs, inspection.events) == (VERSION, 1, 4)
    assert inspection.rows == {
        "done": 1,
        "failed": 1,
        "located": 1,
        "new": ROWS - 5,
        "sending": 1,
        "skipped": 1,
        "unclear": 1,
    }
    assert inspection.size_bytes == path.stat().st_size


def test_rows_that_wait_for_somebody_are_said_and_are_nothing_wrong(path: Path) -> None:
    notes = [f"{note.sentence} {note.next_step}" for note in inspect_journal(path).notes]
    assert any("being sent when their process ended: 1." in note and "almascan resume 1" in note for note in notes)
    assert any("that are unclear: 1." in note and "almascan retry 1" in note for note in notes)


def test_what_is_being_sent_by_a_process_that_lives_is_not_taken_for_left_behind(path: Path) -> None:
    with closing(Journal(path)) as working, working.lease("01A"):
        (note,) = inspect_journal(path).notes
    assert "A process works on 01A now" in note.sentence


def test_a_run_whose_loading_never_ended_is_said(path: Path) -> None:
    with closing(Journal(path)) as journal:
        journal.add_run(a_run(), [new(1, "x")])
    inspection = inspect_journal(path)
    assert inspection.problems == []
    assert "Run 2 is not whole" in inspection.notes[0].sentence
    with closing(Journal(path)) as journal, journal._leases.loading("01A"):
        (note, *_) = inspect_journal(path).notes
    assert note.sentence == "A list is being read for 01A now."


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE rows SET state = 'donf' WHERE row = 1", "Invalid enum value 'donf'"),
        ("UPDATE rows SET outcome = 'in-plbce' WHERE row = 1", "Invalid enum value 'in-plbce'"),
        ("UPDATE rows SET outcome = NULL WHERE row = 1", "done without an outcome"),
        ("UPDATE rows SET outcome = 'not-found' WHERE row = 1", "done with the outcome not-found"),
        ("UPDATE rows SET outcome = 'in-place' WHERE row = 7", "new with the outcome in-place"),
        ("UPDATE rows SET sends = 0 WHERE row = 3", "nothing says what was sent"),
        ('UPDATE rows SET "before" = \'{"mms\' WHERE row = 1', "Row 1 of run 1"),
        ("UPDATE rows SET given = x'00ff' WHERE row = 7", "Row 7 of run 1"),
        ("UPDATE rows SET state = 'donf'", f"{ROWS + 1} rows cannot be as they are"),
        ("DELETE FROM rows WHERE row = 7", f"Run 1 has {ROWS} rows, and says that it has {ROWS + 1}"),
        ("DELETE FROM rows WHERE row = 7", "1 names belong to no row"),
        ("UPDATE runs SET is_open = 7", "Run 1 cannot be understood"),
        ("INSERT INTO actions VALUES (1, 1.0, x'00ff', 'began', 1, '')", "Action 1 cannot be understood"),
        ("DELETE FROM rows WHERE row = 1", "2 moments of stories belong to no row"),
        ('UPDATE runs SET "order" = \'{"desk":\' WHERE id = 1', "Run 1 cannot be understood"),
        ("UPDATE runs SET state = 'paosed'", "Invalid enum value 'paosed'"),
        ("DELETE FROM runs", f"{ROWS + 1} rows belong to no run"),
        ("UPDATE events SET kind = 'sendin' WHERE id = 1", "a kind that nobody knows: 'sendin'"),
        ("DELETE FROM alembic_version", "Its version is lost"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer almascan"),
    ],
)
def test_what_does_not_add_up_is_said_with_what_to_do(path: Path, damage: str, says: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    said = told(inspect_journal(path))
    assert says in said
    assert "almascan journal export" in said or "Update almascan" in said


def test_a_row_that_a_newer_version_knows_is_not_taken_for_damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE rows SET state = 'resting'")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert len(inspect_journal(path).problems) == 1


def test_an_index_that_does_not_match_its_table_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'sends > 0', 'sends > 9') WHERE name = 'rows_sent'"
        )
    assert "rows_sent" in told(inspect_journal(path))


def test_a_journal_that_is_cut_off_anywhere_is_said_to_be_damaged(path: Path) -> None:
    whole = path.read_bytes()
    for part in range(1, 20):
        path.write_bytes(whole[: len(whole) * part // 20])
        try:
            assert "Restore" in told(inspect_journal(path)).replace("restore", "Restore")
        except JournalError as error:
            assert "journal" in str(error)  # noqa: PT017 - either may come of it
        assert path.read_bytes() == whole[: len(whole) * part // 20]


def test_flipped_bits_never_break_an_inspection_and_those_of_a_row_s_state_are_found(path: Path) -> None:
    whole, chance = path.read_bytes(), random.Random(3)
    for _ in range(60):
        flipped = bytearray(whole)
        for _ in range(3):
            flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            inspect_journal(path)
        except JournalError as error:
            assert "journal" in str(error)  # noqa: PT017 - either may come of it
        assert path.read_bytes() == flipped
    where = whole.index(b"b7b7") - len("new")
    path.write_bytes(whole[:where] + b"nex" + whole[where + 3 :])
    assert "Invalid enum value 'nex'" in told(inspect_journal(path))


def test_damage_among_the_latest_records_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    leave_unmerged(path)
    latest = tmp_path / "journal.db-wal"
    whole = inspect_journal(path)
    assert whole.problems == []
    assert whole.latest_bytes == latest.stat().st_size
    records = latest.read_bytes()
    for place in (20, len(records) // 2):
        latest.write_bytes(records[:place] + bytes([records[place] ^ 1]) + records[place + 1 :])
        try:
            assert "journal.db-wal is damaged" in told(inspect_journal(path))
        except JournalError as error:
            assert "no whole journal" in str(error)  # noqa: PT017 - without any of them it has no tables yet


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    with pytest.raises(JournalError, match="no whole journal"):
        inspect_journal(other)
