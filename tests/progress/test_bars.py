import io
import re

import pytest
from tests.progress.samples import RUN, ZONE, Terminal, now, snapshot

from almascan.model import Outcome
from almascan.progress import KINDS, Reporter, Snapshot, reporter_for
from almascan.progress.bars import Bars
from almascan.progress.lines import PlainLines

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")


def drawn(*snapshots: Snapshot, say: str = "", stream: io.StringIO | None = None) -> str:
    stream = stream or Terminal()
    reporter = reporter_for("bar", stream, clock=now, zone=ZONE)
    reporter.begin(RUN, snapshot())
    for each in snapshots:
        reporter.update(each)
    if say:
        reporter.say(say)
    reporter.end(snapshots[-1])
    return stream.getvalue()


def words(text: str) -> str:
    return " ".join(CONTROL.sub("", text).split())


def test_a_terminal_gets_a_bar_and_anything_else_lines() -> None:
    assert isinstance(reporter_for("auto", Terminal()), Bars)
    assert isinstance(reporter_for("auto", io.StringIO()), PlainLines)


@pytest.mark.parametrize("kind", ["auto", "bar"])
def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("TERM", "dumb")
    reporter = reporter_for("bar" if kind == "bar" else "auto", Terminal())
    assert isinstance(reporter, PlainLines)


def test_a_bar_asked_for_on_a_pipe_becomes_lines_without_control_codes() -> None:
    text = drawn(snapshot(5000, 757.0), stream=io.StringIO())
    assert "\x1b" not in text
    assert "5,000 of 5,000 rows" in text


def test_every_kind_gives_a_reporter() -> None:
    for kind in KINDS:
        reporter: Reporter = reporter_for(kind, io.StringIO())
        reporter.begin(RUN, snapshot())
        reporter.end(snapshot())


def test_the_bar_says_how_far_how_fast_and_until_when() -> None:
    text = words(drawn(snapshot(1250, 190.0, eta_seconds=200.0, throttled=3)))
    for part in (
        "1,250 of 5,000 25 %",
        "✓ done 1,250",
        "about 3 min 20 s left, until 09:03",
        "6.6 rows/s",
        "19.8 requests/s",
        "187,432 calls left today",
        "3 requests refused for the rate",
    ):
        assert part in text


def test_groups_are_told_by_symbol_and_word_and_not_by_colour_alone() -> None:
    counts = {Outcome.IN_PLACE: 1, Outcome.ON_HOLD_SHELF: 2, Outcome.LOST: 3, Outcome.NOT_FOUND: 4}
    text = words(drawn(snapshot(10, 1.0, counts=counts, unclear=5)))
    assert "✓ done 1 ▲ attention 2 – skipped 3 ✗ failed 4 ? unclear 5" in text  # noqa: RUF001 - the dash is the symbol


def test_the_last_bar_stands_and_says_what_it_took() -> None:
    text = drawn(snapshot(5000, 757.0))
    assert words(text).endswith("15,000 requests in 12 min 37 s, 187,432 calls left today")


def test_no_line_of_the_bar_is_wider_than_the_terminal() -> None:
    counts = {Outcome.IN_PLACE: 900_000, Outcome.ON_HOLD_SHELF: 20_000, Outcome.LOST: 30_000, Outcome.NOT_FOUND: 4_000}
    text = drawn(snapshot(954_000, 1e5, total=1_000_000, counts=counts, unclear=5, throttled=7, eta_seconds=90_000.0))
    assert max(len(line) for line in re.split("[\r\n]", CONTROL.sub("", text))) <= 60


def test_a_sentence_scrolls_away_above_the_bar_and_commands_no_terminal() -> None:
    text = drawn(snapshot(1, 1.0), say="[red]cut[/red] to 18/s\x1b[2J\x07")
    assert "[red]cut[/red] to 18/s [2J" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text


def test_the_cursor_is_given_back_at_the_end() -> None:
    text = drawn(snapshot(1, 1.0))
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l") >= 0


def test_a_list_of_no_rows_has_a_bar_too() -> None:
    assert "0 of 0 100 %" in words(drawn(snapshot(0, 1.0, total=0, counts={})))
