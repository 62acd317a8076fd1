"""The types of work orders and their statuses, as the mapping table WorkOrderTypeStatuses has them. No I/O.

``docs/alma.md`` "Configuration".
"""

from urllib.parse import urlencode

import msgspec

from almascan.alma.answers import Answer, decode
from almascan.alma.operations import Operation
from almascan.alma.wire import Text, text_of

WorkOrders = dict[str, dict[str, str]]
"""Labels by status by work order type."""


class _Line(msgspec.Struct):
    column0: Text = None
    column1: Text = None
    column2: Text = None


class _Table(msgspec.Struct):
    row: list[_Line] | _Line | None = None


def work_order_statuses(library: str) -> Operation[WorkOrders]:
    """Ask for the types and statuses of a library; "" asks for those of the institution."""
    query = f"?{urlencode({'scope': library})}" if library else ""
    return Operation("GET", f"/conf/mapping-tables/WorkOrderTypeStatuses{query}", _read_table)


def _read_table(answer: Answer) -> WorkOrders:
    found = decode(answer, _Table).row
    types: WorkOrders = {}
    for line in found if isinstance(found, list) else [] if found is None else [found]:
        if line.column0:
            types.setdefault(text_of(line.column0), {})[text_of(line.column1)] = text_of(line.column2)
    return types
