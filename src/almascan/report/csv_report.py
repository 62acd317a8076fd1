"""The report as CSV for a spreadsheet: the JSON report's row fields as columns, states flattened.

UTF-8 with a byte order mark, because Excel reads it as such only then; CRLF; every text in quotes, which is all that
CSV can do to keep a barcode a text.
"""

import codecs
import csv
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from almascan.model import Outcome, Row, Run
from almascan.progress.text import plain, visible
from almascan.report.fields import ROW_FIELDS, STATE_FIELDS

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide forms count too
"""What a spreadsheet takes for the start of a formula, white space before it aside."""

_SHOWN_WHOLE = frozenset({"given", "barcode"})


def write_csv(
    run: Run,  # noqa: ARG001 - every format is called alike
    counts: Mapping[Outcome, int],  # noqa: ARG001 - likewise
    rows: Iterable[Row],
    out: BinaryIO,
) -> None:
    """Write one header and a line for each row.

    Args:
        run: The run; CSV has no place for it.
        counts: Rows per outcome; likewise.
        rows: The run's rows in their order, read once and not kept.
        out: Where the bytes go.
    """
    out.write(codecs.BOM_UTF8)
    lines = csv.writer(codecs.getwriter("utf-8")(out), quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    lines.writerow(columns())
    for row in rows:
        lines.writerow(_cells(row))


def columns() -> list[str]:
    """Give the header: a state's fields are columns of their own (``before_base_status``)."""
    names: list[str] = []
    for field in ROW_FIELDS:
        states = [f"{field.name}_{state.name}" for state in STATE_FIELDS]
        names += states if field.kind == "state" else [field.name]
    return names


def defused(text: str) -> str:
    """Give the text with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text


def _cells(row: Row) -> list[object]:
    cells: list[object] = []
    for field in ROW_FIELDS:
        value = field.value(row)
        if field.kind == "state":
            state = value if isinstance(value, dict) else {}
            cells += [defused(plain(state.get(part.name, ""))) for part in STATE_FIELDS]
        elif isinstance(value, str):
            cells.append(defused(visible(value) if field.name in _SHOWN_WHOLE else plain(value)))
        else:
            cells.append("" if value is None else value)
    return cells
