"""Whose Alma it is: the key tried before any work, the institution's name, and the pace that is due there."""

from collections.abc import Callable

import msgspec

from almascan.alma import Alma
from almascan.errors import KeyRefusedError
from almascan.model import DEFAULT_PACE, Environment, Order
from almascan.settings import Settings

CAREFUL_RATE = 4.0
"""Requests a second until it is known which Alma this is."""


class Institution(msgspec.Struct, frozen=True):
    """Whom the key is for.

    Attributes:
        code: Alma's code of the institution.
        name: Its name, or its code where the key may not read the configuration.
        environment: Production, sandbox or unknown.
    """

    code: str
    name: str
    environment: Environment


async def meet(alma: Alma, say: Callable[[str], None]) -> Institution:
    """Try the key's rights to read and to write before any work, and learn whose it is.

    Args:
        alma: The institution's client.
        say: Tells the person what the key may not do, where the work can be done without.

    Raises:
        KeyRefusedError: The key is wrong, or may not do what scanning takes.
        AttemptError, StopError: As ``Alma.find``.
    """
    code = await alma.test_read()
    await alma.test_write()
    try:
        general = await alma.general()
    except KeyRefusedError:
        say("The key may not read the configuration: desks are not checked, nor which Alma this is.")
        return Institution(code, code, "unknown")
    return Institution(code, general.name or code, general.environment)


def check_institution(settings: Settings, code: str) -> None:
    """Refuse a key that belongs to another institution than the settings name.

    Args:
        settings: Of these institution and profile count.
        code: The institution's code that Alma gave for the key.

    Raises:
        KeyRefusedError: They differ.
    """
    if settings.institution and settings.institution.casefold() != code.casefold():
        profile = f' of the profile "{settings.profile}"' if settings.profile else ""
        raise KeyRefusedError(
            f"The key belongs to {code}, and the settings{profile} are for {settings.institution}: nothing was read or "
            "scanned. See where the key comes from; ALMASCAN_API_KEY counts before a profile's own."
        )


def pace_of(order: Order, environment: Environment) -> tuple[float, int]:
    """Give the requests a second and a minute (0: no limit): what the order asks for, or what is due there."""
    rate, per_minute = DEFAULT_PACE[environment]
    if order.rate is not None:
        return order.rate, order.per_minute or 0
    return rate, per_minute if order.per_minute is None else order.per_minute
