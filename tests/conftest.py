"""What all tests share: nothing of the person's own settings, and no skipping where the system must be complete."""

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.postgres import Cluster, database

# No example fails for the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

LONGEST = [
    f"tests/{name}.py"
    for name in (
        "simulation/test_state_machine",
        "web/test_story_interrupted",
        "fleet/test_chaos_fleet",
        "bench/test_benches",
        "fleet/test_processes_fleet",
        "engine/test_bad_days",
        "engine/test_disk",
        "web/test_page_looks",
        "web/test_story_first_batch",
        "lists/test_hostile",
        "fleet/test_lost_packets",
        "engine/test_kills",
        "engine/test_fault_sweep",
        "web/test_page_ways",
        "web/test_page_input",
    )
]
"""The files that take longest begin first, so that none of them is left over for one process in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files that take longest to the front; the order within a file stays."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of the garbage collector's sight.

    A look through it all takes a quarter of a second of processor, in which relays and servers in threads of this process
    hold up what then arrives at once, and an honest client is above the rate.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_settings_of_ones_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALMASCAN_")]:
        if name != "ALMASCAN_REQUIRE_SYSTEM":
            monkeypatch.delenv(name)
    monkeypatch.setenv("ALMASCAN_CONFIG", str(tmp_path_factory.getbasetemp() / "no-profiles.toml"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server, for the whole session."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def server(cluster: Cluster) -> Iterator[str]:
    """The address of an empty database, for one test."""
    with database(cluster) as address:
        yield address


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that needs the system, instead of skipping it, where ALMASCAN_REQUIRE_SYSTEM says so."""
    report = yield
    required = os.environ.get("ALMASCAN_REQUIRE_SYSTEM") == "1" and item.get_closest_marker("system")
    if required and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} needs the system's packages: {report.longrepr}"
    return report
