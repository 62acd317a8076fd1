"""How runs are looked at while they are worked on."""

import asyncio

import pytest
from sqlalchemy import Engine, event
from tests.journal.samples import a_run

from almascan.errors import UsageError
from almascan.journal import Journal


async def test_runs_that_are_looked_at_together_cost_one_read(journal: Journal) -> None:
    numbers = [journal.add_run(a_run(), []) for _ in range(3)]
    queries: list[str] = []
    event.listen(Engine, "before_cursor_execute", listener := lambda *each: queries.append(each[2]))
    try:
        found = await asyncio.gather(*(journal.look_at(number) for number in numbers))
    finally:
        event.remove(Engine, "before_cursor_execute", listener)
    assert [run.id for run in found] == numbers
    assert len([query for query in queries if "FROM runs" in query]) == 1


async def test_a_look_shows_what_was_changed_before_it(journal: Journal) -> None:
    number = journal.add_run(a_run(), [])
    for reason in ("first", "second"):
        journal.change_run(number, reason=reason)
        assert (await journal.look_at(number)).reason == reason


async def test_a_deleted_run_is_said_to_be_gone_and_another_is_shown(journal: Journal) -> None:
    number = journal.add_run(a_run(), [])
    found, missing = await asyncio.gather(journal.look_at(number), journal.look_at(99), return_exceptions=True)
    assert not isinstance(found, BaseException)
    assert found.id == number
    assert isinstance(missing, UsageError)


def test_a_look_that_was_broken_off_with_its_loop_does_not_hinder_the_next(journal: Journal) -> None:
    number = journal.add_run(a_run(), [])

    async def break_off() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(journal.look_at(number), 0.001)

    asyncio.run(break_off())
    assert asyncio.run(journal.look_at(number)).id == number
