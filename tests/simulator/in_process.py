"""A simulated Alma without a socket, asked by method, path and query."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec

from almascan.simulator import Gateway, Reply, SimulatorConfig

BASE = "/almaws/v1"
NOW = 1_790_000_000.0


@dataclass
class Asker:
    """Asks a gateway with a key of full rights."""

    gateway: Gateway = field(default_factory=lambda: Gateway(SimulatorConfig(items=1000, seed=7, per_second=0)))
    accept: str = "application/json"

    def ask(self, method: str, path: str, query: str | dict[str, str] = "", body: Any = None, **headers: str) -> Reply:
        text = query if isinstance(query, str) else urlencode(query)
        given = {"authorization": f"apikey {self.gateway.keyring.keys['full']}", "accept": self.accept} | headers
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        return self.gateway.answer(method, BASE + path, text, given, body=content, now=NOW)

    def read(self, path: str, query: str | dict[str, str] = "") -> Any:
        return msgspec.json.decode(self.ask("GET", path, query).body)

    def number(self, state: str) -> int:
        barcode = next(iter(self.gateway.catalogue.barcodes(state, 1)))
        found = self.gateway.catalogue.find(barcode)
        assert found is not None
        return found

    def item_path(self, number: int) -> str:
        names = self.gateway.catalogue.numbering
        return f"/bibs/{names.mms_id(number)}/holdings/{names.holding_id(number)}/items/{names.pid(number)}"

    def set_id(self, name: str) -> str:
        found = self.gateway.operations.sets.find_named(name)
        assert found is not None
        return found.set_id


def code_in(reply: Reply) -> str:
    """The errorCode of a refusal in JSON."""
    code: str = msgspec.json.decode(reply.body)["errorList"]["error"][0]["errorCode"]
    return code
