import io
from pathlib import Path
from typing import Any

import pytest
from tests.report.samples import a_row, a_run, once

from almascan.errors import UsageError
from almascan.model import Outcome
from almascan.progress import Snapshot
from almascan.report import FORMATS, write_report
from almascan.report.fields import ROW_FIELDS, RUN_FIELDS, STATE_FIELDS, Field


@pytest.mark.parametrize("name", ["csv", "json", "html"])
def test_each_format_can_be_written_by_its_name(name: str) -> None:
    out = io.BytesIO()
    write_report(name, a_run(), {Outcome.IN_PLACE: 1}, once([a_row(1)]), out)
    assert b"30112000000001" in out.getvalue()
    assert not out.closed
    assert FORMATS[name].suffix == f".{name}"


def test_an_unknown_format_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'pdf'.*csv, xlsx, json"):
        write_report("pdf", a_run(), {}, [], io.BytesIO())


def test_a_key_in_the_environment_reaches_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMASCAN_API_KEY", "l7xx-very-secret")
    for name in FORMATS:
        out = io.BytesIO()
        write_report(name, a_run(), {Outcome.IN_PLACE: 1}, [a_row(1)], out)
        assert b"l7xx-very-secret" not in out.getvalue()


def test_the_reference_lists_every_field_of_the_json_report_and_of_json_progress() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "json-report.md").read_text(encoding="utf-8")
    fields: tuple[Field[Any], ...] = (*RUN_FIELDS, *ROW_FIELDS, *STATE_FIELDS)
    for field in fields:
        assert f"| `{field.name}` | {field.kind} | {field.sentence} |" in page
    for name in Snapshot.__struct_fields__:
        assert f"| `{name}` |" in page
