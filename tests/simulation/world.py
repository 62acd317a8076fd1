"""almascan's commands, one after another, with a simulated Alma in virtual time and a ``Witness`` of all they do."""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send
from tests.simulation.network import SimulatedLoop
from tests.simulation.witness import Witness
from uvicorn.server import ServerState

from almascan.alma import Alma, Pacer, Timeouts
from almascan.clock import Clock, Stamp
from almascan.errors import AlmascanError, ExitCode, JournalError
from almascan.intervene import cancel, pause
from almascan.journal import Change, Journal, Saved, Writer
from almascan.model import RowState, Run
from almascan.progress import reporter_for
from almascan.run import Ended, Runner
from almascan.simulator import SimulatorConfig
from almascan.simulator.application import Application
from almascan.simulator.dates import format_day
from almascan.simulator.delivery import make_protocol
from almascan.simulator.keys import KEYS
from almascan.stop import Stop

LONGEST_LIFE_SECONDS = (6 + 3 * 2) * 3600.0
"""Six hours, and the two for which the machine may stand still three times in a life."""
IMPATIENT = Timeouts(scan_seconds=30.0)
_PARTS_OF_AN_ITEM = 9
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
    """The journal's writer; while its thread writes, virtual time stands still.

    Attributes:
        freeze: Called once, when an intent to scan has just been recorded.
    """

    freeze: Callable[[], None] | None = None

    async def save(self, change: Change) -> Saved:
        with _loop().awaiting():
            saved = await super().save(change)
        if change.claim is not None and self.freeze is not None:
            freeze, self.freeze = self.freeze, None
            freeze()
        return saved

    async def __aexit__(self, *error: object) -> None:
        with _loop().awaiting():
            await super().__aexit__(*error)  # type: ignore[arg-type]


class MortalJournal(Journal):
    """The journal of a process that can die: from then on it writes nothing."""

    is_dead = False

    def __init__(self, path: Path, clock: VirtualClock, witness: Witness) -> None:
        super().__init__(path, wall_clock=lambda: clock.now().wall)
        self.mortal_writer = MortalWriter(self.save)
        self._witness = witness

    def writer(self) -> Writer:
        return self.mortal_writer

    def save(self, changes: Sequence[Change]) -> list[Saved]:
        self._live()
        for change in changes:
            if change.claim is not None:
                self._witness.see_record(change.row.run, change.row.row)
        return super().save(changes)

    def change_run(self, run_id: int, **values: Any) -> Run:
        self._live()
        return super().change_run(run_id, **values)

    def delete_run(self, run_id: int) -> None:
        self._live()
        super().delete_run(run_id)

    def _live(self) -> None:
        if self.is_dead:
            raise JournalError("The process is dead.")


def _loop() -> SimulatedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    return loop


class Interruption(msgspec.Struct, frozen=True):
    """What comes between: when, in seconds of a command's life, and what.

    crash is a kill -9 (``keeps_written``: what it had written still arrives at Alma); stop and abandon are Ctrl-C once
    and twice; pause and cancel come from another terminal; cut is a network that is away for so many seconds; gap is a
    laptop that sleeps, and freeze one that does so between the next record and its departure; set is a wall clock that is set; borrow is a reader who takes an item whose scan got no answer.
    """

    kind: Literal["crash", "stop", "abandon", "pause", "cancel", "cut", "gap", "freeze", "set", "borrow"]
    after_seconds: float
    seconds: float = 0.0
    keeps_written: bool = True


