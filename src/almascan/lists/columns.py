"""Which columns of a table hold the barcode and the ids: found by their headers or named, never guessed."""

import difflib
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from almascan.errors import ListError
from almascan.lists.entry import UnsaidError
from almascan.lists.table import SAMPLE_ROWS, Row, begins_comment

# Headers are compared without case, spaces, hyphens, underscores, dots and colons. To add a word, add it here.
BARCODE_HEADERS = (
    "Barcode",
    "Barcodes",
    "Bar code",
    "Item barcode",
    "Item barcodes",
    "Physical item barcode",
    "Barcode number",
    "Barcode (item)",
    "Strichcode",
    "Strichcodes",
    "Exemplar-Barcode",
    "Exemplar-Strichcode",
    "Barkode",
    "Barkod",
    "Strekkode",
    "Stregkode",
    "Streckkod",
    "Streckkoder",
    "Viivakoodi",
    "Viivakoodit",
    "Streepjescode",
    "Code-barres",
    "Code-barre",
    "Code à barres",
    "Código de barras",
    "Codigo de barras",
    "Codi de barres",
    "Codice a barre",
    "Vonalkód",
    "Kod kreskowy",
    "Čárový kód",
    "バーコード",
    "条码",
    "条形码",
    "條碼",
    "바코드",
    "ברקוד",
)
ID_HEADERS = {
    "MMS Id": ("MMS Id", "Bib MMS Id"),
    "Holding Id": ("Holding Id", "Holdings Id", "Holding Record Id", "Holding PID"),
    "Physical Item Id": ("Physical Item Id", "Item Id", "PID", "Item PID", "Physical Item PID"),
}
DESK_HEADERS = ("Circ desk", "Circulation desk", "Desk", "Desk code", "Circ desk code", "Scan desk")
LIBRARY_HEADERS = ("Desk library", "Scan library", "Library", "Library code")
"""The library of a row's desk; without a column for the desk they mean the item's library, and are not used."""
MAX_LISTED_CHARACTERS = 600  # of headers, in an error
MAX_COMPARED_HEADERS = 1_000  # with a name that is none of them

_IGNORED = re.compile(r"[\s_\-.:\u00ad\u2010-\u2015\u200b-\u200f\u2060\ufeff]+")
_LETTERS = re.compile(r"[A-Za-z]{1,3}")
_LAST_COLUMN = 16_384  # XFD, the last one of a sheet


def header_key(text: str) -> str:
    """Reduce a header to what is compared: no case, no spaces, hyphens, underscores, dots or colons."""
    return _IGNORED.sub("", text).casefold()


_BARCODE_KEYS = frozenset(map(header_key, BARCODE_HEADERS))
_DESK_KEYS = frozenset(map(header_key, DESK_HEADERS))
_LIBRARY_KEYS = tuple(map(header_key, LIBRARY_HEADERS))
_ID_KEYS = {name: frozenset(map(header_key, headers)) for name, headers in ID_HEADERS.items()}


class Columns(NamedTuple):
    """Where a row says which item it means; columns count from 0.

    Attributes:
        barcode: The barcode's column, or None.
        ids: The columns of MMS ID, holding ID and item PID, or None.
        headers: The headers by column; empty where the table has none.
        first_row: The number of the first row that is not header, title or above them.
        desk: The column of each row's own desk, or None.
        library: The column of that desk's library, or None.
    """

    barcode: int | None
    ids: tuple[int, int, int] | None = None
    headers: Mapping[int, str] = {}
    first_row: int = 1
    desk: int | None = None
    library: int | None = None

    def __str__(self) -> str:
        """Name the columns that are used, with their letters."""
        single = (self.barcode, self.library, self.desk)
        used = [*(self.ids or ()), *(column for column in single if column is not None)]
        named = [
            f"'{self.headers[column]}' ({column_letters(column)})" if column in self.headers else column_letters(column)
            for column in used
        ]
        return f"{'columns' if len(used) > 1 else 'column'} {', '.join(named)}"


def is_barcode_header(text: str) -> bool:
    """Whether a text is one of the known headers of a barcode column."""
    return header_key(text) in _BARCODE_KEYS


