"""Lists in CSV: the delimiter, quotation marks, and which column holds the barcodes."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.errors import ListError
from almascan.lists import Entry, ListOptions, Reading, open_list
from almascan.lists.columns import BARCODE_HEADERS, column_letters
from almascan.lists.delimited import DELIMITER_NAMES, Delimiter, read_records
from almascan.model import ItemIds

Read = Callable[..., tuple[Reading, list[Entry]]]


def barcodes(entries: list[Entry]) -> list[tuple[int, str]]:
    return [(entry.row, entry.barcode) for entry in entries]


@pytest.mark.parametrize(("character", "name"), DELIMITER_NAMES.items())
def test_every_delimiter_is_found_by_the_header(read: Read, character: str, name: str) -> None:
    rows = [["Title", "Item Barcode", "Price"], ["A, b; c", "30112001", "1,5"], ["D", "30112002", "2,5"]]
    text = io.StringIO()
    csv.writer(text, delimiter=character).writerows(rows)
    reading, entries = read(text.getvalue())
    assert barcodes(entries) == [(2, "30112001"), (3, "30112002")]
    assert reading.headers == ["Title", "Item Barcode", "Price"]
    assert reading.description == f"CSV with {name}, UTF-8, column 'Item Barcode' (B)"


@pytest.mark.parametrize("header", BARCODE_HEADERS)
@pytest.mark.parametrize("change", [str, str.upper, str.lower, lambda header: f" {header.replace(' ', '_')} "])
def test_every_known_header_is_found_in_any_case_and_spelling(
    read: Read, header: str, change: Callable[[str], str]
) -> None:
    assert barcodes(read(f"Title,{change(header)}\nA,30112001\n")[1]) == [(2, "30112001")]
    assert barcodes(read(f"{change(header)}\n30112001\n")[1]) == [(2, "30112001")]


def test_several_columns_without_a_known_header_are_refused_and_shown(read: Read) -> None:
    with pytest.raises(ListError, match=r"first row reads: A 'Titel', B 'Inventarnr'\. Say which column to use"):
        read("Titel;Inventarnr\nA;30112001\n")
    with pytest.raises(ListError, match=r"A 'x', B '30112001'"):
        read("x,30112001\ny,30112002\n")


@pytest.mark.parametrize("column", ["Inventarnr", "inventar-nr", "B", "b", "2"])
def test_a_column_is_taken_by_header_letter_or_number(read: Read, column: str) -> None:
    reading, entries = read("Titel;Inventarnr\nA;30112001\nB;30112002\n", column=column)
    assert barcodes(entries) == [(2, "30112001"), (3, "30112002")]
    assert reading.description.endswith("column 'Inventarnr' (B)")


def test_a_column_by_letter_of_a_list_without_a_header_begins_with_the_first_row(read: Read) -> None:
    reading, entries = read("A;30112001\nB;30112002\n", column="B")
    assert barcodes(entries) == [(1, "30112001"), (2, "30112002")]
    assert reading.headers == []
    assert reading.description.endswith("column B")


def test_a_first_row_of_letters_is_an_item_where_other_barcodes_are_of_letters_too(read: Read) -> None:
    assert barcodes(read("A;ABCDE\nB;FGHIJ\nC;30112001\n", column="B")[1])[0] == (1, "ABCDE")


def test_a_named_column_goes_before_a_known_header(read: Read) -> None:
    assert barcodes(read("Barcode,Old code\n30112001,OLD-0001\n", column="old code")[1]) == [(2, "OLD-0001")]
    assert barcodes(read("Barcode,Old code\n30112001,OLD-0001\n", column="B")[1]) == [(2, "OLD-0001")]


@pytest.mark.parametrize("column", ["Inventarnummer", "F", "9", "0", "XFE"])
def test_a_column_that_is_not_there_is_refused_with_the_headers_and_the_near_miss(read: Read, column: str) -> None:
    with pytest.raises(ListError, match="A 'Titel', B 'Inventarnr'") as caught:
        read("Titel;Inventarnr\nA;30112001\n", column=column)
    assert ("Did you mean 'Inventarnr'?" in str(caught.value)) == (column == "Inventarnummer")


def test_a_column_beyond_the_known_headers_is_refused(read: Read) -> None:
    with pytest.raises(ListError, match="no column 'F'"):
        read("Barcode,Title\n30112001,A\n", column="F")


def test_a_column_by_letter_may_be_empty_in_the_first_row(read: Read) -> None:
    assert barcodes(read("A;x;\nB;y;30112001\nC;z;30112002\n", column="C")[1]) == [
        (1, ""),
        (2, "30112001"),
        (3, "30112002"),
    ]


def test_two_columns_of_barcodes_are_refused_until_one_is_named(read: Read) -> None:
    text = "Barcode,Item Barcode\n30112001,30112002\n"
    with pytest.raises(ListError, match=r"'Barcode' \(A\) and 'Item Barcode' \(B\)\. Say which one to use, such as A"):
        read(text)
    assert barcodes(read(text, column="B")[1]) == [(2, "30112002")]


def test_quoted_fields_may_hold_delimiters_quotation_marks_and_line_breaks(read: Read) -> None:
    _, entries = read('Title,Barcode\n"a ""b"", c",30112001\r\n"d\r\ne",30112002\n"f","30112003"\n')
    assert barcodes(entries) == [(2, "30112001"), (3, "30112002"), (4, "30112003")]


def test_a_quotation_mark_inside_an_unquoted_field_is_a_character(read: Read) -> None:
    assert barcodes(read('Title\tBarcode\n12" disc\t30112001\n7" disc\t30112002\n')[1]) == [
        (2, "30112001"),
        (3, "30112002"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'Title,Barcode\n"open,30112001\nb,30112002\n',
        'Title,Barcode\n"open,30112001\nb,30112002\n"c",30112003\n',
        'Title,Barcode\n"open,30112001\n' + "b,30112002\n" * 200 + '"c",30112003\n',
        'Title,Barcode\n"open' + "\nb,30112002" * 200 + '",30112003\n',
        'Title,Barcode\n"open\n' + "b" * 70_000 + '",30112003\n',
        'Title,Barcode\n"open\n",' + "b" * 70_000 + "\n",
    ],
)
def test_rows_never_vanish_behind_an_open_quotation_mark(read: Read, text: str) -> None:
    with pytest.raises(ListError, match="quotation mark opened in line 2"):
        read(text)


def test_a_line_break_in_a_barcode_makes_the_row_unusable(read: Read) -> None:
    _, entries = read('Title,Barcode\na,"30112\n001"\n')
    assert "a line break" in entries[0].problem


def test_a_line_too_long_for_a_csv_is_refused_with_its_number(read: Read) -> None:
    with pytest.raises(ListError, match="line 2 is longer than 65,536 characters"):
        read("Title,Barcode\n" + "x" * 70_000 + ",30112001\n")


def test_a_trailing_delimiter_and_a_lone_quoted_column_need_no_header(read: Read) -> None:
    assert barcodes(read("30112001;\n30112002;\n")[1]) == [(1, "30112001"), (2, "30112002")]
    assert barcodes(read('"30112001"\n"30112002"\n')[1]) == [(1, "30112001"), (2, "30112002")]
    assert barcodes(read('"Barcode"\n"30112001"\n')[1]) == [(2, "30112001")]


def test_a_line_that_declares_the_delimiter_is_no_row(read: Read) -> None:
    reading, entries = read("sep=;\nBarcode;Title\n30112001;a,b\n")
    assert barcodes(entries) == [(3, "30112001")]
    assert "semicolons" in reading.description


def test_rows_without_a_barcode_are_told_and_blank_ones_left_out(read: Read) -> None:
    reading, entries = read("Title,Barcode\n,\n\nA,\nB, \n# note, with comma\nC,30112001\n")
    assert [(entry.row, bool(entry.problem)) for entry in entries] == [(4, True), (5, True), (7, False)]
    assert entries[0].problem == "The row has no barcode."
    assert (reading.notes["blank"], reading.notes["comments"], reading.notes["problems"]) == (2, 1, 2)


def test_a_first_column_headed_with_a_hash_makes_no_comments(read: Read) -> None:
    reading, entries = read("#,Barcode\n#1,30112001\n#,Barcode\n#2,30112002\n")
    assert barcodes(entries) == [(2, "30112001"), (4, "30112002")]
    assert reading.notes["headers"] == 2


def test_a_quotation_mark_in_a_comment_opens_nothing(read: Read) -> None:
    assert barcodes(read('Title,Barcode\n# note,"open\nA,30112001\n')[1]) == [(3, "30112001")]


def test_a_failed_formula_in_the_first_cell_makes_no_comment(read: Read) -> None:
    assert barcodes(read("Shelf,Barcode\n#N/A,30112001\n")[1]) == [(2, "30112001")]


def test_titles_above_the_header_and_a_second_header_are_left_out(read: Read) -> None:
    reading, entries = read("Items in transit,\n,\nTitle,Barcode\nA,30112001\nTitle,Barcode\nB,30112002\n")
    assert barcodes(entries) == [(4, "30112001"), (6, "30112002")]
    assert (reading.notes["titles"], reading.notes["headers"], reading.notes["blank"]) == (1, 2, 1)


def test_a_barcode_above_a_known_header_is_never_taken_for_a_title(read: Read) -> None:
    _, entries = read("30112001\n30112002\nBarcode\n30112003\n")
    assert [entry.barcode for entry in entries if entry.barcode.startswith("3")] == ["30112001", "30112002", "30112003"]


def test_barcodes_above_a_header_refuse_the_list_rather_than_vanish_as_titles(read: Read) -> None:
    with pytest.raises(ListError, match="A '30112001'"):
        read("30112001,\n30112002,\nTitle,Barcode\nA,30112003\n")


def test_three_ids_make_a_look_up_needless_and_the_barcode_is_kept(read: Read) -> None:
    reading, entries = read("MMS Id,Holding Id,Physical Item Id,Barcode\n9912,2212,2312,30112001\n")
    assert entries == [Entry(2, "30112001", "30112001", ItemIds("9912", "2212", "2312"))]
    assert reading.notes["ids"] == 1
    assert reading.description.endswith("columns 'MMS Id' (A), 'Holding Id' (B), 'Physical Item Id' (C), 'Barcode' (D)")


@pytest.mark.parametrize("pid", ["Item Id", "PID", "item_pid", "Physical Item ID"])
def test_three_ids_are_enough_without_a_barcode(read: Read, pid: str) -> None:
    _, entries = read(f"{pid}\tMMS ID\tHolding ID\n2312\t9912\t2212\n")
    assert entries == [Entry(2, "9912 2212 2312", "", ItemIds("9912", "2212", "2312"))]


@pytest.mark.parametrize("damaged", ["9.91E+17", "", "NULL", "99x2", "٣", "9" * 31])
def test_damaged_ids_fall_back_to_the_barcode_or_are_told(read: Read, damaged: str) -> None:
    reading, entries = read(f"MMS Id,Holding Id,PID,Barcode\n{damaged},2212,2312,30112001\n{damaged},2212,2312,\n")
    assert entries[0] == Entry(2, "30112001", "30112001")
    assert "MMS Id" in entries[1].problem
    assert entries[1].ids is None
    assert reading.notes["ids_dropped"] == 1
    assert reading.notes["damaged"] == (damaged == "9.91E+17")


def test_a_damaged_barcode_falls_back_to_the_ids(read: Read) -> None:
    reading, entries = read("MMS Id,Holding Id,PID,Barcode\n9912,2212,2312,3.01121E+13\n")
    assert entries == [Entry(2, "3.01121E+13", "", ItemIds("9912", "2212", "2312"))]
    assert reading.notes["barcodes_dropped"] == 1


def test_two_of_three_ids_are_told_apart_from_none(read: Read) -> None:
    with pytest.raises(ListError, match="only together; Holding Id is missing"):
        read("MMS Id,PID\n9912,2312\n")


def test_leading_zeros_of_a_text_stay(read: Read) -> None:
    assert read("Barcode,Title\n00112001,A\n")[1][0].barcode == "00112001"


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8),
            min_size=2,
            max_size=4,
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(list(DELIMITER_NAMES)),
)
def test_what_a_csv_writer_writes_is_what_is_read(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    lines = iter(text.getvalue().split("\n")[:-1])
    assert [row.values for row in read_records("list", lines, Delimiter(delimiter))] == rows


@given(st.text(st.sampled_from('",;\t\n\r#=3A. '), max_size=60), st.none() | st.sampled_from(["A", "B", "3", "x"]))
def test_any_text_is_a_list_or_one_sentence(text: str, column: str | None) -> None:
    try:
        with open_list("-", ListOptions(column=column), io.BytesIO(text.encode())) as reading:
            list(reading)
    except ListError as error:
        assert str(error)  # noqa: PT017 - a text that is a list raises nothing


def test_columns_are_lettered_as_spreadsheets_do() -> None:
    assert [column_letters(column) for column in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
