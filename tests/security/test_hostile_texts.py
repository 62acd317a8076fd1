"""Texts from Alma, from lists and from names do no harm where they are shown, and are exact where that is safe."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.progress.samples import Terminal, snapshot
from tests.report.samples import a_row, a_run, an_item, counted
from tests.security.samples import HOSTILE, LONGEST_LINE, harmful

from almascan.model import Desk, Event, EventKind, Order, Outcome, Row, RowState, Run, RunState
from almascan.progress import Kind, reporter_for
from almascan.progress.text import LONGEST_SHOWN, json_bytes, plain, visible
from almascan.report import write_report
from almascan.report.csv_report import defused
from almascan.report.plan import describe_plan, draw_plan, write_shelf_list
from almascan.report.screen import story, summary
from almascan.report.split import split_report

any_text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def hostile_run(text: str, **changes: object) -> Run:
    """Give a run all of whose names are hostile."""
    order = Order(Desk(text, text), rate=20.0)
    names = {"list_name": text, "institution": text, "who": text, "reason": text, "base_url": text}
    return a_run(order=order, **names, list_notes={text: 1}, **changes)


def hostile_rows(text: str) -> list[Row]:
    item = an_item(title=text, call_number=text, library=text, library_name=text, location_name=text, process_type=text)
    told = {"given": text, "barcode": text, "note": text, "alma_code": text, "alma_message": text, "tracking_id": text}
    outcomes = (Outcome.ON_HOLD_SHELF, Outcome.REFUSED)
    rows = [
        a_row(number, outcome, before=item, after=item, desk=Desk(text, text), **told)
        for number, outcome in enumerate(outcomes, 1)
    ]
    ready = msgspec.structs.replace(rows[0], row=3, state=RowState.READY, outcome=None, after=None, barcode="", pid="1")
    return [*rows, ready]


def report(kind: str, text: str) -> bytes:
    out, rows = io.BytesIO(), hostile_rows(text)
    write_report(kind, hostile_run(text, rows=len(rows), state=RunState.PLANNED), counted(rows), iter(rows), out)
    return out.getvalue()


def check_screen(shown: str) -> None:
    assert not harmful(shown)
    assert all(len(line) <= LONGEST_LINE for line in shown.split("\n"))


@hostile
def test_a_terminal_obeys_no_text_of_a_run_or_a_row(text: str) -> None:
    out, rows = io.StringIO(), hostile_rows(text)
    console = Console(file=out, width=100, force_terminal=False)
    for state in RunState:
        console.print(summary(hostile_run(text, state=state), counted(rows), example=1))
    console.print(story(rows[0], [Event(1.0, EventKind.LOOKED, text)]))
    check_screen(out.getvalue())


@hostile
@pytest.mark.parametrize("kind", ["plain", "json"])
def test_a_terminal_obeys_no_text_of_the_progress(kind: Kind, text: str) -> None:
    out = io.StringIO()
    reporter = reporter_for(kind, out)
    reporter.begin(hostile_run(text), snapshot())
    reporter.say(text)
    reporter.end(snapshot())
    assert not harmful(out.getvalue())
    if kind == "plain":
        check_screen(out.getvalue())
    else:
        assert [json.loads(line) for line in out.getvalue().splitlines()][1]["sentence"] == text


@hostile
def test_the_bar_s_own_commands_are_the_same_whatever_the_text_is(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    def drawn(sentence: str) -> str:
        out = Terminal()
        reporter = reporter_for("bar", out)
        reporter.begin(hostile_run(sentence), snapshot())
        reporter.say(sentence)
        reporter.end(snapshot())
        return out.getvalue()

    ours = harmful(drawn("harmless"))
    assert harmful(drawn(text)) <= ours
    assert drawn(text).count("\x1b]") == 0
    assert drawn(text).count("\x1b[31m") == drawn("harmless").count("\x1b[31m")


@hostile
def test_a_plan_is_shown_without_harm(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    due = an_item(process_type="LOAN", due_date=text)
    rows = [*hostile_rows(text), a_row(9, Outcome.ON_LOAN, before=due)]
    draw_plan(describe_plan(hostile_run(text), counted(rows), iter(rows)))
    check_screen(capsys.readouterr().out)
    write_shelf_list(iter(rows), tmp_path / "shelf.csv")
    check_table((tmp_path / "shelf.csv").read_text(encoding="utf-8-sig"))


def check_table(text: str) -> Iterator[str]:
    cells = [cell for line in csv.reader(io.StringIO(text, newline="")) for cell in line]
    for cell in cells:
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
        assert not harmful(cell)
        assert "\n" not in cell
        assert len(cell) <= LONGEST_SHOWN * 10
    return iter(cells)


@hostile
def test_a_spreadsheet_computes_nothing_of_a_table(text: str, tmp_path: Path) -> None:
    check_table(report("csv", text).decode("utf-8-sig"))
    for path in split_report(a_run(), iter(hostile_rows(text)), tmp_path).values():
        check_table(path.read_text(encoding="utf-8-sig"))


@hostile
def test_a_workbook_holds_texts_alone(text: str) -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(report("xlsx", text)))
    cells = [cell for sheet in workbook for line in sheet.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert not any(cell.hyperlink for cell in cells)
    # openpyxl leaves the format's own escape of "_x001B_", which a spreadsheet undoes.
    texts = [str(cell.value).replace("_x005F", "") for cell in cells if cell.value is not None]
    assert not set().union(*map(harmful, texts))
    assert plain(text).strip() in {found.strip() for found in texts}


@hostile
def test_a_page_takes_no_text_for_mark_up(text: str) -> None:
    page = report("html", text).decode()
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert page.count("<svg onload") == 0
    assert not harmful(page) - {"\t"}
    assert len(page) < 100_000


@hostile
def test_the_json_report_keeps_every_text_exactly_and_does_no_harm(text: str) -> None:
    written = report("json", text)
    assert not harmful(written.decode())
    row = json.loads(written)["rows"][0]
    assert (row["title"], row["note"], row["barcode"], row["alma_message"]) == (text, text, text, text)


@given(any_text)
def test_json_reads_back_as_what_it_was_and_commands_no_terminal(text: str) -> None:
    encoded = json_bytes({text: [text]})
    assert json.loads(encoded) == {text: [text]}
    assert not harmful(encoded.decode())


@given(any_text, st.integers(1, 50))
def test_shown_texts_are_bounded_and_harmless(text: str, longest: int) -> None:
    assert len(plain(text, longest)) <= longest
    assert not harmful(plain(text))
    assert not harmful(visible(text))
    assert len(visible(text, longest)) <= 10 * longest


@given(any_text)
def test_a_defused_text_is_no_formula_and_loses_nothing(text: str) -> None:
    assert not defused(text).lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert defused(text).endswith(text)
