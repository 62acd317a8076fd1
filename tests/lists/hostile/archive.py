"""Zip archives and workbooks made by hand, so that every field of them can lie."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from tests.lists.hostile.case import BARCODES

MEGABYTE = 1_000_000


@dataclass
class Part:
    """One entry of an archive; a field that is None is what it should be.

    Attributes:
        name: Its name.
        data: What it unfolds to, where ``packed`` is not given.
        method: 0 stored, 8 deflated, or a number that lies.
        flags: General purpose bits; 1 is encrypted, 8 has its sizes behind the data.
        packed: The bytes in the archive.
        crc: The checksum.
        size: What it says that it unfolds to.
        at: Where the directory says that it stands.
        other_name: Its name where it stands, if the directory's is another.
        extra: The directory's extra field.
    """

    name: str
    data: bytes = b""
    method: int = 8
    flags: int = 0
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    at: int | None = None
    other_name: str | None = None
    extra: bytes = field(default=b"")


def archive(parts: Sequence[Part], *, comment: bytes = b"", front: bytes = b"", count: int | None = None) -> bytes:
    """Put an archive together.

    Args:
        parts: Its entries.
        comment: The archive's comment.
        front: Bytes in front of it.
        count: How many entries it says that it has; None: the truth.
    """
    body, directory = bytearray(front), bytearray()
    for part in parts:
        at = len(body) if part.at is None else part.at
        packed = _pack(part)
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        size = len(part.data) if part.size is None else part.size
        name = part.name.encode()
        other = name if part.other_name is None else part.other_name.encode()
        common = struct.pack("<HHHHHIII", 20, part.flags, part.method, 0, 0x21, crc, len(packed), min(size, 0xFFFFFFFF))
        body += b"PK\x03\x04" + common + struct.pack("<HH", len(other), 0) + other + packed
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHHHII", len(name), len(part.extra), 0, 0, 0, 0, at) + name + part.extra
    number = min(len(parts), 0xFFFF) if count is None else count
    ends = struct.pack("<HHHHIIH", 0, 0, number, number, len(directory), len(body), len(comment))
    return bytes(body + directory) + b"PK\x05\x06" + ends + comment


def _pack(part: Part) -> bytes:
    if part.packed is not None:
        return part.packed
    if part.method != 8:
        return part.data
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(part.data) + packer.flush()


def endless(name: str, start: bytes, block: bytes, times: int, end: bytes) -> Part:
    """Give a part that unfolds to a block many times over, without ever holding it unfolded."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    tail = packer.compress(end) + packer.flush()
    crc = zlib.crc32(start)
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    size = len(start) + len(block) * times + len(end)
    return Part(name, packed=head + middle * times + tail, crc=zlib.crc32(end, crc), size=size)


RELATIONSHIPS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
INDEX = "xl/workbook.xml"
LINKS = "xl/_rels/workbook.xml.rels"
PACKAGE_LINKS = "_rels/.rels"


def relationship(number: int, kind: str, target: str, more: str = "") -> str:
    """Give a relationship ``rN`` as XML."""
    return f'<Relationship Id="r{number}" Type="{_TYPE}{kind}" Target="{escape(target)}" {more}/>'


def index(*sheets: str, before: str = "") -> bytes:
    """Give a workbook's own part, with its sheets as XML."""
    return (
        f'<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">{before}'
        f"<sheets>{''.join(sheets)}</sheets></workbook>"
    ).encode()


def texts(*values: str, row: int | None = None, more: str = "") -> str:
    """Give a row of texts that stand in the cells themselves; characters that XML cannot hold are escaped."""
    shown = "".join(
        f'<c t="inlineStr"><is><t xml:space="preserve">{"".join(map(_escape, value))}</t></is></c>' for value in values
    )
    number = "" if row is None else f' r="{row}"'
    return f"<row{number}{more}>{shown}</row>"


def _escape(character: str) -> str:
    return f"_x{ord(character):04X}_" if ord(character) < 0x20 else escape(character)


def sheet(*rows: str, before: str = "", behind: str = "") -> bytes:
    """Give a sheet's XML."""
    return f"<worksheet>{before}<sheetData>{''.join(rows)}</sheetData>{behind}</worksheet>".encode()


GOOD_SHEET = sheet(texts("Barcode", "Title"), *(texts(barcode, "A") for barcode in BARCODES))


def parts_of(changes: dict[str, bytes | None] | None = None) -> dict[str, bytes]:
    """Give the parts of a workbook with three good rows, changed; None takes one away."""
    links = relationship(1, "worksheet", "worksheets/sheet1.xml")
    links += relationship(2, "styles", "styles.xml") + relationship(3, "sharedStrings", "sharedStrings.xml")
    parts: dict[str, bytes | None] = {
        "[Content_Types].xml": b"<Types/>",
        PACKAGE_LINKS: RELATIONSHIPS.format(relationship(1, "officeDocument", INDEX)).encode(),
        INDEX: index('<sheet name="Items" sheetId="1" r:id="r1"/>'),
        LINKS: RELATIONSHIPS.format(links).encode(),
        STYLES: b'<styleSheet><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>',
        STRINGS: b"<sst><si><t>Barcode</t></si></sst>",
        SHEET: GOOD_SHEET,
    }
    return {name: data for name, data in (parts | (changes or {})).items() if data is not None}


def workbook(
    changes: dict[str, bytes | None] | None = None, *extra: Part, comment: bytes = b"", front: bytes = b""
) -> bytes:
    """Give a workbook of three good rows with changed parts and further ones."""
    parts = [Part(name, data) for name, data in parts_of(changes).items()]
    return archive([*parts, *extra], comment=comment, front=front)


def workbook_with(*changed: Part) -> bytes:
    """Give a workbook whose parts of these names are made by hand."""
    replaced: dict[str, bytes | None] = {part.name: None for part in changed}
    return workbook(replaced, *changed)


def rows_of(*rows: str) -> bytes:
    """Give a workbook with these rows in its sheet."""
    return workbook({SHEET: sheet(*rows)})
