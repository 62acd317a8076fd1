"""Telling everybody who has a run's page open how far it is: rendered once, sent to all.

A run's page has parts ("progress", "outcomes", ...). While anybody watches, they are rendered once a second, and what
has changed goes out. It costs the same for a run of any size, and hardly more for fifty pages than for one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

QUIET_AFTER_TICKS = 5
LEAST_REST = 20
"""For how many times as long as a rendering takes none is made: the largest run costs no more than a twentieth of a core."""

Parts = Mapping[str, str]
Render = Callable[[int, str], Parts]
"""Renders the parts of a run's page in a language, as HTML by their names."""


class _Channel:
    """The parts of one run's page in one language, while somebody watches."""

    def __init__(self) -> None:
        self.watchers = 0
        self.parts: dict[str, tuple[int, str]] = {}
        self.version = 0
        self.changed = asyncio.Condition()
        self.error: Exception | None = None
        self.task: asyncio.Task[None] | None = None


class Broadcast:
    """Gives the changing parts of runs' pages to all who watch; used within one event loop.

    Args:
        render: Renders them; called in a thread.
        tick_seconds: How often they are rendered.
        quiet_tick_seconds: How often while nothing has changed for a while.
    """

    def __init__(self, render: Render, *, tick_seconds: float = 1.0, quiet_tick_seconds: float = 3.0) -> None:
        self._render = render
        self._tick_seconds = tick_seconds
        self._quiet_tick_seconds = quiet_tick_seconds
        self._channels: dict[tuple[int, str], _Channel] = {}

    async def watch(self, run_id: int, language: str) -> AsyncIterator[tuple[str, str]]:
        """Give each part's name and HTML, first all of them, then whatever changes, until nobody asks any more.

        Raises:
            Exception: What the rendering failed with.
        """
        channel = self._channels.setdefault((run_id, language), _Channel())
        channel.watchers += 1
        if channel.task is None:
            channel.task = asyncio.create_task(self._keep_rendering(channel, run_id, language))
        seen = 0
        try:
            while True:
                async with channel.changed:
                    while channel.version == seen and channel.error is None:
                        await channel.changed.wait()
                    if channel.error is not None:
                        raise channel.error
                    news = [(name, html) for name, (version, html) in channel.parts.items() if version > seen]
                    seen = channel.version
                for part in news:
                    yield part
        finally:
            channel.watchers -= 1
            if not channel.watchers and channel.task is not None:
                channel.task.cancel()
                if self._channels.get((run_id, language)) is channel:
                    del self._channels[run_id, language]

    async def _keep_rendering(self, channel: _Channel, run_id: int, language: str) -> None:
        try:
            await self._tick(channel, run_id, language)
        except Exception as error:  # noqa: BLE001 - raised by everyone who watches
            self._channels.pop((run_id, language), None)
            async with channel.changed:
                channel.error = error
                channel.changed.notify_all()

    async def _tick(self, channel: _Channel, run_id: int, language: str) -> None:
        quiet = 0
        while True:
            began = time.monotonic()
            parts = await asyncio.to_thread(self._render, run_id, language)
            took = time.monotonic() - began
            changed = {name: html for name, html in parts.items() if channel.parts.get(name, (0, ""))[1] != html}
            quiet = 0 if changed else quiet + 1
            if changed:
                async with channel.changed:
                    channel.version += 1
                    channel.parts |= {name: (channel.version, html) for name, html in changed.items()}
                    channel.changed.notify_all()
            tick = self._tick_seconds if quiet < QUIET_AFTER_TICKS else self._quiet_tick_seconds
            await asyncio.sleep(max(tick, took * LEAST_REST))
