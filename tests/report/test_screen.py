import io
from typing import Any

import pytest
from rich.console import Console
from tests.report.samples import START, ZONE, a_row, a_run, an_item

from almascan.model import Event, EventKind, Outcome, RunState
from almascan.report.screen import story, summary

COUNTS = {Outcome.IN_PLACE: 1200, Outcome.ON_HOLD_SHELF: 3, Outcome.UNCLEAR: 1, Outcome.NOT_TRIED: 10}


def shown(renderable: Any, *, width: int = 110, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(renderable)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_the_summary_says_what_became_of_the_rows_what_to_do_and_what_to_type() -> None:
    text = shown(summary(a_run(rows=1214), COUNTS, example=12, zone=ZONE))
    assert "Run 7 is finished. 1,200 of 1,214 rows are done. 4 need a person. 10 were not tried yet." in text
    assert "Started 2026-11-24 09:00:00 +01:00, took 2 min" in text
    assert Outcome.ON_HOLD_SHELF.next_step in text
    for command in ("almascan resume 7", "almascan settle 7 ROW --done", "almascan show 7 12", "--format html"):
        assert command in text


def test_groups_are_told_by_symbol_and_word_and_not_by_colour_alone() -> None:
    text = shown(summary(a_run(rows=1214), COUNTS))
    assert "✓ done" in text
    assert "▲ attention" in text
    assert "? open" in text


def test_a_stream_that_holds_ascii_alone_gets_ascii_symbols() -> None:
    text = shown(summary(a_run(rows=1214), COUNTS), encoding="ascii")
    assert "+ done" in text
    assert "! attention" in text


@pytest.mark.parametrize("width", [40, 60, 80, 110])
def test_no_line_is_wider_than_the_terminal_and_commands_stay_whole_from_sixty_columns_on(width: int) -> None:
    lines = shown(summary(a_run(rows=1214), COUNTS, example=12), width=width).splitlines()
    assert max(len(line) for line in lines) <= width
    if width >= 60:
        assert any("almascan report 7 --format html --output run-7.html" in line for line in lines)


def test_a_paused_run_says_why() -> None:
    text = shown(summary(a_run(state=RunState.PAUSED, reason="The first 20 rows are all other-library."), COUNTS))
    assert "Run 7 is paused." in text
    assert "The first 20 rows are all other-library." in text


def test_brackets_and_escape_codes_from_outside_are_only_text() -> None:
    hostile = "[red]x[/red][/] \x1b[31m\x07\u202e"
    row = a_row(1, given=hostile, barcode=hostile, note=hostile, alma_message=hostile, before=an_item(title=hostile))
    run = a_run(list_name=hostile, institution=hostile, reason=hostile)
    events = [Event(START, EventKind.LOOKED, hostile)]
    text = shown(story(row, events), width=200) + shown(summary(run, COUNTS), width=200)
    assert text.count("[red]x[/red][/]") >= 8
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_hidden_characters_of_a_barcode_are_written_out() -> None:
    assert "3011\\u200b2" in shown(story(a_row(1, given="3011\u200b2")))


def test_the_story_of_a_row_holds_its_facts_and_its_moments() -> None:
    row = a_row(12, before=an_item(), alma_code="401689", sent_at=START)
    text = shown(story(row, [Event(START, EventKind.SENDING, "The scan was sent.")], zone=ZONE))
    assert "Row 12 of run 7: in-place" in text
    assert "in transit" in text
    assert "401689" in text
    assert "2026-11-24 09:00:00 +01:00" in text
    assert "The scan was sent." in text


def test_a_run_that_was_not_started_says_so() -> None:
    assert "not started" in shown(summary(a_run(started_at=None, finished_at=None, state=RunState.READY), {}))
