import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alma.virtual_time import VirtualLoop, now, run

from almascan.alma import Pacer, Priority, Slot


async def pass_through(slot: Slot, log: list[tuple[float, str]], name: str = "") -> None:
    await slot.turn()
    log.append((now(), name))
    slot.left()
    await asyncio.sleep(0.25)
    slot.answered()


def test_everything_that_is_sent_takes_its_turn_and_no_second_holds_too_many() -> None:
    async def main() -> list[tuple[float, str]]:
        pacer, log = Pacer(25), list[tuple[float, str]]()
        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(pass_through(pacer.slot(Priority.FIND), log))
        assert pacer.waiting == 0
        return log

    times = [moment for moment, _ in run(main())]
    assert len(times) == 200
    assert times[-1] - times[0] < 8.2
    assert all(later - first >= 1 for first, later in zip(times, times[25:], strict=False))


def test_a_scan_goes_before_requests_before_reads_before_look_ups_and_the_older_first() -> None:
    async def main() -> list[str]:
        pacer, log = Pacer(25), list[tuple[float, str]]()
        async with asyncio.TaskGroup() as group:
            group.create_task(pass_through(pacer.slot(Priority.FIND), log, "first"))
            await asyncio.sleep(0)
            for priority in (Priority.FIND, Priority.READ, Priority.REQUESTS, Priority.SCAN):
                for age in ("older", "younger"):
                    group.create_task(pass_through(pacer.slot(priority), log, f"{priority.name} {age}"))
        return [name for _, name in log]

    expected = [f"{name} {age}" for name in ("SCAN", "REQUESTS", "READ", "FIND") for age in ("older", "younger")]
    assert run(main()) == ["first", *expected]


def test_the_age_of_a_slot_counts_from_when_it_was_taken() -> None:
    async def main() -> list[str]:
        pacer, log = Pacer(25), list[tuple[float, str]]()
        early = pacer.slot(Priority.READ)
        async with asyncio.TaskGroup() as group:
            group.create_task(pass_through(pacer.slot(Priority.READ), log, "only one to be ready"))
            group.create_task(pass_through(pacer.slot(Priority.READ), log, "late"))
            await asyncio.sleep(0)
            group.create_task(pass_through(early, log, "early"))
        return [name for _, name in log]

    assert run(main()) == ["only one to be ready", "early", "late"]


def test_near_comes_about_a_second_before_the_turn_at_a_slow_rate() -> None:
    async def main() -> list[tuple[float, float]]:
        pacer, seen = Pacer(0.2), list[tuple[float, float]]()

        async def scan() -> None:
            slot = pacer.slot()
            await slot.near()
            near = now()
            await slot.turn()
            seen.append((near, now()))
            slot.left()

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(scan())
        return seen

    seen = run(main())
    assert [turn - seen[0][1] for _, turn in seen] == pytest.approx([0, 5, 10, 15], abs=0.2)
    assert all(0.9 <= turn - near <= 1.2 for near, turn in seen[1:])


def test_at_a_quick_rate_about_a_seconds_worth_of_slots_are_near() -> None:
    async def main() -> int:
        pacer = Pacer(25)
        slots = [pacer.slot() for _ in range(100)]
        tasks = [asyncio.ensure_future(slot.near()) for slot in slots]
        await asyncio.sleep(0.01)
        near = sum(task.done() for task in tasks)
        for slot, task in zip(slots, tasks, strict=True):
            task.cancel()
            slot.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert pacer.waiting == 0
        return near

    assert 20 <= run(main()) <= 30


def test_who_is_near_but_not_ready_holds_up_nobody() -> None:
    async def main() -> float:
        pacer = Pacer(10)
        slow = pacer.slot()
        await slow.near()
        start = now()
        await pacer.slot(Priority.FIND).turn()
        await pacer.slot(Priority.FIND).turn()
        waited = now() - start
        slow.cancel()
        return waited

    assert run(main()) < 0.2


