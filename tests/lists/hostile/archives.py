"""Archives that unfold without end, lie about themselves, or are damaged."""

import bz2
import lzma
import struct
from collections.abc import Iterator

from tests.lists.hostile.archive import (
    GOOD_SHEET,
    INDEX,
    LINKS,
    MEGABYTE,
    PACKAGE_LINKS,
    SHEET,
    STRINGS,
    STYLES,
    Part,
    archive,
    endless,
    parts_of,
    workbook,
    workbook_with,
)
from tests.lists.hostile.case import Case, loaded, refused

_BLOCK = b" " * MEGABYTE


def list_archives() -> Iterator[Case]:
    """Give every hostile archive."""
    yield from _bombs()
    yield from _bombs_by_their_count()
    yield from _names()
    yield from _lies()
    yield from _lies_of_packing()
    yield from _damaged()


def _bombs() -> Iterator[Case]:
    for part, megabytes in (
        (SHEET, 3000),
        (STRINGS, 600),
        (STYLES, 400),
        (INDEX, 400),
        (LINKS, 400),
        (PACKAGE_LINKS, 400),
    ):
        short = part.rpartition("/")[2].replace(".", "-")
        yield refused(
            f"bomb-in-{short}",
            lambda part=part, size=megabytes: workbook_with(endless(part, b"<a>", _BLOCK, size, b"</a>")),  # type: ignore[misc]  # mypy does not infer a default's type
            "unfolds to .* MB in its part",
        )
    unread = endless("xl/media/picture.png", b"", _BLOCK, 2000, b"")
    yield loaded("bomb-in-a-part-that-is-not-read", lambda: workbook(None, unread), 3)
    yield refused(
        "bomb-nested", lambda: archive([Part("1.zip", archive([endless("0", b"", _BLOCK, 900, b"")]))]), "no workbook"
    )


def _bombs_by_their_count() -> Iterator[Case]:
    yield refused(
        "bomb-of-strings-without-text",
        lambda: workbook_with(endless(STRINGS, b"<sst>", b"<si/>" * 100_000, 320, b"</sst>")),
        "unfolds to",
    )
    yield refused(
        "bomb-of-five-million-strings",
        lambda: workbook_with(_padding(), endless(STRINGS, b"<sst>", b"<si/>" * 100_000, 50, b"</sst>")),
        "more texts",
    )
    long_string = b"<si><t>" + b"x" * 510 + b"</t></si>"
    yield refused(
        "bomb-of-long-strings",
        lambda: workbook_with(_padding(), endless(STRINGS, b"<sst>", long_string * 1000, 370, b"</sst>")),
        "more texts",
    )
    yield refused(
        "bomb-of-styles",
        lambda: workbook_with(endless(STYLES, b"<s><cellXfs>", b'<xf numFmtId="7"/>' * 1000, 1500, b"</cellXfs></s>")),
        "more formats",
    )
    yield refused(
        "bomb-of-blank-rows",
        lambda: workbook_with(endless(SHEET, b"<w><sheetData>", b"<row/>" * 1000, 1100, b"</sheetData></w>")),
        "row 1048577",
    )
    yield loaded(
        "bomb-of-elements-that-mean-nothing",
        lambda: workbook_with(
            endless(SHEET, GOOD_SHEET[: -len(b"</worksheet>")], b"<a/>" * 1000, 400, b"</worksheet>")
        ),
        3,
    )
    yield refused("bomb-of-a-hundred-thousand-parts", _many_parts, "more parts")
    yield refused("bomb-of-one-part-with-many-names", _overlapping, r"unfolds to|damaged workbook|more sheets")
    yield refused("bomb-packed-with-lzma", lambda: workbook_with(_packed_by(14)), "no spreadsheet program")
    yield refused("bomb-packed-with-bzip2", lambda: workbook_with(_packed_by(12)), "no spreadsheet program")


def _padding() -> Part:
    return Part("xl/media/noise", bytes(2 * MEGABYTE), method=0)


