"""What a key may do, and whether the library and the desk of the settings exist."""

from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from almascan.alma import Alma, configuration, resolve_base_url
from almascan.alma.operations import Operation
from almascan.desks import Desks
from almascan.errors import KeyRefusedError, RefusedError, UsageError
from almascan.model import Desk, Environment
from almascan.ordering import find_desk, names_desk
from almascan.settings import Settings
from almascan.settings.suggestion import suggest

T = TypeVar("T")

_NO_BIBS = "The key has no right to read Bibs, so nothing can be looked up or scanned: give it Bibs read/write."
_NO_WRITE = "The key may read Bibs and not write, so it can look items up and cannot scan: give it Bibs read/write."
_NO_CONFIGURATION = (
    "The key has no right to read Configuration. It can scan all the same; the environment, the library and the desk "
    "cannot be checked beforehand, and desks cannot be listed. Give it Configuration read-only for that."
)


class Place(msgspec.Struct, frozen=True):
    """A library, a circulation desk or a department of the settings.

    Attributes:
        kind: Which of the three, in words.
        code: Its code in the settings.
        name: What people call it, where Alma said so.
        exists: Whether Alma has it; None where that could not be asked.
        hint: Where it does not exist, what may be meant.
    """

    kind: str
    code: str
    name: str = ""
    exists: bool | None = None
    hint: str = ""

    def __str__(self) -> str:
        """Say its code and name, or that it is not known."""
        if self.exists is None:
            return f"{self.code} (not checked)"
        return f"{self.code} ({self.name})" if self.exists else f"{self.code}, which Alma does not know"


