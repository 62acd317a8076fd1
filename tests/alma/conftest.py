from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.alma.raw_server import RawServer

from almascan.alma import Alma, Pacer, Timeouts

KEY = "l8xxSECRETKEYSECRETKEY"
CAPTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "captures"

Connect = Callable[..., Alma]


async def no_sleep(_: float) -> None:
    return None


def connect(base_url: str, *, key: str = KEY, scan_seconds: float = 5, read_seconds: float = 5) -> Alma:
    """An Alma without a limit worth the name, whose pauses take no time."""
    return Alma(
        base_url,
        key,
        pacer=Pacer(10_000),
        timeouts=Timeouts(connect_seconds=2, read_seconds=read_seconds, scan_seconds=scan_seconds),
        sleep=no_sleep,
        wall_clock=lambda: 1_790_000_000.0,
    )


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RawServer]:
    async with RawServer() as started:
        yield started


@pytest_asyncio.fixture
async def alma(server: RawServer) -> AsyncIterator[Alma]:
    async with connect(server.base_url) as client:
        yield client


@pytest.fixture
def capture() -> Callable[[str], bytes]:
    if not CAPTURES.is_dir():
        pytest.skip("the captured answers of real Almas are not here")
    return lambda name: (CAPTURES / name).read_bytes()
