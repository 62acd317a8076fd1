"""Where the commands of the main job are tried: a simulated Alma, a folder, and the settings in the environment."""

from collections.abc import Sequence
from pathlib import Path

from click.testing import Result
from tests.cli.invocation import environment, invoke

from almascan.simulator import Simulator


class Workplace:
    """A person's folder and environment: all settings come from variables, and no option is needed for any."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self.environ = environment(folder, simulator) | {
            "ALMASCAN_LIBRARY": simulator.library,
            "ALMASCAN_CIRC_DESK": simulator.circ_desk,
            "ALMASCAN_JOURNAL": str(folder / "journal.db"),
            "ALMASCAN_RATE": "500",
            "ALMASCAN_SETTLE_SECONDS": "0.2",
        }

    def write(self, lines: Sequence[str], name: str = "list.txt") -> str:
        """Write a list, and give its path."""
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(path)

    def say(self, *arguments: str) -> Result:
        """Give a command."""
        return invoke(arguments, self.environ)

    def scan(self, lines: Sequence[str], *more: str) -> Result:
        """Write a list, and scan it in without being asked."""
        return self.say("scan", self.write(lines), "--yes", *more)
