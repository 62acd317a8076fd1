"""Workbooks whose archive is sound and whose sheets are not, or are stranger than any barcode needs."""

from collections.abc import Iterator

from tests.lists.hostile.archive import (
    GOOD_SHEET,
    INDEX,
    LINKS,
    PACKAGE_LINKS,
    RELATIONSHIPS,
    SHEET,
    STRINGS,
    STYLES,
    Part,
    index,
    relationship,
    rows_of,
    sheet,
    texts,
    workbook,
)
from tests.lists.hostile.case import BARCODES, Case, loaded, refused

_HEAD = texts("Barcode", "Title")
_CHANGED = "damaged workbook"


def list_sheets() -> Iterator[Case]:
    """Give every hostile workbook."""
    yield from _cells()
    yield from _wide()
    yield from _markup()
    yield from _parts()
    yield from _formats()
    yield from _many_sheets()
    yield from _company()


def _cells() -> Iterator[Case]:
    for name, cell, bad in (
        ("number", "<c><v>30112000000017</v></c>", 0),
        ("number-in-short-form", "<c><v>3.0112000000017E13</v></c>", 0),
        ("number-of-16-digits", "<c><v>3011200000001712</v></c>", 1),
        ("number-rounded", "<c><v>3.01121E+20</v></c>", 1),
        ("number-with-an-endless-exponent", "<c><v>1E999999999999</v></c>", 1),
        ("number-with-a-tiny-exponent", "<c><v>1E-999999999</v></c>", 1),
        ("number-that-is-none", "<c><v>30x12</v></c>", 1),
        ("number-with-underscores", "<c><v>30_112</v></c>", 1),
        ("number-in-other-digits", "<c><v>\u0663\u0660</v></c>", 1),
        ("not-a-number", "<c><v>NaN</v></c>", 1),
        ("infinity", "<c><v>-Infinity</v></c>", 1),
        ("a-fraction", "<c><v>30112.5</v></c>", 1),
        ("a-negative-number", "<c><v>-30112</v></c>", 1),
        ("ten-thousand-digits", f"<c><v>{'9' * 10_000}</v></c>", 1),
        ("a-boolean", '<c t="b"><v>1</v></c>', 1),
        ("an-error", '<c t="e"><v>#REF!</v></c>', 1),
        ("an-error-of-ten-thousand-characters", f'<c t="e"><v>{"#" * 10_000}</v></c>', 1),
        ("a-date", '<c t="d"><v>2024-01-11</v></c>', 1),
        ("an-unknown-type", '<c t="zzz"><v>30112</v></c>', 0),
        ("a-formula-with-its-result", '<c t="str"><f>A1&amp;"x"</f><v>30112</v></c>', 0),
        ("a-formula-with-a-number", "<c><f>30000+112</f><v>30112</v></c>", 0),
        ("a-formula-without-a-result", "<c><f>A1</f></c>", 1),
        ("an-array-formula", '<c><f t="array" ref="A2:A9">A1:A8</f><v>30112</v></c>', 0),
        ("a-shared-formula", '<c><f t="shared" ref="A2:A9" si="0"/><v>30112</v></c>', 0),
        ("a-shared-formula-without-a-result", '<c><f t="shared" si="0"/></c>', 1),
        ("a-formula-that-would-run-a-program", "<c t=\"str\"><f>cmd|' /C calc'!A0</f><v>30112</v></c>", 0),
        ("rich-text", '<c t="inlineStr"><is><r><t>301</t></r><r><t>12</t></r></is></c>', 0),
        ("a-text-of-ten-thousand-characters", f'<c t="str"><v>{"3" * 10_000}</v></c>', 1),
        ("a-barcode-behind-a-thousand-spaces", f'<c t="str"><v>{" " * 1_000}30112</v></c>', 1),
        ("a-barcode-cut-by-the-longest-text", f'<c t="str"><v>{" " * 508}3011212</v></c>', 1),
        ("escapes-that-shrink", f'<c t="str"><v>{"_x0020_" * 100}30112</v></c>', 1),
        ("an-escaped-nul", '<c t="str"><v>30_x0000_112</v></c>', 0),
        ("an-escaped-bell", '<c t="str"><v>30_x0007_112</v></c>', 1),
        ("half-a-character-escaped", '<c t="str"><v>30_xD800_112</v></c>', 0),
    ):
        rows = ("<row>" + cell + '<c t="str"><v>A</v></c></row>', texts(BARCODES[0], "B"))
        yield loaded(f"cell-{name}", rows_of(_HEAD, *rows), 2, bad)


