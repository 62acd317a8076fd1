"""Waiting for what another thread, process or server brings about: long enough for the slowest machine."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0


def wait_until(
    is_so: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS, *, every_seconds: float = 0.02
) -> float:
    """Ask again and again whether something is so; give how long it took, in seconds.

    Raises:
        TimeoutError: It took longer than ``seconds``; the message is ``what``.
    """
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every_seconds)
    return time.monotonic() - began


async def until(is_so: Callable[[], object], what: str = "it comes to that") -> None:
    """Do the same where an event loop runs meanwhile.

    Raises:
        TimeoutError: It took longer than ``PATIENCE_SECONDS``.
    """
    given_up_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > given_up_at:
            raise TimeoutError(f"{what}: not within {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(0.005)
