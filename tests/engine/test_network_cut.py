"""A process killed while the network under it is cut: what it had not got through never arrives."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEW_NETWORK = ["unshare", "--map-root-user", "--net"]


def _gives_a_network() -> bool:
    if sys.platform != "linux" or not all(map(shutil.which, ("unshare", "ip", "tc"))):
        return False
    return subprocess.run([*NEW_NETWORK, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.system
def test_what_a_killed_process_had_not_got_through_a_cut_network_never_arrives(tmp_path: Path) -> None:
    if not _gives_a_network():
        pytest.skip("this system gives no network of its own to cut (Linux with unshare, ip and tc)")
    command = [*NEW_NETWORK, sys.executable, "-m", "tests.engine.cut_network", str(tmp_path)]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=60)
    seen = json.loads(ended.stdout)
    assert seen["scans_when_cut"] > 0
    assert seen["sending_when_killed"] > seen["scans_when_cut"]
    assert seen["scans_after_mending"] == seen["scans_when_cut"]
    assert seen["scanned_twice"] == 0
    assert seen["unclear"] == 0
    assert seen["not_tried"] == 0
