"""What is exported of a journal: everything, from whatever is left of it, and not a byte of it is changed."""

import io
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.journal.conftest import mounts
from tests.journal.processes import leave_unmerged
from tests.journal.samples import add, intent, new

from almascan.errors import JournalError, UsageError
from almascan.journal import Journal
from almascan.journal.salvage import Exported, export_journal, export_to_file


@pytest.fixture
def journal(file_journal: Journal) -> Journal:
    return file_journal


PAGE_BYTES = 4096
TABLES_PAGES = 32
"""Before this page, at the latest, it stands what tables there are."""
ROWS = 400
SENT = 40


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal of two runs."""
    path = tmp_path_factory.mktemp("whole") / "journal.db"
    with closing(Journal(path)) as journal:
        for pid in ("23", "24"):
            run = add(journal, [new(number, f"b{number}") for number in range(1, ROWS + 1)])
            for row in list(journal.rows(run.id))[:SENT]:
                journal.save([intent(row, f"{pid}{row.row}")])
            journal.note_action("me", "began", run=run.id, text="a list")
    return path.read_bytes()


def export(path: Path, run: int | None = None) -> tuple[list[dict[str, Any]], Exported]:
    out = io.BytesIO()
    exported = export_journal(path, out, run)
    return [json.loads(line) for line in out.getvalue().splitlines()], exported


def kinds(lines: list[dict[str, Any]]) -> dict[str, int]:
    found = [line["record"] for line in lines]
    return {kind: found.count(kind) for kind in dict.fromkeys(found)}


@pytest.fixture
def damaged(tmp_path: Path, whole: bytes) -> Path:
    path = tmp_path / "journal.db"
    path.write_bytes(whole)
    return path


def test_a_whole_journal_comes_out_whole_and_in_order(damaged: Path) -> None:
    lines, exported = export(damaged)
    assert kinds(lines) == {"journal": 1, "run": 2, "row": 2 * ROWS, "event": 2 * SENT, "action": 2, "end": 1}
    assert exported.is_whole
    assert lines[-1] == {
        "record": "end",
        "read": {"run": 2, "row": 2 * ROWS, "event": 2 * SENT, "action": 2},
        "lost": {"run": 0, "row": 0, "event": 0, "action": 0},
        "dropped": 0,
    }
    run, row, action = lines[1], lines[3], lines[-3]
    assert run["is_open"] is False
    assert {name: action[name] for name in ("who", "action", "run")} == {"who": "me", "action": "began", "run": 1}
    assert run["order"]["desk"] == {"library": "MAIN", "circ_desk": "DESK"}
    assert (row["run"], row["row"], row["given"], row["state"], row["sends"]) == (1, 1, "b1", "sending", 1)


def test_one_run_alone_is_exported_where_it_is_asked_for(damaged: Path) -> None:
    lines, exported = export(damaged, run=2)
    assert kinds(lines) == {"journal": 1, "run": 1, "row": ROWS, "event": SENT, "action": 1, "end": 1}
    assert {line["run"] for line in lines if line["record"] == "row"} == {2}
    assert exported.is_whole
    with pytest.raises(UsageError, match="no run 9"):
        export(damaged, run=9)


def test_what_a_killed_process_left_unmerged_is_exported_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    leave_unmerged(path)
    latest = tmp_path / "journal.db-wal"
    before = (path.read_bytes(), latest.read_bytes())
    assert latest.stat().st_size > path.stat().st_size
    lines, exported = export(path)
    assert kinds(lines) == {"journal": 1, "run": 3, "row": 90, "end": 1}
    assert exported.is_whole
    assert (path.read_bytes(), latest.read_bytes()) == before


def test_a_process_that_works_is_not_held_up_by_an_export(journal: Journal) -> None:
    add(journal, [new(1, "a")])
    lines, _ = export(journal.path)
    add(journal, [new(1, "b")])
    assert kinds(lines) == {"journal": 1, "run": 1, "row": 1, "end": 1}
    assert kinds(export(journal.path)[0]) == {"journal": 1, "run": 2, "row": 2, "end": 1}


@pytest.mark.parametrize("with_latest", [True, False], ids=["unmerged", "merged"])
def test_a_journal_on_a_read_only_disk_is_exported_with_its_latest_records(
    disk: Path, tmp_path: Path, with_latest: bool
) -> None:
    made = tmp_path / "made" / "journal.db"
    leave_unmerged(made)
    if not with_latest:
        Journal(made).close()
    for name in ("journal.db", "journal.db-wal"):
        if (made.parent / name).exists():
            shutil.copy(made.parent / name, disk / name)
    assert (disk / "journal.db-wal").exists() is with_latest
    assert mounts("-o", "remount,ro", str(disk))
    assert kinds(export(disk / "journal.db")[0]) == {"journal": 1, "run": 3, "row": 90, "end": 1}


def test_a_journal_of_a_newer_version_comes_out_with_fields_that_nobody_knows_yet(damaged: Path) -> None:
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("ALTER TABLE rows ADD COLUMN colour TEXT DEFAULT 'green'")
    lines, exported = export(damaged)
    assert lines[0]["version"] == "9999"
    assert lines[3]["colour"] == "green"
    assert exported.is_whole


def lengths(size: int) -> Iterator[int]:
    yield from (1, 99, PAGE_BYTES, PAGE_BYTES + 1, size // 2, size - PAGE_BYTES, size - 1)
    yield from (size * part // 10 for part in range(1, 10))


def test_of_a_journal_that_is_cut_off_what_is_left_is_exported_and_what_is_not_is_counted(
    damaged: Path, whole: bytes
) -> None:
    read = []
    for length in sorted(lengths(len(whole))):
        damaged.write_bytes(whole[:length])
        try:
            lines, exported = export(damaged)
        except JournalError:
            assert length < TABLES_PAGES * PAGE_BYTES, "the tables are named in the first pages"
            continue
        rows = kinds(lines).get("row", 0)
        read.append(rows)
        assert rows + exported.lost["row"] >= 2 * ROWS * (length > len(whole) // 2)
        others = (kinds(lines).get("event"), kinds(lines).get("action"))
        assert exported.is_whole is (rows == 2 * ROWS and others == (2 * SENT, 2))
        assert damaged.read_bytes() == whole[:length]
    assert read == sorted(read)
    assert read[-2] > ROWS


def test_of_a_page_that_is_destroyed_its_own_records_alone_are_missing(damaged: Path, whole: bytes) -> None:
    given = {(run, f"b{number}") for run in (1, 2) for number in range(1, ROWS + 1)}
    unnamed = 0
    for page in range(1, len(whole) // PAGE_BYTES):
        start = page * PAGE_BYTES
        damaged.write_bytes(whole[:start] + b"\xff" * PAGE_BYTES + whole[start + PAGE_BYTES :])
        try:
            lines, exported = export(damaged)
        except JournalError:
            unnamed += 1
            continue
        found = {(line["run"], line["given"]) for line in lines if line["record"] == "row"}
        assert found <= given
        assert len(found) + exported.lost["row"] >= 2 * ROWS
        is_leaf = whole[start] == 0x0D
        if is_leaf:
            assert sum(exported.read.values()) > 2 * ROWS - 150, f"page {page}"
    assert unnamed <= 4


def test_flipped_bits_never_break_an_export(damaged: Path, whole: bytes) -> None:
    chance = random.Random(7)
    exported = []
    for _ in range(60):
        flipped = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            flipped[chance.randrange(100, len(whole))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(flipped)
        try:
            lines, counts = export(damaged)
        except JournalError as error:
            assert "back-up" in str(error) or "no journal" in str(error)  # noqa: PT017 - either may come of it
            continue
        assert lines[-1]["record"] == "end"
        assert damaged.read_bytes() == flipped
        exported.append(counts)
    assert len(exported) > 45
    assert sum(counts.read["row"] > 2 * ROWS - 80 for counts in exported) > 40
    assert not all(counts.is_whole for counts in exported)


def test_records_that_a_damaged_page_hides_are_counted_as_lost(damaged: Path, whole: bytes) -> None:
    with closing(sqlite3.connect(damaged)) as connection, connection:
        (leaf,) = connection.execute("SELECT max(rootpage) FROM sqlite_master WHERE name = 'events'").fetchone()
    cells = (leaf - 1) * PAGE_BYTES + 3
    if whole[cells - 3] == 0x05:  # an interior page: its first child is a leaf
        pointer = (leaf - 1) * PAGE_BYTES + 12
        cell = (leaf - 1) * PAGE_BYTES + int.from_bytes(whole[pointer : pointer + 2], "big")
        cells = (int.from_bytes(whole[cell : cell + 4], "big") - 1) * PAGE_BYTES + 3
    hidden = int.from_bytes(whole[cells : cells + 2], "big") - 1
    damaged.write_bytes(whole[:cells] + (1).to_bytes(2, "big") + whole[cells + 2 :])
    _, exported = export(damaged)
    assert hidden > 10
    assert exported.read["event"] + exported.lost["event"] >= 2 * SENT


def test_text_that_is_none_is_exported_with_its_bytes_replaced(damaged: Path) -> None:
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute(
            "UPDATE rows SET note = CAST(x'41ff42' AS TEXT), \"before\" = '{\"mms' WHERE run = 1 AND row = 1"
        )
    row = next(line for line in export(damaged)[0] if line["record"] == "row")
    assert (row["note"], row["before"]) == ("A\ufffdB", '{"mms')


def test_latest_records_behind_a_damaged_one_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    leave_unmerged(path)
    latest = tmp_path / "journal.db-wal"
    records = latest.read_bytes()
    latest.write_bytes(records[:-3000])
    assert export(path)[1].dropped == 0, "a last record that was never whole is nothing lost"
    middle = len(records) * 9 // 10
    latest.write_bytes(records[:middle] + bytes([records[middle] ^ 1]) + records[middle + 1 :])
    lines, exported = export(path)
    assert 0 < kinds(lines)["row"] < 90
    assert exported.dropped > 0
    assert not exported.is_whole


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    text, other, empty = tmp_path / "text.db", tmp_path / "other.db", tmp_path / "empty.db"
    text.write_text("no database at all\n" * 100)
    empty.touch()
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    for path, said in (
        (text, "not a database"),
        (other, "no journal of almascan"),
        (empty, "is empty"),
        (tmp_path / "absent.db", "no journal at"),
        (tmp_path, "no journal at"),
    ):
        with pytest.raises(JournalError, match=said):
            export(path)
    assert not (tmp_path / "absent.db").exists()


def test_an_export_into_a_file_is_there_whole_or_not_at_all(damaged: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("as before")
    with pytest.raises(UsageError, match="no run 9"):
        export_to_file(damaged, output, run=9)
    assert output.read_text() == "as before"
    assert export_to_file(damaged, output).is_whole
    assert json.loads(output.read_text().splitlines()[-1])["record"] == "end"
    if os.name == "posix":
        assert output.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} <= {"journal.db", "journal.db-shm", "journal.db-wal", "out.jsonl"}


def test_a_journal_is_never_exported_onto_itself(damaged: Path, whole: bytes, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(damaged)
    for output in (damaged, link, tmp_path / "journal.db-wal"):
        with pytest.raises(UsageError, match="into itself"):
            export_to_file(damaged, output)
    assert damaged.read_bytes() == whole
