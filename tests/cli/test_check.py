"""``almascan check``: what it says of a key and a desk, and its exit codes."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.invocation import environment, invoke

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=10, per_second=0, environment="production")) as running:
        yield running


def test_a_good_key_and_desk_are_shown_by_name_with_exit_code_0(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--library", "MAIN", "--desk", "DEFAULT_CIRC_DESK"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.DONE
    for fact in ("Simulated University", "production", "of today's calls remain", "Main Circulation Desk"):
        assert fact in result.stdout
    assert "A scan can be done at DEFAULT_CIRC_DESK (Main Circulation Desk) in MAIN" in result.stdout


def test_checking_changes_nothing_in_alma(simulator: Simulator, tmp_path: Path) -> None:
    before = simulator.stats()["scans"]
    invoke(["check", "--library", "MAIN", "--desk", "DEFAULT_CIRC_DESK"], environment(tmp_path, simulator))
    assert simulator.stats()["scans"] == before


def test_without_a_desk_a_scan_could_still_be_done_where_one_is_named(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.DONE
    assert "it needs a library and a desk.\nWhat there is to name: almascan desks\n" in result.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--library", "MIAN"], 'There is no library "MIAN". Did you mean "MAIN"?'),
        (
            ["--library", "MAIN", "--desk", "self_check9"],
            'Alma has no circulation desk at MAIN with the code "self_check9". Did you mean "SELF_CHECK_9"?',
        ),
        (["--library", "MAIN", "--department", "CONSERVE"], 'Alma has no department with the code "CONSERVE".'),
        (["--desk", "DEFAULT_CIRC_DESK"], 'The desk "DEFAULT_CIRC_DESK" needs its library'),
    ],
)
def test_an_unknown_desk_is_named_with_the_nearest_and_exit_code_2(
    simulator: Simulator, tmp_path: Path, options: list[str], sentence: str
) -> None:
    result = invoke(["check", *options], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.USAGE
    assert sentence in result.stdout


def test_a_desk_beyond_the_first_page_of_ten_is_found(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--library", "MAIN", "--desk", "SELF_CHECK_10"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.DONE


def test_a_department_of_the_whole_institution_is_found_without_a_library(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--department", "DIGITIZE"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.DONE
    assert "Digitization Unit" in result.stdout


def test_a_key_with_bibs_rights_alone_can_scan_and_is_told_what_it_cannot(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--library", "M", "--desk", "D"], environment(tmp_path, simulator, "bibs_only"))
    assert result.exit_code == ExitCode.DONE
    assert "It can scan all the same" in result.stdout
    assert "unknown (the key may not read Configuration)" in result.stdout
    assert "D (not checked)" in result.stdout


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("read_only", "may read Bibs and not write"), ("conf_only", "has no right to read Bibs")],
)
def test_a_key_that_may_not_scan_is_told_which_right_is_missing_with_exit_code_5(
    simulator: Simulator, tmp_path: Path, key: str, sentence: str
) -> None:
    result = invoke(["check"], environment(tmp_path, simulator, key))
    assert result.exit_code == ExitCode.KEY
    assert sentence in result.stdout
    assert "A scan cannot be done" in result.stdout


def test_an_unknown_key_ends_with_exit_code_5_and_is_not_shown(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check"], environment(tmp_path, simulator, "l8xxunknownkey"))
    assert result.exit_code == ExitCode.KEY
    assert result.stderr.startswith("almascan: ")
    assert "l8xxunknownkey" not in result.output


def test_without_a_key_the_ways_to_give_one_are_said(simulator: Simulator, tmp_path: Path) -> None:
    environ = environment(tmp_path, simulator) | {"ALMASCAN_API_KEY": None}
    result = invoke(["check"], environ)
    assert result.exit_code == ExitCode.KEY
    assert "Give it in one of three ways" in result.stderr


def test_an_alma_that_cannot_be_reached_ends_with_exit_code_8(simulator: Simulator, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        environ = environment(tmp_path, simulator) | {"ALMASCAN_BASE_URL": f"http://127.0.0.1:{port}"}
        result = invoke(["check"], environ)
    assert result.exit_code == ExitCode.UNREACHABLE
    assert "Traceback" not in result.output


def test_a_host_that_is_not_almas_never_gets_the_key(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--base-url", "https://alma.example.org"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.USAGE


def test_without_an_address_the_ways_to_give_one_are_said(tmp_path: Path) -> None:
    result = invoke(["check"], environment(tmp_path) | {"ALMASCAN_API_KEY": "l8xx"})
    assert result.exit_code == ExitCode.USAGE
    assert "give --base-url" in result.stderr


def test_json_holds_the_facts_and_the_verdict_and_no_key(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--library", "MAIN", "--desk", "NONE", "--json"], environment(tmp_path, simulator))
    found = json.loads(result.stdout)
    assert result.exit_code == ExitCode.USAGE
    assert (found["institution"], found["environment"], found["can_scan"]) == (
        simulator.institution,
        "production",
        False,
    )
    library, desk = found["places"]
    assert library == {"kind": "library", "code": "MAIN", "name": "Main Library", "exists": True, "hint": ""}
    assert (desk["code"], desk["exists"]) == ("NONE", False)
    assert "Known: DEFAULT_CIRC_DESK, RARE_DESK, " in desk["hint"]
    assert found["key_source"] == "the environment variable ALMASCAN_API_KEY"
    assert simulator.keys["full"] not in result.output


def test_the_home_desk_of_each_item_is_a_desk(simulator: Simulator, tmp_path: Path) -> None:
    result = invoke(["check", "--desk", "home"], environment(tmp_path, simulator))
    assert result.exit_code == ExitCode.DONE
    assert "A scan can be done at home (each item's home desk)" in result.stdout
