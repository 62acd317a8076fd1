"""Alma's tests and configuration: is the key good, which institution is it, what libraries, desks and departments.

The shapes are in ``docs/alma.md`` "Configuration". Like ``operations``, no I/O.
"""

import re
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from almascan.alma.answers import Answer, decode, text_body
from almascan.alma.operations import NO_PARAMETERS, Operation
from almascan.alma.wire import Code, Flag, Text, code_of, flag_of, label_of, text_of
from almascan.errors import NoAnswerError
from almascan.model import Environment

PAGE_SIZE = 100
"""The most that a page of desks may hold; Alma's own default is 10."""

Entry = TypeVar("Entry", bound=msgspec.Struct)

_INSTITUTION = re.compile(r"institutionCode:\s*([\w.-]{1,100})")


class General(msgspec.Struct, frozen=True):
    """The institution: its code and name, and which of its environments this is."""

    code: str
    name: str
    environment: Environment


class Library(msgspec.Struct, frozen=True):
    """A library's code and name."""

    code: str
    name: str


class CircDesk(msgspec.Struct, frozen=True):
    """A circulation desk.

    Attributes:
        code: Alma's code.
        name: What people call it.
        primary: Whether it is the library's main desk.
        locations: Codes of the locations it serves; empty where Alma lists none.
    """

    code: str
    name: str
    primary: bool
    locations: frozenset[str]


class Department(msgspec.Struct, frozen=True):
    """A department.

    Attributes:
        code: Alma's code.
        name: What people call it.
        type: Alma's code of its type, or "".
        owner: Code of the library or institution it belongs to, or "".
        circ_desk: Code of the circulation desk that acts for it, or "".
    """

    code: str
    name: str
    type: str
    owner: str
    circ_desk: str


class DeskPage(msgspec.Struct, frozen=True):
    """One page of a library's desks, and how many there are in all (None where Alma does not say)."""

    desks: list[CircDesk]
    total: int | None


class _Entry(msgspec.Struct):
    code: Text = None
    name: Text = None


class _Location(msgspec.Struct):
    location_code: Text = None


class _Desk(_Entry):
    primary: Flag = None
    location: list[_Location] | _Location | str | None = None


class _Department(_Entry):
    type: Code = None
    owner: Code = None
    circ_desk: Code = None


class _GeneralBody(msgspec.Struct):
    institution: Code = None
    environment_type: Code = None


class _LibrariesBody(msgspec.Struct):
    library: list[_Entry] | _Entry | None = None


class _DesksBody(msgspec.Struct):
    circ_desk: list[_Desk] | _Desk | None = None
    total_record_count: Text = None


class _DepartmentsBody(msgspec.Struct):
    department: list[_Department] | _Department | None = None


def test_read() -> Operation[str]:
    """Try the key's right to read; the result is the institution's code."""
    return Operation("GET", "/bibs/test", _read_institution)


def test_write() -> Operation[None]:
    """Try the key's right to write, without touching any data."""
    return Operation("POST", "/bibs/test", lambda _: None, body=NO_PARAMETERS)


def test_configuration_write() -> Operation[None]:
    """Try the key's right to write the configuration, without touching any data."""
    return Operation("POST", "/conf/test", lambda _: None, body=NO_PARAMETERS)


def test_analytics() -> Operation[None]:
    """Try the key's right to read Analytics."""
    return Operation("GET", "/analytics/test", lambda _: None)


def general() -> Operation[General]:
    """Ask which institution and environment it is."""
    return Operation("GET", "/conf/general", _read_general)


def libraries() -> Operation[list[Library]]:
    """Ask for all libraries."""
    return Operation("GET", "/conf/libraries", _read_libraries)


def circ_desks(library: str, offset: int) -> Operation[DeskPage]:
    """Ask for a page of a library's circulation desks, from the ``offset``-th on."""
    path = f"/conf/libraries/{quote(library, safe='')}/circ-desks?limit={PAGE_SIZE}&offset={offset}"
    return Operation("GET", path, _read_desks)


def departments(library: str | None) -> Operation[list[Department]]:
    """Ask for the departments of a library, or of the institution, without their operators."""
    query = {"view": "brief"} | ({"library": library} if library else {})
    return Operation("GET", f"/conf/departments?{urlencode(query)}", _read_departments)


def _read_institution(answer: Answer) -> str:
    match = _INSTITUTION.search(text_body(answer))
    if match is None:
        raise NoAnswerError("Alma's answer to the test of the key does not name the institution.")
    return match.group(1)


def _read_general(answer: Answer) -> General:
    body = decode(answer, _GeneralBody)
    kind = code_of(body.environment_type).lower()
    environment: Environment = (
        "production" if kind.startswith("prod") else "sandbox" if "sandbox" in kind else "unknown"
    )
    return General(code_of(body.institution), label_of(body.institution), environment)


def _read_libraries(answer: Answer) -> list[Library]:
    body = decode(answer, _LibrariesBody)
    return [Library(text_of(entry.code), text_of(entry.name)) for entry in _listed(body.library)]


def _read_desks(answer: Answer) -> DeskPage:
    body = decode(answer, _DesksBody)
    total = text_of(body.total_record_count)
    desks = [_desk_of(desk) for desk in _listed(body.circ_desk)]
    return DeskPage(desks, int(total) if total.isdecimal() else None)


def _desk_of(desk: _Desk) -> CircDesk:
    locations = [] if isinstance(desk.location, str) else _listed(desk.location)
    codes = frozenset(code for location in locations if (code := text_of(location.location_code)))
    return CircDesk(text_of(desk.code), text_of(desk.name), flag_of(desk.primary) is True, codes)


def _read_departments(answer: Answer) -> list[Department]:
    return [
        Department(
            text_of(entry.code),
            text_of(entry.name),
            code_of(entry.type),
            code_of(entry.owner),
            code_of(entry.circ_desk),
        )
        for entry in _listed(decode(answer, _DepartmentsBody).department)
    ]


def _listed(entries: list[Entry] | Entry | None) -> list[Entry]:
    """A list, though Alma may give a single entry bare, or nothing."""
    if entries is None:
        return []
    return entries if isinstance(entries, list) else [entries]
