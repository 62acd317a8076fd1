"""A scan killed without warning, whatever it is doing, and resumed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bench.kills import measure

NEW_NETWORK = ["unshare", "--map-root-user", "--net"]


def test_a_run_killed_at_random_moments_scans_nothing_twice_and_answers_every_row() -> None:
    figures = measure(rows=240, kills=5, seed=3)
    assert figures.kills >= 3
    assert figures.is_kept, str(figures)


@pytest.mark.system
@pytest.mark.skipif(sys.platform != "linux", reason="cutting a network needs Linux's network namespaces")
def test_what_a_killed_process_had_not_got_through_a_cut_network_never_arrives(tmp_path: Path) -> None:
    if not shutil.which("tc") or subprocess.run([*NEW_NETWORK, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system gives no network namespace to cut (unshare and tc are needed)")
    command = [*NEW_NETWORK, sys.executable, "-m", "tests.run.cut_network", str(tmp_path)]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=60)
    seen = json.loads(ended.stdout)
    assert seen["scans_when_cut"] > 0
    assert seen["sending_when_killed"] > 0
    assert seen["scans_after_mending"] == seen["scans_when_cut"]
    assert seen["scanned_twice"] == 0
    assert seen["unclear"] == 0
    assert seen["not_tried"] == 0
