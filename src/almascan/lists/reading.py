"""One list, opened and read once from its first row to its last."""

import io
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from almascan.errors import ListError
from almascan.lists.barcode import is_blank, is_comment
from almascan.lists.columns import Columns, find_columns, header_key, is_barcode_header
from almascan.lists.content import Table, open_content
from almascan.lists.entry import Entry, ListOptions
from almascan.lists.items import read_items
from almascan.lists.notes import Notes
from almascan.lists.plain import read_plain
from almascan.lists.source import ByteStream, Source, open_source
from almascan.lists.table import take_sample

_DEFAULTS = ListOptions()
_NO_TEXT = re.compile("[\ud800-\udfff]")  # how Python keeps bytes that it cannot decode


class Reading:
    """An open list: a context manager, and an iterator of :class:`Entry` that holds one row at a time.

    Attributes:
        name: What the list is called: its file's name, or "standard input".
        description: Format, encoding or sheet, and columns, in one sentence without its full stop.
        columns: Which columns are used, and the headers that were found.
        headers: These headers, in the order of columns; [] where there are none.
        notes: What was counted so far, by the names of :data:`almascan.lists.notes.NOTES`.
    """

    def __init__(
        self, source: Source, description: str, columns: Columns, notes: Notes, entries: Iterator[Entry]
    ) -> None:
        self.name = source.name
        self.description = description
        self.columns = columns
        self.headers = list(columns.headers.values())
        self.notes = notes
        self._source = source
        self._entries = self._count(entries)

    @property
    def digest(self) -> str:
        """SHA-256 of the list's bytes in hex; "" until all entries were read."""
        return self._source.digest

    def __iter__(self) -> Iterator[Entry]:
        """Go on with the next entry; a reading can be read once.

        Raises:
            ListError: The list cannot be read on, or its end is reached and it has no entry.
        """
        return self._entries

    def __enter__(self) -> Self:
        """Use it as a context manager that closes the file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the list's file; standard input stays open."""
        self._source.close()

    def _count(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for number, entry in enumerate(entries, start=1):
            self.notes["entries"] = number
            if entry.problem:
                self.notes.count("problems")
            yield entry
        if not self.notes["entries"]:
            raise ListError(
                f"{self.name} names no item: it has only {_describe_left_out(self.notes)}. Give a list with barcodes."
            )


def _describe_left_out(notes: Notes) -> str:
    kinds = {"headers": "a header", "titles": "a title", "comments": "comments", "blank": "blank rows"}
    return " and ".join(text for name, text in kinds.items() if notes[name]) or "empty rows"


def open_list(
    source: str | Path, options: ListOptions = _DEFAULTS, stdin: ByteStream | None = None, *, name: str = ""
) -> Reading:
    """Open a list of barcodes or ids, find out its format by its content, and read as far as its header.

    Args:
        source: The path of a text, a CSV or an .xlsx workbook, or "-" for standard input.
        options: What the operator said about the list.
        stdin: The bytes of standard input; None: the process's own.
        name: What the list is called towards its reader; "": the file's own name.

    Returns:
        The reading, to be used as a context manager and iterated once.

    Raises:
        ListError: The list is missing, unreadable, empty, of another format or encoding, or its column is unknown.
    """
    opened = open_source(source, stdin)
    opened.name = name or opened.name
    try:
        return _open(opened, options)
    except BaseException:
        opened.close()
        raise


def open_text(text: str, options: ListOptions = _DEFAULTS) -> Reading:
    """Open barcodes that were pasted or typed: white space, commas and semicolons separate them.

    Lines with tabs, which is how spreadsheets copy several columns, are read as a table. A header and lines that begin
    with # are left out, as in a file.

    Args:
        text: The text.
        options: What the operator said about it; a text has neither an encoding nor a sheet.

    Returns:
        The reading, to be used as a context manager and iterated once; its rows count what is separated, a header too.

    Raises:
        ListError: It holds nothing, bytes that are no text, or is a table without a column of barcodes or ids.
    """
    return _open(text_source(text), msgspec.structs.replace(options, encoding=None, sheet=None))


def text_source(text: str) -> Source:
    """Give the bytes that a pasted text is read as: one barcode a line, or the table that a spreadsheet copied.

    Raises:
        ListError: It holds bytes that are no text.
    """
    if _NO_TEXT.search(text):
        raise ListError(
            "The pasted text holds bytes that are not UTF-8; give the barcodes in a file, and name its encoding."
        )
    lines = [line.strip(" ") for line in text.splitlines() if not is_blank(line)]
    if not (len(lines) > 1 and "\t" in lines[0]):
        lines = [part for place, line in enumerate(lines) for part in _split_line(line, is_first=place == 0)]
    return Source("pasted text", io.BytesIO("\n".join(lines).encode()))


def _split_line(line: str, *, is_first: bool) -> list[str]:
    if is_comment(line) or (is_first and is_barcode_header(line)):
        return [line]
    return [part for part in re.split(r"[\s,;]+", line) if part]


def _open(source: Source, options: ListOptions) -> Reading:
    content, notes = open_content(source, options), Notes()
    if isinstance(content, Table):
        sample = take_sample(content.rows)
        columns = find_columns(content.name, sample, options.column)
        entries = read_items(chain(sample, content.rows), columns, options, notes)
        return Reading(source, f"{content.description}, {columns}", columns, notes, entries)
    header = _find_plain_header(source.name, content.sample, options)
    columns = Columns(0, headers={0: header.strip()} if header else {})
    entries = read_plain(content.lines, header, options, notes)
    return Reading(source, content.description, columns, notes, entries)


def _find_plain_header(name: str, sample: list[str], options: ListOptions) -> str:
    """Find a text's header: its first line, where it is a known word or the one that the operator named."""
    first = next((line for line in sample if not is_blank(line) and not is_comment(line)), "")
    if is_barcode_header(first) or (options.column and header_key(options.column) == header_key(first)):
        return first
    if options.column and options.column.strip().upper() not in {"1", "A"}:
        raise ListError(f"{name} has one column and no column {options.column!r}; its first line reads: {first[:60]}.")
    return ""
