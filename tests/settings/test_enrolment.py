"""Making a profile from what somebody typed: tried at Alma, its key put away."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.settings.keyrings import MemoryKeyring, in_use

from almascan.enrolment import NewProfile, keep, key_path, propose, try_key
from almascan.errors import KeyRefusedError, UsageError
from almascan.settings import find_key, load_settings, read_profiles
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=10, per_second=0)) as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"ALMASCAN_CONFIG": str(tmp_path / "profiles.toml")}


async def test_a_profile_is_tried_and_kept_with_its_institution_and_its_key_in_a_file_of_its_owner(
    simulator: Simulator, environ: dict[str, str]
) -> None:
    key = simulator.keys["full"]
    new = propose("main", simulator.base_url, f" {key}\n", "file", environ, library="MAIN", department="")
    tried, found = await try_key(new)
    assert (found.institution, found.can_scan, found.amiss) == (simulator.institution, True, [])
    profiles = keep(tried, environ)
    assert (profiles.default, read_profiles(profiles.path)) == ("main", profiles)
    assert profiles.profiles["main"] == {
        "base_url": simulator.base_url,
        "library": "MAIN",
        "key_file": str(key_path("main", environ)),
        "institution": simulator.institution,
    }
    assert find_key(load_settings({"profile": "main"}, environ=environ), {}).value == key
    if os.name == "posix":
        assert key_path("main", environ).stat().st_mode & 0o777 == 0o600
    assert key not in profiles.path.read_text()


async def test_a_key_goes_into_the_keyring_and_into_no_file(simulator: Simulator, environ: dict[str, str]) -> None:
    ring = MemoryKeyring()
    with in_use(ring):
        keep(propose("main", simulator.base_url, simulator.keys["full"], "keyring", environ), environ)
    assert ring.passwords == {("almascan", "main"): simulator.keys["full"]}
    assert [path.name for path in Path(environ["ALMASCAN_CONFIG"]).parent.iterdir()] == ["profiles.toml"]


async def test_a_key_that_alma_does_not_know_is_refused(simulator: Simulator, environ: dict[str, str]) -> None:
    with pytest.raises(KeyRefusedError):
        await try_key(propose("main", simulator.base_url, "l8xxunknownkey", "file", environ))


async def test_an_unknown_desk_is_told_and_kept_from_nobody(simulator: Simulator, environ: dict[str, str]) -> None:
    key = simulator.keys["full"]
    _, found = await try_key(propose("main", simulator.base_url, key, "file", environ, library="MIAN"))
    assert found.amiss == ['There is no library "MIAN". Did you mean "MAIN"?']


async def test_a_profile_without_a_key_cannot_be_tried() -> None:
    with pytest.raises(UsageError, match="is not known here"):
        await try_key(NewProfile("main", {"base_url": "eu"}))


@pytest.mark.parametrize(
    ("name", "address", "key", "sentence"),
    [
        ("", "eu", "k", "name of a profile"),
        ("a\nb", "eu", "k", "name of a profile"),
        ("main", "https://alma.example.org", "k", "alma.example.org"),
        ("main", "eu", "  ", "There is no key"),
    ],
)
def test_what_makes_no_profile_is_refused(
    environ: dict[str, str], name: str, address: str, key: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        propose(name, address, key, "file", environ)


def test_a_profile_is_replaced_only_when_told_and_the_default_stays(environ: dict[str, str]) -> None:
    for name in ("one", "two"):
        keep(propose(name, "eu", "l8xx", "file", environ), environ)
    with pytest.raises(UsageError, match='There is a profile "one" already'):
        keep(propose("one", "na", "l8xx", "file", environ), environ)
    replaced = keep(propose("one", "na", "l8xx", "file", environ), environ, replace=True)
    assert (replaced.default, replaced.profiles["one"]["base_url"]) == ("one", "na")
    assert (
        keep(propose("two", "na", "l8xx", "file", environ), environ, replace=True, make_default=True).default == "two"
    )


def test_a_key_file_stays_in_its_folder_whatever_the_profiles_name(environ: dict[str, str], tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "a/b", "c:\\d", ".."):
        assert key_path(name, environ).parent == tmp_path
