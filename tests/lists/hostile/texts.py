"""Texts: encodings, line ends, lines without end, and CSVs whose shape breaks."""

import codecs
from collections.abc import Iterator

from tests.lists.hostile.case import BARCODES, Case, loaded, refused

_PLAIN = "\n".join(BARCODES) + "\n"
_ACCENTS = "MÜN-001\nMÜN-002\n"
_GOOD = _PLAIN.encode()
_IN_CODEC = {"koi8-r": "Ж-1\nЩ-2\n", "hz": "山-1\n山-2\n"}


def list_texts() -> Iterator[Case]:
    """Give every hostile text."""
    yield from _encodings()
    yield from _broken_encodings()
    yield from _line_ends()
    yield from _emptiness()
    yield from _long()
    yield from _shapes()
    yield from _headers()
    yield from _ids()


def _encodings() -> Iterator[Case]:
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ):
        yield loaded(f"{codec}-with-its-mark", mark + _ACCENTS.encode(codec), 2)
        yield loaded(f"{codec}-named", _ACCENTS.encode(codec), 2, encoding=codec)
        yield loaded(f"{codec}-mark-twice", mark + mark + _PLAIN.encode(codec), 3)
        if codec != "utf-8":
            yield refused(
                f"{codec}-without-its-mark", _ACCENTS.encode(codec), "zero byte|not UTF-8|say that its encoding"
            )
            yield refused(f"{codec}-cut-in-a-character", (mark + _ACCENTS.encode(codec))[:-1], "cannot be read")
            yield refused(f"{codec}-with-utf-8-behind", mark + _PLAIN.encode(codec) + b"30112\n3", "cannot be read")
    for codec in ("latin-1", "cp1252", "cp437", "cp850", "mac-roman", "iso8859-15"):
        yield refused(f"{codec}-not-named", _ACCENTS.encode(codec), "not UTF-8: line 1")
        yield loaded(f"{codec}-named", _ACCENTS.encode(codec), 2, encoding=codec)
    for codec in ("shift-jis", "euc-jp", "gb18030", "big5", "euc-kr", "iso2022-jp", "koi8-r", "utf-7", "hz"):
        text = _IN_CODEC.get(codec, "東京-1\n東京-2\n")
        if codec not in {"iso2022-jp", "utf-7", "hz"}:
            yield refused(f"{codec}-not-named", text.encode(codec), "not UTF-8")
        yield loaded(f"{codec}-named", text.encode(codec), 2, encoding=codec)
    yield loaded("ebcdic-named", _PLAIN.encode("cp037"), 3, encoding="cp037")


def _broken_encodings() -> Iterator[Case]:
    yield refused("two-encodings-in-one-file", "MÜN-001\n".encode() + "MÜN-002\n".encode("cp1252"), "line 2, byte 11")
    yield refused("utf-16-behind-utf-8", _GOOD + _PLAIN.encode("utf-16-le"), "line 4 has a zero byte")
    yield refused("utf-8-too-long", b"30\xc0\xaf112\n", "not UTF-8: line 1, byte 3")
    yield refused("utf-8-half-a-character", b"30\xed\xa0\x80112\n", "not UTF-8")
    yield refused("utf-8-beyond-unicode", b"30\xf4\x90\x80\x80\n", "not UTF-8")
    yield refused("utf-16-half-a-character", codecs.BOM_UTF16_LE + b"3\x00\x00\xd81\x00\n\x00", "cannot be read")
    yield refused("utf-7-half-a-character", b"30112+2AA-\n", "not utf-7: line 1", encoding="utf-7")
    for codec in (
        "idna",
        "punycode",
        "unicode_escape",
        "raw-unicode-escape",
        "rot13",
        "hex",
        "zip",
        "klingon",
        "",
        "\0",
    ):
        yield refused(f"encoding-{codec.encode().hex()}", b"30112\\ud800\n", "no encoding", encoding=codec)
    yield refused(
        "wrong-mark-for-the-name", codecs.BOM_UTF16_LE + _PLAIN.encode("utf-16-le"), "mark of UTF-16", encoding="cp1252"
    )
    for name, place in (("first", 0), ("middle", 20), ("last", len(_GOOD))):
        yield refused(f"nul-{name}", _GOOD[:place] + b"\0" + _GOOD[place:], "zero byte")
    yield refused("nul-in-line-20,000", lambda: b"30112001\n" * 19_999 + b"\0\n", "line 20000 has a zero byte")
    yield refused("only-nuls", bytes(100_000), "zero byte")


