"""Barcodes as lists hold them: what is one stays, however strange, and what is none is answered."""

from collections.abc import Iterator

from tests.lists.hostile.archive import rows_of, texts
from tests.lists.hostile.case import BARCODES, Case, loaded

STRANGE = (
    "A/B",
    "50%",
    "a%2Fb",
    "..%2f..%2fetc",
    "../../etc/passwd",
    "..\\..\\secret",
    "a?b=c&apikey=x",
    "a#b",
    "a&b",
    "a+b",
    "a b",
    "a  b",
    "%00",
    "%s%n%x",
    "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "&amp;lt;",
    "]]>",
    "\\u0000",
    "_x0041_b",
    "\U0001f4da",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\u202e71000011203",
    "\u05d0\u05d1\u05d2",
    "e\u0301e\u0301",
    "\uff13\uff10\uff11\uff11\uff12",
    "\u0663\u0660\u0661",
    "30\u200b112",
    "30\u00ad112",
    "\ufeff30112",
    "30\u00a0112",
    "30\u2028112",
    "\ue000\uf8ff",
    "\u00bd",
    "A\ufe0f1",
    "A\U000e00411",
    "=1+1",
    '="0030112"',
    '=HYPERLINK("http://127.0.0.1","30112")',
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "'0030112",
    "''0030112",
    "30112.0",
    "30112,00",
    "30112.5",
    "30.112.001",
    "30 112 001",
    "2024-01-11",
    "11.1.24",
    "0" * 30,
    "9" * 40,
    "-30112",
    "x" * 100,
    "\x1b[2J30112",
    "\x0730112",
    "$30112",
    "30112;30113",
)
USELESS = (
    "3.01121E+13",
    "3,01121E+13",
    "3E+13",
    "1234567890123456.0",
    "NULL",
    "null",
    "nan",
    "None",
    "n/a",
    "-",
    "\u2014",
    "#N/A",
    "#REF!",
    "#NAME?",
    "x" * 101,
    "x" * 10_000,
    "\U0001f4da" * 5_000,
    "30\t112",
    "30\n112",
    "30\r112",
    "30\r\n112",
    "30\x07112",
    "30\x1b[31m112",
    "30\x85112",
    "M\ufffdNCHEN",
    "\u200b",
    "\u202e",
    "\u00a0\u2003",
    '=""',
    "",
)


def list_barcodes() -> Iterator[Case]:
    """Give a CSV and a workbook for each, between two good rows."""
    for kind, values, bad in (("strange", STRANGE, 0), ("useless", USELESS, 1)):
        for number, value in enumerate(values):
            name = f"barcode-{kind}-{number:02}"
            yield loaded(f"{name}-csv", lambda value=value: _as_csv(value), 3, bad)  # type: ignore[misc]  # mypy does not infer a default's type
            yield loaded(f"{name}-xlsx", lambda value=value: _as_workbook(value), 3, bad)  # type: ignore[misc]  # as above


def _as_csv(value: str) -> bytes:
    quoted = value.replace('"', '""')
    return f'Title,Barcode\nA,{BARCODES[0]}\nB,"{quoted}"\nC,{BARCODES[1]}\n'.encode()


def _as_workbook(value: str) -> bytes:
    return rows_of(texts("Title", "Barcode"), texts("A", BARCODES[0]), texts("B", value), texts("C", BARCODES[1]))
