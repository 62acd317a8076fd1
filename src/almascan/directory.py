"""The libraries, desks and departments of an institution, read from Alma."""

import asyncio
from collections.abc import Iterator

import msgspec

from almascan.alma import Alma, CircDesk, Department, Library
from almascan.errors import KeyRefusedError, RefusedError, UsageError
from almascan.settings.suggestion import suggest


class StaffedLibrary(msgspec.Struct, frozen=True):
    """A library with all its circulation desks."""

    code: str
    name: str
    circ_desks: list[CircDesk]


class Directory(msgspec.Struct, frozen=True):
    """What can be named as the place of a scan.

    Attributes:
        libraries: In Alma's order.
        departments: Of these libraries and of the whole institution; none where Alma refuses to list them.
    """

    libraries: list[StaffedLibrary]
    departments: list[Department]

    def desk_rows(self) -> Iterator[tuple[str, ...]]:
        """Give a row per desk; a library without a desk has one too."""
        for library in self.libraries:
            for desk in library.circ_desks:
                main = "yes" if desk.primary else ""
                yield library.code, library.name, desk.code, desk.name, main, " ".join(sorted(desk.locations))
            if not library.circ_desks:
                yield library.code, library.name, "", "no circulation desk", "", ""

    def department_rows(self) -> Iterator[tuple[str, ...]]:
        """Give a row per department."""
        for each in self.departments:
            yield each.code, each.name, each.type, each.owner

    def as_json(self) -> object:
        """Give it as plain values, with the locations of each desk in order."""
        return msgspec.to_builtins(self, order="deterministic")


async def read_directory(alma: Alma, library: str = "") -> Directory:
    """Read the libraries, all pages of their desks, and the departments; ``docs/alma.md`` "Configuration".

    Args:
        alma: The client, entered.
        library: The code of the only library to read; "" for all.

    Raises:
        UsageError: There is no such library; the sentence names the nearest one.
        KeyRefusedError: The key may not read Configuration.
        AttemptError, StopError: Alma gives no usable answer.
    """
    try:
        libraries = await alma.libraries()
    except KeyRefusedError as error:
        raise KeyRefusedError(f"{error} Listing desks needs the right to read Configuration.", error.refusal) from None
    wanted = [each for each in libraries if library in ("", each.code)]
    if library and not wanted:
        codes = [each.code for each in libraries]
        raise UsageError(f'There is no library "{library}".{suggest(library, codes)}')
    async with asyncio.TaskGroup() as group:
        desks = [group.create_task(_read_desks(alma, each)) for each in wanted]
        # Without a library Alma lists all departments, or those of the whole institution alone: ask both ways.
        places = [library] if library else ["", *(each.code for each in wanted)]
        departments = [group.create_task(_read_departments(alma, place)) for place in places]
    found = {department.code: department for task in departments for department in task.result()}
    return Directory([task.result() for task in desks], list(found.values()))


class Places(msgspec.Struct, frozen=True):
    """Where scans can happen for one library.

    Attributes:
        circ_desks: All its desks, in Alma's order. Alma does not say which of them have a hold shelf.
        departments: Its own departments, then those of the whole institution.
        refused: Why nothing is listed, in a sentence, where the key may not read it or Alma refuses; else "".
    """

    circ_desks: list[CircDesk]
    departments: list[Department]
    refused: str = ""


class WorkOrderStatus(msgspec.Struct, frozen=True):
    """A status of a type of work order."""

    code: str
    name: str


class WorkOrderType(msgspec.Struct, frozen=True):
    """A type of work order and the statuses it can have; Alma's table names the statuses and not the type itself."""

    code: str
    name: str
    statuses: list[WorkOrderStatus]


WorkOrderTypes = list[WorkOrderType]


async def list_libraries(alma: Alma) -> list[Library]:
    """List the libraries, for a person to choose one.

    Args:
        alma: The client, entered.

    Returns:
        All libraries in Alma's order; none where the key may not read Configuration.

    Raises:
        AttemptError, StopError: Alma gives no usable answer.
    """
    try:
        return await alma.libraries()
    except (RefusedError, KeyRefusedError):
        return []


async def list_places(alma: Alma, library: str) -> Places:
    """List where scans can happen for a library; ``docs/alma.md`` "Configuration".

    Args:
        alma: The client, entered.
        library: Its code; "" for the departments of the whole institution alone.

    Returns:
        Its desks, and the departments that belong to it or to the whole institution.

    Raises:
        AttemptError, StopError: Alma gives no usable answer.
    """
    try:
        desks = await alma.circ_desks(library) if library else []
        own = await _read_departments(alma, library) if library else []
        # What Alma gives unasked may be all departments: those of other libraries are left out.
        others = {each.code for each in await alma.libraries()}
    except KeyRefusedError as error:
        return Places([], [], f"{error} Listing desks needs the right to read Configuration.")
    except RefusedError as error:
        return Places([], [], str(error))
    shared = [each for each in await _read_departments(alma, "") if each.owner not in others]
    return Places(desks, list({each.code: each for each in (*own, *shared)}.values()))


async def list_work_orders(alma: Alma, library: str) -> WorkOrderTypes:
    """List the types of work orders of a library and of the whole institution, each with its statuses.

    Args:
        alma: The client, entered.
        library: Its code; "" for those of the institution alone.

    Returns:
        The types by code, as the mapping table has them; none where the key may not read Configuration.

    Raises:
        AttemptError, StopError: Alma gives no usable answer.
    """
    try:
        types = await alma.work_order_statuses()
        if library:
            types = types | await alma.work_order_statuses(library)
    except (RefusedError, KeyRefusedError):
        return []
    return [
        WorkOrderType(code, code, [WorkOrderStatus(status, name or status) for status, name in types[code].items()])
        for code in sorted(types)
    ]


async def _read_desks(alma: Alma, library: Library) -> StaffedLibrary:
    return StaffedLibrary(library.code, library.name, await alma.circ_desks(library.code))


async def _read_departments(alma: Alma, library: str) -> list[Department]:
    try:
        return await alma.departments(library or None)
    except (RefusedError, KeyRefusedError):  # some institutions list desks and not departments
        return []