def _line_ends() -> Iterator[Case]:
    for name, end in (("cr", b"\r"), ("crlf", b"\r\n"), ("lf", b"\n"), ("lfcr", b"\n\r"), ("crcrlf", b"\r\r\n")):
        yield loaded(f"line-ends-{name}", _GOOD.replace(b"\n", end), 3)
    yield loaded("line-ends-mixed", b"301121\r301122\r\n301123\n301124", 4)
    yield loaded("no-line-end-at-the-end", _GOOD.rstrip(), 3)
    yield loaded("vertical-tabs-and-form-feeds", b"301121\v\n\f301122\n", 2)
    yield loaded("next-line-characters", "301121\u0085301122\n".encode(), 1, 1)
    yield loaded("end-of-file-of-dos", _GOOD + b"\x1a", 3)


def _emptiness() -> Iterator[Case]:
    yield refused("empty", b"", "is empty")
    for name, data in (
        ("a-mark-alone", codecs.BOM_UTF8),
        ("white-space", b" \t\r\n" * 1000),
        ("blank-lines-by-the-million", b"\n" * 1_000_000),
        ("comments", b"# a\n# b\n"),
        ("zero-width-alone", "\u200b\u2060\n".encode()),
        ("a-header-alone", b"Barcode\n"),
        ("a-header-of-three-alone", b"Title,Barcode,Note\n"),
        ("delimiters-alone", b",,,\n,,,\n"),
        ("a-declared-delimiter-alone", b"sep=;\n"),
    ):
        yield refused(name, data, "names no item|blank or comments")


def _long() -> Iterator[Case]:
    yield loaded("a-line-of-100-mb", lambda: b"301121\n" + b"3" * 100_000_000 + b"\n301122\n", 3, 1)
    yield loaded(
        "a-line-of-100-mb-of-emoji", lambda: b"301121\n" + "\U0001f4da".encode() * 25_000_000 + b"\n301122\n", 3, 1
    )
    yield loaded("a-blank-line-of-100-kb", b"301121\n" + b" " * 100_000 + b"301122\n301123\n", 3, 1)
    yield loaded("a-barcode-cut-by-the-longest-line", b" " * 65_533 + b"301121\n301122\n", 2, 1)
    yield loaded("a-hundred-lines-of-the-longest", (b"x" * 65_536 + b"\n") * 100, 100, 100)
    yield loaded(
        "wrappings-in-wrappings", b"301121\n" + b"='\"" * 300 + b"\n" + b'="' * 20_000 + b'"' * 20_000 + b"\n", 3, 2
    )
    yield refused(
        "a-million-delimiters", lambda: b"Title,Barcode\n" + b"," * 1_000_000 + b"\n", "line 2 is longer than"
    )
    yield refused("a-million-delimiters-first", lambda: b"," * 1_000_000 + b"\n301121,a\n", "longer than|no column")
    wide = (b",".join([b"ab"] * 20_000) + b"\n") * 250
    yield refused("twenty-thousand-columns", lambda: wide, "no column that is known")
    yield refused("twenty-thousand-columns-and-a-wrong-name", lambda: wide, "no column 'abzz'", column="abzz")
    yield loaded("twenty-thousand-columns-and-a-letter", lambda: wide, 250, 0, column="ABC")
    yield refused("a-quotation-mark-open-for-20-mb", lambda: b'a,b\n"' + (b"x" * 65_000 + b"\n") * 300, "never closed")
    yield refused(
        "quotation-marks-by-the-million", lambda: b"Title,Barcode\na," + b'"' * 1_000_001 + b"\n", "longer than"
    )
    yield loaded("quotation-marks-by-the-thousand", b"Title,Barcode\na," + b'"' * 2_000 + b"\n", 1, 1)


