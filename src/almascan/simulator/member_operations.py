"""Adding, deleting and replacing the members of a set; ``docs/alma.md`` "Sets". No HTTP."""

from almascan.simulator.bodies import read_body, read_members
from almascan.simulator.catalogue import Catalogue
from almascan.simulator.operations import Call, Operations, Result
from almascan.simulator.refusals import Refusal
from almascan.simulator.set_answers import write_set
from almascan.simulator.set_operations import find_set
from almascan.simulator.sets import AlmaSet, Sets

MAXIMUM_MEMBERS = 1000
_OPERATIONS = ("add_members", "delete_members", "replace_members")


def manage_members(operations: Operations, call: Call) -> Result:
    """Add, delete or replace members of an itemized set, up to 1,000 in a call; all of them or, refused, none.

    ``fail_on_invalid_id=false`` skips the ids that name nothing; everything else is refused all the same.

    Raises:
        Refusal: If the set or the operation is unknown, or the members are (docs/alma.md "Sets" lists the codes).
    """
    alma_set = find_set(operations, call)
    operation = call.query.get("op", "")
    if operation not in _OPERATIONS:
        raise Refusal("60111", "Invalid operation.")
    if alma_set.type != "ITEMIZED":
        raise Refusal("60112", "Invalid set type.")
    by_barcode = _is_by_barcode(alma_set, call.query.get("id_type", ""))
    fail_on_invalid_id = call.flag("fail_on_invalid_id", default=True)
    numbers = []
    for name in _read_ids(call.body):
        number = _find(operations.catalogue, alma_set, name, by_barcode=by_barcode)
        if number is not None:
            numbers.append(number)
        elif fail_on_invalid_id:
            code, also = ("60120", " and identifier") if by_barcode else ("60116", "")
            raise Refusal(code, f"A member ID is not valid for the content{also}: {name}.")
    _apply(operations.sets, alma_set, operation, numbers, by_barcode=by_barcode)
    return Result("set", write_set(alma_set, operations.sets.count(alma_set), call.base_url))


def _read_ids(content: bytes) -> list[str]:
    try:
        ids = read_members(read_body(content))
    except ValueError:
        ids = []
    if not ids:
        raise Refusal("60113", "Input set with no members.")
    if len(ids) > MAXIMUM_MEMBERS:
        raise Refusal("60118", f"Input set member list exceeds limit of {MAXIMUM_MEMBERS}.")
    if "" in ids:
        raise Refusal("60114", "Input set with no member ID.")
    if len(set(ids)) < len(ids):
        raise Refusal("60119", "Input set with duplicate member.")
    return ids


def _is_by_barcode(alma_set: AlmaSet, id_type: str) -> bool:
    if id_type and not (id_type == "BARCODE" and alma_set.content == "ITEM"):
        raise Refusal("40166410", f"Invalid parameter identifier type: {id_type}.")
    return bool(id_type)


def _find(catalogue: Catalogue, alma_set: AlmaSet, name: str, *, by_barcode: bool) -> int | None:
    numbering = catalogue.numbering
    if alma_set.content != "ITEM":
        return numbering.first_of_bib(name)
    return numbering.number_of_barcode(name) if by_barcode else numbering.number_of_pid(name)


def _apply(sets: Sets, alma_set: AlmaSet, operation: str, numbers: list[int], *, by_barcode: bool) -> None:
    known = [number for number in numbers if sets.contains(alma_set, number)]
    if operation == "add_members":
        if known and by_barcode:
            text = "A member ID which is represented by an id_type identifier is already in the set."
            raise Refusal("60176", text)
        if known:
            raise Refusal("60115", "A member ID is already in the set.")
        sets.add(alma_set, numbers)
    elif operation == "delete_members":
        if len(known) < len(numbers):
            raise Refusal("60117", "Input set member ID is not in set.")
        sets.remove(alma_set, numbers)
    else:
        sets.replace(alma_set, numbers)
