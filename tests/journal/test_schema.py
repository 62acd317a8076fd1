"""The tables: what the migrations make is what the code thinks there is, and the queries find their indexes."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from tests.journal.samples import add, new

from almascan.journal import Journal
from almascan.journal.database import VERSION
from almascan.journal.schema import METADATA
from almascan.model import Outcome, RowState


@pytest.fixture
def journal(file_journal: Journal) -> Journal:
    return file_journal


def _definitions(path: Path) -> dict[str, set[str]]:
    """Give every table and index, each as the parts of its definition: their order and spacing mean nothing."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {
        name: {re.sub(r"\s+", " ", part).strip(" ()") for part in re.sub(r"[\n\"]", "", sql).split(",")}
        for name, sql in found
        if name != "alembic_version"
    }


def test_a_fresh_schema_equals_the_sum_of_the_migrations(journal: Journal, tmp_path: Path) -> None:
    with journal._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    fresh = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    METADATA.create_all(fresh)
    fresh.dispose()
    # What the comparison above does not see: conditions of indexes, defaults, AUTOINCREMENT.
    assert _definitions(journal.path) == _definitions(tmp_path / "fresh.db")


@pytest.mark.system
def test_a_server_has_the_same_tables(server_journal: Journal) -> None:
    with server_journal._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_migration_is_the_version_that_the_code_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", "almascan.journal:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


_OPEN = """
import sys
from pathlib import Path
from almascan.journal import Journal
sys.stdin.readline()
Journal(Path(sys.argv[1])).runs()
"""


def test_processes_that_make_the_same_journal_at_once_all_get_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPEN, str(tmp_path / "new" / "journal.db")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors


def test_what_is_recorded_is_on_the_disk_and_not_on_its_way_there(journal: Journal) -> None:
    with journal._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def _plans(journal: Journal, table: str = "rows") -> list[str]:
    """Have the journal explain each query that reads a table from now on."""
    explained: list[str] = []

    def explain(statement: str) -> None:
        if f"FROM {table}" in statement and not statement.startswith("EXPLAIN"):
            with sqlite3.connect(journal.path) as connection:
                explained.extend(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
            connection.close()

    with journal._engine.connect() as connection:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        driver.set_trace_callback(explain)
    return explained


def test_a_run_of_a_million_rows_is_gone_on_with_by_its_open_rows_alone(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    explained = _plans(journal)
    assert list(journal.rows_in_state(run.id, RowState.SENDING)) == []
    assert len(list(journal.rows(run.id, only_open=True))) == 2
    assert explained
    assert all("USING INDEX rows_open" in plan or "USING INDEX rows_lost" in plan for plan in explained), explained


def test_a_few_rows_of_a_million_are_found_by_an_index_that_holds_them(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    explained = _plans(journal)
    journal.counts(run.id)
    journal.page_of_rows(run.id, answers=[Outcome.NOT_FOUND, Outcome.UNCLEAR])
    journal.page_of_rows(run.id, states=[RowState.FAILED, RowState.SENDING], before=9)
    journal.example(run.id, [Outcome.ON_HOLD_SHELF])
    assert explained
    reads = [plan for plan in explained if re.match("(SEARCH|SCAN) rows", plan)]
    indexes = r"USING (COVERING )?INDEX (rows_answered |rows_lost |sqlite_autoindex_rows_1 \(run=\? AND row=\?\))"
    assert [plan for plan in reads if not re.search(indexes, plan)] == []


def test_a_barcode_is_looked_up_and_not_searched_for(journal: Journal) -> None:
    add(journal, [new(1, "a")])
    explained = _plans(journal, "names")
    journal.find_rows("a")
    rows = [plan for plan in explained if re.search(r"(SCAN|SEARCH) (rows|names)", plan)]
    assert len(rows) == 4
    indexes = r"(rows_learned|rows_sent|rows_looked) \((barcode|pid)=\?|PRIMARY KEY \(run=\? AND name=\?\)"
    assert [plan for plan in rows if not re.search(indexes, plan)] == []
