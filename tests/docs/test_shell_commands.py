"""Every command that a page shows is one that the program understands, and that works on the simulator."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from almascan.cli import almascan
from almascan.simulator import Simulator, SimulatorConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TALKING = {"profiles add", "simulator", "demo", "web"}
"""What asks on a terminal, or goes on until it is stopped: its line is parsed, and not carried out."""
SLOW_OPTIONS = {"--not-before", "--notify"}
"""One waits for the evening, one writes a mail; likewise."""
LEAVES_ROWS = {"scan", "resume", "retry"}
"""Of these, exit code 3 is a success too: the simulated items are in any state."""
REFUSED = {
    "cancel 7": "Run 7 is finished: there is nothing to cancel.",
    "pause": "No process works on run",
    "settle 7 112 --done": "unclear",
    "settle 7 112 --again": "unclear",
    'plan --analytics "/shared/My University/Reports/In transit for 14 days"': "Alma has no Analytics report",
    "scan --from-run 7 --outcome on-loan --outcome requested --recipe returns": "Run 7 has no rows with the chosen",
    "plan to-storage.csv --recipe send --library STORE --desk STORE_DESK": "Alma has no circulation desk at STORE",
}
"""Lines that cannot succeed here, and what is then said: the simulated Alma has no such report or desk, and so on."""
LAST = {"cancel", "pause"}
"""Commands after which the others would find their run ended."""
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
    """A folder with a run of 112 rows in its journal, seven times, so that run 7 and row 112 are there."""
    settings = {
        "BASE_URL": simulator.base_url,
        "API_KEY": simulator.keys["full"],
        "LIBRARY": simulator.library,
        "CIRC_DESK": simulator.circ_desk,
        "JOURNAL": str(tmp_path / "journal.db"),
        "CONFIG": str(tmp_path / "profiles.toml"),
        "RATE": "400",
        "PROGRESS": "none",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"ALMASCAN_{name}", value)
    monkeypatch.chdir(tmp_path)
    Path("profiles.toml").write_text(f'[profiles.sandbox]\ninstitution = "{simulator.institution}"\n', encoding="utf-8")
    Path("drop").mkdir()
    Path("many.txt").write_text("\n".join(simulator.barcodes("in_transit", 112)), encoding="utf-8")
    for _ in range(7):
        CliRunner().invoke(almascan, ["plan", "many.txt", "--limit", "1"])
    return tmp_path


def test_pages_show_commands() -> None:
    assert len(SHOWN) > 40
    assert {line.split()[0] for _, line in SHOWN} >= {"scan", "plan", "resume", "retry", "settle", "report", "watch"}


def is_carried_out(line: str) -> bool:
    arguments = shlex.split(line)
    return not {arguments[0], " ".join(arguments[:2])} & TALKING and not SLOW_OPTIONS & set(arguments)


@pytest.mark.parametrize(("page", "line"), [shown for shown in SHOWN if not is_carried_out(shown[1])])
def test_what_asks_or_does_not_end_is_understood(page: str, line: str) -> None:
    command: click.Command = almascan
    arguments = shlex.split(line)
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), arguments[0])
        assert found is not None, f"{page}: {line}"
        command, arguments = found, arguments[1:]
    assert command.make_context(line, arguments)


@pytest.mark.usefixtures("place")
def test_every_other_command_that_is_shown_does_what_it_is_shown_for(simulator: Simulator) -> None:
    wrong = []
    carried_out = {line: page for page, line in SHOWN if is_carried_out(line)}
    for line, page in sorted(carried_out.items(), key=lambda shown: shown[0].split()[0] in LAST):
        result = CliRunner().invoke(almascan, prepare(shlex.split(line), simulator))
        allowed = {2} if line in REFUSED else {0, 3} if line.split()[0] in LEAVES_ROWS else {0}
        if result.exit_code not in allowed or REFUSED.get(line, "") not in result.output:
            wrong.append((page, line, result.output))
    assert wrong == []


def prepare(arguments: list[str], simulator: Simulator) -> list[str]:
    """Make the lists that a line names, say yes where it would ask, and let what watches a folder end."""
    for argument in arguments:
        if re.fullmatch(r"[\w.-]+\.(txt|csv|xlsx)", argument) and not Path(argument).exists():
            Path(argument).write_text("\n".join(simulator.barcodes("in_transit", 2)), encoding="utf-8")
    if arguments[0] == "watch":
        return [*(part if not part.startswith("/srv") else "drop" for part in arguments), "--once"]
    return [*arguments, "--yes"] if arguments[0] == "scan" and "--yes" not in arguments else arguments
