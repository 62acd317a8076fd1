"""Finding an order's desk among those that Alma lists, before anything is sent to it."""

from collections.abc import Mapping

import msgspec

from almascan.alma import Alma
from almascan.errors import KeyRefusedError, RefusedError, UsageError
from almascan.model import Desk
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


async def find_desk(alma: Alma, desk: Desk) -> FoundDesk:
    """Look a desk or department up in Alma's configuration.

    Args:
        alma: The institution's client.
        desk: What was asked for.

    Returns:
        The desk. A key without the right to read the configuration can scan all the same: it is then not checked.

    Raises:
        UsageError: Alma has no such library, desk or department; the message names the nearest.
    """
    try:
        if desk.department:
            return await _find_department(alma, desk)
        return await _find_circ_desk(alma, desk)
    except KeyRefusedError:
        return FoundDesk(Place(desk), str(desk), checked=False)


async def _find_circ_desk(alma: Alma, desk: Desk) -> FoundDesk:
    try:
        desks = {found.code: found for found in await alma.circ_desks(desk.library)}
    except RefusedError:
        desks = {}
    if not desks:
        libraries = {library.code: library.name for library in await alma.libraries()}
        if desk.library not in libraries:
            raise UsageError(_say_unknown("library", desk.library, libraries))
    found = desks.get(desk.circ_desk)
    if found is None:
        names = {code: listed.name for code, listed in desks.items()}
        raise UsageError(_say_unknown(f"circulation desk at {desk.library}", desk.circ_desk, names))
    return FoundDesk(Place(desk, found.locations), f"{found.name} ({desk})", checked=True)


async def _find_department(alma: Alma, desk: Desk) -> FoundDesk:
    names = {found.code: found.name for found in await alma.departments(desk.library or None)}
    if desk.department not in names:
        raise UsageError(_say_unknown("department", desk.department, names))
    return FoundDesk(Place(desk), f"{names[desk.department]} ({desk})", checked=True)


def _say_unknown(what: str, code: str, names: Mapping[str, str]) -> str:
    return f'Alma has no {what} with the code "{code}".{suggest(code, list(names))} almascan desks lists what there is.'
