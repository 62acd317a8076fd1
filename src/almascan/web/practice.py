"""A simulated Alma inside the page's process, and a list that is ready to be tried on it."""

import threading
from pathlib import Path

from almascan.demo import PRACTICE, RATE, write_practice_list
from almascan.settings import Settings
from almascan.simulator import Simulator


class Practice:
    """The simulator, which runs from its first use until the page ends.

    Attributes:
        simulator: None while it was not started.
    """

    def __init__(self) -> None:
        self.simulator: Simulator | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._starting:
            if self.simulator is None:
                self.simulator = Simulator(PRACTICE).__enter__()

    def close(self) -> None:
        """End it."""
        if self.simulator is not None:
            self.simulator.__exit__()
            self.simulator = None

    def key(self) -> str:
        """Give its key."""
        return self._running().keys["full"]

    def settings(self) -> Settings:
        """Give the settings of a connection to it: its address, desk and full rate."""
        simulator = self._running()
        return Settings(
            base_url=simulator.base_url,
            institution=simulator.institution,
            library=simulator.library,
            circ_desk=simulator.circ_desk,
            rate=float(RATE),
            per_minute=0,
            keep_calls=0,
            settle_seconds=10.0,
        )

    def write_list(self, path: Path) -> None:
        """Write a list of 200 rows: most of them items stuck in transit there, with what lists have amiss."""
        write_practice_list(self._running(), path)

    def _running(self) -> Simulator:
        if self.simulator is None:
            raise RuntimeError("the simulator was not started")
        return self.simulator
