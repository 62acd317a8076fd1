"""Many institutions' runs in one process: one journal, and for each a client, a pacer and a list of its own."""

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from almascan.alma import Alma, Pacer
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Desk, Order
from almascan.progress import reporter_for
from almascan.run import Runner
from almascan.simulator import Simulator, SimulatorConfig
from almascan.stop import Stop
from bench.simulated import Simulated

Kind = Literal["ids-any", "barcodes-any", "barcodes-transit"]
KINDS: tuple[Kind, ...] = get_args(Kind)
REQUESTS: dict[Kind, int] = {"ids-any": 1, "barcodes-any": 2, "barcodes-transit": 3}
"""Requests for each item."""

STARTED_REQUESTS = 30
"""After so many of its requests an institution's run counts as going."""


class Member(NamedTuple):
    """An institution: its code, its key and its list as a file's bytes."""

    code: str
    key: str
    listed: bytes


def make_members(config: SimulatorConfig, kind: Kind, items: int) -> list[Member]:
    """Give the institutions that a simulator with these settings serves, each with a list of so many items."""
    members = []
    for institution in Simulator(config).institutions:
        barcodes = institution.barcodes("in_transit", items)
        lines = barcodes
        if kind == "ids-any":
            lines = ["MMS ID,Holding ID,Item PID", *(",".join(institution.ids(barcode)) for barcode in barcodes)]
        members.append(Member(institution.code, institution.keys["full"], "\n".join(lines).encode()))
    return members


class Consortium:
    """The runs of all institutions.

    Args:
        simulated: The simulator that serves them all.
        members: The institutions.
        kind: What their lists hold, and the recipe.
        rate: Requests a second that each is told.
        journal: The one journal.
    """

    def __init__(
        self, simulated: Simulated, members: Sequence[Member], kind: Kind, rate: float, journal: Journal
    ) -> None:
        self._members = members
        self._kind = kind
        self._rate = rate
        self._journal = journal
        self._stop = Stop()
        self._desk = Desk(str(simulated.ready["library"]), str(simulated.ready["circ_desk"]))
        self._clients = [Alma(simulated.base_url, member.key, pacer=Pacer(rate)) for member in members]

    @property
    def is_going(self) -> bool:
        """Whether every institution's run has begun to send."""
        return all(client.requests > STARTED_REQUESTS for client in self._clients)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Have all runs work for as long as the block lasts; what is in flight then is waited for."""
        async with asyncio.TaskGroup() as runs:
            for client, member in zip(self._clients, self._members, strict=True):
                runs.create_task(self._work(client, member))
            try:
                yield
            finally:
                self._stop.request("The bench is over.")

    async def _work(self, client: Alma, member: Member) -> None:
        recipe = self._kind.partition("-")[2]
        order = Order(self._desk, recipe=recipe, rate=self._rate, keep_calls=0)
        async with client:
            runner = Runner(client, self._journal, reporter_for("none", sys.stderr), stop=self._stop)
            with open_list("-", ListOptions(), io.BytesIO(member.listed)) as reading:
                await runner.scan(reading, order)


def open_journal(folder: Path) -> Journal:
    """Open the one journal."""
    return Journal(folder / "journal.db")
