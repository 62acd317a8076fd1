"""A simulated Alma as a pytest fixture, for the tests of any program that talks to Alma.

Nothing happens until a ``conftest.py`` at the root of the tests asks for it::

    pytest_plugins = ["almascan.testing"]

Then a test that names ``alma_simulator`` gets one, over a real socket and as good as new::

    def test_an_item_is_scanned_in(alma_simulator):
        barcode = alma_simulator.barcodes("in_transit", 1)[0]
        my_program(alma_simulator.base_url, alma_simulator.keys["full"], barcode)
        assert alma_simulator.scans() == {barcode: 1}

One server serves all tests of a session; its settings are what the fixture ``alma_simulator_config`` returns, which a
conftest.py may define anew. pytest is the caller's: almascan itself does not need it.
"""

from collections.abc import Iterator

import pytest

from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="session")
def alma_simulator_config() -> SimulatorConfig:
    """The settings of the session's simulator: 1,000 items, and no limit on requests so that tests are quick."""
    return SimulatorConfig(items=1000, per_second=0)


@pytest.fixture(scope="session")
def alma_simulator_server(alma_simulator_config: SimulatorConfig) -> Iterator[Simulator]:
    """The session's simulator, with whatever tests before have left behind."""
    with Simulator(alma_simulator_config) as simulator:
        yield simulator


@pytest.fixture
def alma_simulator(alma_simulator_server: Simulator) -> Simulator:
    """The session's simulator as good as new: no changes, counts, limits used or faults, and the clock right."""
    alma_simulator_server.reset()
    return alma_simulator_server