def _packed_by(method: int) -> Part:
    """Give a sheet in a packing whose unpacker unfolds all at once."""
    data = b"<worksheet>" + b" " * (50 * MEGABYTE) + b"</worksheet>"
    if method == 12:
        packed = bz2.compress(data)
    else:
        filters = [{"id": lzma.FILTER_LZMA1, "preset": 1}]
        raw = lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
        packed = struct.pack("<BBHBI", 9, 4, 5, 0x5D, 0xFFFFFFFF) + raw
    return Part(SHEET, data, method=method, packed=packed)


def _many_parts() -> bytes:
    return workbook(None, *(Part(f"xl/a{number}", method=0) for number in range(100_000)))


def _overlapping() -> bytes:
    """Sheets by the hundred that are all the same 30 MB, stored once."""
    links = b"<R>" + b"".join(
        b'<Relationship Id="r%d" Type="x/worksheet" Target="worksheets/s%d.xml"/>' % (number, number)
        for number in range(300)
    )
    sheets = b"".join(b'<sheet name="S%d" id="r%d"/>' % (number, number) for number in range(300))
    first = endless("xl/worksheets/s0.xml", b"<w>", _BLOCK, 30, b"</w>")
    first.at = 0
    again = [
        Part(f"xl/worksheets/s{number}.xml", packed=b"", crc=first.crc, size=first.size, at=0)
        for number in range(1, 300)
    ]
    changes = {LINKS: links + b"</R>", INDEX: b"<w><sheets>" + sheets + b"</sheets></w>", SHEET: None}
    return archive([first, *again, *(Part(name, data) for name, data in parts_of(changes).items())])


def _names() -> Iterator[Case]:
    """Names of parts that would do harm if anything were unpacked to disk."""
    for number, name in enumerate(
        (
            "../../etc/passwd",
            "/etc/passwd",
            "..\\..\\windows\\system32",
            "C:\\autoexec.bat",
            "a/" * 5000 + "b",
            "\u202egpj.exe",
            "con",
            "",
            "a\x00b",
            "xl/",
        )
    ):
        yield loaded(f"path-trick-in-a-name-{number}", lambda name=name: workbook(None, Part(name, b"x")), 3)  # type: ignore[misc]  # as above
    for number, target in enumerate(
        ("../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:9/x", "../" * 9000)
    ):
        links = f'<R><Relationship Id="r1" Type="x/worksheet" Target="{target}"/></R>'.encode()
        yield refused(f"path-trick-in-a-target-{number}", workbook({LINKS: links}), "its part .* is missing")
    lower = {name.lower(): data for name, data in parts_of().items()}
    yield loaded("names-in-lower-case", archive([Part(name, data) for name, data in lower.items()]), 3)
    turned = [Part(name.replace("/", "\\"), data) for name, data in parts_of().items()]
    yield loaded("names-with-backslashes", archive(turned), 3)
    yield loaded("two-parts-of-one-name", workbook({SHEET: b"<broken"}, Part(SHEET, GOOD_SHEET)), 3)
    yield refused("two-parts-of-one-name-the-last-broken", workbook(None, Part(SHEET, b"<broken")), "damaged workbook")


def _lies() -> Iterator[Case]:
    yield refused("wrong-checksum", workbook_with(Part(SHEET, GOOD_SHEET, crc=1)), "damaged workbook")
    yield refused("size-too-small", workbook_with(Part(SHEET, GOOD_SHEET, size=40)), "damaged workbook")
    yield loaded("size-too-large", workbook_with(Part(SHEET, GOOD_SHEET, size=9999)), 3)
    yield refused(
        "size-of-four-gigabytes", workbook_with(Part(SHEET, GOOD_SHEET, size=0xFFFFFFFE)), "unfolds to 4,295 MB"
    )
    zip64 = struct.pack("<HHQ", 1, 8, 1 << 62)
    yield refused(
        "zip64-size-of-exabytes",
        workbook_with(Part(SHEET, GOOD_SHEET, size=0xFFFFFFFF, extra=zip64)),
        "unfolds to .* MB",
    )
    true = struct.pack("<HHQ", 1, 8, len(GOOD_SHEET))
    yield loaded("zip64-that-is-right", workbook_with(Part(SHEET, GOOD_SHEET, size=0xFFFFFFFF, extra=true)), 3)
    yield refused(
        "zip64-without-its-field",
        workbook_with(Part(SHEET, GOOD_SHEET, size=0xFFFFFFFF)),
        "unfolds to|damaged workbook",
    )
    yield refused(
        "zip64-cut-off", workbook_with(Part(SHEET, GOOD_SHEET, size=0xFFFFFFFF, extra=zip64[:6])), "damaged workbook"
    )