@settings(max_examples=40)
@given(cancelled=st.sets(st.integers(0, 29)), at=st.floats(0, 2), in_near=st.booleans())
def test_a_cancelled_waiter_gives_its_place_back(cancelled: set[int], at: float, in_near: bool) -> None:
    async def main() -> list[float]:
        pacer, log = Pacer(10), list[float]()

        async def scan(slot: Slot) -> None:
            try:
                if in_near:
                    await slot.near()
                await slot.turn()
                log.append(now())
                slot.left()
            finally:
                slot.cancel()

        tasks = [asyncio.ensure_future(scan(pacer.slot())) for _ in range(30)]
        await asyncio.sleep(at)
        for index in cancelled:
            tasks[index].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        assert pacer.waiting == 0
        return log

    times = run(main())
    assert len(times) >= 30 - len(cancelled)
    assert all(later - earlier < 0.6 for earlier, later in pairwise(times))


def test_a_turn_given_to_a_task_that_is_cancelled_at_that_moment_is_free_again() -> None:
    async def main() -> float:
        pacer = Pacer(0.2)
        await pass_through(pacer.slot(), [])
        task = asyncio.ensure_future(pacer.slot().turn())
        await asyncio.sleep(0)
        assert pacer._timer is not None
        asyncio.get_running_loop().call_at(pacer._timer.when(), task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        start = now()
        await pacer.slot().turn()
        return now() - start

    assert run(main()) < 0.1


def test_a_task_cancelled_just_before_its_turn_passes_it_on() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        pacer = Pacer(0.2)
        await pass_through(pacer.slot(), [])
        task = asyncio.ensure_future(pacer.slot().turn())
        await asyncio.sleep(0)
        loop.stand_still(10)
        task.cancel()
        start = now()
        await pacer.slot().turn()
        waited = now() - start
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        return waited

    assert run(main()) == 0


def test_a_refusal_slows_everything_down_and_is_counted() -> None:
    async def main() -> None:
        pacer = Pacer(25)
        slot = pacer.slot()
        await slot.turn()
        slot.left()
        slot.answered()
        slot.refused()
        assert pacer.rate_now == pytest.approx(22.5)
        assert pacer.refusals == 1

    assert Pacer(25).rate_now == 25
    run(main())


def test_nothing_ticks_while_nobody_waits() -> None:
    async def main() -> int:
        pacer = Pacer(25)
        await pass_through(pacer.slot(), [])
        await asyncio.sleep(5)
        return 0 if pacer._timer is None or pacer._timer.when() < now() else 1

    assert run(main()) == 0


class _Timer:
    """A timer as some event loops give it: it can be cancelled, and tells nothing."""

    def __init__(self, handle: asyncio.TimerHandle) -> None:
        self.cancel = handle.cancel


class _SilentLoop(VirtualLoop):
    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        return _Timer(super().call_at(when, callback, *args, context=context))


def test_it_works_in_an_event_loop_whose_timers_do_not_tell_their_time() -> None:
    async def main() -> list[tuple[float, str]]:
        pacer, log = Pacer(25), list[tuple[float, str]]()
        await asyncio.gather(*(pass_through(pacer.slot(), log) for _ in range(30)))
        return log

    with asyncio.Runner(loop_factory=_SilentLoop) as runner:
        assert len(runner.run(main())) == 30


def test_a_watcher_hears_of_every_slot_that_waits_no_longer() -> None:
    async def main() -> list[int]:
        pacer, heard = Pacer(25), list[int]()
        pacer.watch(lambda: heard.append(pacer.waiting))
        slots = [pacer.slot() for _ in range(3)]
        slots[0].cancel()
        await pass_through(slots[1], [])
        await slots[2].near()
        slots[2].cancel()
        slots[2].cancel()
        return heard

    assert run(main()) == [2, 1, 0]