def _wide() -> Iterator[Case]:
    cell = '<c t="str"><v>3011200100</v></c>'
    yield refused(
        "a-million-columns", lambda: rows_of(_HEAD, f"<row>{'<c><v>1</v></c>' * 1_000_000}</row>"), "more columns"
    )
    row = f"<row>{cell * 16_384}</row>"
    yield refused("every-column-in-twenty-rows", lambda: rows_of(*[row] * 20), "no column that is known")
    yield loaded("every-column-in-twenty-rows-under-a-header", lambda: rows_of(_HEAD, *[row] * 20), 20)
    long = f'<row>{f"""<c t="str"><v>{"x" * 600}</v></c>""" * 16_384}</row>'
    yield refused("every-column-with-long-texts", lambda: rows_of(*[long] * 3), "no column that is known")
    blank = f'<row>{f"""<c t="str"><v>{" " * 500}</v></c>""" * 16_384}</row>'
    yield loaded("every-column-with-spaces", lambda: rows_of(*[blank] * 3, _HEAD, texts(BARCODES[0])), 1)
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield loaded("a-far-cell", rows_of(_HEAD, texts(BARCODES[0]), far), 2, 1)
    for name, reference in (
        ("XFE1", "XFE1"),
        ("a-long-reference", "A" * 5_000 + "1"),
        ("a-greek-one", "\u0391" + "1"),
        ("a-number", "12"),
    ):
        yield refused(
            f"cell-in-column-{name}", rows_of(f'<row><c r="{reference}"><v>1</v></c></row>'), "no sheet can have"
        )
    for number in ("0", "1048577", "9" * 30, "-1", "x", "\u0663"):
        yield refused(f"row-{number.encode().hex()}", rows_of(f'<row r="{number}"><c><v>1</v></c></row>'), _CHANGED)
    for name, below in (("rows-in-wrong-order", 3), ("rows-of-one-number", 9)):
        rows = (texts("Barcode", row=1), texts(BARCODES[0], row=9), texts(BARCODES[1], row=below))
        yield refused(name, rows_of(*rows), f"its row {below} comes below row 9")
    same = f'<row><c r="A2" t="str"><v>{BARCODES[0]}</v></c><c r="A2" t="str"><v>{BARCODES[1]}</v></c></row>'
    yield loaded("two-cells-in-one-place", rows_of(_HEAD, same), 1)
    merged = '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    titled = sheet(texts("Items in transit", "", ""), texts("Title", "Barcode"), texts("A", BARCODES[0]), behind=merged)
    yield loaded("a-merged-header", workbook({SHEET: titled}), 1)
    yield loaded("hidden-rows-and-columns", rows_of(_HEAD, texts(BARCODES[0], more=' hidden="1"')), 1)


