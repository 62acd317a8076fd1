"""The rows that a run has to work on: those without an answer, and for an open run the ones that come meanwhile."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Self

from almascan.journal import Journal
from almascan.model import Outcome, Row, RowState, Run
from almascan.stop import Stop
from almascan.tally import Tally

_PART = 500
"""Rows that are fetched from the journal at once, in a thread: other runs go on meanwhile."""


def _never() -> bool:
    return False


class Intake:
    """Gives a run's rows one after another; an async iterator, used once.

    Args:
        journal: The journal.
        run: The run, as it was when its rows were counted.
        limit: How many rows are tried now; an open run is not waited for then.
        goes_on: Is asked after so many, in a thread, whether as many more are tried; by default none is.
        tally: Counts the rows that come later.
        news: Set whenever rows may have come, or no more will.
        stop: Ends the waiting.
        unclear: The only unclear rows that are taken; None for all of them.
    """

    def __init__(
        self,
        journal: Journal,
        run: Run,
        limit: int | None,
        *,
        tally: Tally,
        news: asyncio.Event,
        stop: Stop,
        unclear: Collection[int] | None = None,
        goes_on: Callable[[], bool] = _never,
    ) -> None:
        self._journal = journal
        self._run_id = run.id
        self._tally = tally
        self._news = news
        self._stop = stop
        self._waits = run.is_open and limit is None
        self._known = tally.total
        rows = choose_rows(journal, run.id, limit, unclear, goes_on)
        # Rows of an open run are numbered from 1 on, and those that came after the counting come again as news.
        self._rows = (row for row in rows if row.row <= self._known) if self._waits else rows
        self._part: deque[Row] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Row:
        if not self._part:
            self._part.extend(await asyncio.to_thread(list, islice(self._rows, _PART)))
        if not self._part and self._waits:
            self._part.extend(await self._await_rows())
        if not self._part:
            raise StopAsyncIteration
        return self._part.popleft()

    async def _await_rows(self) -> list[Row]:
        """Wait until rows come, with an answer or without; none where the run is closed or stops."""
        while not self._stop.requested:
            self._news.clear()
            run = await asyncio.to_thread(self._journal.run, self._run_id)
            if run.rows > self._known:
                return await self._take(run.rows)
            if not run.is_open:
                break
            await self._news.wait()
        return []

    async def _take(self, last: int) -> list[Row]:
        """Read the new rows up to a number, and count them."""
        last = min(last, self._known + _PART)
        rows = await asyncio.to_thread(self._journal.rows_numbered, self._run_id, range(self._known + 1, last + 1))
        self._known = last
        for row in rows:
            self._tally.add(row)
        return rows


def choose_rows(
    journal: Journal,
    run_id: int,
    limit: int | None,
    chosen: Collection[int] | None = None,
    goes_on: Callable[[], bool] = _never,
) -> Iterator[Row]:
    """Give all rows of a run without an answer, or every unclear one and the first ones not tried yet.

    Args:
        journal: The journal.
        run_id: The run.
        limit: How many rows not tried yet; None for all.
        chosen: The only unclear rows that are given; None for all of them.
        goes_on: Is asked after so many whether as many more are given.
    """
    rows = journal.rows(run_id, only_open=True)
    if limit is None:
        yield from rows
        return
    unclear = [row for row in journal.rows_in_state(run_id, RowState.UNCLEAR) if chosen is None or row.row in chosen]
    yield from unclear
    # One that turns out not to have happened is in hand already when its turn in the list comes.
    in_hand = {row.row for row in unclear}
    untried = (row for row in rows if row.answer is Outcome.NOT_TRIED and row.row not in in_hand)
    allowed = limit
    for number, row in enumerate(untried):
        if number >= allowed:
            if not goes_on():
                return
            allowed += limit
        yield row
