"""Every parser of lists takes anything: it gives what was written, or raises an error of almascan's own."""

import encodings.aliases
import io
import re
from collections.abc import Iterator
from html import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.lists.hostile.archive import SHEET, STRINGS, STYLES, sheet, texts, workbook

from almascan.errors import ListError
from almascan.lists import Entry, ListOptions, open_list, open_text
from almascan.lists.barcode import is_blank
from almascan.lists.cell import read_number
from almascan.lists.columns import Columns, column_letters, find_columns
from almascan.lists.items import read_items
from almascan.lists.lines import find_encoding, read_lines
from almascan.lists.markup import Attributes, MarkupError, parse_in_steps, read_whole
from almascan.lists.notes import Notes
from almascan.lists.number_format import NumberFormat, Shape, read_number_format
from almascan.lists.sheet import Book, SheetRow, StoredCell, read_cell, read_rows
from almascan.lists.signature import refuse_markup, refuse_other_formats
from almascan.lists.source import open_source
from almascan.lists.strings import MAX_TEXT_CHARACTERS, SharedStrings, read_strings
from almascan.lists.table import SAMPLE_ROWS, Row, TextRow, take_sample

IN_XML = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
XML_TEXT = st.text(IN_XML, max_size=20)
MARKUP = st.lists(
    st.sampled_from(
        ["<row>", "</row>", '<row r="3">', "<c>", '<c t="s">', '<c r="B2" s="1">', "</c>", "<v>", "</v>", "<f>", "</f>",
         "<si>", "</si>", "<t>", "</t>", "<rPh>", "</rPh>", "<is>", "</is>", "0", "1", "9E9", "_x0041_", "_xD800_",
         "&amp;", "&#1;", "<!-- -->", "<![CDATA[", "]]>", "<?x?>", "<!DOCTYPE a>", '<x:c xmlns:x="y">', "</x:c>"]
    ),
    max_size=30,
).map(lambda pieces: f"<sst>{''.join(pieces)}</sst>".encode())  # fmt: skip
CODE = st.text(st.sampled_from('[]"\\;_*0#?ymdhs.,@$-+ aE%'), max_size=300)


def build_book(strings: list[str], formats: list[NumberFormat] | None = None) -> Book:
    shared = SharedStrings()
    for text in strings:
        shared.append(text)
    return Book(shared, formats or [])


@given(st.binary(max_size=200) | MARKUP)
@example(b'<?xml version="1.0" encoding="klingon"?><a/>')
@example(b'<?xml version="1.0" encoding="hex"?><a/>')
def test_any_markup_is_parsed_or_told(data: bytes) -> None:
    opened: list[str] = []

    def start(name: str, _: Attributes) -> None:
        opened.append(name)

    def end(name: str) -> None:
        assert opened.pop() == name

    try:
        list(parse_in_steps(io.BytesIO(data), start, end, lambda _: None))
    except MarkupError as error:
        assert str(error)  # noqa: PT017 - markup that is sound raises nothing
    else:
        assert not opened


@given(st.lists(XML_TEXT), st.text("abc", min_size=1, max_size=3))
def test_texts_and_attributes_of_markup_are_what_was_written(values: list[str], prefix: str) -> None:
    inside = "".join(f'<{prefix}:t a="{escape(value)}">{escape(value)}</{prefix}:t>' for value in values)
    data = f'<a xmlns:{prefix}="x">{inside}</a>'.encode()
    attributes: list[str] = []
    pieces: list[str] = []

    def start(name: str, found: Attributes) -> None:
        if name == "t":
            attributes.append(found["a"])

    list(parse_in_steps(io.BytesIO(data), start, lambda _: None, pieces.append))
    assert attributes == values
    assert "".join(pieces) == "".join(values)


@given(st.text(max_size=20) | st.integers().map(str))
def test_a_count_is_read_exactly_or_told(text: str) -> None:
    try:
        assert read_whole(text) == int(text)
    except MarkupError:
        assert not re.fullmatch(r"[0-9]{1,10}", text.strip())


@given(st.binary(max_size=200) | MARKUP)
def test_any_table_of_strings_is_read_or_told(data: bytes) -> None:
    try:
        strings = read_strings(io.BytesIO(data))
    except MarkupError:
        return
    assert all(len(strings[number]) <= MAX_TEXT_CHARACTERS + 1 for number in range(len(strings)))