class Examination(msgspec.Struct, frozen=True):
    """What asking Alma about a key and the settings has shown; ``docs/alma.md`` "Hosts and keys".

    Attributes:
        base_url: Where Alma was asked.
        institution: The institution's code.
        institution_name: Its name, or "" where the key may not read Configuration.
        environment: Production, sandbox or unknown.
        remaining_calls: The institution's calls left for today, where Alma said so.
        may_read: Whether the key may look items up.
        may_write: Whether it may scan.
        may_configure: Whether it may read Configuration (desks, departments, the environment, sets).
        may_write_configuration: Whether it may make temporary sets.
        may_analyse: Whether it may read Analytics reports.
        places: The library and desk of the settings.
        amiss: What is wrong with the settings' desk, in sentences.
    """

    base_url: str
    institution: str
    institution_name: str
    environment: Environment
    remaining_calls: int | None
    may_read: bool
    may_write: bool
    may_configure: bool
    may_write_configuration: bool
    may_analyse: bool
    places: list[Place]
    amiss: list[str]

    @property
    def can_scan(self) -> bool:
        """Whether a scan could be done, as far as could be asked."""
        return self.may_write and not self.amiss

    @property
    def names_desk(self) -> bool:
        """Whether the settings name a desk or a department."""
        return any(place.kind != "library" for place in self.places)

    def facts(self) -> list[tuple[str, str]]:
        """Give what was found as pairs of name and value."""
        environment = self.environment if self.may_configure else "unknown (the key may not read Configuration)"
        remaining = "unknown" if self.remaining_calls is None else f"{self.remaining_calls:,} of today's calls remain"
        return [
            ("Institution", f"{self.institution} {self.institution_name}".strip()),
            ("Environment", environment),
            ("Calls", remaining),
            ("Rights", self._rights()),
            *((place.kind.capitalize(), str(place)) for place in self.places),
        ]

    def sentences(self) -> list[str]:
        """Say what is missing for what, and whether a scan could be done."""
        missing = [] if self.may_write else [_NO_WRITE if self.may_read else _NO_BIBS]
        if self.may_write and not self.may_configure:
            missing.append(_NO_CONFIGURATION)
        return [*missing, *self.amiss, self._verdict()]

    def as_json(self) -> dict[str, object]:
        """Give what was found as plain values, the verdict included."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        features = [{"feature": name, "needs": needs, "has": has} for name, needs, has in self.features()]
        return plain | {"can_scan": self.can_scan, "sentences": self.sentences(), "features": features}

    def features(self) -> list[tuple[str, str, bool]]:
        """Give what each feature needs of a key, and whether this one has it; ``docs/alma.md`` "Rights"."""
        return [
            ("look items up, plan", "Bibs: read", self.may_read),
            ("scan", "Bibs: read and write", self.may_write),
            ("check desks, lists from sets", "Configuration: read", self.may_configure),
            (
                "find a thousand barcodes at a time (through a set)",
                "Configuration: read and write",
                self.may_write_configuration,
            ),
            ("lists from Analytics", "Analytics: read", self.may_analyse),
        ]

    def _rights(self) -> str:
        bibs = "read and write" if self.may_write else "read" if self.may_read else "none"
        return f"Bibs: {bibs}; Configuration: {'read' if self.may_configure else 'none'}"

    def _verdict(self) -> str:
        if not self.can_scan:
            return "A scan cannot be done like this."
        if not self.names_desk:
            return "A scan can be done; it needs a library and a desk."
        return f"A scan can be done at {' in '.join(str(place) for place in reversed(self.places))}."


async def examine(alma: Alma, settings: Settings) -> Examination:
    """Ask Alma what the key may do, and for the library and the desk of the settings; changes nothing.

    Args:
        alma: The client, entered.
        settings: Of these base_url, library, circ_desk and department count.

    Raises:
        KeyRefusedError: Alma does not know the key at all.
        AttemptError, StopError: Alma gives no usable answer, or the day's calls are used up.
    """
    institution = await _unless_refused(alma.test_read())
    general = await _unless_refused(alma.general())
    if isinstance(institution, KeyRefusedError) and isinstance(general, KeyRefusedError):
        raise institution
    may_read = not isinstance(institution, Exception)
    may_write = may_read and not isinstance(await _unless_refused(alma.test_write()), Exception)
    may_configure = not isinstance(general, Exception)
    may_write_configuration = await _may(alma, configuration.test_configuration_write())
    may_analyse = await _may(alma, configuration.test_analytics())
    places = await _find_places(alma, settings) if may_configure else _unchecked_places(settings)
    return Examination(
        base_url=resolve_base_url(settings.base_url),
        institution=institution if isinstance(institution, str) else getattr(general, "code", ""),
        institution_name="" if isinstance(general, Exception) else general.name,
        environment="unknown" if isinstance(general, Exception) else general.environment,
        remaining_calls=alma.remaining_calls,
        may_read=may_read,
        may_write=may_write,
        may_configure=may_configure,
        may_write_configuration=may_write_configuration,
        may_analyse=may_analyse,
        places=places,
        amiss=_judge_places(settings, places),
    )


async def _unless_refused(asking: Awaitable[T]) -> T | KeyRefusedError | RefusedError:
    try:
        return await asking
    except (KeyRefusedError, RefusedError) as error:
        return error


async def _may(alma: Alma, operation: Operation[None]) -> bool:
    asking: Awaitable[None] = alma.ask(operation)
    return not isinstance(await _unless_refused(asking), Exception)


def _unchecked_places(settings: Settings) -> list[Place]:
    named = (("library", settings.library), ("desk", settings.circ_desk), ("department", settings.department))
    return [Place(kind, code) for kind, code in named if code]


async def _find_places(alma: Alma, settings: Settings) -> list[Place]:
    """Look the library up, and in it the desk or department, as a run does before it scans there."""
    places = []
    if settings.library:
        libraries = {library.code: library.name for library in await alma.libraries()}
        hint = suggest(settings.library, list(libraries)).strip()
        name, exists = libraries.get(settings.library, ""), settings.library in libraries
        places.append(Place("library", settings.library, name, exists=exists, hint="" if exists else hint))
    if names_desk(settings) and all(place.exists for place in places):
        places.append(await _find_desk(alma, find_desk(settings)))
    return places


async def _find_desk(alma: Alma, desk: Desk) -> Place:
    kind, code = ("department", desk.department) if desk.department else ("desk", desk.circ_desk)
    try:
        found = await Desks(alma).find(desk)
    except UsageError as error:
        return Place(kind, code, exists=False, hint=str(error))
    except RefusedError:  # a key may read desks and not departments
        return Place(kind, code)
    return Place(kind, code, found.name.removesuffix(f" ({desk})"), exists=found.checked or None)


def _judge_places(settings: Settings, places: list[Place]) -> list[str]:
    amiss = []
    for place in places:
        if place.exists is False:
            said = f'There is no library "{place.code}". {place.hint}' if place.kind == "library" else place.hint
            amiss.append(said.rstrip())
    if settings.circ_desk and not settings.library and not names_desk(settings):
        amiss.append(f'The desk "{settings.circ_desk}" needs its library: name that too.')
    return amiss
