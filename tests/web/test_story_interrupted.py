"""A run that is paused, watched by several people, and that outlives the server it was begun on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import (
    Visitors,
    done_rows,
    expect_count,
    expect_state,
    paste,
    preview,
    start,
    wait_for_done,
)
from tests.web.server_process import ServerProcess

from almascan.simulator import Simulator

pytestmark = NEEDS_CHROMIUM
ROWS = 300
"""At 100 requests a second the scans take so long that a busy browser has time to act before they are done."""
LONG_ROWS = 600
"""Enough for three pages of a busy browser to see that it works."""


def begin(page: Page, simulator: Simulator) -> None:
    """Scan as many items as ``ROWS``, until some are done."""
    paste(page, simulator.barcodes("in_transit", ROWS))
    preview(page)
    start(page)
    wait_for_done(page, 20)


def open_run(page: Page, origin: str, name: str) -> None:
    """Open a run by its list's name, as soon as it is among the runs."""
    page.goto(origin)
    while not page.get_by_role("link", name=name).count():
        page.wait_for_timeout(200)
        page.goto(origin)
    page.get_by_role("link", name=name).click()


def check_each_once(simulator: Simulator, rows: int = ROWS) -> None:
    """See that each item was scanned, and none twice."""
    assert simulator.scans() == dict.fromkeys(simulator.scans(), 1)
    assert len(simulator.scans()) == rows


def test_it_is_paused_and_resumed_after_the_page_was_loaded_anew(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(office.link)
    begin(page, alma)
    page.get_by_role("button", name="Pause").click()
    expect_state(page, "paused")
    expect(page.get_by_text("Resume goes on where it stopped")).to_be_visible()
    page.reload()
    expect_state(page, "paused")
    done = done_rows(page)
    assert 0 < done < ROWS
    start(page)
    wait_for_done(page, done + 10)
    page.reload()
    assert done_rows(page) >= done
    expect_state(page, "finished")
    check_each_once(alma)


def test_a_second_tab_and_a_second_person_see_the_same_and_may_pause_it(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(office.link)
    paste(page, alma.barcodes("in_transit", LONG_ROWS))
    preview(page)
    tab = page.context.new_page()
    tab.goto(page.url)
    colleague = visitors.enter(office.new_link())
    colleague.get_by_role("link", name="Pasted barcodes").click()
    expect_state(colleague, "previewed")
    start(page)
    for each in (page, tab, colleague):
        expect_state(each, "scanning")
    colleague.get_by_role("button", name="Pause").click()
    for each in (page, tab, colleague):
        expect_state(each, "paused")
    expect(page.locator("#part-status")).to_have_text(tab.locator("#part-status").inner_text(), use_inner_text=True)
    start(tab)
    for each in (page, tab, colleague):
        expect_state(each, "finished")
        expect_count(each, "In place", LONG_ROWS)
    check_each_once(alma, LONG_ROWS)


@pytest.mark.parametrize("end", [ServerProcess.kill, ServerProcess.end], ids=["killed", "ended"])
def test_an_open_page_outlives_its_server_and_the_run_is_resumed_without_a_double(
    visitors: Visitors, office: ServerProcess, alma: Simulator, end: Callable[[ServerProcess], object]
) -> None:
    visitors.forgiven.append("Failed to load resource: net::ERR_")
    page = visitors.enter(office.link)
    begin(page, alma)
    end(office)
    expect(page.get_by_text("The connection to almascan's server is lost")).to_be_visible()
    office.start()
    expect(page.get_by_text("The connection to almascan's server is lost")).to_be_hidden()
    expect_state(page, "interrupted" if end is ServerProcess.kill else "paused")
    expect(page.get_by_text("Resume goes on where it stopped")).to_be_visible()
    assert len(alma.scans()) < ROWS
    start(page)
    expect_state(page, "finished")
    expect_count(page, "In place", ROWS)
    check_each_once(alma)


def test_a_run_that_a_terminal_works_on_is_watched_and_paused_on_the_page(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    file = office.folder / "list.txt"
    file.write_text("\n".join(alma.barcodes("in_transit", 400)), encoding="utf-8")
    page = visitors.enter(office.link)
    with office.begin_command("scan", str(file), "--yes") as terminal:
        open_run(page, office.origin, "list.txt")
        expect_state(page, "scanning")
        expect(page.get_by_text("It is worked on elsewhere")).to_be_visible()
        wait_for_done(page, 5)
        page.get_by_role("button", name="Pause").click()
        expect_state(page, "paused")
        assert terminal.wait(timeout=60) != 0
    assert 5 <= done_rows(page) < 400
    assert alma.stats()["items_scanned_twice"] == 0


def test_ten_books_overtake_a_batch_of_thousands_that_a_terminal_left_for_the_page(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    barcodes = alma.barcodes("in_transit", 1_000)
    file = office.folder / "night.txt"
    file.write_text("\n".join(barcodes[10:] + alma.barcodes("in_place", 1_500)), encoding="utf-8")
    page = visitors.enter(office.link)
    paste(page, barcodes[:1], "the first")
    preview(page)
    said = office.command("scan", str(file), "--yes", "--queue")
    assert said.returncode == 0, said.stderr
    night = page.context.new_page()
    open_run(night, office.origin, "night.txt")
    expect_state(night, "scanning")
    wait_for_done(night, 1)
    paste(page, barcodes[:10], "ten books")
    preview(page)
    start(page)
    expect_state(page, "finished")
    expect_count(page, "In place", 10)
    expect_state(night, "scanning")
    assert done_rows(night) < 1_200
    night.get_by_role("button", name="Pause").click()
    expect_state(night, "paused")
    assert alma.stats()["items_scanned_twice"] == 0
