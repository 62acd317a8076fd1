"""Several runs under one limit: who goes first, who waits, and what is kept all the same."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alma.virtual_time import now, run

from almascan.alma import Pacer, Priority
from almascan.alma.pacer import Lane, Slot

RECORD_SECONDS = 0.02
PROMISED_SECONDS = 2.5
"""A recorded scan leaves within this, so that a second's worth of them before it and a refusal do no harm."""


class Rows:
    """A run in small: rows of three requests each, begun as the crew begins them.

    Attributes:
        left: When each of its requests left.
        recorded: How long each recorded scan waited to leave.
        seconds: How long it took.
    """

    def __init__(self, pacer: Pacer, precedence: float, count: int, latency_seconds: float) -> None:
        self.lane = Lane(pacer, precedence)
        self.left: list[float] = []
        self.recorded: list[float] = []
        self.seconds = 0.0
        self._count = count
        self._latency_seconds = latency_seconds
        self._moved = asyncio.Event()
        pacer.watch(self._moved.set)

    async def work(self) -> None:
        began = now()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._count):
                while self.lane.is_overtaken or self.lane.waiting >= 4:
                    self._moved.clear()
                    await self._moved.wait()
                group.create_task(self._bring())
                await asyncio.sleep(0)
        self.seconds = now() - began

    async def work_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.work()

    async def _bring(self) -> None:
        await self._send(self.lane.slot(Priority.FIND))
        await self._send(self.lane.slot(Priority.READ))
        slot = self.lane.slot()
        await slot.near()
        await asyncio.sleep(RECORD_SECONDS)
        recorded = now()
        await self._send(slot)
        self.recorded.append(now() - self._latency_seconds - recorded)

    async def _send(self, slot: Slot) -> None:
        await slot.turn()
        self.left.append(now())
        slot.left()
        await asyncio.sleep(self._latency_seconds)
        slot.answered()


def beside(batch_rows: int, rate: float, latency_seconds: float, at: float) -> tuple[Rows, Rows]:
    """Have ten rows of better precedence come to a batch that has worked for ``at`` seconds."""

    async def main() -> tuple[Rows, Rows]:
        pacer = Pacer(rate)
        batch = Rows(pacer, 10_000, batch_rows, latency_seconds)
        books = Rows(pacer, 10, 10, latency_seconds)
        async with asyncio.TaskGroup() as group:
            group.create_task(batch.work())
            await asyncio.sleep(at)
            group.create_task(books.work())
        assert pacer.waiting == 0
        return batch, books

    return run(main())


@settings(max_examples=60)
@given(
    rate=st.sampled_from([2.0, 4.0, 8.0, 20.0, 25.0]),
    latency_seconds=st.sampled_from([0.05, 0.25, 1.0, 2.0]),
    at=st.floats(0, 20),
)
def test_ten_rows_end_in_about_their_own_least_time_beside_a_batch_and_the_limit_is_kept(
    rate: float, latency_seconds: float, at: float
) -> None:
    _, alone = beside(0, rate, latency_seconds, 0.0)
    batch, books = beside(200, rate, latency_seconds, at)
    assert books.seconds <= 1.25 * alone.seconds + 2 * latency_seconds + 4 / rate
    left = sorted(batch.left + books.left)
    assert all(later - first >= 1 for first, later in zip(left, left[int(rate) :], strict=False))
    assert max(batch.recorded + books.recorded) < PROMISED_SECONDS


@settings(max_examples=30)
@given(
    rate=st.sampled_from([4.0, 20.0]), latency_seconds=st.sampled_from([0.25, 2.0]), comings=st.lists(st.floats(0, 30))
)
def test_a_recorded_scan_leaves_soon_however_many_better_ones_come(
    rate: float, latency_seconds: float, comings: list[float]
) -> None:
    async def main() -> list[float]:
        pacer = Pacer(rate)
        runs = [Rows(pacer, 1000, 60, latency_seconds)]
        runs += [Rows(pacer, 100 - place, 20, latency_seconds) for place in range(len(comings))]
        async with asyncio.TaskGroup() as group:
            for rows, coming in zip(runs, [0.0, *comings], strict=True):
                group.create_task(rows.work_after(coming))
        assert sum(len(rows.left) for rows in runs) == 3 * (60 + 20 * len(comings))
        return [waited for rows in runs for waited in rows.recorded]

    assert max(run(main())) < PROMISED_SECONDS


def test_two_runs_of_the_same_precedence_share_the_limit() -> None:
    async def main() -> tuple[int, int]:
        pacer = Pacer(20)
        first, second = Rows(pacer, 5, 200, 0.25), Rows(pacer, 5, 200, 0.25)
        tasks = [asyncio.ensure_future(rows.work()) for rows in (first, second)]
        await asyncio.sleep(10)
        sent = len(first.left), len(second.left)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return sent

    first, second = run(main())
    assert first + second >= 190
    assert abs(first - second) <= 20


async def _turn(slot: Slot, name: str, log: list[str]) -> None:
    await slot.turn()
    log.append(name)
    slot.left()
    slot.answered()


