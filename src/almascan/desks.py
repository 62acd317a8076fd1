"""Finding desks among those that Alma lists: an order's own, and the home desk of an item."""

import asyncio
from collections.abc import Mapping

import msgspec

from almascan.alma import Alma, CircDesk
from almascan.errors import KeyRefusedError, RefusedError, UsageError
from almascan.model import HOME, Desk, Item, ScanOptions
from almascan.rules import Place
from almascan.settings.suggestion import suggest


class FoundDesk(msgspec.Struct, frozen=True):
    """A desk as Alma lists it.

    Attributes:
        place: The desk, and the locations it serves.
        name: What people call it; the code where the key may not read the configuration.
        checked: Whether Alma listed it.
    """

    place: Place
    name: str
    checked: bool


class Desks:
    """The desks of one institution, asked of Alma once each.

    Args:
        alma: The institution's client.
        home_desks: Desk codes by library or by "library/location", which count before what Alma lists.
    """

    def __init__(self, alma: Alma, home_desks: Mapping[str, str] | None = None) -> None:
        self._alma = alma
        self._home_desks = home_desks or {}
        self._found: dict[Desk, FoundDesk] = {}
        self._listed: dict[str, list[CircDesk]] = {}
        self._asking = asyncio.Lock()

    def ask_with(self, alma: Alma) -> None:
        """Have another client of the institution ask from now on."""
        self._alma = alma

    async def find(self, desk: Desk) -> FoundDesk:
        """Look a desk or department up in Alma's configuration.

        Args:
            desk: What was asked for; ``HOME`` is found item by item.

        Returns:
            The desk. A key without the right to read the configuration can scan all the same: it is then not checked.

        Raises:
            UsageError: Alma has no such library, desk or department; the message names the nearest.
        """
        if desk not in self._found:
            self._found[desk] = await self._ask(desk)
        return self._found[desk]

    async def place_of(self, desk: Desk, item: Item | None) -> Place | None:
        """Say where an item is scanned.

        Args:
            desk: The desk, or ``HOME`` for the item's own.
            item: The item as seen last; needed for its home.

        Returns:
            The place; None where no home desk is known for the item's library and location.
        """
        if not desk.is_home:
            return (await self.find(desk)).place
        if item is None:
            return None
        async with self._asking:  # rows that need the same desk at once wait for one answer
            code = self._home_desks.get(f"{item.library}/{item.location}") or self._home_desks.get(item.library)
            code = code or await self._serving(item)
            return None if code is None else (await self.find(Desk(item.library, code))).place

    async def check_work_order(self, desk: Desk, options: ScanOptions) -> None:
        """Look a work order's type and status up among those that Alma lists for the department's library.

        A key without the right to read the configuration can scan all the same: they are then not checked.

        Raises:
            UsageError: Alma lists no such type or status; the message names the nearest.
        """
        if not options.work_order_type:
            return
        try:
            types = await self._alma.work_order_statuses()
            if desk.library:
                types = types | await self._alma.work_order_statuses(desk.library)
        except (KeyRefusedError, RefusedError):
            return
        statuses = types.get(options.work_order_type)
        if statuses is None:
            raise UsageError(_say_unknown("work order type", options.work_order_type, list(types)))
        if options.status and options.status not in statuses:
            what = f"status of work order type {options.work_order_type}"
            raise UsageError(_say_unknown(what, options.status, list(statuses)))

    async def _serving(self, item: Item) -> str | None:
        """Say which desk of the item's library serves its location: the primary one first."""
        try:
            desks = await self._list(item.library)
        except (KeyRefusedError, RefusedError):
            return None
        serving = [desk for desk in desks if not desk.locations or item.location in desk.locations]
        serving.sort(key=lambda desk: not desk.primary)
        return serving[0].code if serving else None

    async def _ask(self, desk: Desk) -> FoundDesk:
        if desk.is_home:
            return FoundDesk(Place(HOME), str(desk), checked=True)
        try:
            if desk.department:
                return await self._find_department(desk)
            return await self._find_circ_desk(desk)
        except KeyRefusedError:
            return FoundDesk(Place(desk), str(desk), checked=False)

    async def _list(self, library: str) -> list[CircDesk]:
        if library not in self._listed:
            self._listed[library] = await self._alma.circ_desks(library)
        return self._listed[library]

    async def _find_circ_desk(self, desk: Desk) -> FoundDesk:
        try:
            desks = {found.code: found for found in await self._list(desk.library)}
        except RefusedError:
            desks = {}
        if not desks:
            libraries = [library.code for library in await self._alma.libraries()]
            if desk.library not in libraries:
                raise UsageError(_say_unknown("library", desk.library, libraries))
        found = desks.get(desk.circ_desk)
        if found is None:
            raise UsageError(_say_unknown(f"circulation desk at {desk.library}", desk.circ_desk, list(desks)))
        return FoundDesk(Place(desk, found.locations), f"{found.name} ({desk})", checked=True)

    async def _find_department(self, desk: Desk) -> FoundDesk:
        names = {found.code: found.name for found in await self._alma.departments(desk.library or None)}
        if desk.department not in names:
            raise UsageError(_say_unknown("department", desk.department, list(names)))
        return FoundDesk(Place(desk), f"{names[desk.department]} ({desk})", checked=True)


def _say_unknown(what: str, code: str, known: list[str]) -> str:
    return f'Alma has no {what} with the code "{code}".{suggest(code, known)} almascan desks lists what there is.'