def _shapes() -> Iterator[Case]:
    yield refused(
        "quoting-that-never-ends", b'Title,Barcode\n"a,301121\nb,301122\n', "opened in line 2 is never closed"
    )
    yield refused("quoting-that-ends-in-another-row", b'Title,Barcode\n"a,301121\nb,"301122\n', "never closed")
    yield loaded("quoting-in-the-middle-of-a-field", b'Title,Barcode\n12" disc,301121\na"b"c,301122\n', 2)
    yield loaded("a-line-break-in-a-quoted-title", b'Title,Barcode\n"a\nb\n",301121\nc,301122\n', 2)
    yield loaded("columns-that-differ-in-number", b"Title,Barcode\na,301121,x,y\nb\nc,301122\n", 3, 1)
    yield refused("spaces-around-quotes", b'Title, "Barcode"\na, "301121"\n', "no column that is known")
    for name, mark in (("tab", "\t"), ("semicolon", ";"), ("bar", "|"), ("comma", ",")):
        yield loaded(f"delimiter-{name}", f"Title{mark}Barcode\na{mark}301121\n{mark}{mark}\n".encode(), 1)
    for name, mark in (("semicolon", ";"), ("caret", "^"), ("tab", "\t"), ("tilde", "~"), ("snowman", "\u2603")):
        yield loaded(f"declared-{name}", f"sep={mark}\nTitle{mark}Barcode\na{mark}301121\n".encode(), 1)
    yield loaded("declared-digit-is-no-delimiter", b"sep=3\n301121\n", 2)
    yield loaded("declared-quotation-mark-is-no-delimiter", b'sep="\nBarcode\n301121\n', 3, 0)
    yield loaded("two-delimiters-that-fit", b"a;b,Barcode\n1;2,301121\n", 1)
    yield loaded("delimiters-that-change-halfway", b"Title,Name\na,301121\nb;301122\n", 3)
    yield loaded("thousands-separators-in-quotes", b'Title,Barcode\na,"30,112,001"\n', 1)
    yield refused("thousands-separators-without", b"30,112,001\n30,112,002\n", "no column that is known")


def _headers() -> Iterator[Case]:
    yield loaded("header-again-in-the-middle", b"Title,Barcode\na,301121\nTitle,Barcode\nb,301122\n", 2)
    yield refused("two-barcode-headers", b"Barcode,Barcode\n301121,301122\n", "several columns of barcodes")
    yield loaded("two-barcode-headers-and-a-letter", b"Barcode,Barcode\n301121,301122\n", 1, 0, column="B")
    yield refused("no-header", b"a,301121\nb,301122\n", "no column that is known")
    yield loaded("no-header-and-a-number", b"a,301121\nb,301122\n", 2, 0, column="2")
    yield loaded("a-header-in-capitals-with-a-mark-inside", "TITLE,BAR\u00adCODE\na,301121\n".encode(), 1)
    yield loaded("a-header-of-another-language", b"Titel;Strichcode\na;301121\n", 1)
    yield refused("a-header-with-an-escape", b"\x1b]0;pwned\x07,x\na,301121\n", "no column that is known")
    yield refused("a-header-of-60-kb", b"x" * 60_000 + b",y\na,301121\n", "no column that is known")
    yield refused("titles-above-barcodes-above-a-header", b"301120,\n301121,\nTitle,Barcode\na,301122\n", "no column")
    yield loaded("a-title-above-the-header", b"Items in transit,\nTitle,Barcode\na,301121\n", 1)
    for number, column in enumerate(("ZZZ", "0", "-1", "9" * 400, "", " ", "\u0663", "Barcode\x1b[2J", "=A1")):
        yield refused(f"column-that-is-none-{number}", b"Title,Code\na,301121\n", "no column", column=column)
    yield refused("a-sheet-of-a-text", _GOOD, "no sheets", sheet="Items")


def _ids() -> Iterator[Case]:
    head = b"MMS Id,Holding Id,PID,Barcode\n"
    yield loaded("ids-that-are-whole", head + b"991,221,231,301121\n", 1)
    yield loaded("ids-rounded-by-a-spreadsheet", head + b"9.91E+17,2.21E+17,2.31E+17,\n", 1, 1)
    yield loaded("ids-rounded-with-a-barcode", head + b"9.91E+17,221,231,301121\n", 1)
    yield loaded("ids-of-forty-digits", head + b"9" * 40 + b",221,231,\n", 1, 1)
    yield loaded("ids-in-other-digits", head + "\u0669\u0669\u0661,221,231,\n".encode(), 1, 1)
    yield loaded("ids-with-paths", head + b"../../users,221,231,\n", 1, 1)
    yield loaded("ids-one-of-which-is-missing", head + b"991,,231,\n", 1, 1)
    yield refused("ids-two-of-three", b"MMS Id,PID\n991,231\n", "work only together")
    yield refused("ids-twice", b"MMS Id,MMS Id,Holding Id,PID\n991,992,221,231\n", "no column|several")
    yield loaded("a-desk-of-its-own", b"Barcode,Circ desk,Library\n301121,DESK,MAIN\n301122,,\n", 2)
    yield loaded(
        "a-desk-of-ten-thousand-characters", b"Barcode,Circ desk\n301121," + b"D" * 10_000 + b"\n301122,DESK\n", 2, 1
    )
