"""Which operation a path leads to, what rights it needs, and which item it names."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from almascan.simulator.item_listing import list_items
from almascan.simulator.keys import READ, WRITE
from almascan.simulator.mapping_tables import read_mapping_table
from almascan.simulator.member_operations import manage_members
from almascan.simulator.operations import Operation, Operations
from almascan.simulator.report_operations import read_report
from almascan.simulator.set_operations import create_set, delete_set, list_members, list_sets, read_set, update_set

BASE_PATH = "/almaws/v1"
_ITEM = "bibs/{mms_id}/holdings/{holding_id}/items/{pid}"
_LIBRARY = "conf/libraries/{library}"
_PID_PLACE = 2
_SET = "conf/sets/{set_id}"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    Attributes:
        name: The operation's name in counts, log and faults.
        right: The right on the area of the path's first part that it needs.
        operation: What answers it; None where the path leads nowhere.
        area: The area of the API.
        path: The variable parts of the path.
        subject: The barcode or PID that is named, or "".
    """

    name: str
    right: str
    operation: Operation | None
    area: str = ""
    path: tuple[str, ...] = ()
    subject: str = ""


NOT_FOUND = Route("other", READ, None)

_TABLE: tuple[tuple[str, str, str, str, Operation], ...] = (
    ("GET", "items", "find", READ, Operations.find),
    # A POST to the look-up is led to the item as well, where most clients go on with a GET.
    ("POST", "items", "find", READ, Operations.find),
    ("GET", _ITEM, "read", READ, Operations.read),
    ("POST", _ITEM, "scan", WRITE, Operations.scan),
    ("GET", f"{_ITEM}/requests", "requests", READ, Operations.list_requests),
    ("DELETE", f"{_ITEM}/requests/{{request_id}}", "cancel", WRITE, Operations.cancel_request),
    ("GET", f"{_ITEM}/loans", "loans", READ, Operations.list_loans),
    ("GET", "bibs/{mms_id}/holdings/{holding_id}/items", "items", READ, list_items),
    ("GET", "bibs/test", "test", READ, Operations.test),
    ("POST", "bibs/test", "test", WRITE, Operations.test),
    ("GET", "conf/test", "test", READ, Operations.test),
    ("POST", "conf/test", "test", WRITE, Operations.test),
    ("GET", "conf/general", "conf", READ, Operations.read_general),
    ("GET", "conf/libraries", "conf", READ, Operations.list_libraries),
    ("GET", _LIBRARY, "conf", READ, Operations.read_library),
    ("GET", f"{_LIBRARY}/circ-desks", "conf", READ, Operations.list_desks),
    ("GET", f"{_LIBRARY}/circ-desks/{{desk}}", "conf", READ, Operations.read_desk),
    ("GET", "conf/departments", "conf", READ, Operations.list_departments),
    ("GET", "conf/mapping-tables/{name}", "mapping_tables", READ, read_mapping_table),
    ("GET", "conf/sets", "sets", READ, list_sets),
    ("POST", "conf/sets", "sets", WRITE, create_set),
    ("GET", _SET, "sets", READ, read_set),
    ("PUT", _SET, "sets", WRITE, update_set),
    ("DELETE", _SET, "sets", WRITE, delete_set),
    ("POST", _SET, "set_members", WRITE, manage_members),
    ("GET", f"{_SET}/members", "set_members", READ, list_members),
    ("GET", "analytics/reports", "analytics", READ, read_report),
    ("GET", "analytics/test", "test", READ, Operations.test),
    ("POST", "analytics/test", "test", WRITE, Operations.test),
)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A path of the table, taken apart: positions of its fixed and of its variable parts."""

    fixed: tuple[tuple[int, str], ...]
    variable: tuple[int, ...]
    name: str
    right: str
    operation: Operation


def _take_apart(path: str, name: str, right: str, operation: Operation) -> _Pattern:
    parts = list(enumerate(path.split("/")))
    fixed = tuple((position, part) for position, part in parts if not part.startswith("{"))
    variable = tuple(position for position, part in parts if part.startswith("{"))
    return _Pattern(fixed, variable, name, right, operation)


_PATTERNS: dict[tuple[str, int], list[_Pattern]] = {}
for _method, _path, _name, _right, _operation in _TABLE:
    _pattern = _take_apart(_path, _name, _right, _operation)
    _PATTERNS.setdefault((_method, _path.count("/") + 1), []).append(_pattern)


def find_route(method: str, path: str, query: Mapping[str, str]) -> Route:
    """Find the operation that a request is for.

    Args:
        method: GET, POST, ...
        path: The path as sent, percent-encoded; a slash at its end does not matter.
        query: The parameters, of which ``item_barcode`` names an item.

    Returns:
        The route; NOT_FOUND if the path leads nowhere.
    """
    if not path.startswith(f"{BASE_PATH}/"):
        return NOT_FOUND
    parts = path[len(BASE_PATH) + 1 :].removesuffix("/").split("/")
    for pattern in _PATTERNS.get((method, len(parts)), ()):
        if all(parts[position] == part for position, part in pattern.fixed):
            variable = tuple(unquote(parts[position]) for position in pattern.variable)
            return Route(
                pattern.name, pattern.right, pattern.operation, _area(parts[0]), variable, _subject(variable, query)
            )
    return NOT_FOUND


def _area(first: str) -> str:
    return "bibs" if first == "items" else first


def _subject(variable: tuple[str, ...], query: Mapping[str, str]) -> str:
    return variable[_PID_PLACE] if len(variable) > _PID_PLACE else query.get("item_barcode", "")
