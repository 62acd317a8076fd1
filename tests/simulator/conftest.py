from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000, seed=7, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


@dataclass(frozen=True)
class Client:
    """Asks a simulator as a plain script would: one connection per request, JSON unless told otherwise."""

    simulator: Simulator
    key: str = "full"
    accept: str = "application/json"

    def send(
        self, method: str, path: str, *, key: str | None = None, timeout: float = 5, **options: Any
    ) -> requests.Response:
        headers = {"Accept": self.accept, "Authorization": f"apikey {self.simulator.keys[key or self.key]}"}
        url = path if path.startswith("http") else self.simulator.base_url + path
        options["headers"] = headers | options.get("headers", {})
        return requests.request(method, url, timeout=timeout, allow_redirects=False, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def item_path(self, barcode: str) -> str:
        mms_id, holding_id, pid = self.simulator.ids(barcode)
        return f"/bibs/{mms_id}/holdings/{holding_id}/items/{pid}"

    def scan(self, barcode: str, **params: Any) -> requests.Response:
        here = {"library": self.simulator.library, "circ_desk": self.simulator.circ_desk}
        params = {"op": "scan"} | (here if "library" not in params and "department" not in params else {}) | params
        return self.send("POST", self.item_path(barcode), params=params)


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator)


@pytest.fixture
def a_barcode(simulator: Simulator) -> Callable[[str], str]:
    return lambda state: simulator.barcodes(state, 1)[0]
