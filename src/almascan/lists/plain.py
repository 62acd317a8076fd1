"""A plain text: one barcode a line."""

from collections.abc import Iterator

from almascan.lists.barcode import clean_barcode, is_blank, is_comment, is_plain
from almascan.lists.entry import GIVEN_CHARACTERS, Entry, ListOptions
from almascan.lists.lines import MAX_LINE_CHARACTERS
from almascan.lists.notes import Notes

_TOO_LONG = f"The line is more than {MAX_LINE_CHARACTERS:,} characters long and holds no barcode that can be trusted."


def read_plain(lines: Iterator[str], header: str, options: ListOptions, notes: Notes) -> Iterator[Entry]:
    """Read one entry from each line that is neither blank, a comment nor the header.

    A line that was cut for its length is never blank or a barcode: nobody knows what stood in the rest.

    Args:
        lines: The lines without their ends.
        header: The text's header line as it stands, or "".
        options: What the operator said.
        notes: Counted into.
    """
    stripping = bool(options.strip_prefix or options.strip_suffix)
    for row, line in enumerate(lines, start=1):
        notes["lines"] = row
        if is_plain(line) and line != header and not stripping:
            yield Entry(row, line[:GIVEN_CHARACTERS], line)
        elif len(line) > MAX_LINE_CHARACTERS:
            yield Entry(row, line[:GIVEN_CHARACTERS], "", None, _TOO_LONG)
        elif is_blank(line):
            notes.count("blank")
        elif is_comment(line):
            notes.count("comments")
        elif line == header:
            notes.count("headers")
        else:
            cleaned = clean_barcode(line, options.strip_prefix, options.strip_suffix)
            notes.count(*cleaned.notes)
            problem = cleaned.problem or ("" if cleaned.barcode else "The line has no barcode.")
            yield Entry(row, line[:GIVEN_CHARACTERS], cleaned.barcode, None, problem)
