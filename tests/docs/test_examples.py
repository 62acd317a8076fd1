import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from almascan.simulator import Simulator, SimulatorConfig

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def example_of(page: str, language: str) -> str:
    found = re.search(
        rf"^```{language}\n(.*?)^```", (REFERENCE / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"{page} has no {language} example"
    return found[1]


def run_python(code: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")} | variables
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_of_the_python_api_scans_an_item_in() -> None:
    with Simulator(SimulatorConfig(items=1000)) as simulator:
        (barcode,) = simulator.barcodes("in_transit", 1)
        printed = run_python(
            example_of("python-api.md", "python"),
            ALMASCAN_BASE_URL=simulator.base_url,
            ALMASCAN_API_KEY=simulator.keys["full"],
            BARCODE=barcode,
        )
        assert printed == "TRANSIT -> in place\n"
        assert simulator.scans() == {barcode: 1}


def test_the_example_of_the_simulator_runs_one() -> None:
    printed = run_python(example_of("simulator.md", "python"))
    assert "/almaws/v1 l8xx" in printed


def test_the_example_of_a_fault_is_a_fault() -> None:
    posted = re.search(r"-d '(\{.*?\})'", (REFERENCE / "simulator.md").read_text(encoding="utf-8"))
    assert posted is not None
    with Simulator(SimulatorConfig(items=1000)) as simulator:
        simulator.add_fault(**json.loads(posted[1]))


def test_every_state_that_the_simulators_page_names_has_barcodes() -> None:
    page = (REFERENCE / "simulator.md").read_text(encoding="utf-8")
    sentence = page[page.index("The states for") : page.index("## Bad days")]
    _, *states = re.findall(r"`(\w+)`", sentence)
    with Simulator(SimulatorConfig(items=1000)) as simulator:
        assert states
        assert [state for state in states if not simulator.barcodes(state, 1)] == []


def test_the_example_of_a_list_plans_scans_and_says_what_became_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "python-api.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0)) as simulator:
        loan, missing, requested = (simulator.barcodes(state, 1)[0] for state in ("on_loan", "missing", "requested"))
        Path("truck.txt").write_text(f"{loan}\n{missing}\n{requested}", encoding="utf-8")
        printed = run_python(code, ALMASCAN_BASE_URL=simulator.base_url, ALMASCAN_API_KEY=simulator.keys["full"])
        assert printed.startswith("2 to scan\n")
        assert f"3 {requested} requested" in printed
        assert set(simulator.scans()) == {loan, missing}
