"""The examples of the page "Test your own Alma integration against it", run as they stand there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from almascan.simulator import Simulator, SimulatorConfig

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "test-your-integration.md"
IN_PLACE = {"value": "1", "desc": "Item in place"}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000)) as simulator:
        yield simulator


def example(language: str, containing: str) -> str:
    blocks: list[str] = re.findall(rf"^ *```{language}\n(.*?)^ *```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return found


def run(simulator: Simulator, *command: str) -> str:
    environ = os.environ | {"ALMA_URL": simulator.base_url, "ALMA_KEY": simulator.keys["full"]}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def assert_one_was_scanned(simulator: Simulator) -> None:
    assert list(simulator.scans().values()) == [1]
    assert simulator.stats()["by_operation"] == {"find": 1, "scan": 1}
    assert simulator.stats()["in_house_uses"] == 0


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="curl or bash is not installed")
def test_the_example_with_curl_scans_an_item_in(simulator: Simulator) -> None:
    printed = run(simulator, "bash", "-euc", example("bash", "op=scan"))
    assert json.loads(printed)["item_data"]["base_status"] == IN_PLACE
    assert_one_was_scanned(simulator)


def test_the_example_in_python_scans_an_item_in(simulator: Simulator) -> None:
    assert run(simulator, sys.executable, "-W", "error", "-c", example("python", "requests.Session")) == f"{IN_PLACE}\n"
    assert_one_was_scanned(simulator)


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_example_in_javascript_scans_an_item_in(simulator: Simulator, tmp_path: Path) -> None:
    script = tmp_path / "scan.mjs"
    script.write_text(example("javascript", "op=scan"), encoding="utf-8")
    assert run(simulator, "node", str(script)) == "{ value: '1', desc: 'Item in place' }\n"
    assert_one_was_scanned(simulator)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_lost_answer_of_the_page_is_lost(simulator: Simulator) -> None:
    command = example("bash", "simulator/faults").replace("http://127.0.0.1:8765", simulator.address)
    assert json.loads(run(simulator, "bash", "-euc", command))[0]["applied"] is True


def test_the_page_names_every_key(simulator: Simulator) -> None:
    assert set(re.findall(r"^\| `(l8xx\w+)`", PAGE.read_text("utf-8"), re.MULTILINE)) == set(simulator.keys.values())