class Life(NamedTuple):
    """A command that lives: its task, its journal, what stops it, and the port that stands for it."""

    task: "asyncio.Future[Any]"
    journal: MortalJournal
    stop: Stop
    port: int


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
        self._processes = 0
        self._loans = 0
        self._jitter = random.Random(seed)
        self.journal = Journal(folder / "journal.db", wall_clock=lambda: self.clock.now().wall)
        self.witness = Witness(folder / "journal.db", self.catalogue, loop.time)
        self._serve()

    def close(self) -> None:
        """End it."""
        self.witness.close()
        self.journal.close()
        self.runner.run(_settle_down())
        with self.loop.awaiting():  # for the executor's threads
            self.runner.close()

    # The simulated Alma on the network

    def _serve(self) -> None:
        self.application.gateway.ledger.scans_by_item = _Watched(
            lambda number: self.witness.see_applied(_caller.get(), number)
        )
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
        self.loop.network.watch = self.witness.see_written

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        _caller.set(scope["client"][1])
        await self.application(scope, receive, send)
        parts = scope["path"].split("/")
        if scope["method"] == "GET" and len(parts) == _PARTS_OF_AN_ITEM:
            self.witness.see_read(_caller.get(), parts[-1])

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
        journal = MortalJournal(self.folder / "journal.db", self.clock, self.witness)
        stop = Stop()
        alma = Alma(
            f"http://127.0.0.1:{port}/almaws/v1",
            KEYS["full"],
            pacer=Pacer(20.0),
            timeouts=IMPATIENT,
            jitter=self._jitter,
            wall_clock=lambda: self.clock.now().wall,
        )
        try:
            async with alma:
                runner = Runner(alma, journal, reporter_for("none", sys.stderr), stop=stop, clock=self.clock)
                living = asyncio.ensure_future(act(runner))
                interrupting = asyncio.ensure_future(self._interrupt(between, Life(living, journal, stop, port)))
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
            return "killed" if journal.is_dead else type(error).__name__
        finally:
            journal.close()
        return "not begun" if ended is None else ExitCode(ended.exit_code).name

    async def _interrupt(self, between: list[Interruption], life: "Life") -> None:
        began = self.loop.time()
        for one in sorted(between, key=lambda one: one.after_seconds):
            await asyncio.sleep(max(0.0, began + one.after_seconds - self.loop.time()))
            if one.kind in ("crash", "stop", "abandon"):
                self._end(one, life)
            else:
                self._disturb(one, life)

    def _end(self, one: Interruption, life: "Life") -> None:
        if one.kind == "crash":
            life.journal.is_dead = True
            self.loop.network.kill(life.port, keeps_written=one.keeps_written)
            life.task.cancel()
            return
        life.stop.request("A person stopped it.", ExitCode.INTERRUPTED)
        if one.kind == "abandon":
            life.stop.abandon()

    def _disturb(self, one: Interruption, life: "Life") -> None:
        match one.kind:
            case "pause" | "cancel":
                self._say(one.kind)
            case "cut":
                self.loop.network.cut()
                self.loop.call_later(one.seconds, setattr, self.loop.network, "is_cut", False)
            case "gap":
                self._sleep(one.seconds)
            case "freeze":
                life.journal.mortal_writer.freeze = partial(self._sleep, one.seconds)
            case "set":
                self.clock.set_ahead_seconds += one.seconds
            case "borrow":
                self._borrow()

    def _sleep(self, seconds: float) -> None:
        self.loop.stand_still(seconds)
        self.clock.slept_seconds += seconds

    def _say(self, word: str) -> None:
        try:
            (pause if word == "pause" else cancel)(self.journal, self.journal.run().id)
        except AlmascanError:
            return  # there was no run yet, or it had ended: a person is told so

    def loan(self) -> dict[str, str]:
        """Give the fields of a new loan, due on a day of its own."""
        self._loans += 1
        return {
            "process_type": "LOAN",
            "due_date": f"2027-{1 + self._loans // 28 % 12:02d}-{1 + self._loans % 28:02d}Z",
        }

    def _borrow(self) -> None:
        for run in self.journal.runs(1):
            for row in self.journal.rows_in_state(run.id, RowState.UNCLEAR):
                number = self.catalogue.numbering.number_of_pid(row.pid)
                if number is not None:
                    self.catalogue.change(number, self.loan(), format_day(self.application.clock.now()))

    def wait(self, seconds: float) -> None:
        """Let time pass with nothing of almascan's at work."""
        self.runner.run(asyncio.sleep(seconds))
        self.check()

    def check(self) -> None:
        """Fail where a promise is broken."""
        self.witness.check(self.journal)


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
