"""The pytest fixture, as another project uses it: in a pytest of its own."""

import subprocess
import sys
from pathlib import Path

PLUGIN = 'pytest_plugins = ["almascan.testing"]\n'
TESTS = """
import urllib.request

def look_up(simulator, barcode):
    url = f"{simulator.base_url}/items?item_barcode={barcode}"
    request = urllib.request.Request(url, headers={"Authorization": f"apikey {simulator.keys['full']}"})
    with urllib.request.urlopen(request) as answer:
        return answer.status

def test_one_that_leaves_its_traces(alma_simulator):
    barcode = alma_simulator.barcodes("in_transit", 1)[0]
    assert look_up(alma_simulator, barcode) == 200
    alma_simulator.change(barcode, process_type="LOAN")
    alma_simulator.add_fault("drop", times=0)
    assert alma_simulator.stats()["requests"] == 2
    globals()["address"] = alma_simulator.address

def test_another_that_meets_none_of_them(alma_simulator):
    assert alma_simulator.address == address
    assert alma_simulator.stats()["requests"] == 0
    assert look_up(alma_simulator, alma_simulator.barcodes("in_transit", 1)[0]) == 200
"""


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "-W",
        "error",
        "-q",
        *options,
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_tests_share_a_server_and_each_finds_it_as_good_as_new(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "test_theirs.py").write_text(TESTS, encoding="utf-8")
    ended = run_pytest(tmp_path)
    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr


def test_a_conftest_says_how_the_simulator_is_set_up(tmp_path: Path) -> None:
    settings = """
import pytest
from almascan.simulator import SimulatorConfig

@pytest.fixture(scope="session")
def alma_simulator_config():
    return SimulatorConfig(items=50, institutions=2)
"""
    test = "def test_it(alma_simulator):\n    assert len(alma_simulator.institutions) == 2\n"
    (tmp_path / "conftest.py").write_text(PLUGIN + settings, encoding="utf-8")
    (tmp_path / "test_theirs.py").write_text(test, encoding="utf-8")
    ended = run_pytest(tmp_path)
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


def test_a_project_that_does_not_ask_for_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text("def test_it(alma_simulator):\n    pass\n", encoding="utf-8")
    ended = run_pytest(tmp_path)
    assert "fixture 'alma_simulator' not found" in ended.stdout


def test_almascan_itself_does_without_pytest() -> None:
    code = "import sys; import almascan, almascan.simulator, almascan.__main__; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
