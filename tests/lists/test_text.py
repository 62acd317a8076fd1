"""Lists in text files: lines, encodings, files that are something else, and files that never end."""

import codecs
import hashlib
import io
import tracemalloc
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.errors import ListError
from almascan.lists import NOTES, Entry, ListOptions, Reading, open_list
from almascan.lists.lines import MAX_LINE_CHARACTERS, read_lines
from almascan.lists.source import PEEK_BYTES, open_source

Read = Callable[..., tuple[Reading, list[Entry]]]


class Parts:
    """A stream made on the way: a list larger than any memory."""

    def __init__(self, *parts: Iterable[bytes]) -> None:
        self._parts = chain.from_iterable(parts)

    def read(self, size: int, /) -> bytes:
        assert size > 0, "a list must never be read at once"
        return next(self._parts, b"")


def test_a_text_has_one_barcode_a_line_and_blank_lines_comments_and_the_header_are_counted(read: Read) -> None:
    reading, entries = read("Item barcode\n30112001\n\n# shelf 2\n 30112002 \n\u200b\n30112003")
    assert [(entry.row, entry.barcode) for entry in entries] == [(2, "30112001"), (5, "30112002"), (7, "30112003")]
    assert entries[1].given == " 30112002 "
    assert reading.notes == {
        "lines": 7, "headers": 1, "blank": 2, "comments": 1, "trimmed": 1, "entries": 3,
    }  # fmt: skip
    assert set(reading.notes) <= set(NOTES)
    assert reading.headers == ["Item barcode"]
    assert reading.description == "Text, UTF-8, one barcode a line"


def test_a_text_without_a_header_loses_no_line(read: Read) -> None:
    reading, entries = read("30112001\n30112002\n")
    assert [entry.barcode for entry in entries] == ["30112001", "30112002"]
    assert reading.headers == []


def test_a_header_that_comes_again_in_a_list_put_together_from_two_is_no_item(read: Read) -> None:
    reading, entries = read("Barcode\n30112001\nBarcode\n30112002\n")
    assert len(entries) == 2
    assert reading.notes["headers"] == 2


def test_a_row_that_cannot_be_used_is_given_with_its_reason(read: Read) -> None:
    reading, entries = read("30112001\n3.01121E+13\nNULL\n")
    assert [(entry.given, entry.barcode) for entry in entries[1:]] == [("3.01121E+13", ""), ("NULL", "")]
    assert all(entry.problem for entry in entries[1:])
    assert (reading.notes["problems"], reading.notes["damaged"]) == (2, 1)


def test_a_list_that_a_german_spreadsheet_rounded_throughout_is_one_column_of_damage(read: Read) -> None:
    _, entries = read("3,01121E+13\n3,01122E+13\n")
    assert all("rounded" in entry.problem for entry in entries)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
    ],
)
def test_utf_8_and_marked_utf_16_and_32_are_read_with_any_line_ends(
    read: Read, end: str, encode: Callable[[str], bytes]
) -> None:
    _, entries = read(encode(f"Barcode{end}MÜN-001{end}{end}MÜN-002{end}"))
    assert [(entry.row, entry.barcode) for entry in entries] == [(2, "MÜN-001"), (4, "MÜN-002")]


def test_another_encoding_is_read_when_it_is_named_and_never_guessed(read: Read) -> None:
    data = "30112001\nMÜN-002\n".encode("cp1252")
    with pytest.raises(ListError, match=r"not UTF-8: line 2, byte 11 of the file .* for example cp1252"):
        read(data)
    reading, entries = read(data, encoding="cp1252")
    assert entries[1].barcode == "MÜN-002"
    assert "cp1252" in reading.description


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_recognised_and_named(read: Read, codec: str) -> None:
    data = "Barcode\n30112001\n".encode(codec)
    with pytest.raises(ListError, match=f"its encoding is {codec}"):
        read(data)
    assert read(data, encoding=codec)[1][0].barcode == "30112001"


def test_a_wrong_byte_far_into_a_long_list_is_told_with_its_line(read: Read) -> None:
    good = b"30112000000001\r\n" * 40_000
    with pytest.raises(ListError, match=r"line 40001, byte 640,004 of the file"):
        read(good + b"301\xff\n")


def test_a_character_cut_off_at_the_end_is_told(read: Read) -> None:
    with pytest.raises(ListError, match="line 2"):
        read(b"30112001\n30\xc3")


@pytest.mark.parametrize("name", ["klingon", "rot13", "undefined", "a\0b"])
def test_an_encoding_that_does_not_exist_is_refused(read: Read, name: str) -> None:
    with pytest.raises(ListError, match="no encoding"):
        read("30112001\n", encoding=name)


def test_an_encoding_that_the_file_contradicts_is_refused(read: Read) -> None:
    with pytest.raises(ListError, match=r"mark of UTF-16, so it is not cp1252; leave the encoding out"):
        read("30112001\n".encode("utf-16"), encoding="cp1252")
    assert read("30112001\n".encode("utf-16"), encoding="UTF-16")[1][0].barcode == "30112001"
    assert read(codecs.BOM_UTF8 + b"30112001\n", encoding="utf8")[1][0].barcode == "30112001"


