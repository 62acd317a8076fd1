"""The mapping tables that scan-in needs; ``docs/alma.md`` "Configuration". No HTTP."""

from almascan.simulator.answers import Answer
from almascan.simulator.institution import (
    DEPARTMENTS,
    LIBRARIES,
    WORK_ORDER_STATUSES,
)
from almascan.simulator.operations import Call, Operations, Result
from almascan.simulator.refusals import refuse_parameter

WORK_ORDER_TABLE = "WorkOrderTypeStatuses"


def read_mapping_table(operations: Operations, call: Call) -> Result:
    """Answer the statuses of the work-order types of a library's departments, or of the institution's.

    Raises:
        Refusal: If the table, or the library that ``scope`` names, is unknown.
    """
    table, scope = call.path[0], call.query.get("scope", "")
    if table != WORK_ORDER_TABLE:
        raise refuse_parameter("mappingTableName", table)
    library = "" if scope in {"", operations.identity.code} else scope
    if library and library not in LIBRARIES:
        raise refuse_parameter("scope", scope)
    return Result("mapping_table", _write_table(library))


def _write_table(library: str) -> Answer:
    types = [
        work_order_type
        for department in DEPARTMENTS.values()
        if department.library == library
        for work_order_type in department.work_order_types
    ]
    rows = [
        {"column0": one, "column1": code, "column2": label} for one in types for code, label in WORK_ORDER_STATUSES[one]
    ]
    return {
        "name": WORK_ORDER_TABLE,
        "description": "Work Order Type Statuses",
    } | ({"row": rows} if rows else {})