def test_a_look_up_of_better_precedence_goes_before_a_scan_that_is_not_recorded() -> None:
    async def main() -> list[str]:
        pacer, log = Pacer(10), list[str]()
        batch, books = Lane(pacer, 2), Lane(pacer, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(_turn(pacer.slot(), "now", log))
            group.create_task(_turn(batch.slot(Priority.SCAN), "scan of the batch", log))
            await asyncio.sleep(0.01)
            group.create_task(_turn(books.slot(Priority.FIND), "look-up of the books", log))
        return log

    assert run(main()) == ["now", "look-up of the books", "scan of the batch"]


def test_a_scan_that_is_near_keeps_its_turn_whoever_comes() -> None:
    async def main() -> list[str]:
        pacer, log = Pacer(1), list[str]()
        batch, books = Lane(pacer, 2), Lane(pacer, 1)
        async with asyncio.TaskGroup() as group:
            await _turn(pacer.slot(), "now", log)
            recorded = batch.slot()
            await recorded.near()
            for place in range(3):
                group.create_task(_turn(books.slot(), f"book {place}", log))
            await asyncio.sleep(0.01)
            group.create_task(_turn(recorded, "recorded", log))
        return log

    assert run(main()) == ["now", "recorded", "book 0", "book 1", "book 2"]


def test_no_scan_is_near_while_better_ones_wait() -> None:
    async def main() -> tuple[bool, bool]:
        pacer = Pacer(25)
        better, waiting = Lane(pacer, 1).slot(Priority.FIND), asyncio.Event()
        scan = asyncio.ensure_future(Lane(pacer, 2).slot().near())
        await asyncio.sleep(1)
        while_it_waited = scan.done()
        better.cancel()
        await asyncio.wait_for(scan, 1)
        waiting.set()
        return while_it_waited, scan.done()

    assert run(main()) == (False, True)


def test_precedence_may_be_changed_while_it_works() -> None:
    async def main() -> list[str]:
        pacer, log = Pacer(10), list[str]()
        lane, other = Lane(pacer, 3), Lane(pacer, 2)
        lane.precedence = 1
        async with asyncio.TaskGroup() as group:
            group.create_task(_turn(pacer.slot(), "now", log))
            await asyncio.sleep(0)
            group.create_task(_turn(other.slot(), "other", log))
            group.create_task(_turn(lane.slot(), "changed", log))
        return log

    assert run(main()) == ["now", "changed", "other"]


def test_what_is_over_is_forgotten() -> None:
    async def main() -> tuple[int, int]:
        pacer = Pacer(1000)
        for precedence in range(50):
            await _turn(Lane(pacer, precedence).slot(), "", [])
        return len(pacer._waiting), len(pacer._close)

    assert run(main()) == (0, 0)


# One limit, several orders


def test_of_several_limits_the_smallest_count_and_the_last_one_stays() -> None:
    pacer = Pacer(4)
    with pacer.limited(20, 1200):
        assert (pacer.pace.rate, pacer.pace.per_minute) == (20, 1200)
        with pacer.limited(25, 600):
            assert (pacer.pace.rate, pacer.pace.per_minute) == (20, 600)
            with pacer.limited(2):
                assert (pacer.pace.rate, pacer.pace.per_minute) == (2, 600)
        assert (pacer.pace.rate, pacer.pace.per_minute) == (20, 1200)
    assert (pacer.pace.rate, pacer.pace.per_minute) == (20, 1200)
    with pacer.limited(30):
        assert (pacer.pace.rate, pacer.pace.per_minute) == (30, 0)


def test_a_second_run_at_the_same_limit_does_not_make_a_refusal_forgotten() -> None:
    async def main() -> float:
        pacer = Pacer(4)
        with pacer.limited(25):
            await _turn(pacer.slot(), "", [])
            pacer.note_refused()
            with pacer.limited(25), pacer.limited(50):
                return pacer.rate_now

    assert run(main()) == pytest.approx(22.5)


def test_a_limit_that_is_raised_is_used_at_once() -> None:
    async def main() -> float:
        pacer = Pacer(0.1)
        await _turn(pacer.slot(), "", [])
        waiting = asyncio.ensure_future(pacer.slot().turn())
        await asyncio.sleep(0.01)
        began = now()
        with pacer.limited(10):
            await waiting
        return now() - began

    assert run(main()) < 1.1


def test_a_limit_that_is_none_is_refused_and_leaves_the_others_as_they_are() -> None:
    pacer = Pacer(4)
    with pytest.raises(ValueError, match="above 0"), pacer.limited(0):
        pass
    with pacer.limited(5):
        assert pacer.pace.rate == 5


def test_a_watcher_hears_no_more_once_it_is_taken_off() -> None:
    pacer, heard = Pacer(4), list[str]()
    watchers: list[Callable[[], None]] = [lambda: heard.append("stays"), lambda: heard.append("goes")]
    for watcher in watchers:
        pacer.watch(watcher)
    pacer.unwatch(watchers[1])
    run(_cancel(pacer))
    assert heard == ["stays"]


async def _cancel(pacer: Pacer) -> None:
    pacer.slot().cancel()
