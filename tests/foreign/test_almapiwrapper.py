"""almapiwrapper, the client of Swiss libraries, unchanged: its class attributes are given the base URL."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from almascan.simulator import Simulator

SESSION = Path(__file__).with_name("almapiwrapper_session.py")
MISSING = [name for name in ("almapiwrapper", "lxml", "pandas") if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"almapiwrapper needs {', '.join(MISSING)}, which are not installed")
def test_almapiwrapper_finds_an_item_by_barcode_and_scans_it_in(simulator: Simulator, tmp_path: Path) -> None:
    barcode = simulator.barcodes("in_transit", 1)[0]
    rights = [{"Area": area, "Permissions": "RW", "Env": "P"} for area in ("Bibs", "Conf")]
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"SIM": [{"API_Key": simulator.keys["full"], "Supported_APIs": rights}]}))
    command = [sys.executable, str(SESSION), simulator.base_url, barcode, simulator.library, simulator.circ_desk]
    environ = os.environ | {"alma_api_keys": str(keys)}
    ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "1 "), ended.stderr
    assert simulator.scans() == {barcode: 1}