def _lies_of_packing() -> Iterator[Case]:
    yield refused("encrypted-part", workbook_with(Part(SHEET, GOOD_SHEET, flags=1)), "protected by a password")
    yield refused(
        "strongly-encrypted-part", workbook_with(Part(SHEET, GOOD_SHEET, flags=0x41)), "protected by a password"
    )
    yield refused("patched-part", workbook_with(Part(SHEET, GOOD_SHEET, flags=0x20)), "damaged workbook")
    for method in (1, 6, 9, 93, 99, 65535):
        yield refused(
            f"packing-{method}", workbook_with(Part(SHEET, GOOD_SHEET, method=method)), "no spreadsheet program"
        )
    yield loaded("stored-parts", workbook_with(Part(SHEET, GOOD_SHEET, method=0)), 3)
    yield refused(
        "stored-but-said-to-be-deflated", workbook_with(Part(SHEET, GOOD_SHEET, packed=GOOD_SHEET)), "damaged workbook"
    )
    yield refused(
        "another-name-where-it-stands", workbook_with(Part(SHEET, GOOD_SHEET, other_name="x")), "damaged workbook"
    )
    yield refused("part-that-stands-nowhere", workbook_with(Part(SHEET, GOOD_SHEET, at=0x7FFFFFFF)), "damaged workbook")
    yield refused(
        "part-that-stands-at-the-end",
        workbook_with(Part(SHEET, GOOD_SHEET, at=len(workbook()) - 10)),
        "damaged workbook",
    )
    yield refused("part-inside-another", workbook_with(Part(SHEET, GOOD_SHEET, at=9)), "damaged workbook")
    yield loaded("long-comment", workbook(comment=b"c" * 65_535), 3)
    yield loaded("comment-with-an-archive", workbook(comment=b"text PK\x01\x02 and so on"), 3)
    yield loaded("bytes-behind-the-archive-that-are-its-own-front", workbook(front=b"PK\x03\x04" + bytes(500)), 3)
    yield loaded("count-of-parts-lies", archive([Part(name, data) for name, data in parts_of().items()], count=1), 3)


def _damaged() -> Iterator[Case]:
    whole = workbook()
    for share in range(5, 100, 5):
        yield refused(f"cut-off-at-{share:02}-percent", whole[: len(whole) * share // 100], "damaged workbook")
    yield refused("cut-off-after-its-mark", b"PK\x03\x04", "damaged workbook")
    yield refused("cut-off-by-one-byte", whole[:-1], "damaged workbook")
    yield refused("an-empty-archive", archive([]), "no workbook")
    yield refused("two-bytes-too-many", workbook() + b"PK\x05\x06", "damaged workbook")
    for part in (SHEET, STRINGS, STYLES, INDEX, LINKS, PACKAGE_LINKS):
        short = part.rpartition("/")[2].replace(".", "-")
        start = whole.index(b"PK\x03\x04", whole.index(part.encode()) - 30) + 30 + len(part)
        for step in (3, 11, 19):
            flipped = bytearray(whole)
            flipped[start + step] ^= 0x10
            yield refused(f"flipped-byte-{step}-in-{short}", bytes(flipped), "damaged workbook|no sheet|missing")
