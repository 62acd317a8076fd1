"""The operations on sets, from a request's parts to a structure; ``docs/alma.md`` "Sets". No HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Literal

from almascan.simulator import answers
from almascan.simulator.bodies import Body, read_body, read_text
from almascan.simulator.dates import format_day
from almascan.simulator.operations import Call, Operations, Result
from almascan.simulator.refusals import Refusal, refuse_query, refuse_set, refuse_value
from almascan.simulator.set_answers import write_member, write_set
from almascan.simulator.sets import API_USER, CONTENTS, AlmaSet

_COMBINING = frozenset(
    {"from_logical_set", "combine", "set1", "set2", "job_instance_id", "population", "nz_set_from_iz_set", "filter_set"}
)
_REPEATED_SHARE = 50
_NO_CONTENT = 204


def list_sets(operations: Operations, call: Call) -> Result:
    """Answer the sets that fit ``q``, ``content_type``, ``set_type`` and ``set_origin``, a page at a time."""
    fitting = [one for one in operations.sets.list_all() if _fits(one, call)]
    offset, limit = call.page()
    page = (_write(operations, call, one) for one in fitting[offset : offset + limit])
    return Result("sets", answers.write_page("set", page, len(fitting)))


def read_set(operations: Operations, call: Call) -> Result:
    """Answer a set."""
    return Result("set", _write(operations, call, find_set(operations, call)))


def create_set(operations: Operations, call: Call) -> Result:
    """Create an itemized set without members, owned by the API's user.

    Raises:
        Refusal: If the body is unusable, the name taken, or a set made of other sets is asked for.
    """
    if _COMBINING & call.query.keys():
        raise _refuse_creation()
    try:
        body = read_body(call.body)
    except ValueError:
        raise _refuse_creation() from None
    draft = _read_draft(body)
    _check_name(operations, draft)
    created = operations.sets.create(replace(draft, created_date=format_day(call.now)))
    return Result("set", _write(operations, call, created))


def update_set(operations: Operations, call: Call) -> Result:
    """Change a set's name, description, privacy or status; what the body leaves out stays.

    Raises:
        Refusal: If the set is unknown, the body unusable, or the name missing or taken.
    """
    alma_set = find_set(operations, call)
    try:
        body = read_body(call.body)
    except ValueError:
        raise Refusal("402261", "Invalid Set object.") from None
    if not read_text(body, "name"):
        raise Refusal("402228", "Mandatory parameter is missing from input: name.")
    changed = replace(
        alma_set,
        name=read_text(body, "name"),
        description=read_text(body, "description") if "description" in body else alma_set.description,
        private=_read_choice(body, "private", ("false", "true"), "60209") if "private" in body else alma_set.private,
        active=_read_choice(body, "status", ("INACTIVE", "ACTIVE"), "60210") if "status" in body else alma_set.active,
    )
    _check_name(operations, changed)
    operations.sets.update(changed)
    return Result("set", _write(operations, call, changed))


def delete_set(operations: Operations, call: Call) -> Result:
    """Delete a set; there is nothing to answer.

    Raises:
        Refusal: If the set is unknown.
    """
    if operations.sets.find(call.path[0]) is None:
        raise Refusal("402264", "Invalid Set ID.")
    operations.sets.delete(call.path[0])
    return Result(status=_NO_CONTENT)


def list_members(operations: Operations, call: Call) -> Result:
    """Answer a page of a set's members: item and title, no barcode."""
    alma_set = find_set(operations, call)
    members = operations.sets.members(alma_set)
    if operations.config.members_repeat:
        members = _repeat_some(members)
    offset, limit = call.page()
    page = members[offset : offset + limit]
    if operations.config.short_member_pages and len(page) == limit and limit > 1:
        page = page[:-1]
    written = (write_member(operations.catalogue, alma_set.content, number, call.base_url) for number in page)
    return Result("members", answers.write_page("member", written, len(members)))


def find_set(operations: Operations, call: Call) -> AlmaSet:
    """Find the set that a call's path names.

    Raises:
        Refusal: If there is none.
    """
    alma_set = operations.sets.find(call.path[0])
    if alma_set is None:
        raise refuse_set()
    return alma_set


def _write(operations: Operations, call: Call, alma_set: AlmaSet) -> answers.Answer:
    return write_set(alma_set, operations.sets.count(alma_set), call.base_url)


def _fits(alma_set: AlmaSet, call: Call) -> bool:
    content, kind, origin = (call.query.get(name, "") for name in ("content_type", "set_type", "set_origin"))
    if content and content not in CONTENTS:
        raise refuse_value("content_type")
    if kind not in {"", "ITEMIZED", "LOGICAL"}:
        raise refuse_value("set_type")
    if origin not in {"", "UI", "UI_CZ"}:
        raise refuse_value("set_origin")
    return (
        content in {"", alma_set.content}
        and kind in {"", alma_set.type}
        and origin != "UI_CZ"
        and _matches(alma_set, call.query.get("q", ""))
    )


def _matches(alma_set: AlmaSet, query: str) -> bool:
    if not query:
        return True
    field, tilde, wanted = query.partition("~")
    searched = {"name": alma_set.name, "created_by": alma_set.created_by}.get(field)
    if searched is None or not tilde:
        raise refuse_query()
    return wanted.lower() in searched.lower()


def _read_draft(body: Body) -> AlmaSet:
    kind, content = read_text(body, "type") or "ITEMIZED", read_text(body, "content")
    if kind not in {"ITEMIZED", "LOGICAL"}:
        raise Refusal("402262", "Set type is invalid. Only 'ITEMIZED' and 'LOGICAL' sets are supported.")
    if kind == "LOGICAL" or content not in CONTENTS or not read_text(body, "name"):
        raise _refuse_creation()
    return AlmaSet(
        read_text(body, "name"),
        description=read_text(body, "description"),
        content=content,
        private="private" in body and _read_choice(body, "private", ("false", "true"), "60209"),
        active="status" not in body or _read_choice(body, "status", ("INACTIVE", "ACTIVE"), "60210"),
        created_by=API_USER,
    )


def _read_choice(body: Body, name: Literal["private", "status"], choices: tuple[str, str], code: str) -> bool:
    """Read which of two words, no and yes, a field has."""
    text = read_text(body, name).lower()
    if text not in {choice.lower() for choice in choices}:
        raise Refusal(code, f"Set {name} value not valid.")
    return text == choices[1].lower()


def _check_name(operations: Operations, alma_set: AlmaSet) -> None:
    other = operations.sets.find_named(alma_set.name)
    if other is not None and other.set_id != alma_set.set_id:
        raise Refusal("402263", "The set name already exists. Please choose a different name.")


def _refuse_creation() -> Refusal:
    return Refusal("402265", "Failed to create a set.")


def _repeat_some(members: Sequence[int]) -> Sequence[int]:
    """List every fiftieth member twice in a row."""
    groups = (
        (member, member) if place % _REPEATED_SHARE == _REPEATED_SHARE - 1 else (member,)
        for place, member in enumerate(members)
    )
    return list(chain.from_iterable(groups))
