import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import START, a_row, an_item, written

from almascan.model import Outcome, Row
from almascan.report.csv_report import columns, defused, write_csv


def cells(*rows: Row) -> list[dict[str, str]]:
    text = written(write_csv, list(rows))
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_it_begins_with_a_byte_order_mark_and_ends_its_lines_as_spreadsheets_do() -> None:
    text = written(write_csv, [a_row(1), a_row(2)])
    assert text.startswith('\ufeff"row"')
    assert text.count("\r\n") == text.count("\n") == 3


def test_a_row_has_the_fields_of_the_json_report_its_states_flattened() -> None:
    row = cells(a_row(4, before=an_item(), after=an_item(base_status="1", process_type=""), finished_at=START))[0]
    assert list(row) == columns()
    assert (row["row"], row["barcode"], row["outcome"]) == ("4", "30112000000004", "in-place")
    assert (row["before_process_type"], row["before_text"], row["after_text"]) == ("TRANSIT", "in transit", "in place")
    assert row["finished_at"] == "2026-11-24T08:00:00.000Z"


def test_every_barcode_stands_in_quotes_so_that_a_spreadsheet_can_keep_it_a_text() -> None:
    assert ',"0030112",' in written(write_csv, [a_row(1, barcode="0030112")])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", "\u00a0=1", "＝1+1"])  # noqa: RUF001 - the wide sign is the case
def test_a_cell_that_would_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert defused(text) == f"'{text}"


def test_titles_and_messages_and_what_the_list_held_are_defused() -> None:
    row = cells(
        a_row(
            1, Outcome.BAD_BARCODE, given="=cmd", barcode="-5", before=an_item(title="+x"), alma_message="@y", note="-z"
        )
    )[0]
    assert (row["given"], row["barcode"], row["title"]) == ("'=cmd", "'-5", "'+x")
    assert (row["alma_message"], row["note"]) == ("'@y", "'-z")


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_no_text_reaches_a_spreadsheet_as_a_formula_or_breaks_its_line(text: str) -> None:
    found = cells(a_row(1, given=text, barcode=text, note=text, alma_message=text, before=an_item(title=text)))
    assert len(found) == 1
    for cell in found[0].values():
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
        assert not set(cell) & set("\t\r\n\x00\x1b")


def test_hidden_characters_of_a_barcode_can_be_seen() -> None:
    assert cells(a_row(1, given="3011\u200b2\x1b"))[0]["given"] == "3011\\u200b2\\x1b"
