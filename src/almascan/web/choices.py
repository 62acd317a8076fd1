"""What an order can be made of: the connections, and an institution's libraries, desks and departments by name.

Alma is asked for them when somebody looks, and the answers are kept for ten minutes.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from almascan.alma import Alma
from almascan.directory import list_libraries, list_places, list_work_orders
from almascan.errors import UsageError
from almascan.model import RECIPES, Desk, Order
from almascan.ordering import Wishes, make_order
from almascan.web.connections import Connection, Connections
from almascan.web.forms import Form

KEPT_SECONDS = 600.0
_HIGHEST_RATE = 1000.0
"""Far above any limit of Alma's."""
HOME = "home"
DESK = "desk:"
DEPARTMENT = "department:"

T = TypeVar("T")


class Named(msgspec.Struct, frozen=True):
    """A code of Alma's with the name that people know it by."""

    code: str
    name: str


class Choices(msgspec.Struct, frozen=True):
    """What a form for an order offers.

    Attributes:
        connections: All that there are.
        connection: The one that is chosen.
        libraries: Its libraries; none where the key may not read them.
        library: The code of the one that is chosen, or "".
        places: The desks and departments of that library, by the value that the form sends.
        place: The one that is chosen.
        work_orders: The types of work orders, each with its statuses.
        recipe: The recipe that is chosen.
        recipes: All of them, each with what it is for.
        can_list: Whether the key may read libraries and desks; codes are typed where it may not.
    """

    connections: list[Connection]
    connection: Connection
    libraries: list[Named]
    library: str
    places: list[Named]
    place: str
    work_orders: list[tuple[Named, list[Named]]]
    recipe: str
    recipes: list[str]
    can_list: bool


class Catalogue:
    """Asks Alma what there is, and keeps the answers for a while.

    Args:
        connections: The institutions and their keys.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._kept: dict[tuple[str, str, str], tuple[float, Any]] = {}

    async def offer(self, chosen: Mapping[str, str], *, recipe: str = "") -> Choices:
        """Give what a form offers.

        Args:
            chosen: What was chosen so far: the names of the form's fields and their values.
            recipe: The recipe to begin with; "" for the connection's own.

        Raises:
            UsageError: Nothing is set up, or there is no such connection.
            KeyRefusedError, AttemptError, StopError: Alma is not reached, or the key is wrong.
        """
        connection = self._connections.find(chosen.get("connection", ""))
        await self._connections.meet(connection)
        settings = connection.settings
        libraries = await self._ask(connection, "libraries", "", list_libraries)
        library = chosen.get("library", settings.library)
        if libraries and library not in {each.code for each in libraries}:
            library = ""
        places, work_orders = await self._read_places(connection, library) if libraries else ([], [])
        own_place = _place_of(connection) if library == settings.library else ""
        return Choices(
            connections=self._connections.all(),
            connection=connection,
            libraries=[_named(each) for each in libraries],
            library=library,
            places=places,
            place=chosen.get("place", own_place),
            work_orders=work_orders,
            recipe=chosen.get("recipe", recipe or settings.recipe),
            recipes=list(RECIPES),
            can_list=bool(libraries),
        )

    async def _read_places(
        self, connection: Connection, library: str
    ) -> tuple[list[Named], list[tuple[Named, list[Named]]]]:
        """Give the desks and departments of a library, and the types of work orders where it has departments."""
        found = await self._ask(connection, "places", library, lambda alma: list_places(alma, library))
        places = [_named(desk, DESK) for desk in found.circ_desks]
        places += [_named(department, DEPARTMENT) for department in found.departments]
        if not found.departments:
            return places, []
        types = await self._ask(connection, "work orders", library, lambda alma: list_work_orders(alma, library))
        return places, [(_named(each), [_named(status) for status in each.statuses]) for each in types]

    def read_order(self, form: Form) -> tuple[Connection, Order]:
        """Make an order of a form's fields.

        Raises:
            UsageError: No place is chosen, or what is chosen does not go together.
        """
        connection = self._connections.find(form.get("connection"))
        place = form.get("place")
        settings = msgspec.structs.replace(
            connection.settings,
            library=form.get("library"),
            circ_desk=_code(place, DESK) or (HOME if place == HOME else form.get("circ_desk")),
            department=_code(place, DEPARTMENT) or form.get("department"),
            recipe=_check_recipe(form.get("recipe", connection.settings.recipe)),
            rate=read_rate(form.get("rate")) if form.get("rate") else connection.settings.rate,
        )
        wishes = Wishes(
            locate="set" if form.has("locate_set") else "single",
            allow=tuple(form.all("allow")),
            then_desk=form.get("then") or None,
            work_order_type=form.get("work_order_type"),
            status=form.get("status"),
            done=form.has("done"),
            in_house_use=form.has("in_house_use"),
            print_slips=form.has("print_slips"),
            place_on_hold_shelf=form.has("place_on_hold_shelf"),
            confirm=form.has("confirm"),
        )
        return connection, make_order(settings, wishes)

    def forget(self, name: str) -> None:
        """Forget what was read for a connection."""
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != name}

    async def _ask(self, connection: Connection, what: str, of: str, ask: Callable[[Alma], Awaitable[T]]) -> T:
        key = (connection.name, what, of)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS:
            answer: T = kept[1]
            return answer
        async with await self._connections.client(connection) as alma:
            answer = await ask(alma)
        self._kept[key] = (time.monotonic(), answer)
        return answer


class _Entry(Protocol):
    """What Alma lists: a library, a desk, a department, a type or status of work orders."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


def _named(entry: _Entry, kind: str = "") -> Named:
    return Named(f"{kind}{entry.code}", entry.name or entry.code)


def _place_of(connection: Connection) -> str:
    settings = connection.settings
    if settings.department:
        return f"{DEPARTMENT}{settings.department}"
    desk = Desk(settings.library, settings.circ_desk)
    return HOME if desk.circ_desk.lower() == HOME else f"{DESK}{desk.circ_desk}" if desk.circ_desk else ""


def _code(place: str, kind: str) -> str:
    return place.removeprefix(kind) if place.startswith(kind) else ""


def _check_recipe(name: str) -> str:
    if name not in RECIPES:
        raise UsageError("There is no such recipe: choose one of those that are offered.")
    return name


def read_rate(text: str) -> float:
    """Read requests a second.

    Raises:
        UsageError: It is no number that could be one.
    """
    try:
        rate = float(text.replace(",", "."))
    except ValueError:
        rate = 0.0
    if not 0 < rate <= _HIGHEST_RATE:
        raise UsageError(f'The pace is a number of requests a second, such as 10; "{text}" is none.')
    return rate
