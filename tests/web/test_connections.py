"""The institutions that the page can work for, and their keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from almascan.errors import KeyRefusedError, UsageError
from almascan.settings import Profiles, Settings, keep_in_file, write_profiles
from almascan.simulator import Simulator, SimulatorConfig
from almascan.web.connections import ENVIRONMENT, SIMULATOR, Connections
from almascan.web.practice import Practice


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000, institutions=2, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def profiles(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """Two profiles, each with the key of an institution of its own; the second does not say whose it is."""
    first, second = simulator.institutions
    tables: dict[str, dict[str, object]] = {}
    for name, institution in (("first", first), ("second", second)):
        keep_in_file(tmp_path / f"{name}.key", institution.keys["full"])
        tables[name] = {"base_url": simulator.base_url, "key_file": str(tmp_path / f"{name}.key")}
    tables["first"]["institution"] = first.code
    write_profiles(Profiles(tmp_path / "profiles.toml", "first", tables))
    return {"ALMASCAN_CONFIG": str(tmp_path / "profiles.toml")}


def started_with(environ: dict[str, str], *, profile: str = "", base_url: str = "") -> Connections:
    return Connections(Settings(profile=profile, base_url=base_url), environ, Practice())


def test_every_profile_is_there_and_the_one_to_begin_with_comes_first(
    profiles: dict[str, str], simulator: Simulator
) -> None:
    names = [each.name for each in started_with(profiles, profile="second", base_url=simulator.base_url).all()]
    assert names == ["second", "first"]


def test_without_anything_set_up_a_person_is_told_where_to_begin(tmp_path: Path) -> None:
    connections = started_with({"ALMASCAN_CONFIG": str(tmp_path / "none.toml")})
    assert connections.all() == []
    with pytest.raises(UsageError, match="set-up page"):
        connections.find("")


async def test_the_environment_s_key_is_for_the_connection_that_the_page_was_started_with_alone(
    profiles: dict[str, str], simulator: Simulator
) -> None:
    first, second = simulator.institutions
    environ = profiles | {"ALMASCAN_API_KEY": second.keys["full"]}
    connections = started_with(environ, base_url=simulator.base_url)
    assert (await connections.meet(connections.find(ENVIRONMENT))).code == second.code
    assert (await connections.meet(connections.find("first"))).code == first.code


async def test_a_key_of_another_institution_than_the_profile_s_is_refused(
    profiles: dict[str, str], simulator: Simulator, tmp_path: Path
) -> None:
    keep_in_file(tmp_path / "first.key", simulator.institutions[1].keys["full"])
    connections = started_with(profiles)
    with pytest.raises(KeyRefusedError, match="nothing was read or scanned"):
        await connections.meet(connections.find("first"))


async def test_whose_a_key_is_is_asked_where_nobody_knows_it_yet(
    profiles: dict[str, str], simulator: Simulator
) -> None:
    second = simulator.institutions[1]
    connections = started_with(profiles)
    assert connections.for_institution(second.code) is None
    found = await connections.meet_institution(second.code)
    assert found is not None
    assert found.name == "second"
    assert await connections.meet_institution("01NOBODY") is None


async def test_a_key_that_fails_is_not_asked_about_at_every_look(
    profiles: dict[str, str], simulator: Simulator, tmp_path: Path
) -> None:
    keep_in_file(tmp_path / "second.key", "l8xxWRONGWRONGWRONG")
    connections = started_with(profiles)
    await connections.meet_institution("01NOBODY")
    requests = simulator.stats()["requests"]
    for _ in range(5):
        assert await connections.meet_institution("01NOBODY") is None
    assert simulator.stats()["requests"] == requests


async def test_the_simulator_is_there_once_it_was_started_and_runs_once(tmp_path: Path) -> None:
    practice = Practice()
    connections = Connections(Settings(), {"ALMASCAN_CONFIG": str(tmp_path / "none.toml")}, practice)
    try:
        one, two = await connections.start_practice(), await connections.start_practice()
        assert one.settings.base_url == two.settings.base_url
        assert one.is_simulated
        assert [each.name for each in connections.all()] == [SIMULATOR]
        assert connections.for_institution(one.institution) == two
    finally:
        practice.close()
