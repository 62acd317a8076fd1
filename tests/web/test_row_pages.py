"""A long run's rows, turned page by page as a person turns them: each that is asked for once, in their order."""

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from tests.web.stocked import RUNS, Stocked, add_run, stocked

from almascan.journal import Change, Journal
from almascan.model import Desk, Item, Order, Outcome, Row, RowState, Run, RunState
from almascan.report.summary import needs_person
from almascan.simulator import Simulator, SimulatorConfig

ROWS = 4_000
RUN = len(RUNS) + 1
ANSWERS = (
    *[Outcome.IN_PLACE] * 11,
    *[Outcome.ON_LOAN, Outcome.NOT_FOUND, Outcome.BAD_BARCODE, Outcome.ON_HOLD_SHELF],
    *[None] * 5,
)
OPEN = (RowState.NEW, RowState.READY, RowState.UNCLEAR, RowState.LOCATED)
_LISTED = re.compile(rf'href="/runs/{RUN}/rows/(\d+)"')
_NEXT = re.compile(rf'href="(/runs/{RUN}/rows\?[^"]*after=[^"]*)"')

Wanted = Callable[[Row], bool]
FILTERS: dict[str, tuple[dict[str, str], Wanted]] = {
    "all": ({}, lambda _row: True),
    "a common answer": ({"show": "in-place"}, lambda row: row.outcome is Outcome.IN_PLACE),
    "an answer of one row in twenty": ({"show": "on-loan"}, lambda row: row.outcome is Outcome.ON_LOAN),
    "not tried": ({"show": "not-tried"}, lambda row: row.answer is Outcome.NOT_TRIED),
    "unclear": ({"show": "unclear"}, lambda row: row.answer is Outcome.UNCLEAR),
    "planned": ({"show": "planned"}, lambda row: row.state is RowState.READY),
    "for a person": ({"show": "person"}, lambda row: needs_person(row.answer)),
    "a text of a title": ({"find": "TITEL 77"}, lambda row: "77" in str(row.row)[:2]),
    "a text of a barcode": ({"find": "0099"}, lambda row: "0099" in row.barcode),
    "a text and an answer": (
        {"show": "in-place", "find": "99"},
        lambda row: row.outcome is Outcome.IN_PLACE and "99" in row.barcode,
    ),
    "an answer that no row has": ({"show": "lost"}, lambda _row: False),
}


def make_rows() -> Iterator[Row]:
    for number in range(1, ROWS + 1):
        outcome = ANSWERS[number * 7 % len(ANSWERS)]
        state = RowState(outcome.group.value) if outcome else OPEN[number % len(OPEN)]
        item = Item("99", "22", f"23{number}", f"{number:08d}", "1", library="MAIN", title=f"Titel {number}")
        yield Row(
            0,
            number,
            state,
            outcome,
            f"{number:08d}",
            f"{number:08d}",
            before=item,
            finished_at=1.7e9 if outcome else None,
        )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stocked]:
    with (
        Simulator(SimulatorConfig(items=1000, per_second=0)) as simulator,
        stocked(tmp_path_factory.mktemp("page"), simulator) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def journal(page: Stocked) -> Iterator[Journal]:
    """Another process's, as it were, on the same file."""
    opened = Journal(page.folder / "journal.db", create=False)
    order = Order(Desk("MAIN", "DESK"))
    run = Run(
        0, "01LONG", "http://127.0.0.1:9", "sandbox", RunState.LOADING, "long.csv", "", {}, order, 0, "ada", 1.7e9
    )
    assert add_run(opened, run, list(make_rows())) == RUN
    opened.change_run(RUN, state=RunState.PAUSED)
    yield opened
    opened.close()


def turn(page: Stocked, query: dict[str, str]) -> Iterator[list[int]]:
    """Open the rows and follow the link to the next page until there is none; give what each page lists."""
    path: str | None = f"/runs/{RUN}/rows?{urlencode(query)}"
    while path is not None:
        answer = page.get(path)
        assert answer.status == 200
        shown = answer.body.decode()
        yield [int(number) for number in _LISTED.findall(shown)]
        following = _NEXT.search(shown)
        path = html.unescape(following.group(1)) if following else None


@pytest.mark.parametrize("kind", FILTERS)
def test_the_pages_of_a_filter_list_each_of_its_rows_once_and_in_order(
    page: Stocked, journal: Journal, kind: str
) -> None:
    query, is_wanted = FILTERS[kind]
    listed = [number for numbers in turn(page, query) for number in numbers]
    assert listed == [row.row for row in journal.rows(RUN) if is_wanted(row)]


def test_a_page_is_full_unless_it_is_the_last(page: Stocked, journal: Journal) -> None:
    assert journal.run(RUN).rows == ROWS
    sizes = [len(numbers) for numbers in turn(page, {"show": "on-loan"})]
    assert sizes == [100, 100]


def test_rows_that_are_answered_meanwhile_push_no_other_off_the_pages(page: Stocked, journal: Journal) -> None:
    untried = [row for row in journal.rows(RUN) if row.answer is Outcome.NOT_TRIED]
    listed: list[int] = []
    for numbers in turn(page, {"show": "not-tried"}):
        listed += numbers
        seen = {row.row: row for row in untried if row.row in numbers}
        # Half of what has just been shown is left out before the next page is opened.
        changes = [
            Change(row.to(RowState.SKIPPED, outcome=Outcome.LEFT_OUT), row.state) for row in list(seen.values())[::2]
        ]
        assert None in journal.save(changes)
    assert listed == [row.row for row in untried]


@pytest.mark.parametrize("path", [f"/runs/{RUN}", f"/runs/{RUN}/rows", f"/runs/{RUN}/rows/1"])
def test_the_banner_of_a_runs_pages_names_the_runs_own_alma(page: Stocked, journal: Journal, path: str) -> None:
    assert journal.run(RUN).institution == "01LONG"
    where = re.search(r'<div class="where (\w+)"[^>]*>(.*?)</div>', page.get(path).body.decode(), re.DOTALL)
    assert where is not None
    assert where[1] == "simulated"
    assert "01LONG" in where[2]
