"""``almascan desks``: libraries, desks and departments, all of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.invocation import environment, invoke

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=10, per_second=0)) as running:
        yield running


def test_all_pages_of_desks_are_listed_one_a_line(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["desks"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.DONE
    lines = result.stdout.splitlines()
    assert sum(line.startswith("MAIN ") for line in lines) == 12
    assert any("SELF_CHECK_10" in line and "newbooks oversize reading stacks" in line for line in lines)
    assert any("STORE" in line and "no circulation desk" in line for line in lines)
    assert any(line.startswith("DIGITIZE ") and "Digitization Unit" in line for line in lines)


def test_departments_of_libraries_are_listed_too_where_alma_gives_only_the_institutions_unasked(tmp_path: Path) -> None:
    readings = frozenset({"departments-of-institution"})
    with Simulator(SimulatorConfig(items=10, per_second=0, readings=readings)) as simulator:
        result = invoke(["desks", "--json"], environment(tmp_path, simulator))
    codes = [department["code"] for department in json.loads(result.stdout)["departments"]]
    assert sorted(codes) == ["AcqDeptMAIN", "CONSERVATION", "DIGITIZE"]


def test_one_library_is_listed_alone(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["desks", "--library", "LAW", "--json"], environment(tmp_path, simulator))
    listed = json.loads(result.stdout)
    assert [library["code"] for library in listed["libraries"]] == ["LAW"]
    desks = {desk["code"]: desk for desk in listed["libraries"][0]["circ_desks"]}
    assert desks["DEFAULT_CIRC_DESK"] == {
        "code": "DEFAULT_CIRC_DESK",
        "name": "Law Circulation Desk",
        "primary": True,
        "locations": ["lawstacks"],
    }


def test_the_profiles_library_does_not_narrow_the_list(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["desks"], environment(tmp_path, simulator) | {"ALMASCAN_LIBRARY": "LAW"})
    assert "SCI_CIRC" in result.stdout


def test_an_unknown_library_is_named_with_the_nearest(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["desks", "--library", "main"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.USAGE
    assert 'There is no library "main". Did you mean "MAIN"?' in result.stderr


def test_a_key_without_the_right_is_told_which_one_is_missing(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["desks"], environment(tmp_path, simulator, "bibs_only"))
    assert result.exit_code == ExitCode.KEY
    assert "the right to read Configuration" in result.stderr
