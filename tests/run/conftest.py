from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.run.scene import Scene

from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="package")
def running() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=3000, seed=11, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.fixture
def scene(simulator: Simulator, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(simulator, tmp_path / "journal.db")
    yield scene
    scene.journal.close()
