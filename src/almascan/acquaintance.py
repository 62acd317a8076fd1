"""What a worker keeps of an institution between the turns of its runs, so that a turn costs no request of its own."""

from collections.abc import Awaitable, Callable

import msgspec

from almascan.alma import Alma
from almascan.clock import Clock, Stamp
from almascan.desks import Desks
from almascan.institution import Institution, meet
from almascan.model import Order

KNOWN_SECONDS = 900.0
"""How long it is believed: a desk that a library opens or closes is noticed within a quarter of an hour."""


class Acquaintance:
    """An institution as it was met with one key, and its desks as they were asked for.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._met_at: Stamp | None = None
        self._institution: Institution | None = None
        self._desks: dict[bytes, Desks] = {}

    async def meet(self, alma: Alma, say: Callable[[str], None]) -> Institution:
        """Try the key, unless that was done lately; see ``institution.meet``."""
        if self._institution is None or self._met_at is None or self._clock.age_at_most(self._met_at) > KNOWN_SECONDS:
            self._desks.clear()
            self._institution = await meet(alma, say)
            self._met_at = self._clock.now()
        return self._institution

    async def desks(self, alma: Alma, order: Order, find: Callable[[Order], Awaitable[Desks]]) -> Desks:
        """Give the desks of an order, which ``find`` looks up where that was not done lately.

        Args:
            alma: The client that asks from now on.
            order: The order.
            find: Looks the order's desks up.
        """
        asked = msgspec.json.encode((order.desk, order.then, order.options, order.recipe, order.desk_map))
        if asked not in self._desks:
            self._desks[asked] = await find(order)
        found = self._desks[asked]
        found.ask_with(alma)
        return found
