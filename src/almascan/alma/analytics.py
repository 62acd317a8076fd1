"""Analytics reports: a page of one, as rows by column heading. No I/O. ``docs/alma.md`` "Analytics".

The answer is XML, also where JSON was asked for, or XML inside of JSON. A schema in front names the columns, perhaps on
the first page alone; empty cells are left out of their row.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError  # only types and the error: defusedxml parses

import defusedxml.ElementTree
import msgspec
from defusedxml import DefusedXmlException

from almascan.alma.answers import Answer
from almascan.alma.operations import Operation
from almascan.errors import NoAnswerError

PAGE_SIZE = 1_000
"""The most rows of a page, in steps of 25."""
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


def report(path: str) -> Operation[ReportPage]:
    """Ask for the first page of a report by its path, such as "/shared/My Institution/Reports/In transit"."""
    query = urlencode({"path": path, "limit": PAGE_SIZE, "col_names": "true"})
    return Operation("GET", f"/analytics/reports?{query}", _read_page)


def next_page(token: str) -> Operation[ReportPage]:
    """Ask for the next page, or once more for a report that was not ready."""
    return Operation("GET", f"/analytics/reports?{urlencode({'token': token, 'limit': PAGE_SIZE})}", _read_page)


def _read_page(answer: Answer) -> ReportPage:
    root = _parse(_xml_in(answer.body))
    texts = {_name(element): (element.text or "").strip() for element in root.iter()}
    return ReportPage(
        rows=[dict(_cells(row)) for row in root.iter() if _name(row) == "Row"],
        headings=dict(_headings(root)),
        token=texts.get("ResumptionToken", ""),
        is_finished=texts.get("IsFinished", "").lower() == "true",
    )


def _xml_in(body: bytes) -> bytes:
    """Give the XML, which JSON may have around it."""
    if not body.lstrip().startswith(b"{"):
        return body
    try:
        text = next(_texts(msgspec.json.decode(body)), "")
    except msgspec.DecodeError:
        text = ""
    return text.encode()


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str) and tree.lstrip().startswith("<"):
        yield tree
    parts = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ()
    for part in parts:
        yield from _texts(part)


def _parse(body: bytes) -> Element:
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