def test_a_zero_byte_anywhere_is_no_text(read: Read) -> None:
    with pytest.raises(ListError, match="line 2 has a zero byte"):
        read(b"30112001\n30\x00112\n")
    with pytest.raises(ListError, match="line 20001 has a zero byte"):
        read(b"30112001\n" * 20_000 + b"\x00")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"{\\rtf1 301}", "RTF"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML><table>", "web page"),
        (b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'>", "web page"),
        (b"<?xml version='1.0'?><Workbook/>", "XML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"), r"\.xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99_999 + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "Word"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office file"),
    ],
)
def test_a_file_of_another_format_is_named_with_a_way_out(read: Read, data: bytes, what: str) -> None:
    with pytest.raises(ListError, match=rf"^standard input is .*{what}.*\.$"):
        read(data)


def test_an_empty_list_and_one_without_items_are_refused(read: Read) -> None:
    with pytest.raises(ListError, match="is empty"):
        read(b"")
    with pytest.raises(ListError, match="names no item: it has only a header and comments and blank rows"):
        read("Barcode\n# nothing\n\n")
    with pytest.raises(ListError, match="names no item"):
        read(codecs.BOM_UTF8)


def test_a_missing_file_and_a_folder_are_told_by_their_path(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"no file .*items\.txt"):
        open_list(tmp_path / "items.txt")
    with pytest.raises(ListError, match="folder"):
        open_list(str(tmp_path))
    with pytest.raises(ListError):
        open_list("a\0b")


def test_a_file_is_read_by_path_and_its_digest_is_known_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "items.txt"
    path.write_bytes(data := b"30112001\n" * 100_000)
    with open_list(str(path)) as reading:
        assert reading.name == "items.txt"
        next(iter(reading))
        assert reading.digest == ""
        assert sum(1 for _ in reading) == 99_999
        assert reading.digest == hashlib.sha256(data).hexdigest()


def test_standard_input_stays_open() -> None:
    stream = io.BytesIO(b"30112001\n")
    with open_list("-", stdin=stream) as reading:
        assert reading.name == "standard input"
        assert [entry.barcode for entry in reading] == ["30112001"]
    assert not stream.closed


def test_a_column_of_a_text_without_columns_is_refused_unless_it_is_the_first(read: Read) -> None:
    with pytest.raises(ListError, match=r"no column 'C'; its first line reads: 30112001"):
        read("30112001\n", column="C")
    assert read("30112001\n", column="A")[1][0].barcode == "30112001"
    reading, entries = read("Inventarnr\n30112001\n", column="inventarnr")
    assert (reading.headers, len(entries)) == (["Inventarnr"], 1)


def test_a_sheet_of_a_text_is_refused(read: Read) -> None:
    with pytest.raises(ListError, match="leave the sheet out"):
        read("30112001\n", sheet="Sheet1")


def test_a_prefix_and_suffix_are_taken_off_as_the_options_say(read: Read) -> None:
    reading, entries = read("*30112001*\n30112002\n", strip_prefix="*", strip_suffix="*")
    assert [entry.barcode for entry in entries] == ["30112001", "30112002"]
    assert reading.notes["stripped"] == 1


def test_a_line_of_two_hundred_megabytes_is_one_bad_row_and_fills_no_memory() -> None:
    tracemalloc.start()
    stream = Parts([b"30112001\n"], repeat(b"3" * 1_000_000, 200), [b"\n30112002\n"])
    with open_list("-", stdin=stream) as reading:
        entries = list(reading)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [entry.barcode for entry in entries] == ["30112001", "", "30112002"]
    assert "characters long" in entries[1].problem
    assert len(entries[1].given) == 200
    assert peak < 12_000_000


def test_half_a_million_lines_are_read_in_flat_memory() -> None:
    block = b"30112000000001\n" * 5_000
    tracemalloc.start()
    with open_list("-", stdin=Parts(repeat(block, 100))) as reading:
        count = sum(1 for _ in reading)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 500_000
    assert peak < 12_000_000


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0\ufeff"), max_size=20)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    st.integers(1, 7),
)
def test_lines_are_those_of_the_whole_text_wherever_the_bytes_are_cut(
    lines: list[str], end: str, encoding: str, size: int
) -> None:
    data = "".join(line + end for line in lines).encode(encoding)
    stream = io.BytesIO(data)
    source = open_source("-", Parts(iter(lambda: stream.read(size), b"")))
    assert list(read_lines(source, encoding)) == lines
    assert MAX_LINE_CHARACTERS <= PEEK_BYTES


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_one_sentence(data: bytes) -> None:
    try:
        with open_list("-", ListOptions(), io.BytesIO(data)) as reading:
            entries = list(reading)
    except ListError as error:
        assert str(error).endswith(".")  # noqa: PT017 - bytes that are a list raise nothing
    else:
        assert entries


def test_a_list_that_begins_with_hundreds_of_comments_is_not_guessed_at(read: Read) -> None:
    with pytest.raises(ListError, match="first 200 lines"):
        read("# note\n" * 300 + "Title,Barcode\nA,30112001\n")
