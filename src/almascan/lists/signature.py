"""What kind of file a list is, by its first bytes; never by its name's ending."""

import codecs
import re

from almascan.errors import ListError
from almascan.lists.package import Package
from almascan.lists.source import Source

ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_SAVE_AS = "Save it as .xlsx or CSV and give that."
_REFUSED = (
    (b"%PDF", "is a PDF. Copy the barcodes into a text, one a line, or ask for the list as .xlsx or CSV."),
    (b"{\\rtf", "is a formatted text (RTF). Save it as plain text."),
    (b"\x1f\x8b", "is compressed (gzip). Unpack it first."),
    (b"BZh", "is compressed (bzip2). Unpack it first."),
    (b"\xfd7zXZ\x00", "is compressed (xz). Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "is an archive (7z). Unpack it first."),
    (b"Rar!", "is an archive (RAR). Unpack it first."),
    (b"\x89PNG", "is a picture. Give a text, a CSV or an .xlsx workbook."),
    (b"\xff\xd8\xff", "is a picture. Give a text, a CSV or an .xlsx workbook."),
    (b"GIF8", "is a picture. Give a text, a CSV or an .xlsx workbook."),
    (b"SQLite format 3\x00", "is a database. Export the barcodes as CSV and give that."),
    (b"PAR1", "is a Parquet file. Export the barcodes as CSV and give that."),
)
_REFUSED_MARKUP = (
    (
        re.compile(r"<!doctype html|<!--|<(?:html|head|meta|body|div|table)\b"),
        "is a web page. Open it in a spreadsheet program and save it as .xlsx or CSV.",
    ),
    (re.compile(r"<\?xml"), "is XML. Open it in a spreadsheet program and save it as .xlsx or CSV."),
    (re.compile(r'[\[{]\s*["\[{]'), "is JSON. Write the barcodes into a text, one a line, or into a CSV."),
)
_MARKUP_CHARACTERS = 512  # at the start, among which it is looked for
_OLE2_KINDS = (
    ("EncryptedPackage", "is protected by a password. Save it without one as .xlsx or CSV."),
    ("WordDocument", "is a Word document (.doc). Copy the barcodes into a text, one a line."),
    ("Workbook", f"is a workbook of the old format .xls. {_SAVE_AS}"),
    ("Book", f"is a workbook of the old format .xls. {_SAVE_AS}"),
)
_OLE2_BYTES = 16_000_000  # among which the names of the parts are looked for


def is_zip(start: bytes) -> bool:
    """Whether a file is a zip archive, as every .xlsx workbook is."""
    return start.startswith((ZIP, EMPTY_ZIP))


def refuse_other_formats(source: Source) -> None:
    """Refuse a file that is surely not a text, in words that say how to save it.

    Raises:
        ListError: It is of a format that is not read.
    """
    if source.start.startswith(OLE2):
        raise ListError(f"{source.name} {_name_ole2(source)}")
    for signature, sentence in _REFUSED:
        if source.start.startswith(signature):
            raise ListError(f"{source.name} {sentence}")
    refuse_markup(source.name, source.start[:_MARKUP_CHARACTERS].removeprefix(codecs.BOM_UTF8).decode("latin-1"))


def refuse_markup(name: str, start: str) -> None:
    """Refuse a text that is written for programs: its lines are no barcodes.

    Raises:
        ListError: It is a web page, XML or JSON.
    """
    beginning = start[:_MARKUP_CHARACTERS].lstrip().lower()
    for signature, sentence in _REFUSED_MARKUP:
        if signature.match(beginning):
            raise ListError(f"{name} {sentence}")


def refuse_other_archives(package: Package) -> None:
    """Refuse a zip archive that is not an .xlsx workbook, in words that say how to save it.

    Raises:
        ListError: It is another kind of archive.
    """
    names = package.names()
    if "xl/workbook.bin" in names:
        raise ListError(f"{package.name} is a binary workbook (.xlsb). {_SAVE_AS}")
    if "content.xml" in names:
        raise ListError(f"{package.name} is an OpenDocument file (.ods or .odt). {_SAVE_AS}")
    if any(name.endswith((".iwa", "index.zip")) for name in names):
        raise ListError(f"{package.name} is a Numbers or Pages document. Export it as .xlsx or CSV and give that.")
    if "word/document.xml" in names:
        raise ListError(f"{package.name} is a Word document. Copy the barcodes into a text, one a line.")
    if "_rels/.rels" not in names:
        raise ListError(f"{package.name} is a zip archive and no workbook. Unpack it and give one of its files.")


def _name_ole2(source: Source) -> str:
    beginning = b""
    while len(beginning) < _OLE2_BYTES and (chunk := source.read(1 << 20)):
        beginning += chunk
    for part, sentence in _OLE2_KINDS:
        if part.encode("utf-16-le") in beginning:
            return sentence
    return f"is an old Office file. {_SAVE_AS}"