def column_letters(column: int) -> str:
    """Name a column, counted from 0, as a spreadsheet does: A, B, ... Z, AA."""
    letters, rest = "", column + 1
    while rest:
        rest, place = divmod(rest - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def find_columns(name: str, sample: Sequence[Row], column: str | None) -> Columns:
    """Find the columns that name the item.

    The header is the first row that is neither blank nor a comment; rows above it are titles if they have one cell,
    of words, and the header has several.

    Args:
        name: The list's name, for the error.
        sample: The table's first rows.
        column: What the operator said: a header, or a letter or number of the column; None: found by header.

    Raises:
        ListError: No column, or more than one, could hold the barcodes; the headers that were found are named.
    """
    filled = [(row.number, texts) for row in sample if (texts := row.texts()) and not begins_comment(texts)]
    if not filled and len(sample) >= SAMPLE_ROWS:
        raise ListError(f"The first {len(sample)} rows of {name} are blank or comments; take them out.")
    if not filled:
        return Columns(_parse_position(column or "") or 0)
    for number, texts in _header_candidates(filled):
        found = _match(name, texts, column)
        if found is not None:
            desk, library = _match_desk(texts)
            return found._replace(headers=texts, first_row=number + 1, desk=desk, library=library)
    if column is not None:
        return _take_position(name, filled, column)
    only = {place for _, texts in filled for place in texts}
    if len(only) == 1:
        return Columns(only.pop(), first_row=filled[0][0])
    raise UnsaidError(_describe_missing(name, filled[0][1]), "column")


def header_row(sample: Sequence[Row]) -> tuple[Mapping[int, str], Sequence[Row]]:
    """Say which row a reader would take for the header, known or not, and which rows are below it.

    Returns:
        The texts of the header by column, {} where the table is blank; and the rows below.
    """
    filled = [(row.number, texts) for row in sample if (texts := row.texts()) and not begins_comment(texts)]
    if not filled:
        return {}, []
    number, texts = _header_candidates(filled)[-1]
    return texts, [row for row in sample if row.number > number]


def _header_candidates(filled: Sequence[tuple[int, Mapping[int, str]]]) -> list[tuple[int, Mapping[int, str]]]:
    below = next((place for place, (_, texts) in enumerate(filled) if not _is_title(texts)), 0)
    return [filled[0], filled[below]] if below and len(filled[below][1]) > 1 else [filled[0]]


def _is_title(texts: Mapping[int, str]) -> bool:
    """Whether a row may be a title: one cell that reads like words, not like a barcode that would be lost."""
    text = next(iter(texts.values()))
    return len(texts) == 1 and (" " in text.strip() or not _has_digit(text))


def _match(name: str, texts: Mapping[int, str], column: str | None) -> Columns | None:
    """Match one row's texts with the known headers, or with the header that the operator named."""
    keys = {place: header_key(text) for place, text in texts.items()}
    ids = _match_ids(keys)
    if column is not None:
        places = [place for place, key in keys.items() if key == header_key(column)]
    else:
        places = [place for place, key in keys.items() if key in _BARCODE_KEYS]
    if len(places) > 1:
        several = " and ".join(f"'{texts[place]}' ({column_letters(place)})" for place in places)
        letter = column_letters(places[0])
        raise UnsaidError(
            f"{name} has several columns of barcodes: {several}. Say which one to use, such as {letter}.", "column"
        )
    if places:
        return Columns(places[0], ids)
    if column is not None:
        position = _parse_position(column)
        known = ids is not None or any(key in _BARCODE_KEYS for key in keys.values())
        return Columns(position, ids) if known and position is not None and position <= max(keys) else None
    return Columns(None, ids) if ids is not None else None


def _match_ids(keys: Mapping[int, str]) -> tuple[int, int, int] | None:
    places = [[place for place, key in keys.items() if key in known] for known in _ID_KEYS.values()]
    if any(len(found) != 1 for found in places):
        return None
    mms_id, holding_id, pid = (found[0] for found in places)
    return mms_id, holding_id, pid


def _match_desk(texts: Mapping[int, str]) -> tuple[int | None, int | None]:
    """Find the columns of a desk and its library; the library's alone says nothing of a desk."""
    places = {header_key(text): place for place, text in texts.items()}
    desk = next((place for key, place in places.items() if key in _DESK_KEYS), None)
    library = next((places[key] for key in _LIBRARY_KEYS if key in places), None)
    return desk, None if desk is None else library


def _parse_position(column: str) -> int | None:
    """Read a column's letter or number, or None where the text is neither."""
    text = column.strip()
    if text.isascii() and text.isdecimal():
        number = int(text[:6])
    elif _LETTERS.fullmatch(text):
        number = 0
        for letter in text.upper():
            number = number * 26 + ord(letter) - ord("A") + 1
    else:
        return None
    return number - 1 if 1 <= number <= _LAST_COLUMN else None


def _take_position(name: str, filled: Sequence[tuple[int, Mapping[int, str]]], column: str) -> Columns:
    """Take a column by letter or number from a table without a known header.

    The first row is the header if its cell has no digit and all cells below it have one.
    """
    position = _parse_position(column)
    if position is None or all(position not in texts for _, texts in filled):
        raise UnsaidError(_describe_unknown(name, filled, column), "column")
    (number, first), below = filled[0], [texts[position] for _, texts in filled[1:] if position in texts]
    if position in first and below and not _has_digit(first[position]) and all(map(_has_digit, below)):
        return Columns(position, headers=first, first_row=number + 1)
    return Columns(position, first_row=number)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _describe_unknown(name: str, filled: Sequence[tuple[int, Mapping[int, str]]], column: str) -> str:
    headers = max((texts for _, texts in filled[:2]), key=len)
    keys = {header_key(text): text for text in headers.values()}
    near = difflib.get_close_matches(header_key(column), islice(keys, MAX_COMPARED_HEADERS), n=1)
    hint = f" Did you mean '{keys[near[0]]}'?" if near else ""
    return f"{name} has no column {column!r}. Its first row reads: {_show(headers)}.{hint}"


def _describe_missing(name: str, headers: Mapping[int, str]) -> str:
    found = {header_key(text) for text in headers.values()}
    lacking = [ids for ids, keys in _ID_KEYS.items() if not keys & found]
    hint = ""
    if 0 < len(lacking) < len(_ID_KEYS):
        hint = f" MMS Id, Holding Id and Physical Item Id work only together; {' and '.join(lacking)} is missing."
    return (
        f"{name} has no column that is known to hold barcodes. Its first row reads: {_show(headers)}.{hint} "
        "Say which column to use, by its header or by its letter."
    )


def _show(headers: Mapping[int, str]) -> str:
    shown: list[str] = []
    room = MAX_LISTED_CHARACTERS
    for place, text in headers.items():
        shown.append(f"{column_letters(place)} '{text[:60]}'")
        room -= len(shown[-1])
        if room < 0:
            break
    more = len(headers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
