"""What a list's bytes turn out to be, whatever its name says: lines of a text, or rows of a table."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from almascan.errors import ListError
from almascan.lists.barcode import is_blank, is_comment
from almascan.lists.delimited import find_delimiter, read_records
from almascan.lists.entry import ListOptions
from almascan.lists.lines import find_encoding, name_encoding, read_lines
from almascan.lists.package import Package
from almascan.lists.signature import is_zip, refuse_markup, refuse_other_archives, refuse_other_formats
from almascan.lists.source import Source
from almascan.lists.table import SAMPLE_ROWS, Row
from almascan.lists.workbook import Workbook


class Lines(NamedTuple):
    """A text of one column.

    Attributes:
        description: Format and encoding.
        sample: Its first lines, among which the header is.
        lines: All its lines.
    """

    description: str
    sample: list[str]
    lines: Iterator[str]


class Table(NamedTuple):
    """A CSV, or a sheet of a workbook.

    Attributes:
        name: What errors call it.
        description: Format, and encoding or sheet.
        rows: All its rows.
    """

    name: str
    description: str
    rows: Iterator[Row]


def open_content(source: Source, options: ListOptions) -> Lines | Table:
    """Find out by its content what a list is, and read as far as its first rows.

    Args:
        source: Its bytes.
        options: What the operator said of encoding, sheet and column.

    Raises:
        ListError: The list is empty, of another format or encoding, or has no such sheet.
    """
    if not source.start:
        raise ListError(f"{source.name} is empty; give a list with one barcode a line.")
    if is_zip(source.start):
        return _open_sheet(source, options)
    refuse_other_formats(source)
    return _open_text(source, options)


def open_workbook(source: Source) -> Workbook:
    """Open a workbook.

    Raises:
        ListError: It is another kind of archive, too large or broken.
    """
    package = Package(source.name, source.open_whole())
    refuse_other_archives(package)
    return Workbook(package)


def _open_sheet(source: Source, options: ListOptions) -> Table:
    if options.encoding is not None:
        raise ListError(f"{source.name} is a workbook, which knows its encoding; leave the encoding out.")
    sheet, rows = open_workbook(source).choose(options.sheet)
    return Table(f"{source.name}, sheet '{sheet.name}',", f"Workbook, sheet '{sheet.name}'", rows)


def _open_text(source: Source, options: ListOptions) -> Lines | Table:
    if options.sheet is not None:
        raise ListError(f"{source.name} is not a workbook and has no sheets; leave the sheet out.")
    encoding = find_encoding(source, options.encoding)
    lines = read_lines(source, encoding)
    sample = list(islice(lines, SAMPLE_ROWS))
    refuse_markup(source.name, "\n".join(sample))
    lines = chain(sample, lines)
    if len(sample) >= SAMPLE_ROWS and all(is_blank(line) or is_comment(line) for line in sample):
        raise ListError(f"The first {len(sample)} lines of {source.name} are blank or comments; take them out.")
    delimiter = find_delimiter(sample, options.column)
    if delimiter is None:
        return Lines(f"Text, {name_encoding(encoding)}, one barcode a line", sample, lines)
    description = f"CSV with {delimiter}, {name_encoding(encoding)}"
    return Table(source.name, description, read_records(source.name, lines, delimiter))
