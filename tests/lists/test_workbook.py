"""Lists in workbooks: numbers, formats and formulas, far cells, bombs, and broken or strange archives."""

import datetime as dt
import io
import re
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st

from almascan.errors import ListError
from almascan.lists import Entry, Reading, open_list
from almascan.lists.barcode import is_blank
from almascan.model import ItemIds

Read = Callable[..., tuple[Reading, list[Entry]]]
Write = Callable[..., Path]


def rewrite(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Write a workbook anew with changed parts; None leaves a part out."""
    changed = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return changed


def change_sheet(path: Path, pattern: bytes, replacement: bytes) -> Path:
    def change(name: str, data: bytes) -> bytes:
        return re.sub(pattern, replacement, data) if name.endswith("sheet1.xml") else data

    return rewrite(path, change)


def test_texts_and_numbers_of_up_to_fifteen_digits_are_exact(read: Read, write_workbook: Write) -> None:
    rows = [["Title", "Barcode"], ["A", "00112001"], ["B", 30112100012345], ["C", 999999999999999], ["D", 7]]
    reading, entries = read(write_workbook(rows))
    assert [(entry.row, entry.barcode) for entry in entries] == [
        (2, "00112001"), (3, "30112100012345"), (4, "999999999999999"), (5, "7"),
    ]  # fmt: skip
    assert reading.name == "items.xlsx"
    assert reading.description == "Workbook, sheet 'Sheet1', column 'Barcode' (B)"
    assert reading.headers == ["Title", "Barcode"]
    assert len(reading.digest) == 64


@pytest.mark.parametrize(
    "shown", ["General", "0", "0.00", "#,##0", "0.00E+00", "@", "0_);[Red](0)", "# ##0", '0" "', "[$-407]0"]
)
def test_a_whole_number_is_exact_however_it_is_displayed(read: Read, write_workbook: Write, shown: str) -> None:
    entry = read(write_workbook([["Barcode"], [(30112100012345, shown)]]))[1][0]
    assert (entry.barcode, entry.problem) == ("30112100012345", "")


@pytest.mark.parametrize(
    ("number", "shown", "barcode"),
    [(112001, "00000000", "00112001"), (112001, "0000", "112001"), (0, "000", "000"), (7, "[Blue]##000;-000", "007")],
)
def test_zeros_lost_under_a_format_are_restored_from_it(
    read: Read, write_workbook: Write, number: int, shown: str, barcode: str
) -> None:
    reading, entries = read(write_workbook([["Barcode"], [(number, shown)]]))
    assert entries[0].barcode == barcode
    assert reading.notes["zeros_restored"] == (barcode != str(number))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1234567890123456, "16 digits"),
        (3.01121e20, "21 digits"),
        (1e300, "301 digits"),
        (3011.5, "not a whole one"),
        (1e-300, "not a whole one"),
        (-30112, "no barcode"),
        (True, "TRUE"),
        ((45302, "yyyy-mm-dd"), r"date \(2024-01-11\)"),
        ((45302, "[$-409]d\\.m\\.yy"), "date"),
        ((99999999999, "yyyy"), "date"),
        ((112, '"A"0000'), "not certain"),
        ((112, "000-000"), "not certain"),
        ("3.01121E+13", "rounded"),
        ("#N/A", "says #N/A"),
        ("NULL", "says NULL"),
    ],
)
def test_what_a_sheet_has_made_of_a_barcode_is_refused_with_the_reason(
    read: Read, write_workbook: Write, value: object, reason: str
) -> None:
    entry = read(write_workbook([["Barcode"], [value]]))[1][0]
    assert entry.barcode == ""
    assert re.search(reason, entry.problem)
    assert entry.problem.endswith(".")


def test_formulas_give_their_stored_result_or_are_told(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "items.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet()
    sheet.write("A1", "Barcode")
    for row, result in enumerate(("30112001", 30112002, "#N/A", "NONE"), start=1):
        sheet.write_formula(row, 0, "=B1", None, result)
    workbook.close()
    reading, entries = read(change_sheet(path, rb"<v>NONE</v>", b"<v/>"))
    assert [entry.barcode for entry in entries] == ["30112001", "30112002", ""]
    assert reading.notes["blank"] == 1
    assert "#N/A" in entries[2].problem


def test_a_formula_that_was_never_calculated_is_no_blank_row(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "items.xlsx"
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].append(["Barcode"])
    workbook.worksheets[0].append(["=B1"])
    workbook.save(path)
    assert "formula without a result" in read(path)[1][0].problem


def test_dates_written_by_a_library_are_dates(read: Read, write_workbook: Write) -> None:
    path = write_workbook([["Barcode"], [(dt.date(2026, 3, 1), "d mmm yyyy")]])
    assert "2026-03-01" in read(path)[1][0].problem


def test_three_ids_are_read_as_text_and_refused_as_rounded_numbers(read: Read, write_workbook: Write) -> None:
    rows = [
        ["MMS Id", "Holding Id", "Physical Item Id", "Barcode"],
        ["991234567890123456", "221234567890123456", "231234567890123456", "30112001"],
        [991234567890123456, "221234567890123456", "231234567890123456", "30112002"],
        [991234567890123456, "221234567890123456", "231234567890123456", None],
    ]
    reading, entries = read(write_workbook(rows))
    assert entries[0].ids == ItemIds("991234567890123456", "221234567890123456", "231234567890123456")
    assert entries[1] == Entry(3, "30112002", "30112002")
    assert "MMS Id" in entries[2].problem
    assert reading.notes["ids_dropped"] == 1


def test_blank_rows_are_left_out_and_rows_keep_the_sheets_numbers(read: Read, write_workbook: Write) -> None:
    reading, entries = read(write_workbook([[], ["Barcode", "Title"], [], ["30112001"], [" "], [None, "A"]]))
    assert [(entry.row, bool(entry.problem)) for entry in entries] == [(4, False), (6, True)]
    assert reading.notes["blank"] == 1


def test_one_column_without_a_header_is_read_from_its_first_row(read: Read, write_workbook: Write) -> None:
    reading, entries = read(write_workbook([[None, 30112001], [None, 30112002]]))
    assert [entry.barcode for entry in entries] == ["30112001", "30112002"]
    assert reading.description.endswith("column B")


def test_a_far_cell_costs_neither_memory_nor_rows(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "items.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet()
    sheet.write_column("A1", ["Barcode", "30112001"])
    sheet.write("XFD1048576", "far")
    workbook.close()
    tracemalloc.start()
    reading, entries = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(entry.row, entry.barcode) for entry in entries] == [(2, "30112001"), (1_048_576, "")]
    assert reading.notes["lines"] == 3
    assert peak < 2_000_000


@pytest.mark.parametrize("dimension", [b"A1", b"A1:XFD1048576", b"B7:B9"])
def test_a_dimension_that_lies_changes_nothing(read: Read, write_workbook: Write, dimension: bytes) -> None:
    path = write_workbook([["Title", "Barcode"], ["A", "30112001"], ["B", "30112002"]])
    path = change_sheet(path, rb'<dimension ref="[^"]*"', b'<dimension ref="' + dimension + b'"')
    assert [entry.barcode for entry in read(path)[1]] == ["30112001", "30112002"]


def test_rows_and_cells_without_their_names_are_counted(read: Read, write_workbook: Write) -> None:
    path = write_workbook([["Title", "Barcode"], ["A", "30112001"]])
    path = change_sheet(path, rb'(<row|<c) r="[^"]*"', rb"\1")
    assert [(entry.row, entry.barcode) for entry in read(path)[1]] == [(2, "30112001")]


def test_prefixed_and_strict_markup_rich_text_and_escapes_are_understood(read: Read, write_workbook: Write) -> None:
    path = write_workbook([["Barcode"], ["x"]])
    inline = (
        b'<x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>Barcode</x:t></x:is></x:c></x:row>'
        b'<x:row r="2"><x:c r="A2" t="inlineStr"><x:is><x:r><x:t>301</x:t></x:r><x:r><x:t>12_x0041__xD800_</x:t></x:r>'
        b"<x:rPh><x:t>no</x:t></x:rPh></x:is></x:c></x:row></x:sheetData></x:worksheet>"
    )
    head = b'<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main">'
    path = change_sheet(path, rb"(?s)<worksheet.*", head + inline)
    assert read(path)[1][0].barcode == "30112A_xD800_"


def test_the_first_visible_sheet_with_rows_is_taken_and_named(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "items.xlsx"
    workbook = xlsxwriter.Workbook(path)
    workbook.add_worksheet("Cover")
    workbook.add_worksheet("Secret").write_column("A1", ["Barcode", "1"])
    workbook.add_chartsheet("Chart")
    workbook.add_worksheet("Items").write_column("A1", ["Barcode", "30112001"])
    workbook.add_worksheet("More").write_column("A1", ["Barcode", "30112002"])
    workbook.get_worksheet_by_name("Secret").hide()
    workbook.close()
    reading, entries = read(path)
    assert entries[0].barcode == "30112001"
    assert "sheet 'Items'" in reading.description
    assert read(path, sheet="more")[1][0].barcode == "30112002"
    assert read(path, sheet="Secret")[1][0].barcode == "1"
    with pytest.raises(ListError, match="'Cover', 'Secret', 'Items', 'More'"):
        read(path, sheet="Sheet9")
    with pytest.raises(ListError, match="names no item"):
        read(path, sheet="Cover")


def test_a_workbook_without_rows_is_refused(read: Read, write_workbook: Write) -> None:
    with pytest.raises(ListError, match="no sheet with rows"):
        read(write_workbook([]))


def test_a_sheet_that_begins_with_hundreds_of_comments_is_not_guessed_at(read: Read, write_workbook: Write) -> None:
    with pytest.raises(ListError, match="first 200 rows"):
        read(write_workbook([["# note"]] * 300 + [["Title", "Barcode"], ["A", "30112001"]]))


def test_an_error_about_columns_names_the_sheet(read: Read, write_workbook: Write) -> None:
    with pytest.raises(ListError, match=r"items\.xlsx, sheet 'Sheet1', .*A 'Title', B 'Code'"):
        read(write_workbook([["Title", "Code"], ["A", "30112001"]]))


def test_a_workbook_is_known_by_its_content_and_read_from_standard_input_too(read: Read, write_workbook: Write) -> None:
    path = write_workbook([["Barcode"], ["30112001"]], name="items.csv")
    from_file, from_pipe = read(path), read(path.read_bytes())
    assert from_file[1] == from_pipe[1] == [Entry(2, "30112001", "30112001")]
    assert from_file[0].digest == from_pipe[0].digest != ""


def test_an_encoding_for_a_workbook_is_refused(read: Read, write_workbook: Write) -> None:
    with pytest.raises(ListError, match="leave the encoding out"):
        read(write_workbook([["Barcode"]]), encoding="cp1252")


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("xl/workbook.bin", r"\.xlsb"),
        ("content.xml", r"\.ods"),
        ("Index/Document.iwa", "Numbers"),
        ("word/document.xml", "Word"),
        ("items.csv", "zip archive"),
    ],
)
def test_other_archives_are_named_with_a_way_out(read: Read, part: str, what: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(part, "x")
    with pytest.raises(ListError, match=what):
        read(data.getvalue())


def test_strings_that_unfold_to_hundreds_of_megabytes_are_refused_before_they_are(
    read: Read, write_workbook: Write
) -> None:
    path = write_workbook([["Barcode"], ["30112001"]])
    bomb = rewrite(path, lambda name, data: b" " * 200_000_001 if name.endswith("sharedStrings.xml") else data)
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(ListError, match=r"unfolds to 200 MB .* are read at most"):
        read(bomb)


@pytest.mark.parametrize(
    "markup",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>',
        b"<worksheet>" * 100 + b"</worksheet>" * 100,
        b'<worksheet a="' + b"x" * 3_000_000 + b'"/>',
        b'<worksheet><sheetData><row r="1048577"/></sheetData></worksheet>',
        b'<worksheet><sheetData><row r="9999999999999"/></sheetData></worksheet>',
        b'<worksheet><sheetData><row><c r="XFE1"><v>1</v></c></row></sheetData></worksheet>',
        b'<worksheet><sheetData><row><c t="s"><v>99</v></c></row></sheetData></worksheet>',
        b'<worksheet><sheetData><row><c t="s"><v>x</v></c></row></sheetData></worksheet>',
        b'<worksheet><sheetData><row><c s="-1"><v>1</v></c></row></sheetData></worksheet>',
        b"<worksheet><sheetData><row>",
        b"",
    ],
)
def test_markup_that_no_spreadsheet_writes_is_one_sentence(read: Read, write_workbook: Write, markup: bytes) -> None:
    path = change_sheet(write_workbook([["Barcode"], ["30112001"]]), rb"(?s).+", markup)
    with pytest.raises(ListError, match=r"damaged workbook .* save it again"):
        read(path)


def test_a_text_of_many_megabytes_in_a_cell_is_not_held(read: Read, write_workbook: Write) -> None:
    path = write_workbook([["Barcode"], ["30112001"]])
    path = change_sheet(
        path, rb"</sheetData>", b'<row><c t="str"><v>' + b"x" * 30_000_000 + b"</v></c></row></sheetData>"
    )
    tracemalloc.start()
    entries = read(path)[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "characters long" in entries[1].problem
    assert peak < 2_000_000


@pytest.mark.parametrize("missing", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_a_workbook_that_lacks_a_part_is_told(read: Read, write_workbook: Write, missing: str) -> None:
    path = rewrite(write_workbook([["Barcode"], ["30112001"]]), lambda name, data: None if name == missing else data)
    with pytest.raises(ListError, match=r"damaged workbook: its part .* is missing"):
        read(path)


def test_a_workbook_without_styles_or_strings_is_read(read: Read, write_workbook: Write) -> None:
    path = rewrite(
        write_workbook([[30112001]]), lambda name, data: None if name.endswith(("styles.xml", "Strings.xml")) else data
    )
    assert read(path)[1][0].barcode == "30112001"


def test_a_workbook_cut_off_or_with_flipped_bytes_is_read_or_told_in_one_sentence(
    read: Read, write_workbook: Write
) -> None:
    data = write_workbook([["Barcode"], ["30112001"], [(7, "0000")]]).read_bytes()
    for place in range(4, len(data), 37):
        for damaged in (data[:place], data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]):
            try:
                read(damaged)
            except ListError as error:
                assert str(error).endswith(".")  # noqa: PT017 - a flip that does no harm raises nothing


def test_a_locked_archive_is_told(read: Read, write_workbook: Write) -> None:
    data = bytearray(write_workbook([["Barcode"], ["30112001"]]).read_bytes())
    for match in list(re.finditer(rb"PK\x01\x02", data)):
        data[match.start() + 8] |= 1
    with pytest.raises(ListError, match="protected by a password"):
        read(bytes(data))


CELLS = st.one_of(
    st.none(),
    st.integers(0, 10**15 - 1),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="_\ufffe\uffff"), max_size=12
    ),
)


@settings(max_examples=30)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_sheets_are_read_as_openpyxl_reads_them(rows: list[list[int | str | None]]) -> None:
    data = io.BytesIO()
    workbook = xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = workbook.add_worksheet()
    sheet.write_row("A1", ["Barcode", "Title", "Note"])
    for number, row in enumerate(rows, start=1):
        sheet.write_row(number, 0, row)
    workbook.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [row[0].value for row in openpyxl.load_workbook(data).worksheets[0].iter_rows(min_row=2)]
    try:
        with open_list("-", stdin=io.BytesIO(data.getvalue())) as reading:
            ours = {entry.row: entry.given for entry in reading}
    except ListError as error:
        assert "names no item" in str(error)  # noqa: PT017 - only blank rows raise it
        ours = {}
    for number, value in enumerate(theirs, start=2):
        text = "" if value is None else str(value)
        assert ours.get(number, "") == text or text.startswith("#") or text in {" ", "Barcode"} or is_blank(text)
