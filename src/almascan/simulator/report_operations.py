"""Reading Analytics reports, from a request's parts to XML; ``docs/alma.md`` "Analytics". No HTTP."""

from almascan.simulator.operations import MAXIMUM_DIGITS, Call, Operations, Result
from almascan.simulator.refusals import refuse_report, refuse_request
from almascan.simulator.rowset import write_report

DEFAULT_ROWS = 25
MAXIMUM_ROWS = 1000
ROWS_STEP = 25


def read_report(operations: Operations, call: Call) -> Result:
    """Answer a page of a report as XML, whatever format was asked for.

    The first page is asked for by ``path``, the next ones by ``token``, which remembers how far it has been read.

    Raises:
        Refusal: If there is no such report or token, or ``limit`` is not 25 to 1,000 in steps of 25.
    """
    limit, token, path = _read_limit(call), call.query.get("token", ""), call.query.get("path", "")
    if call.query.get("filter") or not (token or path):
        raise refuse_request()
    headings = call.flag("col_names", default=True)
    if token:
        try:
            page = operations.reports.go_on(token, limit)
        except KeyError:
            raise refuse_request() from None
        schema = operations.config.schema_on_every_page
        return Result(text=write_report(page, schema=schema, headings=headings))
    try:
        page = operations.reports.open(path, DEFAULT_ROWS if limit is None else limit)
    except KeyError:
        raise refuse_report(path) from None
    return Result(text=write_report(page, schema=True, headings=headings))


def _read_limit(call: Call) -> int | None:
    text = call.query.get("limit", "")
    if not text:
        return None
    rows = int(text) if len(text) <= MAXIMUM_DIGITS and text.isascii() and text.isdigit() else 0
    if not DEFAULT_ROWS <= rows <= MAXIMUM_ROWS or rows % ROWS_STEP:
        raise refuse_request()
    return rows
