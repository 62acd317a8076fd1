"""Records of a CSV: which character stands between its fields, and fields in quotation marks."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from almascan.errors import ListError
from almascan.lists.barcode import is_blank, is_comment, is_rounded
from almascan.lists.columns import header_key, is_barcode_header
from almascan.lists.lines import MAX_LINE_CHARACTERS
from almascan.lists.table import TextRow

DELIMITER_NAMES = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "vertical bars"}
MAX_RECORD_LINES = 100  # a longer one is a quotation mark that was never closed

_QUOTED = re.compile(r'"((?:[^"]|"")*+)"')
_DELIMITER_LINE = re.compile(r"\s*sep=([^\w\"])\s*", re.IGNORECASE)  # for Excel, and no part of the data


class Delimiter(NamedTuple):
    """What stands between fields.

    Attributes:
        character: One character.
        declared: Whether the first line says so ("sep=;") and is no row.
    """

    character: str
    declared: bool = False

    def __str__(self) -> str:
        """Say it in words."""
        return DELIMITER_NAMES.get(self.character, self.character)


def find_delimiter(sample: Sequence[str], column: str | None) -> Delimiter | None:
    """Find out from a text's first lines what stands between its fields.

    The first line says it ("sep=;"); or it holds, split so, a known header or the named one; or all the lines have
    equally many fields, of which there are more than one. Where several characters fit, the one with the most
    fields is taken, and of equals tab, semicolon, comma, vertical bar in this order.

    Returns:
        None where the text has one column, without quotation marks.
    """
    if sample and (declared := _DELIMITER_LINE.fullmatch(sample[0])):
        return Delimiter(declared[1], declared=True)
    filled = [line for line in sample if not is_blank(line) and not is_rounded(line)]
    lines = [line for line in filled if not is_comment(line)] or filled
    if not lines:
        return None
    widths = {character: [len(record) for record in _split_all(lines, character)] for character in DELIMITER_NAMES}
    by_header = [character for character in widths if _has_header(lines, character, column)]
    even = [character for character, counts in widths.items() if min(counts) == max(counts) > 1]
    for candidates in (by_header, even):
        if candidates:
            return Delimiter(max(candidates, key=lambda character: widths[character][0]))
    return Delimiter(",") if any(line.lstrip().startswith('"') for line in lines) else None


def read_records(name: str, lines: Iterator[str], delimiter: Delimiter) -> Iterator[TextRow]:
    """Read the rows of a CSV; a blank line is a row without values.

    Raises:
        ListError: A quotation mark is never closed, or a line is too long to be one.
    """
    numbered = enumerate(lines, start=1)
    if delimiter.declared:
        next(numbered, None)
    for row, (number, line) in enumerate(numbered, start=2 if delimiter.declared else 1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise ListError(f"{name}: line {number} is longer than {MAX_LINE_CHARACTERS:,} characters; shorten it.")
        fields = _split(line, delimiter.character)
        if fields is None:
            fields = [line] if is_comment(line) else _read_on(name, number, line, numbered, delimiter.character)
        yield TextRow(row, fields if line else [])


def _read_on(name: str, number: int, line: str, numbered: Iterator[tuple[int, str]], delimiter: str) -> list[str]:
    """Read the rest of a record that goes over several lines, within bounds: rows must not vanish in a field."""
    record = line
    for _, continuation in islice(numbered, MAX_RECORD_LINES):
        record = f"{record}\n{continuation}"
        if len(record) > MAX_LINE_CHARACTERS:
            break
        fields = _split(record, delimiter, strict=True)
        if fields is not None:
            return fields
    raise ListError(f"{name}: a quotation mark opened in line {number} is never closed; correct it in that line.")


def _split(record: str, delimiter: str, *, strict: bool = False) -> list[str] | None:
    """Split a record into its fields, or give None while a quotation mark is open.

    Where it is strict, a mark closes a field only if the field ends there.
    """
    if '"' not in record:
        return record.split(delimiter)
    fields, position = [], 0
    while True:
        value = ""
        if record.startswith('"', position):
            quoted = _QUOTED.match(record, position)
            if quoted is None:
                return None
            value, position = quoted[1].replace('""', '"'), quoted.end()
        end = record.find(delimiter, position)
        rest = record[position:] if end < 0 else record[position:end]
        if strict and value and not is_blank(rest):
            return None
        fields.append(value + rest)
        if end < 0:
            return fields
        position = end + len(delimiter)


def _split_all(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Split a sample's lines; a record longer than any is taken as it stands, for ``read_records`` to refuse."""
    record = ""
    for line in lines:
        record = f"{record}\n{line}" if record else line
        if len(record) > MAX_LINE_CHARACTERS:
            break
        if (fields := _split(record, delimiter)) is not None:
            yield fields
            record = ""
    if record:
        yield record.replace('"', "").split(delimiter)


def _has_header(lines: Sequence[str], delimiter: str, column: str | None) -> bool:
    fields = next(_split_all(lines, delimiter))
    if len(fields) == 1:
        return False
    named = header_key(column or "")
    return any(is_barcode_header(field) or (named and header_key(field) == named) for field in fields)
