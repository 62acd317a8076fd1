"""almascan and a simulated Alma in virtual time, with somebody who looks at every byte that leaves and every scan.

What a ``World`` promises on behalf of almascan is in ``_check_departure`` and ``check``: see ``docs/why.md``.
"""

import asyncio
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send
from tests.simulation.network import SimulatedLoop
from uvicorn.server import ServerState

from almascan.alma import Alma, Pacer
from almascan.clock import Clock, Stamp
from almascan.errors import AlmascanError, ExitCode
from almascan.intervene import cancel, pause
from almascan.journal import Change, Journal, Saved, Writer
from almascan.model import FINAL_STATES, STEPS, EventKind, Row, RowState, Run
from almascan.progress import reporter_for
from almascan.run import Ended, Runner
from almascan.simulator import SimulatorConfig
from almascan.simulator.application import Application
from almascan.simulator.delivery import make_protocol
from almascan.simulator.keys import KEYS
from almascan.stop import Stop

LONGEST_LIFE_SECONDS = 6 * 3600.0
_MIDDAY = 1_790_000_000.0 // 86_400 * 86_400 + 43_200
_caller: ContextVar[int] = ContextVar("caller")


class VirtualClock(Clock):
    """The loop's time; the wall clock can be set, and the monotonic one sleeps with the laptop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.set_ahead_seconds = 0.0
        self.slept_seconds = 0.0

    def now(self) -> Stamp:
        passed = self._loop.time()
        return Stamp(_MIDDAY + passed + self.set_ahead_seconds, passed - self.slept_seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class AlmaClock:
    """The simulated Alma's clock: nobody sets it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.offset_seconds = 0.0

    def now(self) -> float:
        return _MIDDAY + self._loop.time() + self.offset_seconds


class MortalWriter(Writer):
    """The journal's writer; while its thread writes, virtual time stands still."""

    async def save(self, change: Change) -> Saved:
        with _loop().awaiting():
            return await super().save(change)

    async def __aexit__(self, *error: Any) -> None:
        with _loop().awaiting():
            await super().__aexit__(*error)


class MortalJournal(Journal):
    """The journal of a process that can die: from then on it writes nothing."""

    is_dead = False

    def writer(self) -> Writer:
        return MortalWriter(self.save)

    def save(self, changes: Any) -> list[Saved]:
        self._live()
        return super().save(changes)

    def change_run(self, run_id: int, **values: Any) -> Run:
        self._live()
        return super().change_run(run_id, **values)

    def delete_run(self, run_id: int) -> None:
        self._live()
        super().delete_run(run_id)

    def _live(self) -> None:
        if self.is_dead:
            raise asyncio.CancelledError


def _loop() -> SimulatedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    return loop


class Interruption(msgspec.Struct, frozen=True):
    """What comes between: when, in seconds of a command's life, and what.

    crash is a kill -9 (``keeps_written``: what it had written still arrives at Alma); stop and abandon are Ctrl-C once
    and twice; pause and cancel come from another terminal; gap is a laptop that sleeps; set is a wall clock that is set.
    """

    kind: Literal["crash", "stop", "abandon", "pause", "cancel", "cut", "gap", "set"]
    after_seconds: float
    seconds: float = 0.0
    keeps_written: bool = True


@dataclass
class Seen:
    """What was seen of one row of a run on its way to Alma."""

    departures: int = 0
    applied: Counter[int] = field(default_factory=Counter)
    applied_at: list[float] = field(default_factory=list)
    read_since: bool = False
    again: int = 0


