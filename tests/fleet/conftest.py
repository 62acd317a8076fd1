"""Trial grounds for the tests of the fleet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fleet.ground import Ground, ground
from tests.postgres import Cluster


@pytest.fixture
def small_ground(cluster: Cluster, tmp_path: Path) -> Iterator[Ground]:
    """Three institutions, for one test."""
    with ground(cluster, tmp_path / "ground") as made:
        yield made
