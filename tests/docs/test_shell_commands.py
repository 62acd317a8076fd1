"""Every command that a page shows is one that the program understands, and that works on the simulator."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from almascan.cli import almascan
from almascan.simulator import Simulator, SimulatorConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENDLESS = {"simulator", "demo"}
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_OUTPUT = re.compile(r"\s*[>|#].*$")


def commands() -> Iterator[tuple[str, str]]:
    """Give page and command line, pipes and comments taken off."""
    for page in PAGES:
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                if line.startswith("$ almascan "):
                    yield str(page.relative_to(ROOT)), _OUTPUT.sub("", line.removeprefix("$ almascan "))


SHOWN = sorted(set(commands()))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0)) as running:
        yield running


@pytest.fixture
def place(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run of seven rows in its journal, seven times, so that run 7 and row 7 are there."""
    settings = {
        "BASE_URL": simulator.base_url,
        "API_KEY": simulator.keys["full"],
        "LIBRARY": simulator.library,
        "CIRC_DESK": simulator.circ_desk,
        "JOURNAL": str(tmp_path / "journal.db"),
        "RATE": "400",
        "PROGRESS": "none",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"ALMASCAN_{name}", value)
    monkeypatch.chdir(tmp_path)
    Path("seven.txt").write_text("\n".join(simulator.barcodes("in_transit", 7)), encoding="utf-8")
    for _ in range(7):
        CliRunner().invoke(almascan, ["plan", "seven.txt", "--limit", "1"])
    return tmp_path


def test_pages_show_commands() -> None:
    assert len(SHOWN) > 40
    assert {line.split()[0] for _, line in SHOWN} >= {"scan", "plan", "resume", "retry", "settle", "report", "watch"}


@pytest.mark.usefixtures("place")
def test_every_command_that_is_shown_is_understood(simulator: Simulator) -> None:
    wrong = []
    for page, line in SHOWN:
        arguments = shlex.split(line)
        if arguments[0] in ENDLESS or arguments[:2] == ["profiles", "add"]:
            continue
        if "--not-before" in arguments or "--notify" in arguments:  # one waits for the evening, one writes a mail
            continue
        for argument in arguments:
            if re.fullmatch(r"[\w.-]+\.(txt|csv|xlsx)", argument) and not Path(argument).exists():
                Path(argument).write_text("\n".join(simulator.barcodes("in_transit", 2)), encoding="utf-8")
        if arguments[0] == "watch":
            Path("drop").mkdir(exist_ok=True)
            arguments = [*(part if not part.startswith("/srv") else "drop" for part in arguments), "--once"]
        result = CliRunner().invoke(almascan, arguments)
        if "Usage:" in result.output or "defect" in result.output or result.exit_code == 1:
            wrong.append((page, line, result.output))
    assert wrong == []
