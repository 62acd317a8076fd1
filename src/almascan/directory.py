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


async def _read_desks(alma: Alma, library: Library) -> StaffedLibrary:
    return StaffedLibrary(library.code, library.name, await alma.circ_desks(library.code))


async def _read_departments(alma: Alma, library: str) -> list[Department]:
    try:
        return await alma.departments(library or None)
    except (RefusedError, KeyRefusedError):  # some institutions list desks and not departments
        return []
