"""How the tests of lists hand a list in: bytes on standard input, or a workbook made by a spreadsheet library."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it has no types

from almascan.lists import Entry, ListOptions, Reading, open_list

Read = Callable[..., tuple[Reading, list[Entry]]]
Write = Callable[..., Path]


@pytest.fixture
def read() -> Read:
    """Read a whole list given as text, bytes or a path."""

    def read_whole(source: str | bytes | Path, **options: str) -> tuple[Reading, list[Entry]]:
        said = ListOptions(**options)
        if isinstance(source, Path):
            with open_list(source, said) as reading:
                return reading, list(reading)
        data = source.encode() if isinstance(source, str) else source
        with open_list("-", said, io.BytesIO(data)) as reading:
            return reading, list(reading)

    return read_whole


@pytest.fixture
def write_workbook(tmp_path: Path) -> Write:
    """Write an .xlsx whose single sheet has these rows; a cell may be (value, number format)."""

    def write(rows: Sequence[Sequence[object]], name: str = "items.xlsx") -> Path:
        path = tmp_path / name
        workbook = xlsxwriter.Workbook(path)
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, tuple):
                    sheet.write(number, column, value[0], workbook.add_format({"num_format": value[1]}))
                else:
                    sheet.write(number, column, value)
        workbook.close()
        return path

    return write
