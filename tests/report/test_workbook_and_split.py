"""The workbook and the split files: barcodes are text, formulas are defused, and each file is a list again."""

import io
from pathlib import Path

import openpyxl
from tests.report.samples import a_run

from almascan.lists import open_list
from almascan.model import Item, Outcome, Row, RowState
from almascan.report import write_report
from almascan.report.split import split_report

TITLE = '=HYPERLINK("http://evil.example","x")'
ITEM = Item("99100", "22100", "23100", barcode="0012345", title=TITLE, library="MAIN", process_type="")


def rows() -> list[Row]:
    return [
        Row(1, 1, RowState.DONE, Outcome.IN_PLACE, "0012345", "0012345", "99100", "22100", "23100", after=ITEM),
        Row(1, 2, RowState.FAILED, Outcome.NOT_FOUND, "30121", "30121"),
        Row(1, 3, RowState.FAILED, Outcome.BAD_BARCODE, "3,01E+13", note="The spreadsheet rounded it."),
        Row(1, 4, RowState.NEW, given="7", barcode="7"),
    ]


COUNTS = {Outcome.IN_PLACE: 1, Outcome.NOT_FOUND: 1, Outcome.BAD_BARCODE: 1, Outcome.NOT_TRIED: 1}


def test_the_workbook_has_a_sheet_for_each_outcome_and_barcodes_as_text() -> None:
    out = io.BytesIO()
    write_report("xlsx", a_run(), COUNTS, iter(rows()), out)
    book = openpyxl.load_workbook(out)
    assert book.sheetnames[0] == "Summary"
    assert set(book.sheetnames[1:]) == {"in-place", "not-found", "bad-barcode", "not-tried"}
    sheet = book["in-place"]
    header = {cell.value: column for column, cell in enumerate(sheet[1])}
    line = sheet[2]
    assert (line[header["barcode"]].value, line[header["barcode"]].data_type) == ("0012345", "s")
    assert (line[header["title"]].value, line[header["title"]].data_type) == (TITLE, "s")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref is not None


def test_each_split_file_is_a_list_again(tmp_path: Path) -> None:
    files = split_report(a_run(), iter(rows()), tmp_path / "parts")
    assert set(files) == set(COUNTS)
    with open_list(files[Outcome.IN_PLACE]) as reading:
        (entry,) = reading
    assert (entry.barcode, entry.ids is not None) == ("0012345", True)
    with open_list(files[Outcome.NOT_FOUND]) as reading:
        assert [entry.barcode for entry in reading] == ["30121"]
    assert f"'{TITLE[:5]}" in files[Outcome.IN_PLACE].read_text(encoding="utf-8-sig")
