"""What the page tells of the rows taken together."""

from datetime import UTC

from tests.report.samples import a_row, an_item

from almascan.model import Outcome
from almascan.report.figures import BARS, PULL_LIST_ROWS, Figures


def test_the_pull_list_is_by_title_and_says_what_it_leaves_out() -> None:
    figures = Figures()
    for number in range(PULL_LIST_ROWS + 3):
        figures.take(a_row(number, Outcome.ON_HOLD_SHELF, after=an_item(title=f"Title {number % 7}")))
    titles = [pull.title for pull in figures.pull_list()]
    assert titles == sorted(titles)
    assert (len(titles), figures.pull_left_out) == (PULL_LIST_ROWS, 3)


def test_items_are_counted_by_the_library_they_belong_to() -> None:
    figures = Figures()
    for name in ("Main", "Law", "Main"):
        figures.take(a_row(1, after=an_item(library_name=name)))
    assert figures.libraries() == [("Main", 2), ("Law", 1)]


def test_the_rate_has_at_most_so_many_bars_and_loses_no_row() -> None:
    figures = Figures()
    for second in range(0, 20_000, 4):
        figures.take(a_row(second + 1, pid="23", finished_at=1_800_000_000.0 + second))
    bars = figures.rate(UTC)
    assert 20 < len(bars) <= BARS
    assert all(13 < bar.per_minute < 16 for bar in bars[1:-1])
    assert max(bar.height for bar in bars) == 40


def test_a_short_run_has_no_course() -> None:
    figures = Figures()
    figures.take(a_row(1, pid="23", finished_at=1_800_000_000.0))
    assert figures.rate(UTC) == []
