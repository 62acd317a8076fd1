"""Group commits: whoever waits for a change goes on when it is on disk, or is told why it is not."""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence

import pytest
from tests.journal.samples import add, intent, new

from almascan.errors import JournalError
from almascan.journal import Blocked, Change, Journal, Saved, Writer
from almascan.model import RowState


@pytest.fixture
def journal(file_journal: Journal) -> Journal:
    return file_journal


def _count_sending(journal: Journal) -> int:
    with sqlite3.connect(journal.path) as connection:
        number: int = connection.execute("SELECT count(*) FROM rows WHERE state = 'sending'").fetchone()[0]
    connection.close()
    return number


async def test_many_saves_at_once_are_all_on_disk(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 301)])
    rows = list(journal.rows(run.id))
    async with journal.writer() as writer:
        saved = await asyncio.gather(*(writer.save(intent(row, f"23{row.row}")) for row in rows))
        assert _count_sending(journal) == 300
    assert saved == [None] * 300


async def test_everyone_is_told_what_became_of_their_own_change(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 41)])
    rows = list(journal.rows(run.id))
    async with journal.writer() as writer:
        saved = await asyncio.gather(*(writer.save(intent(row, f"23{(row.row + 1) // 2}")) for row in rows))
    assert saved == [None if row.row % 2 else Blocked(run.id, row.row - 1) for row in rows]


async def test_what_comes_while_a_commit_is_under_way_goes_into_the_next_one(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 101)])
    first, *others = journal.rows(run.id)
    begun, may_go_on, sizes = threading.Event(), threading.Event(), []

    def save(changes: Sequence[Change]) -> list[Saved]:
        sizes.append(len(changes))
        begun.set()
        may_go_on.wait(10)
        return journal.save(changes)

    async with Writer(save) as writer:
        saving = [asyncio.create_task(writer.save(intent(first, "231")))]
        await asyncio.to_thread(begun.wait, 10)
        saving += [asyncio.create_task(writer.save(intent(row, f"23{row.row}"))) for row in others]
        await asyncio.sleep(0)
        may_go_on.set()
        assert await asyncio.gather(*saving) == [None] * 100
    assert sizes == [1, 99]


async def test_an_error_of_the_disk_reaches_everyone_who_waits(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 6)])
    rows = list(journal.rows(run.id))
    with sqlite3.connect(journal.path) as connection:
        connection.execute("DROP TABLE events")
    connection.close()
    async with asyncio.timeout(10), journal.writer() as writer:
        saving = (writer.save(intent(row, f"23{row.row}")) for row in rows)
        results = await asyncio.gather(*saving, return_exceptions=True)
    assert all(isinstance(result, JournalError) for result in results)
    assert {row.state for row in journal.rows(run.id)} == {RowState.NEW}


async def test_a_writer_that_is_closed_has_written_what_nobody_waits_for_any_more(journal: Journal) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 51)])
    async with journal.writer() as writer:
        saving = [asyncio.create_task(writer.save(intent(row, f"23{row.row}"))) for row in journal.rows(run.id)]
        await asyncio.sleep(0)
        for task in saving:
            task.cancel()
    assert _count_sending(journal) == 50


async def test_a_writer_shared_by_runs_has_one_thread_and_writes_all_before_one_of_them_leaves(
    journal: Journal,
) -> None:
    run = add(journal, [new(number, str(number)) for number in range(1, 51)])
    async with journal.writer() as staying:
        async with journal.writer() as leaving:
            saving = [asyncio.create_task(leaving.save(intent(row, f"23{row.row}"))) for row in journal.rows(run.id)]
            await asyncio.sleep(0)
            for task in saving:
                task.cancel()
            threads = [thread for thread in threading.enumerate() if thread.name == "journal writer"]
        assert _count_sending(journal) == 50
        assert len(threads) == 1
        row = journal.row(run.id, 50)
        assert await staying.save(Change(row.to(RowState.UNCLEAR), RowState.SENDING)) is None
    assert not threads[0].is_alive()


async def test_a_writer_that_is_closed_refuses_instead_of_keeping_one_waiting(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    async with journal.writer() as writer:
        pass
    with pytest.raises(RuntimeError, match="not open"):
        await asyncio.wait_for(writer.save(intent(next(journal.rows(run.id)), "23")), 5)
