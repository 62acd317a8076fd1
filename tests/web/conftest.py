"""What the tests of the page share: a journal, a real browser and its visitors, a simulated Alma, a served page."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.chromium import chromium
from tests.web.browser import Visitors
from tests.web.server_process import ServerProcess

from almascan.journal import Journal
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.system)])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """What the page does on a journal it does wherever that is."""
    place = tmp_path / "journal.db" if request.param == "file" else request.getfixturevalue("server")
    with closing(Journal(place)) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    visitors = Visitors(browser)
    yield visitors
    visitors.close()
    assert visitors.complaints == []


@pytest.fixture
def alma() -> Iterator[Simulator]:
    """A simulated Alma of the library, without limits of its own."""
    with Simulator(SimulatorConfig(items=5_000, seed=6, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def office(tmp_path: Path, alma: Simulator, visitors: Visitors) -> Iterator[ServerProcess]:
    """The page of somebody whose Alma is set up; 100 requests a second. Its visitors leave before it ends."""
    with ServerProcess(tmp_path, alma, variables={"ALMASCAN_RATE": "100"}) as server:
        yield server
        visitors.close()


@pytest.fixture
def newcomer(tmp_path: Path, visitors: Visitors) -> Iterator[ServerProcess]:
    """The page of somebody who has set nothing up. Its visitors leave before it ends."""
    with ServerProcess(tmp_path) as server:
        yield server
        visitors.close()


@pytest.fixture(scope="module")
def library() -> Iterator[Simulator]:
    """A simulated Alma that the tests of a module share."""
    with Simulator(SimulatorConfig(items=5_000, seed=6, per_second=0)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def office_of_module(tmp_path_factory: pytest.TempPathFactory, library: Simulator) -> Iterator[ServerProcess]:
    """A page that the tests of a module share, each with a new link."""
    with ServerProcess(tmp_path_factory.mktemp("office"), library, variables={"ALMASCAN_RATE": "100"}) as server:
        yield server
