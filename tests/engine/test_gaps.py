"""Clocks that are set, a laptop that sleeps, names and proxies that are gone in the middle of a run."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest
from tests.engine.conftest import QUICK, RATE, Bench
from tests.engine.test_time import HOUR_SECONDS, ShiftedClock
from tests.waiting import until

from almascan.alma import Alma, Pacer
from almascan.errors import ExitCode, NotSentError
from almascan.journal import Change, Journal, Saved
from almascan.lists import ListOptions, open_list
from almascan.model import EventKind, Outcome, RowState, RunState
from almascan.progress import reporter_for
from almascan.run import Ended, Runner
from almascan.stop import Stop

SHIFTS = {
    "set back": (-HOUR_SECONDS, 0.0),
    "set forward": (HOUR_SECONDS, 0.0),
    "asleep, one clock standing still": (8 * HOUR_SECONDS, 0.0),
    "asleep, both clocks going on": (8 * HOUR_SECONDS, 8 * HOUR_SECONDS),
}
ROWS = 40

shifts = pytest.mark.parametrize("shift", SHIFTS.values(), ids=list(SHIFTS))


async def when(is_so: Callable[[], bool], act: Callable[[], Any]) -> None:
    await until(is_so)
    act()


@shifts
async def test_a_gap_in_the_middle_of_a_run_doubles_and_loses_nothing(bench: Bench, shift: tuple[float, float]) -> None:
    barcodes = bench.simulator.barcodes("in_transit", ROWS)
    bench.simulator.add_fault("delay", operation="read", delay_seconds=0.05, times=0)
    bench.simulator.add_fault("drop", operation="scan", items=tuple(barcodes[5:25:5]), applied=True, times=0)
    clock = ShiftedClock()

    def jump() -> None:
        clock.wall_seconds, clock.monotonic_seconds = shift

    jumping = asyncio.create_task(when(lambda: len(bench.simulator.scans()) > ROWS // 4, jump))
    ended = await bench.scan(barcodes, bench.order(rate=100.0), clock=clock)
    await jumping
    assert ended.counts == {Outcome.IN_PLACE: ROWS}
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


class SleepyJournal(Journal):
    """A journal during whose first intent to send the machine sleeps, as its clock tells."""

    clock: ShiftedClock
    shift: tuple[float, float]

    def save(self, changes: Sequence[Change]) -> list[Saved]:
        saved = super().save(changes)
        if any(change.claim for change in changes):
            self.clock.wall_seconds, self.clock.monotonic_seconds = self.shift
        return saved


@pytest.mark.parametrize("name", [name for name in SHIFTS if name.startswith("asleep")])
async def test_what_was_about_to_be_sent_when_the_machine_fell_asleep_is_looked_at_anew(
    bench: Bench, name: str
) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    journal = SleepyJournal(bench.folder / "sleepy.db")
    journal.clock, journal.shift = ShiftedClock(), SHIFTS[name]
    await Bench(bench.simulator, journal, bench.folder).scan([barcode], clock=journal.clock)
    kinds = [event.kind for event in journal.story(1, 1)]
    journal.close()
    sent, *_ = (index for index, kind in enumerate(kinds) if kind is EventKind.SENDING)
    assert kinds[sent : sent + 4] == [
        EventKind.SENDING,
        EventKind.NOTHING_HAPPENED,
        EventKind.LOOKED,
        EventKind.SENDING,
    ]
    assert bench.simulator.stats()["by_operation"]["scan"] == 1


async def test_a_clock_that_is_set_back_makes_nobody_judge_a_lost_scan_early_and_a_resume_ends_it(bench: Bench) -> None:
    (barcode,) = bench.simulator.barcodes("in_transit", 1)
    bench.simulator.add_fault("drop", operation="scan")
    clock, stop = ShiftedClock(), Stop()

    def is_lost() -> bool:
        return any(row.state is RowState.UNCLEAR for row in bench.journal.rows(1))

    def set_back() -> None:
        clock.wall_seconds = -HOUR_SECONDS

    async def interrupt() -> None:
        await when(is_lost, set_back)
        await asyncio.sleep(1.0)
        stop.request("Enough.")

    interrupting = asyncio.create_task(interrupt())
    ended = await bench.scan([barcode], bench.order(settle_seconds=0.5), clock=clock, stop=stop)
    await interrupting
    assert (ended.counts, bench.simulator.scans()) == ({Outcome.UNCLEAR: 1}, {})
    assert (await bench.resume()).counts == {Outcome.IN_PLACE: 1}
    assert bench.simulator.scans() == {barcode: 1}


class Relay:
    """A proxy on this machine: passes on what it gets to the simulator, until it is told to refuse.

    Asked for an address of Alma's it passes the request on as well, as a proxy for http does.
    """

    def __init__(self, simulator_port: int) -> None:
        self.port = 0
        self._simulator_port = simulator_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Pass on from now on, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Cut all connections, and accept no other."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, to_simulator = await asyncio.open_connection("127.0.0.1", self._simulator_port)
        self._open |= {writer, to_simulator}
        try:
            await asyncio.gather(self._pass(reader, to_simulator), self._pass(upstream, writer))
        except OSError:
            return
        finally:
            for each in (writer, to_simulator):
                self._open.discard(each)
                each.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece.replace(b" http://alma.hosted.exlibrisgroup.com/", b" /"))
            await writer.drain()
        writer.close()


@asynccontextmanager
async def relayed(bench: Bench) -> AsyncIterator[Relay]:
    relay = Relay(int(bench.simulator.address.rsplit(":", 1)[1]))
    await relay.listen()
    try:
        yield relay
    finally:
        relay.refuse()
        await asyncio.sleep(0.05)


async def work(bench: Bench, base_url: str, barcodes: Sequence[str] | None) -> Ended:
    """Scan a list in at an address, or go on with the run where none is given."""
    async with Alma(base_url, bench.simulator.keys["full"], pacer=Pacer(RATE), timeouts=QUICK) as alma:
        runner = Runner(alma, bench.journal, reporter_for("none", sys.stderr))
        if barcodes is None:
            return await runner.resume(1)
        with open_list(bench.write(barcodes), ListOptions()) as reading:
            ended = await runner.scan(reading, bench.order(rate=60.0))
    assert ended is not None
    return ended


async def assert_is_cut_off_and_goes_on(
    bench: Bench, base_url: str, relay: Relay, said: str, *, cut: Callable[[], None], mend: Callable[[], None]
) -> None:
    """Cut a run off in its middle, try to resume it meanwhile, and resume it afterwards."""
    barcodes = bench.simulator.barcodes("in_transit", ROWS)
    cutting = asyncio.create_task(when(lambda: len(bench.simulator.scans()) > ROWS // 4, cut))
    ended = await work(bench, base_url, barcodes)
    await cutting
    assert (ended.run.state, ended.exit_code) == (RunState.PAUSED, ExitCode.PAUSED)
    assert said in ended.run.reason
    assert ended.counts[Outcome.NOT_TRIED] > 0
    sent = {row.barcode for row in bench.journal.rows(1) if row.sends}
    assert set(bench.simulator.scans()) <= sent
    scans = bench.simulator.scans()
    with pytest.raises(NotSentError, match=said):
        await work(bench, base_url, None)
    assert bench.simulator.scans() == scans
    mend()
    await relay.listen()
    ended = await work(bench, base_url, None)
    assert ended.counts == {Outcome.IN_PLACE: ROWS}
    assert bench.simulator.scans() == dict.fromkeys(barcodes, 1)


async def test_a_proxy_that_is_gone_in_the_middle_of_a_run_pauses_it_and_resume_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relayed(bench) as relay:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{relay.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{relay.port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        base_url = "http://alma.hosted.exlibrisgroup.com/almaws/v1"
        said = "The proxy on the way to alma.hosted.exlibrisgroup.com cannot be reached"
        await assert_is_cut_off_and_goes_on(bench, base_url, relay, said, cut=relay.refuse, mend=lambda: None)


async def test_names_that_are_not_found_any_more_pause_the_run_and_resume_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async with relayed(bench) as relay:

        def cut() -> None:
            monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
            # Names that aiohttp has found are asked for again after ten seconds, which are over now.
            monkeypatch.setattr("aiohttp.connector._DNSCacheTable.expired", lambda *_: True)
            relay.refuse()

        base_url = f"http://localhost:{relay.port}/almaws/v1"
        said = "The host localhost was not found"
        await assert_is_cut_off_and_goes_on(bench, base_url, relay, said, cut=cut, mend=monkeypatch.undo)
