"""The report as a workbook: a summary, and a sheet for each outcome with its rows.

Written row by row, so that a million rows take no more memory than ten. Every text is written as a string cell, so no
spreadsheet takes a barcode for a number or a title for a formula.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from almascan.model import Outcome, Row, Run
from almascan.progress.text import plain, visible
from almascan.report.fields import ROW_FIELDS, RowField, next_step
from almascan.report.order import list_words, order_words
from almascan.report.summary import in_order, verdict

SHEET_ROWS = 1_048_575
"""Rows that one sheet of a workbook holds beside its header; an outcome with more goes on in a next sheet."""

_WIDTHS = {
    "row": 7,
    "barcode": 18,
    "sentence": 45,
    "next_step": 45,
    "title": 45,
    "library_name": 24,
    "location_name": 24,
    "before": 24,
    "after": 24,
    "note": 35,
    "desk": 24,
    "given": 20,
    "mms_id": 20,
    "holding_id": 20,
    "pid": 20,
    "alma_message": 45,
    "looked_at": 22,
    "sent_at": 22,
    "finished_at": 22,
}
_WIDTH = 16
_FIRST = (
    *("row", "barcode", "sentence", "next_step", "title", "call_number", "library_name", "location_name"),
    *("before", "after", "note", "desk"),
)
"""What a librarian looks for first; ids, codes and times follow."""

_LEFT_OUT = frozenset({"group", "outcome"})
_BY_NAME = {field.name: field for field in ROW_FIELDS if field.name not in _LEFT_OUT}
_FIELDS = tuple(_BY_NAME[name] for name in dict.fromkeys((*_FIRST, *_BY_NAME)))


def write_xlsx(run: Run, counts: Mapping[Outcome, int], rows: Iterable[Row], out: BinaryIO) -> None:
    """Write the workbook.

    Args:
        run: The run.
        counts: Rows per outcome; each that occurs gets a sheet.
        rows: The run's rows in their order, read once and not kept.
        out: Where the bytes go.
    """
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_urls": False}) as workbook:
        header = workbook.add_format({"bold": True, "bg_color": "#E7EBEF", "bottom": 1, "text_wrap": True})
        _write_summary(workbook, run, counts)
        sheets = {outcome: _Sheets(workbook, outcome, counts[outcome], header) for outcome in in_order(counts)}
        for row in rows:
            sheets[row.answer].write(row)


class _Sheets:
    """The sheets of one outcome: one, or more where it has more rows than a sheet holds."""

    def __init__(self, workbook: xlsxwriter.Workbook, outcome: Outcome, count: int, header: object) -> None:
        numbers = range(1, -(-count // SHEET_ROWS) + 1)
        names = [str(outcome) if number == 1 else f"{outcome} {number}" for number in numbers]
        self._worksheets: Iterator[Worksheet] = iter([_add_sheet(workbook, name, header) for name in names])
        self._line = SHEET_ROWS
        self._worksheet: Worksheet | None = None

    def write(self, row: Row) -> None:
        if self._line >= SHEET_ROWS or self._worksheet is None:
            self._worksheet, self._line = next(self._worksheets), 0
        self._line += 1
        for column, field in enumerate(_FIELDS):
            value = _cell(field, row)
            if isinstance(value, int):
                self._worksheet.write_number(self._line, column, value)
            elif value:
                self._worksheet.write_string(self._line, column, value)


def _add_sheet(workbook: xlsxwriter.Workbook, name: str, header: object) -> Worksheet:
    worksheet = workbook.add_worksheet(name)
    for column, field in enumerate(_FIELDS):
        worksheet.set_column(column, column, _WIDTHS.get(field.name, _WIDTH))
        worksheet.write_string(0, column, field.name.replace("_", " "), header)
    worksheet.freeze_panes(1, 0)
    worksheet.autofilter(0, 0, SHEET_ROWS, len(_FIELDS) - 1)
    return worksheet


def _cell(field: RowField, row: Row) -> str | int:
    value = field.value(row)
    if field.kind == "state":
        return plain(str(value["text"])) if isinstance(value, dict) else ""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    text = str(value)
    return visible(text) if field.name in ("given", "barcode") else plain(text)


def _write_summary(workbook: xlsxwriter.Workbook, run: Run, counts: Mapping[Outcome, int]) -> None:
    worksheet = workbook.add_worksheet("Summary")
    title, head = workbook.add_format({"bold": True, "font_size": 14}), workbook.add_format({"bold": True})
    worksheet.set_column(0, 0, 24)
    worksheet.set_column(1, 1, 12)
    worksheet.set_column(2, 3, 70)
    worksheet.write_string(0, 0, f"Run {run.id}: {verdict(run, counts)}", title)
    line = 2
    for column, name in enumerate(("outcome", "rows", "what it means", "what to do")):
        worksheet.write_string(line, column, name, head)
    for outcome in in_order(counts):
        line += 1
        worksheet.write_string(line, 0, outcome)
        worksheet.write_number(line, 1, counts[outcome])
        worksheet.write_string(line, 2, outcome.sentence)
        worksheet.write_string(line, 3, next_step(outcome, run.id))
    line += 1
    for name, words in [*_times(run), *order_words(run), *list_words(run)]:
        line += 1
        worksheet.write_string(line, 0, name, head)
        worksheet.write_string(line, 2, plain(words))


def _times(run: Run) -> Iterator[tuple[str, str]]:
    for name, moment in (("Started", run.started_at), ("Ended", run.finished_at)):
        if moment is not None:
            yield name, f"{datetime.fromtimestamp(moment, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield "By", run.who
    yield "Institution", f"{run.institution} ({run.environment})"
