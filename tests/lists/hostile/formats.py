"""Files of other formats under the name of a list: each is refused by its content, with a way out."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
from collections.abc import Iterator

from tests.lists.hostile.archive import Part, archive
from tests.lists.hostile.case import BARCODES, Case, loaded, refused

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TABLE = "<table><tr><td>Barcode</td></tr><tr><td>301121</td></tr></table>"


def list_formats() -> Iterator[Case]:
    """Give every file of another format."""
    for name, part, says in (
        ("encrypted-workbook", "EncryptedPackage", "password"),
        ("xls", "Workbook", r"old format \.xls"),
        ("xls-of-1995", "Book", r"old format \.xls"),
        ("doc", "WordDocument", "Word document"),
        ("msi", "Nothing known", "old Office file"),
    ):
        yield refused(name, _OLE2 + bytes(504) + part.encode("utf-16-le") + bytes(3000), says)
    yield refused(
        "xls-with-its-names-20-mb-behind",
        lambda: _OLE2 + bytes(20_000_000) + "Workbook".encode("utf-16-le"),
        "old Office file",
    )
    yield refused("biff2", b"\x09\x00\x04\x00\x02\x00\x10\x00\x00\x00" + bytes(50), "zero byte")
    yield from _archives()
    yield from _packed()
    yield from _markup()
    yield from _binaries()
    yield loaded("postscript-is-a-text", b"%!PS\n", 1)


def _archives() -> Iterator[Case]:
    for name, parts, says in (
        ("ods", ["mimetype", "content.xml", "META-INF/manifest.xml"], "OpenDocument"),
        ("numbers", ["Index/Document.iwa", "Metadata/Properties.plist"], "Numbers"),
        ("numbers-of-2013", ["index.zip", "preview.jpg"], "Numbers"),
        ("xlsb", ["_rels/.rels", "xl/workbook.bin"], r"\.xlsb"),
        ("docx", ["_rels/.rels", "word/document.xml"], "Word document"),
        ("epub", ["mimetype", "OEBPS/content.opf"], "no workbook"),
        ("jar", ["META-INF/MANIFEST.MF"], "no workbook"),
        ("csv-in-a-zip", ["list.csv"], "no workbook"),
        ("pptx", ["_rels/.rels", "ppt/presentation.xml"], "damaged workbook"),
    ):
        yield refused(name, archive([Part(part, b"x") for part in parts]), says)


def _packed() -> Iterator[Case]:
    data = "\n".join(BARCODES).encode()
    yield refused("gzip", gzip.compress(data, mtime=0), "gzip")
    yield refused("gzip-of-a-bomb", lambda: gzip.compress(bytes(50_000_000), mtime=0), "gzip")
    yield refused("bzip2", bz2.compress(data), "bzip2")
    yield refused("xz", lzma.compress(data), "xz")
    yield refused("7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), "7z")
    yield refused("rar", b"Rar!\x1a\x07\x01\x00" + bytes(40), "RAR")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("list.txt"))
    yield refused("tar", packed.getvalue(), "zero byte")
    yield refused("zstd", b"\x28\xb5\x2f\xfd\x04\x00", "zero byte|not UTF-8")


def _markup() -> Iterator[Case]:
    for name, start in (
        ("html", "<html><body>"),
        ("html-in-capitals", "<HTML><BODY>"),
        ("html-with-a-doctype", "\n <!DOCTYPE html>\n<html>"),
        ("html-with-a-comment", "<!-- made by a spreadsheet -->"),
        ("html-table-alone", ""),
        ("html-head", "<head><meta charset='utf-8'></head>"),
    ):
        yield refused(name, (start + _TABLE).encode(), "web page")
    yield refused("html-in-utf-16", f"<html>{_TABLE}".encode("utf-16"), "web page")
    yield refused("html-in-latin-1", "<html>Ü".encode("latin-1"), "web page")
    yield refused("xml", b"<?xml version='1.0'?><Workbook/>", "is XML")
    yield refused(
        "xml-with-a-million-laughs", b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'aaaa'>]><l>&a;</l>", "is XML"
    )
    yield refused("xml-in-utf-16", "<?xml version='1.0' encoding='utf-16'?><Workbook/>".encode("utf-16"), "is XML")
    yield refused("rtf", b"{\\rtf1\\ansi 301121\\par}", "RTF")
    records = [{"barcode": barcode} for barcode in BARCODES]
    yield refused("json", json.dumps(records).encode(), "is JSON")
    yield refused("json-over-several-lines", json.dumps({"items": records}, indent=2).encode(), "is JSON")
    yield refused("json-of-texts", json.dumps(BARCODES).encode(), "is JSON")
    yield refused("json-lines", "\n".join(map(json.dumps, records)).encode(), "is JSON")
    yield refused("json-nested-by-the-million", lambda: b"[" * 1_000_000, "is JSON")


def _binaries() -> Iterator[Case]:
    database = sqlite3.connect(":memory:")
    database.execute("create table items (barcode text)")
    content = database.serialize()
    database.close()
    yield refused("sqlite", content, "database")
    for name, start, says in (
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
        ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "picture"),
        ("gif", b"GIF89a\x01\0\x01\0", "picture"),
        ("webp", b"RIFF\x24\0\0\0WEBPVP8 ", "zero byte"),
        ("parquet", b"PAR1\x15\x04", "Parquet"),
        ("elf", b"\x7fELF\x02\x01\x01\0", "zero byte"),
        ("exe", b"MZ\x90\0\x03\0\0\0", "zero byte|not UTF-8"),
        ("mp3", b"ID3\x04\0\0\0\0\0\0", "zero byte"),
        ("access", b"\0\x01\0\0Standard Jet DB\0", "zero byte"),
        ("pickle", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]", "zero byte|not UTF-8"),
        ("marc", b"00714cam a2200205 a 4500001\x1e\x1f\xff\x1d", "not UTF-8"),
    ):
        yield refused(name, start, says)
