"""A journal on a server is exported as the same lines as one in a file, and looked through for the same things."""

import io
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.journal.samples import a_run, add, intent, new
from tests.postgres import Cluster

from almascan.errors import JournalError, UsageError
from almascan.journal import Change, Journal
from almascan.journal.database import VERSION
from almascan.journal.inspection import Inspection
from almascan.journal.place import Server
from almascan.journal.salvage import export_journal, write_whole
from almascan.journal.server_look import _looking, export_server, inspect_server
from almascan.model import Event, EventKind, Outcome, RowState

pytestmark = pytest.mark.system

MOST_BYTES = 12_000_000


def fill(journal: Journal) -> None:
    """Record two runs of ten rows: one done, one unclear, one being sent, the others new."""
    for pid in ("23", "24"):
        run = add(journal, [new(number, f"b{number}") for number in range(1, 11)])
        one, two, three, *_ = journal.rows(run.id)
        sent, lost = intent(one, f"{pid}1"), intent(two, f"{pid}2")
        with journal.lease("01A"):
            journal.save([sent, lost, intent(three, f"{pid}3")])
        done = sent.row.to(RowState.DONE, outcome=Outcome.IN_PLACE, finished_at=200.0)
        journal.save([Change(done, RowState.SENDING, (Event(200.0, EventKind.ANSWERED, "in place"),))])
        journal.save([Change(lost.row.to(RowState.UNCLEAR), RowState.SENDING)])
    journal.note_action("me", "began", run=1, text="a list")


def export(server: str, run: int | None = None) -> list[dict[str, Any]]:
    out = io.BytesIO()
    exported = export_server(Server(server), out, run)
    assert exported.is_whole
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def filled(server: str) -> str:
    with closing(Journal(server, wall_clock=lambda: 50.0)) as journal:
        fill(journal)
    return server


def test_the_lines_are_those_of_a_journal_in_a_file(filled: str, tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.db", wall_clock=lambda: 50.0)) as journal:
        fill(journal)
    out = io.BytesIO()
    export_journal(tmp_path / "journal.db", out)
    lines = export(filled)
    for line in lines:
        if line["record"] == "row" and line["state"] == "unclear":
            assert line.pop("lost_at") > 1e9, "the server's clock says since when"
            line["lost_at"] = None
    assert lines == [json.loads(line) for line in out.getvalue().splitlines()]


def test_one_run_is_exported_alone(filled: str, tmp_path: Path) -> None:
    lines = export(filled, 2)
    assert {line.get("run", line.get("id")) for line in lines if line["record"] in ("run", "row", "event")} == {2}
    assert lines[-1]["read"] == {"run": 1, "row": 10, "event": 4, "action": 0}
    output = tmp_path / "out.jsonl"
    with pytest.raises(UsageError, match="has no run 9"):
        write_whole(output, lambda out: export_server(Server(filled), out, 9))
    assert list(tmp_path.iterdir()) == []


def test_an_export_takes_little_memory_and_sees_one_state(server_journal: Journal, server: str) -> None:
    number = 60_000
    add(server_journal, [new(row, f"b{row}") for row in range(1, number + 1)])
    most, began = 0, resident_bytes()

    class Sink(io.RawIOBase):
        lines = 0

        def write(self, line: Any) -> int:
            nonlocal most
            self.lines += 1
            if self.lines == 2:
                add(server_journal, [new(1, "later")])
            if self.lines % 1000 == 0:
                most = max(most, resident_bytes())
            return len(line)

    exported = export_server(Server(server), Sink())  # type: ignore[arg-type]
    assert exported.read == {"run": 1, "row": number, "event": 0, "action": 0}
    assert most - began < MOST_BYTES


def resident_bytes() -> int:
    """Give how much memory this process has; what the database's driver takes is not Python's, and counts."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def told(inspection: Inspection) -> str:
    return " ".join(f"{remark.sentence} {remark.next_step}" for remark in inspection.problems)


def test_a_whole_journal_has_no_problem_and_what_waits_is_told(filled: str) -> None:
    inspection = inspect_server(Server(filled))
    assert inspection.problems == []
    assert (inspection.version, inspection.runs, inspection.events) == (VERSION, 2, 8)
    assert inspection.rows == {"done": 2, "new": 14, "sending": 2, "unclear": 2}
    assert inspection.size_bytes > 1_000_000
    notes = " ".join(note.sentence for note in inspection.notes)
    assert "PostgreSQL's own files were not looked at." in notes
    assert "being sent when their process ended: 1." in notes


def test_who_works_or_loads_now_is_not_taken_for_left_behind(server_journal: Journal, server: str) -> None:
    fill(server_journal)
    server_journal.add_run(a_run("01B"), [new(1, "x")])
    assert "Run 3 is not whole" in " ".join(note.sentence for note in inspect_server(Server(server)).notes)
    with server_journal.lease("01A"), server_journal._leases.loading("01B"):
        sentences = [note.sentence for note in inspect_server(Server(server)).notes]
    assert "A process works on 01A now." in sentences
    assert "A list is being read for 01B now." in sentences
    assert not any("not whole" in sentence or "ended" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE rows SET state = 'donf' WHERE row = 1 AND run = 1", "Invalid enum value 'donf'"),
        ("UPDATE rows SET outcome = NULL WHERE row = 1 AND run = 1", "done without an outcome"),
        ("UPDATE rows SET sends = 0 WHERE row = 3 AND run = 1", "nothing says what was sent"),
        ("DELETE FROM rows WHERE row = 7 AND run = 1", "Run 1 has 9 rows, and says that it has 10"),
        ("DELETE FROM rows WHERE row = 7 AND run = 1", "1 names belong to no row"),
        ("DELETE FROM rows WHERE row = 1 AND run = 1", "2 moments of stories belong to no row"),
        ("""UPDATE runs SET "order" = '{"desk":' WHERE id = 1""", "Run 1 cannot be understood"),
        ("DELETE FROM runs WHERE id = 1", "10 rows belong to no run"),
        ("UPDATE events SET kind = 'sendin' WHERE id = 1", "a kind that nobody knows: 'sendin'"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer almascan"),
    ],
)
def test_what_does_not_add_up_is_said(filled: str, cluster: Cluster, damage: str, says: str) -> None:
    cluster.execute(damage, filled.rpartition("/")[2])
    assert says in told(inspect_server(Server(filled)))


def test_nothing_is_made_or_migrated_by_a_look(server: str, cluster: Cluster) -> None:
    for look in (inspect_server, lambda place: export_server(place, io.BytesIO())):
        with pytest.raises(JournalError, match="journal of almascan"):
            look(Server(server))
    tables = cluster.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", server.rpartition("/")[2])
    assert tables == [(0,)]


def test_a_newer_journal_is_exported_all_the_same(filled: str, cluster: Cluster) -> None:
    name = filled.rpartition("/")[2]
    cluster.execute("UPDATE alembic_version SET version_num = '9999'", name)
    cluster.execute("ALTER TABLE rows ADD COLUMN shelf text DEFAULT 'A1'", name)
    lines = export(filled)
    assert lines[0] == {"record": "journal", "version": "9999"}
    assert {line["shelf"] for line in lines if line["record"] == "row"} == {"A1"}
    with pytest.raises(JournalError, match="newer almascan"):
        Journal(filled)


def test_whoever_reads_what_is_written_may_take_their_time(filled: str) -> None:
    with _looking(Server(filled)) as looked:
        setting = "SELECT current_setting('idle_in_transaction_session_timeout')"
        assert looked.execute(setting).fetchone() == ("0",)
