"""The workbook's columns: what a librarian looks for comes first, and nothing is left out."""

import io

import openpyxl
from tests.report.samples import a_run

from almascan.model import Outcome, Row, RowState
from almascan.report import write_report
from almascan.report.fields import ROW_FIELDS


def headings() -> list[str]:
    out = io.BytesIO()
    row = Row(1, 1, RowState.FAILED, Outcome.NOT_FOUND, "30121", "30121")
    write_report("xlsx", a_run(), {Outcome.NOT_FOUND: 1}, iter([row]), out)
    return [str(cell.value) for cell in openpyxl.load_workbook(out)["not-found"][1]]


def test_the_columns_a_librarian_needs_come_first() -> None:
    assert headings()[:8] == [
        *("row", "barcode", "sentence", "next step"),
        *("title", "call number", "library name", "location name"),
    ]
    assert headings()[8:12] == ["before", "after", "note", "desk"]


def test_every_field_but_the_sheets_own_outcome_has_one_column() -> None:
    expected = {field.name.replace("_", " ") for field in ROW_FIELDS} - {"group", "outcome"}
    assert set(headings()) == expected
    assert len(headings()) == len(expected)
