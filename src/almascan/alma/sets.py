"""Alma's sets of items: finding one, its members, and making, filling and deleting a temporary one. No I/O.

``docs/alma.md`` "Sets". A member's link holds the item's ids; nothing says that a member carries its barcode.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from almascan.alma.answers import Answer, decode
from almascan.alma.operations import Operation, ids_in
from almascan.alma.pacer import Priority
from almascan.alma.wire import Code, Text, code_of, text_of
from almascan.errors import ListError, NoAnswerError, UsageError
from almascan.model import ItemIds

PAGE_SIZE = 100
"""The most members, and the most sets, that one answer holds."""
MOST_BARCODES = 1_000
"""The most barcodes that one request adds."""
UNKNOWN_SET = frozenset({"60107", "402264"})
"""Alma's codes for an id that no set has: when it is read, and when it is deleted."""
ITEMS = "ITEM"
"""Alma's code for sets of physical items."""
BAD_QUERY = "60106"
"""Alma's code for a search that it cannot read."""
_NEAREST = 3


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


class SetPage(msgspec.Struct, frozen=True):
    """A page of sets, and how many there are in all (None where Alma does not say)."""

    sets: list[AlmaSet]
    total: int | None


class MemberPage(msgspec.Struct, frozen=True):
    """A page of members.

    Attributes:
        members: The ids of those whose link leads to an item.
        size: How many entries the page had; the next page begins so much further on.
        total: How many members there are in all; None where Alma does not say.
    """

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


def search_sets(name: str, offset: int, content: str = "") -> Operation[SetPage]:
    """Search sets whose name contains a text, a page from the ``offset``-th on.

    Args:
        name: The text; "" for sets of any name.
        offset: How many sets of the search are passed over.
        content: What their members are, such as ``ITEMS``; "" for sets of anything.
    """
    said = ({"q": f"name~{name}"} if name else {}) | ({"content_type": content} if content else {})
    return Operation("GET", f"/conf/sets?{urlencode(said | {'limit': PAGE_SIZE, 'offset': offset})}", _read_sets)


def members(set_id: str, offset: int, host: str) -> Operation[MemberPage]:
    """Read a page of a set's members; a link to another host ends it with a ListError."""
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
    """Add items to a set by barcode; barcodes that name no item are passed over, and one given twice is sent once.

    Raises:
        UsageError: They are none, or more than 1,000.
    """
    once = list(dict.fromkeys(barcodes))
    if not 1 <= len(once) <= MOST_BARCODES:
        raise UsageError(f"One request adds 1 to {MOST_BARCODES:,} barcodes to a set, not {len(once):,}.")
    query = urlencode({"op": "add_members", "id_type": "BARCODE", "fail_on_invalid_id": "false"})
    body = msgspec.json.encode({"members": {"member": [{"id": barcode} for barcode in once]}})
    path = f"/conf/sets/{quote(set_id, safe='')}?{query}"
    return Operation("POST", path, lambda _: None, priority=Priority.FIND, body=body, is_slow=True)


def delete_set(set_id: str) -> Operation[None]:
    """Delete a set; its members stay what they are."""
    return Operation("DELETE", f"/conf/sets/{quote(set_id, safe='')}", lambda _: None)


def match_name(found: list[AlmaSet], name: str) -> list[AlmaSet]:
    """Find the sets of that very name, or without one those whose name differs in case alone; each id once."""
    unique = {one.id: one for one in found}.values()
    exact = [one for one in unique if one.name == name]
    return exact or [one for one in unique if one.name.casefold() == name.casefold()]


def choose(found: list[AlmaSet], name: str) -> AlmaSet:
    """Choose the one set of a name.

    Args:
        found: Sets with a name like it.
        name: The name in full.

    Raises:
        UsageError: None has it, and the nearest are named; or several have, and their ids are named.
    """
    same = match_name(found, name)
    if len(same) == 1:
        return same[0]
    if same:
        ids = ", ".join(sorted(one.id for one in same))
        raise UsageError(f'Alma has {len(same)} sets named "{name}", with the ids {ids}. Give the id of one.')
    nearest = sorted({one.name for one in found}, key=lambda other: (-_likeness(name, other), other))[:_NEAREST]
    hint = f" The nearest are: {', '.join(nearest)}." if nearest else ""
    raise UsageError(f'Alma has no set named "{name}".{hint} Give its name in full, or its id.')


def _likeness(name: str, other: str) -> float:
    return SequenceMatcher(None, name.casefold(), other.casefold()).ratio()


def _read_sets(answer: Answer) -> SetPage:
    body = decode(answer, _Sets)
    entries = body.set if isinstance(body.set, list) else [] if body.set is None else [body.set]
    return SetPage([_set_of(entry) for entry in entries], _number(text_of(body.total_record_count)))


def _set_of(entry: _Set) -> AlmaSet:
    set_id = text_of(entry.id)
    if not set_id:
        raise NoAnswerError("Alma's answer is no set.")
    name, count = text_of(entry.name), _number(code_of(entry.number_of_members))
    return AlmaSet(set_id, name, code_of(entry.type), code_of(entry.content), count)


def _read_members(answer: Answer, host: str) -> MemberPage:
    body = decode(answer, _Members)
    entries = body.member if isinstance(body.member, list) else [] if body.member is None else [body.member]
    ids = [found for entry in entries if (found := _ids_of(text_of(entry.link), host)) is not None]
    return MemberPage(ids, len(entries), _number(text_of(body.total_record_count)))


def _ids_of(link: str, host: str) -> ItemIds | None:
    """Read a member's ids from its link; None where it leads to no item."""
    try:
        other_host = urlsplit(link).hostname
        if other_host and other_host.lower() != host.lower():
            raise ListError(f"A member of the set is on another host ({other_host}), so the set is not used.")
        return ids_in(link, host)
    except (ValueError, NoAnswerError):
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
