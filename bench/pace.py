"""How much of Alma's limit is used, and how much of what is sent is refused; in real time against the simulator.

    python -m bench.pace [--seconds 60]

Each case has a simulator of its own in a process of its own. The same is judged in virtual time by
tests/alma/test_pacing.py, where the machine's other work does not count.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from almascan.alma import Alma, Pacer
from bench.simulated import ask_control, run_simulator

LIMIT = 25
LATENCY_MS = 250
WORKERS = 20


class Case(NamedTuple):
    """One setting of the simulator."""

    jitter_ms: int
    window: str


class Share(NamedTuple):
    """What came of a case: accepted requests per allowed one, refused ones per sent one."""

    accepted: float
    refused: float


CASES = [Case(jitter_ms, window) for jitter_ms in (5, 80) for window in ("sliding", "calendar")]


def options_of(case: Case) -> list[str]:
    options = ["--per-second", str(LIMIT), "--window", case.window]
    return [*options, "--latency-ms", str(LATENCY_MS), "--jitter-ms", str(case.jitter_ms)]


async def measure(ready: dict[str, Any], seconds: float) -> Share:
    barcode = ready["barcodes"]["in_place"][0]
    async with Alma(ready["base_url"], ready["keys"]["full"], pacer=Pacer(LIMIT)) as alma, _deadline(seconds):
        await asyncio.gather(*(_look_up_for_ever(alma, barcode) for _ in range(WORKERS)))
    stats = json.loads(await asyncio.to_thread(ask_control, ready, "stats"))
    return Share((stats["requests"] - stats["refused"]) / (LIMIT * seconds), stats["refused"] / stats["requests"])


@contextlib.asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            yield


async def _look_up_for_ever(alma: Alma, barcode: str) -> None:
    while True:
        await alma.find(barcode)


async def measure_all(seconds: float) -> list[Share]:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        files = [Path(folder) / f"{number}.json" for number in range(len(CASES))]
        simulators = zip(files, map(options_of, CASES), strict=True)
        ready = [stack.enter_context(run_simulator(file, *options)) for file, options in simulators]
        return await asyncio.gather(*(measure(each, seconds) for each in ready))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pace", description="Measure the pacing in real time.")
    parser.add_argument("--seconds", type=float, default=60, help="how long each case runs (default 60)")
    seconds = parser.parse_args().seconds
    print(f"{LIMIT} requests a second allowed, {LATENCY_MS} ms latency, {seconds:g} s\n")
    print(f"{'jitter':>8}  {'window':8}  {'accepted / allowed':>18}  {'refused / sent':>14}")
    for case, share in zip(CASES, asyncio.run(measure_all(seconds)), strict=True):
        print(f"{case.jitter_ms:>5} ms  {case.window:8}  {share.accepted:>18.1%}  {share.refused:>14.2%}")


if __name__ == "__main__":
    main()
