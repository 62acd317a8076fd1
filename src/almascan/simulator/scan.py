"""What scanning an item in does to it; ``docs/alma.md`` "Scan-in" and "Side effects".

The rules, in this order:

1. A running loan is returned. Missing is cleared, and so are (by a setting) lost, claimed returned and technical.
2. An item of resource sharing or acquisition stays as it is: a desk's scan does not finish those processes.
3. At a department the item is in a work order, until a scan with ``done`` finishes it and sends the item home.
4. At a desk, an unfinished work order sends the item to its department; a desk that acts as the department finishes
   it by ``done``.
5. The first request in the queue decides next: on the hold shelf, with a letter to the patron, at the pickup desk;
   in transit everywhere else. A hold that is on the shelf already stays there and sends no second letter.
6. Otherwise the item is in place where the desk serves its home, and in transit everywhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from almascan.simulator.config import SimulatorConfig
from almascan.simulator.institution import (
    DEPARTMENTS,
    LIBRARIES,
    WORK_ORDER_STATUSES,
    WORK_ORDER_TYPES,
    CircDesk,
    Department,
)
from almascan.simulator.items import LOST_TYPES, Item, Request
from almascan.simulator.languages import (
    DESTINATION,
    FOR_PATRON,
    FOR_RESHELVING,
    MANAGE_LOCALLY,
    ON_HOLD_SHELF,
    RESHELVE,
)
from almascan.simulator.refusals import Refusal, refuse_in_general, refuse_missing, refuse_no_desk, refuse_parameter

_STAYS = frozenset({"ILL", "LOST_ILL", "ACQ"})
_CLEARED = frozenset({"MISSING", "TECHNICAL"})


@dataclass(frozen=True, slots=True)
class Scan:
    """The parameters of a scan, by Alma's names; texts are "" where they were not given."""

    library: str = ""
    circ_desk: str = ""
    department: str = ""
    work_order_type: str = ""
    status: str = ""
    request_id: str = ""
    done: bool = False
    place_on_hold_shelf: bool = False
    register_in_house_use: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """What a scan did besides changing the item's state.

    Attributes:
        destination: Where the item goes, as additional_info says it in English; ``{place}`` stands for the place.
        place: The name of a library, location or department.
        process: The request or process type, as additional_info says it in English.
        requester: The request that was looked at, if any.
        place_in_queue: The number that additional_info ends with.
        letter: Whether a letter was sent to the requester.
        loan_returned: Whether a loan was ended.
        in_house_use: Whether a use within the library was counted.
    """

    destination: str = "{place}"
    place: str = ""
    process: str = ""
    requester: Request | None = None
    place_in_queue: int = 1
    letter: bool = False
    loan_returned: bool = False
    in_house_use: bool = False

    def write_info(self, texts: Mapping[str, str]) -> str:
        """Write additional_info with the texts of a language; it names the requester, as Alma does."""
        return texts.get(DESTINATION, DESTINATION).format(
            destination=texts.get(self.destination, self.destination).format(place=self.place),
            process=texts.get(self.process, self.process),
            requester=self.requester.requester if self.requester else "",
            requester_id=self.requester.user_id if self.requester else "",
            place_in_queue=self.place_in_queue,
        )


def find_place(scan: Scan, config: SimulatorConfig) -> CircDesk | Department:
    """Find the desk or department that a scan names.

    Raises:
        Refusal: If the library is missing, neither or both of desk and department are given, or a code is unknown.
    """
    department = DEPARTMENTS.get(scan.department)
    if not scan.library and not (department and not department.library):
        raise refuse_missing("library")
    if not scan.circ_desk and not scan.department:
        raise refuse_no_desk()
    if scan.circ_desk and scan.department:
        raise refuse_parameter("department", scan.department)
    if scan.library and scan.library not in LIBRARIES:
        raise _refuse_place("library", scan.library, config)
    if scan.department:
        if department is None or department.library not in {"", scan.library}:
            raise _refuse_place("department", scan.department, config)
        return department
    desk = LIBRARIES[scan.library].desks.get(scan.circ_desk)
    if desk is None:
        raise _refuse_place("circ_desk", scan.circ_desk, config)
    return desk


def _refuse_place(name: str, code: str, config: SimulatorConfig) -> Refusal:
    # Which code answers an unknown place is in no source.
    return refuse_in_general() if "place-general-error" in config.readings else refuse_parameter(name, code)