class World:
    """One institution, its journal, and almascan's commands one after another.

    Args:
        folder: Where the journal lies.
        seed: Decides the catalogue and all that is random.
        items: The catalogue's size.
        recent: Further settings of the simulated Alma.
    """

    def __init__(self, folder: Path, seed: int = 1, items: int = 400, **settings: Any) -> None:
        self.runner = asyncio.Runner(loop_factory=SimulatedLoop)
        loop = self.runner.get_loop()
        assert isinstance(loop, SimulatedLoop)
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.folder = folder
        self.application = Application(SimulatorConfig(items=items, seed=seed, **settings))
        self.application.clock = AlmaClock(loop)  # type: ignore[assignment]
        self.catalogue = self.application.gateway.catalogue
        self.seen: dict[tuple[int, int], Seen] = {}
        self._row_of: dict[tuple[int, str], tuple[int, int, int]] = {}
        self._processes = 0
        self._jitter = random.Random(seed)
        self._states: dict[tuple[int, int], RowState] = {}
        self.broken: list[str] = []
        self.journal = Journal(folder / "journal.db", wall_clock=lambda: self.clock.now().wall)
        self._reading = sqlite3.connect(folder / "journal.db")
        self._serve()

    def close(self) -> None:
        """End it."""
        self._reading.close()
        self.journal.close()
        self.runner.run(_settle_down())
        self.runner.close()

    # The simulated Alma on the network

    def _serve(self) -> None:
        self.application.gateway.ledger.scans_by_item = _Watched(self._note_applied)
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            proxy_headers=False,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
        )
        config.load()
        protocol, state = make_protocol(self.application.faults), ServerState()
        self.loop.network.serve = lambda: protocol(config, state, {}, _loop=self.loop)
        self.loop.network.watch = self._note_written

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        _caller.set(scope["client"][1])
        path = scope["path"].split("/")
        await self.application(scope, receive, send)
        if scope["method"] == "GET" and len(path) == 9:  # noqa: PLR2004 - an item's own address
            for key, seen in self.seen.items():
                seen.read_since = seen.read_since or self._pid(key) == path[-1]

    def _pid(self, key: tuple[int, int]) -> str:
        found = self._reading.execute("SELECT pid FROM rows WHERE run = ? AND row = ?", key).fetchone()
        return str(found[0]) if found else ""

    def _note_written(self, caller: int, data: bytes) -> None:
        """See what leaves a process; a scan needs its intent on disk, and a lost one a read in between."""
        line = data.split(b"\r\n", 1)[0]
        if line.startswith(b"POST ") and b"op=scan" in line:
            self._check_departure(caller, line.split(b"?")[0].rsplit(b"/", 1)[-1].decode())

    def _check_departure(self, caller: int, pid: str) -> None:
        found = self._reading.execute(
            "SELECT run, row, step FROM rows WHERE pid = ? AND state = 'sending'", (pid,)
        ).fetchall()
        if len(found) != 1:
            self.broken.append(f"a scan of {pid} leaves, and {len(found)} rows say so on disk")
            return
        run, row, step = found[0]
        seen = self.seen.setdefault((run, row), Seen())
        kinds = [
            kind
            for (kind,) in self._reading.execute(
                "SELECT kind FROM events WHERE run = ? AND row = ? ORDER BY id", (run, row)
            )
        ]
        if kinds.count("sending") > 1:
            last = len(kinds) - 1 - kinds[::-1].index("sending")
            before = len(kinds[:last]) - 1 - kinds[:last][::-1].index("sending")
            between = set(kinds[before + 1 : last])
            known = {"nothing-happened", "settled", "retried", "answered"}
            if not (between & known or ("reread" in between and seen.read_since)):
                self.broken.append(f"row {row} of run {run} is sent again, and nobody looked: {kinds}")
        seen.departures += 1
        seen.read_since = False
        self._row_of[caller, pid] = (run, row, step)

    def _note_applied(self, number: int) -> None:
        pid = self.catalogue.numbering.pid(number)
        row = self._row_of.get((_caller.get(), pid))
        if row is None:
            self.broken.append(f"item {pid} is scanned, and nothing was sent")
            return
        seen = self.seen[row[:2]]
        seen.applied[row[2]] += 1
        seen.applied_at.append(self.application.clock.now())

    # almascan's commands

    def act(self, act: Callable[[Runner], Awaitable[Ended | None]], between: Iterable[Interruption] = ()) -> str:
        """Live through one command.

        Args:
            act: What the command does.
            between: What interrupts it.

        Returns:
            How it ended: an exit code's name, the error's, or "killed".
        """
        self._processes += 1
        how = self.runner.run(self._live(act, list(between), 20_000 + self._processes))
        self.check()
        return how

    async def _live(
        self, act: Callable[[Runner], Awaitable[Ended | None]], between: list[Interruption], port: int
    ) -> str:
        journal = MortalJournal(self.folder / "journal.db", wall_clock=lambda: self.clock.now().wall)
        stop = Stop()
        alma = Alma(
            f"http://127.0.0.1:{port}/almaws/v1",
            KEYS["full"],
            pacer=Pacer(20.0),
            jitter=self._jitter,
            wall_clock=lambda: self.clock.now().wall,
        )
        try:
            async with alma:
                runner = Runner(alma, journal, reporter_for("none", sys.stderr), stop=stop, clock=self.clock)
                living = asyncio.ensure_future(act(runner))
                interrupting = asyncio.ensure_future(self._interrupt(living, between, journal, stop, port))
                try:
                    ended = await asyncio.wait_for(living, LONGEST_LIFE_SECONDS)
                finally:
                    interrupting.cancel()
                    await asyncio.gather(interrupting, return_exceptions=True)
        except asyncio.CancelledError:
            if not journal.is_dead:
                raise
            return "killed"
        except AlmascanError as error:
            return type(error).__name__
        finally:
            journal.close()
        return "not begun" if ended is None else ExitCode(ended.exit_code).name

    async def _interrupt(
        self,
        living: "asyncio.Future[Any]",
        between: list[Interruption],
        journal: MortalJournal,
        stop: Stop,
        port: int,
    ) -> None:
        began = self.loop.time()
        for one in sorted(between, key=lambda one: one.after_seconds):
            await asyncio.sleep(max(0.0, began + one.after_seconds - self.loop.time()))
            match one.kind:
                case "crash":
                    journal.is_dead = True
                    self.loop.network.kill(port, keeps_written=one.keeps_written)
                    living.cancel()
                case "stop":
                    stop.request("A person stopped it.", ExitCode.INTERRUPTED)
                case "abandon":
                    stop.request("A person stopped it.", ExitCode.INTERRUPTED)
                    stop.abandon()
                case "pause" | "cancel":
                    self._say(one.kind)
                case "cut":
                    self.loop.network.cut()
                    self.loop.call_later(one.seconds, setattr, self.loop.network, "is_cut", False)
                case "gap":
                    self.loop.stand_still(one.seconds)
                    self.clock.slept_seconds += one.seconds
                case "set":
                    self.clock.set_ahead_seconds += one.seconds

    def _say(self, word: str) -> None:
        try:
            (pause if word == "pause" else cancel)(self.journal, self.journal.run().id)
        except AlmascanError:
            return  # there was no run yet, or it had ended: a person is told so

    def wait(self, seconds: float) -> None:
        """Let time pass with nothing of almascan's at work."""
        self.runner.run(asyncio.sleep(seconds))
        self.check()

    # What must hold whatever happens

    def check(self) -> None:
        """Fail where a promise is broken."""
        assert not self.broken, self.broken
        for key, seen in self.seen.items():
            most = 1 + seen.again
            assert all(times <= most for times in seen.applied.values()), self._tell(key, seen)
        for run in self.journal.runs():
            self._check_run(run)

    def _tell(self, key: tuple[int, int], seen: Seen) -> str:
        story = "\n".join(f"{event.at:.2f} {event.kind}: {event.text}" for event in self.journal.story(*key))
        return f"row {key} was scanned {dict(seen.applied)}, at {seen.applied_at}:\n{story}"

    def _check_run(self, run: Run) -> None:
        rows = list(self.journal.rows(run.id))
        counts = self.journal.counts(run.id)
        assert len(rows) == run.rows == sum(counts.values())
        assert counts == Counter(row.answer for row in rows)
        for row in rows:
            self._check_row(row)

    def _check_row(self, row: Row) -> None:
        key = (row.run, row.row)
        was = self._states.get(key, RowState.NEW)
        story = self.journal.story(row.run, row.row)
        assert row.state in _reachable(was, asked=any(event.kind is EventKind.RETRIED for event in story)), (was, row)
        assert (row.outcome is None) is (row.state not in FINAL_STATES), row
        self._states[key] = row.state


def _reachable(was: RowState, *, asked: bool) -> set[RowState]:
    """All states that may be seen after one."""
    found, ahead = {was}, [was]
    while ahead:
        state = ahead.pop()
        if state is RowState.FAILED and not asked:
            continue
        following = STEPS[state] - found
        found |= following
        ahead += following
    return found


class _Watched(Counter[int]):
    """Scans per item; tells of each."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._tell = tell

    def __setitem__(self, number: int, scans: int) -> None:
        super().__setitem__(number, scans)
        self._tell(number)


async def _settle_down() -> None:
    """End what the simulated Alma still has in hand."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
