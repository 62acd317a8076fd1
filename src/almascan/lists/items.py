"""From the rows of a table to the items they name."""

from collections.abc import Iterator

import msgspec

from almascan.lists.barcode import EXPORT_AGAIN, MAX_BARCODE_CHARACTERS, Cleaned, clean_barcode, is_blank
from almascan.lists.columns import ID_HEADERS, Columns
from almascan.lists.entry import GIVEN_CHARACTERS, Entry, ListOptions
from almascan.lists.notes import Notes
from almascan.lists.table import Row, begins_comment
from almascan.model import Desk, ItemIds

MAX_ID_DIGITS = 30


def read_items(rows: Iterator[Row], columns: Columns, options: ListOptions, notes: Notes) -> Iterator[Entry]:
    """Read one entry from each row that is neither blank, a comment, a title nor a header.

    Args:
        rows: All rows of the table, header included.
        columns: The columns that name the item.
        options: What the operator said.
        notes: Counted into.
    """
    for row in rows:
        notes.count("lines")
        left_out = _find_left_out(row, columns)
        if left_out:
            notes.count(left_out)
        else:
            entry = _read_item(row, columns, options, notes)
            yield entry if columns.desk is None else _add_desk(entry, row, columns.desk, columns.library, notes)


def _find_left_out(row: Row, columns: Columns) -> str:
    """Say, by the name of its note, why a row is left out; "" where it names an item or should."""
    used = columns.barcode if columns.barcode is not None else columns.ids[0] if columns.ids else 0
    text = row.cell(used).text
    if row.number >= columns.first_row and text and text[0].isalnum() and not row.cell(0).text.startswith("#"):
        return "headers" if text == columns.headers.get(used) else ""
    texts = row.texts()
    if not texts:
        return "blank"
    if begins_comment(texts) and not row.cell(0).problem and not columns.headers.get(0, "").startswith("#"):
        return "comments"
    if row.number == columns.first_row - 1 or texts == columns.headers:
        return "headers"
    return "titles" if row.number < columns.first_row else ""


def _read_item(row: Row, columns: Columns, options: ListOptions, notes: Notes) -> Entry:
    given, cleaned = "", Cleaned("")
    if columns.barcode is not None:
        given, cleaned = _read_barcode(row, columns.barcode, options)
    if columns.ids is None:
        return _judge(row.number, given, cleaned, notes)
    given = given or " ".join(row.cell(column).text for column in columns.ids)
    ids = _read_ids(row, columns.ids)
    if isinstance(ids, ItemIds):
        notes.count("ids", *(["barcodes_dropped"] if cleaned.problem else cleaned.notes))
        return Entry(row.number, given[:GIVEN_CHARACTERS], cleaned.barcode, ids)
    if cleaned.barcode:
        notes.count("ids_dropped")
        return _judge(row.number, given, cleaned, notes)
    return _judge(row.number, given, cleaned if cleaned.problem else ids, notes)


def _add_desk(entry: Entry, row: Row, column: int, library: int | None, notes: Notes) -> Entry:
    """Add the row's own desk; a row whose desk cannot be read must not be scanned at another one."""
    if entry.problem:
        return entry
    cells = [row.cell(place) for place in (column, library) if place is not None]
    code, *owner = (cell.text.strip() for cell in cells)
    if any(cell.problem or len(cell.text) > MAX_BARCODE_CHARACTERS for cell in cells):
        return msgspec.structs.replace(
            entry, barcode="", ids=None, problem=f"The row's desk {code[:60]!r} cannot be read."
        )
    if is_blank(code):
        return entry
    notes.count("desks")
    return msgspec.structs.replace(entry, desk=Desk(owner[0] if owner else "", code))


def _judge(row: int, given: str, cleaned: Cleaned, notes: Notes) -> Entry:
    notes.count(*cleaned.notes)
    problem = cleaned.problem or ("" if cleaned.barcode else "The row has no barcode.")
    return Entry(row, given[:GIVEN_CHARACTERS], cleaned.barcode, None, problem)


def _read_barcode(row: Row, column: int, options: ListOptions) -> tuple[str, Cleaned]:
    cell = row.cell(column)
    if cell.problem:
        return cell.text, Cleaned("", cell.problem, (cell.note,) if cell.note else ())
    cleaned = clean_barcode(cell.text, options.strip_prefix, options.strip_suffix)
    return cell.text, cleaned._replace(notes=(*cleaned.notes, cell.note)) if cell.note else cleaned


def _read_ids(row: Row, columns: tuple[int, int, int]) -> ItemIds | Cleaned:
    """Read the three ids, or say what is wrong with the first that cannot be used."""
    ids: list[str] = []
    for name, column in zip(ID_HEADERS, columns, strict=True):
        cell = row.cell(column)
        cleaned = clean_barcode(cell.text)
        text = cleaned.barcode
        if cell.problem or not (text.isascii() and text.isdecimal() and len(text) <= MAX_ID_DIGITS):
            damaged = cell.note == "damaged" or "damaged" in cleaned.notes
            return Cleaned("", _describe_id(name, cell.text), ("damaged",) if damaged else ())
        ids.append(text)
    return ItemIds(*ids)


def _describe_id(name: str, text: str) -> str:
    if is_blank(text):
        return f"The row has no {name}."
    return f"The {name} is {text[:60]!r}, which is not the whole number that Alma gave. {EXPORT_AGAIN}"
