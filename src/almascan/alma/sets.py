"""Alma's sets of items: finding one, its members, and making, filling and deleting a temporary one. No I/O.

``docs/alma.md`` "Sets". A member's link holds the item's ids; nothing says that a member carries its barcode.
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

import msgspec

from almascan.alma.answers import Answer, decode
from almascan.alma.codes import Purpose
from almascan.alma.operations import Operation, ids_in
from almascan.alma.pacer import Priority
from almascan.alma.wire import Code, Text, code_of, text_of
from almascan.model import ItemIds

PAGE_SIZE = 100
"""The most members, and the most sets, that one answer holds."""
MOST_BARCODES = 1_000
"""The most barcodes that one request adds."""


class AlmaSet(msgspec.Struct, frozen=True):
    """A set.

    Attributes:
        id: Alma's id.
        name: Its name.
        type: ITEMIZED (a fixed list) or LOGICAL (a query).
        content: What its members are; ITEM for physical items.
        members: How many there are, as the set itself says; None where it does not.
    """

    id: str
    name: str
    type: str
    content: str
    members: int | None


class MemberPage(msgspec.Struct, frozen=True):
    """A page of members' ids, how many entries it had, and how many members there are in all."""

    members: list[ItemIds]
    size: int
    total: int | None


class _Set(msgspec.Struct):
    id: Text = None
    name: Text = None
    type: Code = None
    content: Code = None
    number_of_members: Code = None


class _Sets(msgspec.Struct):
    set: list[_Set] | _Set | None = None
    total_record_count: Text = None


class _Member(msgspec.Struct):
    link: Text = None


class _Members(msgspec.Struct):
    member: list[_Member] | _Member | None = None
    total_record_count: Text = None


def read_set(set_id: str) -> Operation[AlmaSet]:
    """Read a set by its id."""
    return Operation("GET", f"/conf/sets/{quote(set_id, safe='')}", lambda answer: _set_of(decode(answer, _Set)))


def search_sets(name: str, offset: int) -> Operation[list[AlmaSet]]:
    """Search sets whose name contains a text, a page from the ``offset``-th on."""
    query = urlencode({"q": f"name~{name}", "limit": PAGE_SIZE, "offset": offset})
    return Operation("GET", f"/conf/sets?{query}", _read_sets)


def members(set_id: str, offset: int, host: str) -> Operation[MemberPage]:
    """Read a page of a set's members; a link to another host is no answer."""
    path = f"/conf/sets/{quote(set_id, safe='')}/members?limit={PAGE_SIZE}&offset={offset}"
    return Operation("GET", path, lambda answer: _read_members(answer, host))


def create_set(name: str, description: str) -> Operation[AlmaSet]:
    """Make an empty private set of items."""
    body = {
        "name": name,
        "description": description,
        "type": {"value": "ITEMIZED"},
        "content": {"value": "ITEM"},
        "private": {"value": "true"},
    }
    return Operation("POST", "/conf/sets", lambda answer: _set_of(decode(answer, _Set)), body=msgspec.json.encode(body))


def add_members(set_id: str, barcodes: Sequence[str]) -> Operation[None]:
    """Add items to a set by barcode, at most 1,000; barcodes that name no item are passed over."""
    query = urlencode({"op": "add_members", "id_type": "BARCODE", "fail_on_invalid_id": "false"})
    body = {"members": {"member": [{"id": barcode} for barcode in barcodes]}}
    path = f"/conf/sets/{quote(set_id, safe='')}?{query}"
    return Operation("POST", path, lambda _: None, Purpose.OTHER, Priority.FIND, msgspec.json.encode(body))


def delete_set(set_id: str) -> Operation[None]:
    """Delete a set; its members stay what they are."""
    return Operation("DELETE", f"/conf/sets/{quote(set_id, safe='')}", lambda _: None)


def _read_sets(answer: Answer) -> list[AlmaSet]:
    found = decode(answer, _Sets).set
    entries = found if isinstance(found, list) else [] if found is None else [found]
    return [_set_of(entry) for entry in entries]


def _set_of(entry: _Set) -> AlmaSet:
    count = code_of(entry.number_of_members)
    return AlmaSet(
        text_of(entry.id),
        text_of(entry.name),
        code_of(entry.type),
        code_of(entry.content),
        int(count) if count.isdecimal() else None,
    )


def _read_members(answer: Answer, host: str) -> MemberPage:
    body = decode(answer, _Members)
    entries = body.member if isinstance(body.member, list) else [] if body.member is None else [body.member]
    total = text_of(body.total_record_count)
    ids = [ids_in(text_of(entry.link), host) for entry in entries]
    return MemberPage(ids, len(entries), int(total) if total.isdecimal() else None)
