"""Workers on whose way to the database or to Alma every packet is lost, in networks of their own.

Not marked as in need of the system: no package brings the right to lay networks, so a machine without it may skip these.
"""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.fleet.network import ALONE, can_be_given
from tests.postgres import find_programs


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of workers that lost their packets; ``lost_packets`` says how."""
    if not find_programs():
        pytest.skip("needs PostgreSQL's programs (make system-packages)")
    if not can_be_given():
        pytest.skip("this system gives no networks of its own to lose packets in (Linux, root, unshare, ip and tc)")
    command = [*ALONE, sys.executable, "-m", "tests.fleet.lost_packets", str(tmp_path_factory.mktemp("lost"))]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_lost_packets_double_and_lose_nothing(seen: dict[str, Any]) -> None:
    assert (seen["doubles"], seen["lost"], seen["together"], seen["others"]) == (0, 0, 0, []), seen
    assert seen["scans"] + seen["unclear"] >= seen["rows"] > 0


def test_rows_of_a_worker_without_the_database_go_on_within_half_a_minute(seen: dict[str, Any]) -> None:
    assert seen["heir_after_seconds"] < 30


def test_nothing_leaves_without_a_way_or_without_a_lease(seen: dict[str, Any]) -> None:
    assert (seen["mute_sent"], seen["blind_sent"]) == (0, 0)


def test_a_worker_without_the_database_works_again_when_its_packets_arrive(seen: dict[str, Any]) -> None:
    assert seen["blind_works_again"]