def _markup() -> Iterator[Case]:
    for name, markup in (
        ("entities", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'),
        ("an-external-entity", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'),
        ("deep-nesting", b"<a>" * 100_000),
        ("an-endless-tag", b'<worksheet a="' + b"x" * 3_000_000 + b'"/>'),
        ("an-endless-name", b"<" + b"x" * 3_000_000 + b"/>"),
        ("attributes-twice", b'<worksheet a="1" a="2"/>'),
        ("nothing", b""),
        ("white-space", b"  \n "),
        ("no-xml", b"Barcode\n30112\n"),
        ("an-open-end", GOOD_SHEET[:-20]),
        ("bytes-behind-the-end", GOOD_SHEET + b"<more/>"),
        ("a-control-character", GOOD_SHEET.replace(b"Title", b"Ti\x01tle")),
        ("a-wrong-byte", GOOD_SHEET.replace(b"Title", b"Ti\xfftle")),
        ("a-forbidden-reference", GOOD_SHEET.replace(b"Title", b"&#0;")),
        ("half-a-character", GOOD_SHEET.replace(b"Title", b"&#xD800;")),
        ("an-undefined-entity", GOOD_SHEET.replace(b"Title", b"&nbsp;")),
        ("utf-16-that-is-none", b'<?xml version="1.0" encoding="utf-16"?>' + GOOD_SHEET),
        *((f"encoding-{name}", f'<?xml version="1.0" encoding="{name}"?>'.encode() + GOOD_SHEET)
          for name in ("klingon", "hex", "idna", "utf-7", "punycode", "shift_jis", "undefined", "rot13", "mbcs-x")),
    ):  # fmt: skip
        yield refused(f"sheet-of-{name}", workbook({SHEET: markup}), _CHANGED)


def _parts() -> Iterator[Case]:
    yield loaded("sheet-in-utf-16", workbook({SHEET: GOOD_SHEET.decode().encode("utf-16")}), 3)
    yield loaded("sheet-in-latin-1", workbook({SHEET: b'<?xml version="1.0" encoding="iso-8859-1"?>' + GOOD_SHEET}), 3)
    for name, cell in (
        ("a-text-that-is-not-there", "99"),
        ("no-number", "x"),
        ("a-negative-number", "-1"),
        ("a-far-number", "9" * 30),
    ):
        yield refused(f"cell-naming-{name}", rows_of(f'<row><c t="s"><v>{cell}</v></c></row>'), _CHANGED)
    yield refused("cell-of-a-style-that-is-no-number", rows_of('<row><c s="x"><v>1</v></c></row>'), _CHANGED)
    yield loaded("cell-of-a-style-that-is-not-there", rows_of('<row><c s="9999"><v>30112</v></c></row>'), 1)
    for part in (STRINGS, STYLES, INDEX, LINKS, PACKAGE_LINKS):
        short = part.rpartition("/")[2].replace(".", "-")
        yield refused(f"broken-{short}", workbook({part: b"<broken"}), _CHANGED)
    for part in (SHEET, INDEX, LINKS):
        short = part.rpartition("/")[2].replace(".", "-")
        yield refused(f"missing-{short}", workbook({part: None}), "is missing")
    yield loaded("missing-strings-and-styles", workbook({STRINGS: None, STYLES: None}), 3)


def _formats() -> Iterator[Case]:
    for name, code, bad in (
        ("zeros", "00000000", 0),
        ("a-date", "yyyy-mm-dd", 1),
        ("letters", "&quot;A&quot;0000", 1),
        ("groups", "000-000", 1),
        ("brackets-without-end", "[" * 200_000, 1),
        ("quotes-without-end", "&quot;" * 99_999, 1),
        ("escapes-without-end", "\\" * 255, 0),
        ("sections-by-the-thousand", ";" * 255, 0),
        ("a-million-zeros", "0" * 1_000_000, 1),
    ):
        styles = f'<s><numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></s>'
        rows = sheet('<row><c s="0"><v>30112</v></c></row>', texts(BARCODES[0]))
        yield loaded(f"format-of-{name}", workbook({STYLES: styles.encode(), SHEET: rows}), 2, bad)
    codes = "".join(f'<numFmt numFmtId="{number}" formatCode="0{number}"/>' for number in range(20_000))
    yield refused(
        "twenty-thousand-formats",
        lambda: workbook({STYLES: f"<s><numFmts>{codes}</numFmts></s>".encode()}),
        "more formats",
    )
    yield refused(
        "a-format-that-is-no-number", workbook({STYLES: b'<s><cellXfs><xf numFmtId="x"/></cellXfs></s>'}), _CHANGED
    )
    dates = sheet('<row><c s="0"><v>45302</v></c></row>')
    style = b'<s><cellXfs><xf numFmtId="14"/></cellXfs></s>'
    yield loaded(
        "dates-from-1904",
        workbook(
            {
                INDEX: index('<sheet name="S" r:id="r1"/>', before='<workbookPr date1904="1"/>'),
                SHEET: dates,
                STYLES: style,
            }
        ),
        1,
        1,
    )


def _many_sheets() -> Iterator[Case]:
    def many(number: int) -> bytes:
        links = "".join(relationship(each, "worksheet", f"worksheets/sheet{each % 100}.xml") for each in range(number))
        sheets = (f'<sheet name="S{each}" sheetId="{each}" r:id="r{each}"/>' for each in range(number))
        blank = [Part(f"xl/worksheets/sheet{each}.xml", sheet()) for each in range(100) if each != 1]
        return workbook({LINKS: RELATIONSHIPS.format(links).encode(), INDEX: index(*sheets), SHEET: GOOD_SHEET}, *blank)

    yield loaded("five-thousand-sheets", lambda: many(5_000), 3)
    yield refused("five-thousand-sheets-and-a-wrong-name", lambda: many(5_000), "'S19' and 4,980 more", sheet="Nowhere")
    yield refused("thirty-thousand-sheets", lambda: many(30_000), "more sheets")
    yield refused("sixty-thousand-links", lambda: many(60_000), "more parts")
    names = index(f'<sheet name="{"n" * 500_000}" r:id="r1"/>')
    yield loaded("a-sheet-with-an-endless-name", workbook({INDEX: names}), 3)
    yield refused("no-sheets", workbook({INDEX: index()}), "no sheet with rows")
    yield loaded(
        "a-sheet-twice",
        workbook({INDEX: index('<sheet name="S" r:id="r1"/>', '<sheet name="S" r:id="r1"/>')}),
        3,
        0,
        sheet="S",
    )
    for state in ("hidden", "veryHidden"):
        yield loaded(
            f"a-{state}-sheet-alone", workbook({INDEX: index(f'<sheet name="S" state="{state}" r:id="r1"/>')}), 3
        )
    yield refused(
        "a-sheet-that-names-itself",
        workbook({LINKS: RELATIONSHIPS.format(relationship(1, "worksheet", "workbook.xml")).encode()}),
        "no sheet with rows",
    )
    yield refused(
        "a-chart-for-a-sheet",
        workbook({LINKS: RELATIONSHIPS.format(relationship(1, "chartsheet", "worksheets/sheet1.xml")).encode()}),
        "no sheet with rows",
    )
    yield refused("a-workbook-with-an-encoding", workbook(), "leave the encoding out", encoding="cp1252")
    yield refused("a-wrong-sheet", workbook(), "its sheets are 'Items'", sheet="\x1b[2J")


def _company() -> Iterator[Case]:
    """What workbooks bring along and nobody asked for."""
    yield loaded("xlsm-with-macros", workbook(None, Part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(5000))), 3)
    external = relationship(1, "worksheet", "worksheets/sheet1.xml") + relationship(
        9, "externalLink", "http://127.0.0.1:9/", 'TargetMode="External"'
    )
    yield loaded("external-links", workbook({LINKS: RELATIONSHIPS.format(external).encode()}), 3)
    sheet_elsewhere = relationship(1, "worksheet", "http://127.0.0.1:9/s.xml", 'TargetMode="External"')
    yield refused(
        "a-sheet-elsewhere", workbook({LINKS: RELATIONSHIPS.format(sheet_elsewhere).encode()}), "no sheet with rows"
    )
    yield loaded("embedded-programs", workbook(None, Part("xl/embeddings/oleObject1.bin", b"MZ" + bytes(5000))), 3)
    names = "<definedNames>" + '<definedName name="_xlnm.x">#REF!</definedName>' * 20_000 + "</definedNames>"
    yield loaded(
        "twenty-thousand-defined-names",
        lambda: workbook({INDEX: index('<sheet name="S" r:id="r1"/>', before=names)}),
        3,
    )
