"""A page of a report as XML, as Analytics writes it; ``docs/alma.md`` "Analytics"."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from almascan.simulator.markup import PROLOGUE, write_text
from almascan.simulator.reports import Column, Page, Row

_ROWSET = "urn:schemas-microsoft-com:xml-analysis:rowset"
_XSD_TYPES = {"integer": "xsd:int", "varchar": "xsd:string", "date": "xsd:date"}


def write_report(page: Page, *, schema: bool, headings: bool) -> str:
    """Write a page.

    Args:
        page: The page; one without columns is written as a report that is still being prepared.
        schema: Whether a schema in front names the columns.
        headings: Whether that schema has the columns' headings.
    """
    token = f"<ResumptionToken>{page.token}</ResumptionToken>" if page.token else ""
    finished = str(page.finished).lower()
    result = f"<ResultXml>{_write_rowset(page, schema=schema, headings=headings)}</ResultXml>"
    if not page.columns:
        result = "<ResultXml/>"
    return f"{PROLOGUE}<report><QueryResult>{token}<IsFinished>{finished}</IsFinished>{result}</QueryResult></report>"


def _write_rowset(page: Page, *, schema: bool, headings: bool) -> str:
    described = _write_schema(page.columns, headings=headings) if schema else ""
    return f'<rowset xmlns="{_ROWSET}">{described}{"".join(map(_write_row, page.rows))}</rowset>'


def _write_row(row: Row) -> str:
    cells = (f"<Column{place}>{write_text(text)}</Column{place}>" for place, text in enumerate(row, 1) if text)
    return f"<Row><Column0>0</Column0>{''.join(cells)}</Row>"


def _write_schema(columns: Sequence[Column], *, headings: bool) -> str:
    elements = [_write_column(0, "0", "", "integer", headings=headings)]
    elements += [
        _write_column(place, column.heading, column.table, column.type, headings=headings)
        for place, column in enumerate(columns, 1)
    ]
    return (
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:saw-sql="urn:saw-sql" '
        f'targetNamespace="{_ROWSET}"><xsd:complexType name="Row"><xsd:sequence>{"".join(elements)}</xsd:sequence>'
        "</xsd:complexType></xsd:schema>"
    )


def _write_column(place: int, heading: str, table: str, type_name: str, *, headings: bool) -> str:
    named = f"saw-sql:columnHeading={quoteattr(heading)} saw-sql:tableHeading={quoteattr(table)} " if headings else ""
    return (
        f'<xsd:element maxOccurs="1" minOccurs="0" name="Column{place}" {named}saw-sql:displayFormula="saw_{place}" '
        f'saw-sql:type="{type_name}" type="{_XSD_TYPES[type_name]}"/>'
    )