@given(st.lists(st.text(IN_XML, max_size=MAX_TEXT_CHARACTERS // 8)))
@example(["_x0041_", "_x0000_", "_xD800_"])
def test_strings_are_what_a_spreadsheet_program_wrote(values: list[str]) -> None:
    def written(text: str) -> str:
        return escape(re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text))

    data = "<sst>" + "".join(f"<si><t>{written(value)}</t></si>" for value in values) + "</sst>"
    strings = read_strings(io.BytesIO(data.encode()))
    assert [strings[number] for number in range(len(strings))] == values


@given(st.binary(max_size=200) | MARKUP)
def test_any_sheet_is_read_or_told(data: bytes) -> None:
    try:
        rows = list(read_rows(io.BytesIO(data), build_book(["a", "b"])))
    except MarkupError:
        return
    numbers = [row.number for row in rows]
    assert numbers == sorted(set(numbers))
    assert all(row.texts() is not None for row in rows)


@given(
    st.dictionaries(
        st.integers(1, 1_048_576),
        st.dictionaries(st.integers(0, 16_383), st.text(IN_XML, min_size=1, max_size=9), max_size=4),
        max_size=4,
    )
)
def test_a_sheet_has_the_cells_that_were_written(table: dict[int, dict[int, str]]) -> None:
    rows = (
        f'<row r="{number}">'
        + "".join(
            f'<c r="{column_letters(column)}{number}" t="str"><v>{escape(table[number][column])}</v></c>'
            for column in sorted(table[number])
        )
        + "</row>"
        for number in sorted(table)
    )
    found = list(read_rows(io.BytesIO(sheet(*rows)), build_book([])))
    assert {row.number: {column: row.cell(column).text for column in row.stored} for row in found} == {
        number: cells for number, cells in table.items() if cells
    }


@given(
    st.sampled_from(["n", "str", "inlineStr", "b", "e", "d", "zzz", ""]),
    st.integers(0, 9),
    st.text(max_size=20) | st.decimals().map(str) | st.text(min_size=600, max_size=600),
    st.booleans(),
    CODE,
)
def test_any_stored_cell_is_a_text_or_a_problem(kind: str, style: int, value: str, formula: bool, code: str) -> None:
    book = build_book([], [read_number_format(code)])
    cell = read_cell(StoredCell(kind, style, value, formula), book)
    assert cell.problem == "" or cell.problem.endswith(".")
    assert len(cell.problem) < 600
    assert cell.text or cell.problem or not value


@given(CODE | st.text(max_size=300), st.integers(0, 10**15 - 1))
@example("[" * 100_000, 1)
@example("\\" * 100_000, 1)
def test_any_format_leaves_a_number_its_value_or_makes_it_a_problem(code: str, number: int) -> None:
    number_format = read_number_format(code)
    assert (number_format.width > 0) == (number_format.shape is Shape.PADDED)
    cell = read_number(str(number), number_format)
    assert cell.problem or int(cell.text) == number


@given(st.binary(max_size=600))
def test_any_start_of_a_file_is_a_text_or_named(data: bytes) -> None:
    try:
        refuse_other_formats(open_source("-", io.BytesIO(data)))
    except ListError as error:
        assert re.fullmatch(r"standard input is .*\.", str(error))  # noqa: PT017 - a text raises nothing


@given(st.text(max_size=600))
def test_a_text_of_barcodes_is_not_taken_for_markup(text: str) -> None:
    try:
        refuse_markup("list", text)
    except ListError:
        assert text.lstrip()[0] in "<[{"


VALUES = st.sampled_from(
    ["", " ", "30112", "9912", "Barcode", "MMS Id", "Holding Id", "PID", "Circ desk", "Library", "# note", "#", "#N/A",
     "3.01E+13", "Title", "two words", '=""']
) | st.text(max_size=6)  # fmt: skip
HEADERS = st.permutations(["Barcode", "MMS Id", "Holding Id", "PID", "Circ desk", "Library"]) | st.lists(
    VALUES, max_size=6
)
TABLE = st.tuples(HEADERS, st.lists(st.lists(VALUES, max_size=6), max_size=8)).map(
    lambda both: [list(both[0]), *both[1]]
)
COLUMN = st.none() | st.sampled_from(["A", "B", "XFD", "1", "2", "99", "Title", "Barcode"]) | st.text(max_size=5)


def rows_of(table: list[list[str]]) -> list[Row]:
    return [TextRow(number, values) for number, values in enumerate(table, start=1)]


def check_entries(entries: list[Entry]) -> None:
    for entry in entries:
        assert bool(entry.problem) != bool(entry.barcode or entry.ids), entry
        assert entry.ids is None or all(
            part.isascii() and part.isdecimal() for part in (entry.ids.mms_id, entry.ids.pid)
        )
        assert entry.desk is None or not is_blank(entry.desk.circ_desk)


@given(TABLE, COLUMN)
def test_any_table_has_its_columns_or_is_refused_and_every_row_is_an_entry_or_counted(
    table: list[list[str]], column: str | None
) -> None:
    rows = rows_of(table)
    try:
        columns = find_columns("list", take_sample(iter(rows)), column)
    except ListError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017 - a table that is sound raises nothing
        return
    notes = Notes()
    entries = list(read_items(iter(rows), columns, ListOptions(), notes))
    check_entries(entries)
    left_out = sum(notes[kind] for kind in ("blank", "comments", "headers", "titles"))
    assert len(rows) == notes["lines"] == len(entries) + left_out


@settings(max_examples=30)
@given(st.integers(0, 16_383))
@example(16_383)
def test_a_column_is_found_by_its_letters_and_by_its_number(place: int) -> None:
    row = TextRow(1, ["x1"] * (place + 1))
    for said in (column_letters(place), column_letters(place).lower(), str(place + 1)):
        assert find_columns("list", [row], said) == Columns(place, first_row=1)


@given(st.lists(st.text("abcdefgh", min_size=4, max_size=9), min_size=2, max_size=5, unique=True), st.data())
def test_a_column_is_found_by_its_own_header(headers: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(headers) - 1))
    found = find_columns("list", rows_of([headers, ["x1"] * len(headers)]), headers[place].upper())
    assert (found.barcode, found.first_row) == (place, 2)


def test_a_sample_of_wide_rows_is_short_and_of_narrow_ones_long() -> None:
    wide: Iterator[Row] = (TextRow(number, ["a"] * 16_384) for number in range(1, 10**6))
    narrow: Iterator[Row] = (TextRow(number, ["a"]) for number in range(1, 10**6))
    assert 2 <= len(take_sample(wide)) < 10
    assert len(take_sample(narrow)) == SAMPLE_ROWS


CODECS = sorted(set(encodings.aliases.aliases.values()))


@given(st.sampled_from(CODECS) | st.text(max_size=10), st.binary(max_size=80))
@example("utf_7", b"+2AA-")
@example("idna", b"xn--\xff")
def test_any_bytes_in_any_encoding_are_a_list_or_one_sentence(encoding: str, data: bytes) -> None:
    try:
        with open_list("-", ListOptions(encoding=encoding), io.BytesIO(data)) as reading:
            entries = list(reading)
    except ListError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017 - bytes that are a list raise nothing
    else:
        check_entries(entries)
        assert all(entry.given.encode() is not None for entry in entries)


@pytest.mark.parametrize("encoding", CODECS)
def test_a_text_is_read_in_every_encoding_that_can_write_it(encoding: str) -> None:
    try:
        data = "AB-30112\nAB-30113\n".encode(encoding)
        source = open_source("-", io.BytesIO(data))
        codec = find_encoding(source, encoding)
    except (LookupError, ListError):
        return  # it is none for texts, and one sentence says so
    assert list(read_lines(source, codec)) == ["AB-30112", "AB-30113"]


@given(st.text(max_size=60) | st.text("\ud800\udcff\t\n ,;#ab1\0\x1c\x85", max_size=30))
def test_any_pasted_text_is_a_list_or_one_sentence(text: str) -> None:
    try:
        with open_text(text) as reading:
            entries = list(reading)
    except ListError as error:
        assert str(error).endswith(".")  # noqa: PT017 - a text that is a list raises nothing
        str(error).encode()
    else:
        check_entries(entries)


def test_pasted_bytes_that_are_not_utf_8_are_told_with_a_way_out() -> None:
    with pytest.raises(ListError, match=r"pasted text holds bytes that are not UTF-8; .* name its encoding"):
        open_text("30112 30\udcff113")


WHOLE = workbook({
    SHEET: sheet(texts("Barcode", "Title"), '<row><c t="s"><v>0</v></c><c s="0"><v>112</v></c></row>'),
    STRINGS: b"<sst><si><t>30112001</t></si></sst>",
    STYLES: b'<s><numFmts><numFmt numFmtId="200" formatCode="0000"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></s>',
})  # fmt: skip


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, len(WHOLE)),
)
def test_a_workbook_with_any_bytes_changed_or_missing_is_read_or_told(
    changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    whole, cut = bytes(data), b"PK\x03\x04" + bytes(data[4:length])
    for damaged in (whole, cut):
        try:
            with open_list("-", stdin=io.BytesIO(damaged)) as reading:
                check_entries(list(reading))
        except ListError as error:
            assert str(error).endswith(".")  # noqa: PT017 - a change that does no harm raises nothing


@settings(max_examples=200)
@given(
    st.sampled_from([SHEET, STRINGS, STYLES, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"]),
    st.binary(max_size=100) | MARKUP,
)
def test_a_workbook_with_any_part_replaced_is_read_or_told(part: str, data: bytes) -> None:
    try:
        with open_list("-", stdin=io.BytesIO(workbook({part: data}))) as reading:
            check_entries(list(reading))
    except ListError as error:
        assert str(error).endswith(".")  # noqa: PT017 - a part that is sound raises nothing


def test_a_row_of_a_sheet_gives_an_empty_cell_where_it_has_none() -> None:
    assert SheetRow(1, {}, build_book([])).cell(3).text == ""