def scan_in(item: Item, scan: Scan, today: str, config: SimulatorConfig) -> Effect:
    """Scan an item in, and say what happened.

    Args:
        item: The item; it is changed.
        scan: Where and how it is scanned.
        today: The date, as Alma writes it.
        config: Decides the points that are not known for sure.

    Raises:
        Refusal: If the scan's parameters are wrong (see find_place); the item is unchanged.
    """
    place = find_place(scan, config)
    _check_work_order(item, scan, place)
    item.modification_date = today
    lost = item.process_type in LOST_TYPES
    returned = (not lost or config.lost_is_cleared) and item.end_loan(today)
    missing_stays = item.process_type == "MISSING" and "missing-stays" in config.readings
    if item.process_type in _STAYS or (lost and not config.lost_is_cleared) or missing_stays:
        return replace(_stay(item), loan_returned=returned)
    if returned or item.process_type in _CLEARED or lost:
        item.put("")
    if isinstance(place, Department):
        effect = _scan_at_department(item, scan, place, config)
    else:
        effect = _scan_at_desk(item, scan, place, config)
    return replace(effect, loan_returned=returned, in_house_use=scan.register_in_house_use and not returned)


def _check_work_order(item: Item, scan: Scan, place: CircDesk | Department) -> None:
    types = place.work_order_types if isinstance(place, Department) else tuple(WORK_ORDER_TYPES)
    if scan.work_order_type and scan.work_order_type not in types:
        raise refuse_parameter("work_order_type", scan.work_order_type)
    if not scan.status:
        return
    # Without a type the status belongs to the work order that the item is in, or to a department's first type.
    if scan.work_order_type or item.work_order_type:
        types = (scan.work_order_type or item.work_order_type,)
    elif isinstance(place, Department):
        types = types[:1]
    if not any(scan.status in dict(WORK_ORDER_STATUSES[one]) for one in types):
        raise refuse_parameter("status", scan.status)


def _stay(item: Item) -> Effect:
    return Effect(place=LIBRARIES[item.home[0]].name, process=item.process_type)


def _scan_at_department(item: Item, scan: Scan, place: Department, config: SimulatorConfig) -> Effect:
    if scan.done:
        _finish_work_order(item)
        here = place.library == item.home[0] and not item.requests
        if here and config.department_reshelves:
            return _reshelve(item, config)
        return _send_on(item)
    return _work_on(item, scan, place.code, place.name, place.work_order_types)


def _work_on(item: Item, scan: Scan, code: str, name: str, types: Sequence[str]) -> Effect:
    item.work_order_type = scan.work_order_type or item.work_order_type or types[0]
    item.work_order_at = code
    item.work_order_status = scan.status or item.work_order_status
    item.put("WORK_ORDER_DEPARTMENT")
    return Effect(MANAGE_LOCALLY, name, WORK_ORDER_TYPES[item.work_order_type])


def _finish_work_order(item: Item) -> None:
    item.work_order_type = item.work_order_at = item.work_order_status = ""


def _scan_at_desk(item: Item, scan: Scan, desk: CircDesk, config: SimulatorConfig) -> Effect:
    if scan.work_order_type and not scan.done:
        return _work_on(item, scan, desk.code, desk.name, (scan.work_order_type,))
    if scan.done and item.work_order_at == desk.code:
        _finish_work_order(item)
    if item.work_order_type:
        item.put("TRANSIT")
        department = DEPARTMENTS.get(item.work_order_at)
        destination = department.name if department else item.work_order_at
        return Effect(place=destination, process=WORK_ORDER_TYPES[item.work_order_type])
    request = _next_request(item, scan.request_id)
    if request is not None:
        return _fill(item, request, scan, desk)
    library, location = item.home
    serves = location in desk.locations or config.other_desk_reshelves
    return _reshelve(item, config) if library == scan.library and serves else _send_on(item)


def _next_request(item: Item, request_id: str) -> Request | None:
    named = [request for request in item.requests if request.request_id == request_id]
    return next(iter(named or item.requests), None)


def _fill(item: Item, request: Request, scan: Scan, desk: CircDesk) -> Effect:
    here = (request.pickup_library, request.pickup_desk) == (scan.library, desk.code) and desk.hold_shelf
    if not here:
        return _send_on(item, request)
    waits = desk.hold_shelf_processing and not scan.place_on_hold_shelf
    status = "IN_PROCESS" if waits else "ON_HOLD_SHELF"
    letter = status == "ON_HOLD_SHELF" and request.status != status
    item.requests = tuple(replace(one, status=status) if one is request else one for one in item.requests)
    item.put("HOLDSHELF")
    return Effect(ON_HOLD_SHELF, process=FOR_PATRON, requester=request, letter=letter)


def _send_on(item: Item, request: Request | None = None) -> Effect:
    item.put("TRANSIT")
    request = request or _next_request(item, "")
    if request is None:
        return Effect(place=LIBRARIES[item.home[0]].name, process=FOR_RESHELVING)
    item.requests = tuple(replace(one, status="IN_PROCESS") if one is request else one for one in item.requests)
    return Effect(place=LIBRARIES[request.pickup_library].name, process=FOR_PATRON, requester=request)


def _reshelve(item: Item, config: SimulatorConfig) -> Effect:
    library, code = item.home
    location = LIBRARIES[library].locations[code]
    waits = location.reshelving_hours > 0
    base_status = "0" if waits and not config.reshelving_in_place else ""
    item.put("", awaiting_reshelving=waits, base_status=base_status)
    return Effect(RESHELVE, location.name, place_in_queue=0)
