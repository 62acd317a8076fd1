from collections.abc import Iterator

import pytest

from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulated Alma with the limit that other people's clients are made for."""
    with Simulator(SimulatorConfig(items=1000, seed=7, per_second=25)) as simulator:
        yield simulator
