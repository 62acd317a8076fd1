"""Analytics reports: a page of one, as rows by column heading. No I/O. ``docs/alma.md`` "Analytics".

The answer is XML, also where JSON was asked for, or XML inside of JSON. A schema in front names the columns, perhaps on
the first page alone; empty cells are left out of their row.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError  # only types and the error: defusedxml parses

import defusedxml.ElementTree
import msgspec
from defusedxml import DefusedXmlException

from almascan.alma.answers import Answer
from almascan.alma.operations import Operation
from almascan.errors import NoAnswerError, UsageError

PAGE_SIZE = 1_000
"""The most rows of a page."""
STEP = 25
"""The fewest, and the step."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONSTANT = "Column0"
_HEADING = "columnHeading"


class ReportPage(msgspec.Struct, frozen=True):
    """A page of a report.

    Attributes:
        rows: The cells by column name (Column1, ...); empty ones are left out.
        headings: The headings by column name; empty where the page has no schema.
        token: What the next pages are asked for with; "" where the page does not say.
        is_finished: Whether it is the last page.
    """

    rows: list[dict[str, str]]
    headings: dict[str, str]
    token: str
    is_finished: bool


class ReportRows(msgspec.Struct, frozen=True):
    """Rows of a report under the headings of their columns.

    Attributes:
        headings: The headings in the report's order; two may be the same.
        cells: For each row its cells in that order; "" where the report has none.
    """

    headings: list[str]
    cells: list[list[str]]

    @property
    def rows(self) -> list[dict[str, str]]:
        """For each row its cells by heading; a heading that comes again is numbered, such as "Library Code (2)"."""
        times: Counter[str] = Counter()
        names: list[str] = []
        for heading in self.headings:
            times[heading] += 1
            names.append(heading if times[heading] == 1 else f"{heading} ({times[heading]})")
        return [dict(zip(names, row, strict=True)) for row in self.cells]


def report(path: str, limit: int = PAGE_SIZE) -> Operation[ReportPage]:
    """Ask for the first page of a report by its path, such as "/shared/My Institution/Reports/In transit".

    Raises:
        UsageError: Alma has no pages of that size.
    """
    if limit % STEP or not STEP <= limit <= PAGE_SIZE:
        raise UsageError(f"A page of a report has {STEP} to {PAGE_SIZE:,} rows, in steps of {STEP}, not {limit:,}.")
    query = urlencode({"path": path, "limit": limit, "col_names": "true"})
    return Operation("GET", f"/analytics/reports?{query}", _read_page)


def next_page(token: str, limit: int = PAGE_SIZE) -> Operation[ReportPage]:
    """Ask for the next page, or once more for a report that was not ready."""
    return Operation("GET", f"/analytics/reports?{urlencode({'token': token, 'limit': limit})}", _read_page)


def arrange(rows: list[dict[str, str]], columns: dict[str, str]) -> ReportRows:
    """Put rows under the headings of their columns.

    Args:
        rows: The cells by column name.
        columns: The headings by column name, in the report's order.

    Raises:
        NoAnswerError: There are no headings, so that nobody knows what the cells are.
    """
    if not columns:
        raise NoAnswerError("Alma gave rows of the report without the names of their columns.")
    return ReportRows(list(columns.values()), [[row.get(column, "") for column in columns] for row in rows])


def _read_page(answer: Answer) -> ReportPage:
    root = _parse(_xml_in(answer.body))
    texts = {_name(element): (element.text or "").strip() for element in root.iter()}
    return ReportPage(
        rows=[dict(_cells(row)) for row in root.iter() if _name(row) == "Row"],
        headings=dict(_headings(root)),
        token=texts.get("ResumptionToken", ""),
        is_finished=texts.get("IsFinished", "").lower() == "true",
    )


def _xml_in(body: bytes) -> bytes | str:
    """Give the XML, which JSON may have around it; as text then, whose own word on its encoding no longer counts."""
    bare = body.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if not bare.startswith(b"{"):
        return bare
    try:
        return next(_texts(msgspec.json.decode(bare)), "")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str) and tree.lstrip().startswith("<"):
        yield tree
    parts = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ()
    for part in parts:
        yield from _texts(part)


def _parse(body: bytes | str) -> Element:
    try:
        root: Element = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError):
        raise NoAnswerError("Alma's answer is no page of a report.") from None
    if not any(_name(element) == "QueryResult" for element in root.iter()):
        raise NoAnswerError("Alma's answer is no page of a report.")
    return root


def _headings(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        heading = next((value for key, value in element.attrib.items() if key.endswith(_HEADING)), None)
        if heading is not None and element.get("name", _CONSTANT) != _CONSTANT:
            yield element.get("name", ""), heading


def _cells(row: Element) -> Iterator[tuple[str, str]]:
    for cell in row:
        if _name(cell) != _CONSTANT:
            yield _name(cell), (cell.text or "").strip()


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
