"""Telling everybody who has a run's page open."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from itertools import count, pairwise

import pytest

from almascan.web.broadcast import LEAST_REST, Broadcast, Render


def _told(render: Render) -> Broadcast:
    return Broadcast(render, tick_seconds=0.01, quiet_tick_seconds=0.01)


class _Rendered:
    """A run of which one part changes at every look and another never."""

    def __init__(self) -> None:
        self.times = 0
        self.threads: set[int] = set()
        self._counter = count(1)

    def __call__(self, run_id: int, language: str) -> dict[str, str]:
        self.times += 1
        self.threads.add(threading.get_ident())
        return {"fixed": f"{run_id} {language}", "moving": str(next(self._counter))}


async def _first(parts: AsyncIterator[tuple[str, str]], number: int) -> list[tuple[str, str]]:
    return [await anext(parts) for _ in range(number)]


async def test_who_comes_gets_every_part_and_then_what_changes_alone() -> None:
    parts = _told(_Rendered()).watch(3, "en")
    seen = await _first(parts, 5)
    assert dict(seen[:2])["fixed"] == "3 en"
    assert [name for name, _ in seen[2:]] == ["moving", "moving", "moving"]
    numbers = [int(html) for name, html in seen if name == "moving"]
    assert numbers == sorted(set(numbers))


async def test_fifty_who_watch_cost_one_rendering_a_tick() -> None:
    rendered = _Rendered()
    told = _told(rendered)
    watchers = [told.watch(1, "en") for _ in range(50)]
    await asyncio.gather(*(_first(parts, 6) for parts in watchers))
    assert rendered.times < 50
    assert threading.get_ident() not in rendered.threads
    for parts in watchers:
        await parts.aclose()  # type: ignore[attr-defined]


async def test_nothing_is_rendered_when_nobody_watches_any_more() -> None:
    rendered = _Rendered()
    told = _told(rendered)
    parts = told.watch(1, "en")
    await _first(parts, 3)
    await parts.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0.05)
    times = rendered.times
    await asyncio.sleep(0.05)
    assert rendered.times == times
    assert await _first(told.watch(1, "en"), 2)


async def test_a_rendering_that_fails_ends_the_watching_instead_of_leaving_it_silent() -> None:
    def fail(run_id: int, language: str) -> dict[str, str]:
        raise RuntimeError(f"{run_id} {language}")

    with pytest.raises(RuntimeError):
        await asyncio.wait_for(anext(_told(fail).watch(1, "en")), 5)


async def test_a_run_that_is_slow_to_render_is_rendered_less_often() -> None:
    times: list[float] = []

    def render(run_id: int, language: str) -> dict[str, str]:
        times.append(time.monotonic())
        time.sleep(0.02)
        return {"part": f"{run_id} {language} {len(times)}"}

    parts = _told(render).watch(1, "en")
    await _first(parts, 3)
    await parts.aclose()  # type: ignore[attr-defined]
    assert all(later - earlier >= 0.02 * LEAST_REST for earlier, later in pairwise(times))
