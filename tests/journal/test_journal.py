"""The journal on a real file: whole runs, guarded changes, group commits, leases, and sentences for a bad disk."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from almascan.errors import JournalError, LeaseError, UsageError
from almascan.journal import Blocked, Change, Claim, Journal, Overtaken
from almascan.journal.schema import METADATA
from almascan.model import Desk, Event, EventKind, Item, Order, Outcome, Row, RowState, Run, RunState


def a_run(institution: str = "01A") -> Run:
    order = Order(Desk("MAIN", "DESK"), rate=5.0, allow=(Outcome.ON_LOAN,), then=Desk("SCI", "D"))
    return Run(
        0, institution, "http://127.0.0.1/almaws/v1", "sandbox", RunState.LOADING, "l.txt", "", {}, order, 0, "me", 1.0
    )


def add(journal: Journal, rows: list[Row], institution: str = "01A") -> Run:
    run_id = journal.add_run(a_run(institution), rows)
    return journal.seal_run(run_id, list_digest="d", list_notes={"blank": 2})


def new(number: int, barcode: str = "", pid: str = "") -> Row:
    return Row(0, number, RowState.NEW, given=barcode or pid, barcode=barcode, mms_id=pid, holding_id=pid, pid=pid)


def intent(row: Row, pid: str, at: float = 100.0, since: float = float("inf"), institution: str = "01A") -> Change:
    sending = row.to(RowState.LOCATED, pid=pid).to(RowState.READY).to(RowState.SENDING, sends=1, sent_at=at)
    return Change(sending, RowState.NEW, (Event(at, EventKind.SENDING, "sent"),), Claim(institution, since))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "folder" / "journal.db")
    yield opened
    opened.close()


def test_a_fresh_schema_equals_the_sum_of_the_migrations(journal: Journal) -> None:
    with journal._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_run_comes_back_as_it_went_in(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    assert run == Run(
        **{name: getattr(a_run(), name) for name in run.__struct_fields__}
        | {"id": 1, "state": RunState.READY, "list_digest": "d", "list_notes": {"blank": 2}, "rows": 1}
    )
    assert journal.run() == journal.run(1) == journal.runs()[0] == run


def test_duplicates_keep_their_first_row_and_name_it(journal: Journal) -> None:
    run = add(journal, [new(2, "a"), new(3, "b"), new(5, "a"), new(6, "a"), new(7, "", "9"), new(9, "", "9")])
    rows = {row.row: row for row in journal.rows(run.id)}
    assert {number: row.note for number, row in rows.items() if row.answer is Outcome.DUPLICATE} == {
        5: "duplicate of row 2",
        6: "duplicate of row 2",
        9: "duplicate of row 7",
    }
    assert journal.counts(run.id) == {Outcome.DUPLICATE: 3, Outcome.NOT_TRIED: 3}


def test_a_list_that_breaks_off_leaves_no_run(journal: Journal) -> None:
    def rows() -> Iterator[Row]:
        for number in range(1, 20_000):
            yield new(number, str(number))
        raise UsageError("The list broke off.")

    with pytest.raises(UsageError):
        journal.add_run(a_run(), rows())
    assert journal.runs() == []
    assert list(journal.rows(1)) == []


def test_runs_of_dead_processes_are_swept_or_paused(journal: Journal) -> None:
    loading = journal.add_run(a_run(), [new(1, "a")])
    running = add(journal, [new(1, "a")])
    journal.change_run(running.id, state=RunState.RUNNING)
    foreign = journal.add_run(a_run("01B"), [new(1, "a")])
    assert journal.sweep("01A") == 1
    with pytest.raises(UsageError):
        journal.run(loading)
    assert journal.run(running.id).state is RunState.PAUSED
    assert journal.run(foreign).state is RunState.LOADING


def test_a_change_of_a_row_that_moved_on_meanwhile_is_not_made(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    (row,) = journal.rows(run.id)
    assert journal.save([intent(row, "23")]) == [None]
    assert journal.save([intent(row, "23", at=101.0)]) == [Overtaken("sending")]
    assert [event.kind for event in journal.story(run.id, 1)] == [EventKind.SENDING]


def test_an_item_is_claimed_once_in_a_run_within_one_commit_too(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b"), new(3, "c")])
    one, two, three = journal.rows(run.id)
    assert journal.save([intent(one, "23"), intent(two, "23"), intent(three, "24")]) == [None, Blocked(1, 1), None]
    assert journal.row(run.id, 2).state is RowState.NEW


def test_an_unclear_scan_of_another_run_blocks_its_item_and_is_named(journal: Journal) -> None:
    first, second = add(journal, [new(7, "a")]), add(journal, [new(1, "a")])
    (row,), (other,) = journal.rows(first.id), journal.rows(second.id)
    claimed = intent(row, "23")
    journal.save([claimed])
    assert journal.save([intent(other, "23")]) == [Blocked(1, 7)]
    journal.save([Change(claimed.row.to(RowState.DONE, outcome=Outcome.IN_PLACE), RowState.SENDING)])
    assert journal.save([intent(other, "23", at=500.0, since=50.0)]) == [Blocked(1, 7)]
    assert journal.save([intent(other, "23", at=500.0, since=400.0)]) == [None]


def test_another_institution_blocks_nothing(journal: Journal) -> None:
    first, second = add(journal, [new(1, "a")]), add(journal, [new(1, "a")], "01B")
    journal.save([intent(next(journal.rows(first.id)), "23")])
    assert journal.save([intent(next(journal.rows(second.id)), "23", institution="01B")]) == [None]


async def test_many_saves_at_once_are_all_on_disk(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 301)])
    rows = list(journal.rows(run.id))
    async with journal.writer() as writer:
        saved = await asyncio.gather(*(writer.save(intent(row, f"23{row.row}")) for row in rows))
    assert saved == [None] * 300
    with sqlite3.connect(journal.path) as connection:
        assert connection.execute("SELECT count(*) FROM rows WHERE state = 'sending'").fetchone() == (300,)
    connection.close()


async def test_an_error_of_the_disk_reaches_everyone_who_waits(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 6)])
    rows = list(journal.rows(run.id))
    with sqlite3.connect(journal.path) as connection:
        connection.execute("DROP TABLE events")
    connection.close()
    async with journal.writer() as writer:
        results = await asyncio.gather(
            *(writer.save(intent(row, f"23{row.row}")) for row in rows), return_exceptions=True
        )
    assert all(isinstance(result, JournalError) for result in results)
    assert {row.state for row in journal.rows(run.id)} == {RowState.NEW}


def test_sending_rows_of_a_dead_process_become_unclear(journal: Journal) -> None:
    run = add(journal, [new(1, "a"), new(2, "b")])
    journal.save([intent(next(journal.rows(run.id)), "23")])
    assert journal.recover(run.id) == 1
    assert journal.counts(run.id) == {Outcome.UNCLEAR: 1, Outcome.NOT_TRIED: 1}


_HOLD = """
import sys, time
from pathlib import Path
from almascan.journal import Journal
with Journal(Path(sys.argv[1])).lease("01A"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lease_is_refused_with_its_holders_name_and_free_when_the_holder_is_killed(journal: Journal) -> None:
    with journal.lease("01A") as epoch:
        assert epoch == 1
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(journal.path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LeaseError, match=f"process {holder.pid}"), journal.lease("01A"):
            raise AssertionError
        with journal.lease("01B"):
            assert journal.is_leased("01A")
        holder.kill()
    with journal.lease("01A") as epoch:
        assert epoch == 3


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_a_journal_is_readable_by_its_owner_alone(journal: Journal) -> None:
    assert journal.path.stat().st_mode & 0o777 == 0o600


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
    for path, said in ((text, "not a database"), (other, "no journal of almascan"), (newer, "newer almascan")):
        with pytest.raises(JournalError, match=said):
            Journal(path)
    with pytest.raises(JournalError, match="no journal at"):
        Journal(tmp_path / "absent.db", create=False)


def test_the_most_calls_of_seven_days_are_remembered(tmp_path: Path) -> None:
    now = [100 * 86_400.0]
    journal = Journal(tmp_path / "journal.db", wall_clock=lambda: now[0])
    for day, remaining in ((0, 90_000), (0, 80_000), (3, 50_000)):
        now[0] = (100 + day) * 86_400.0
        journal.see_calls("01A", remaining)
    assert journal.most_calls_seen("01A") == 90_000
    now[0] = 108 * 86_400.0
    assert journal.most_calls_seen("01A") == 50_000
    assert journal.most_calls_seen("01B") == 0
    journal.close()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ITEMS = st.builds(Item, TEXTS, TEXTS, TEXTS, title=TEXTS, requested=st.sampled_from([None, True, False]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.none() | ITEMS,
    after=st.none() | ITEMS,
    note=TEXTS,
    barcode=TEXTS,
    desk=st.none() | st.builds(Desk, TEXTS, TEXTS),
)
def test_every_field_of_a_row_comes_back(  # noqa: PLR0917 - hypothesis names them
    journal: Journal, before: Item | None, after: Item | None, note: str, barcode: str, desk: Desk | None
) -> None:
    run = add(journal, [Row(0, 1, RowState.NEW, given=barcode, barcode=barcode, desk=desk)])
    (row,) = journal.rows(run.id)
    assert (row.barcode, row.desk) == (barcode, desk)
    done = row.to(RowState.LOCATED, pid=str(run.id)).to(
        RowState.DONE,
        outcome=Outcome.ALREADY_IN_PLACE,
        before=before,
        after=after,
        note=note,
        looked_at=1.5,
        finished_at=2.5,
    )
    assert journal.save([Change(done, RowState.NEW)]) == [None]
    assert journal.row(run.id, 1) == done


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.name != "posix"
        or os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs root and a file system that can be mounted")
    try:
        journal = Journal(disk / "journal.db")
        run = add(journal, [new(number, str(number)) for number in range(1, 50)])
        with pytest.raises(JournalError, match="Free some space"):
            add(journal, [new(number, "x" * 200 + str(number)) for number in range(1, 50_000)])
        assert [row.barcode for row in journal.rows(run.id)] == [str(number) for number in range(1, 50)]
        journal.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
