"""Other ways through the page: without JavaScript, and with the keyboard alone."""

from playwright.sync_api import Page, expect
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import (
    Visitors,
    expect_count,
    expect_state,
    find_barriers,
    paste,
    picture,
    reload_until,
    wait_for_done,
)
from tests.web.server_process import ServerProcess

from almascan.simulator import Simulator

pytestmark = NEEDS_CHROMIUM
MOST_TABS = 60


def test_without_javascript_the_first_batch_is_scanned_by_loading_the_page_anew(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    barcodes = alma.barcodes("in_transit", 15)
    page = visitors.enter(office.link, java_script_enabled=False)
    paste(page, barcodes)
    page.get_by_role("button", name="Show its desks").click()
    page.get_by_role("button", name="Show what would happen").click()
    reload_until(page, "previewed")
    expect_count(page, "To be scanned", 15)
    page.locator("#go-first").click()
    reload_until(page, "paused")
    page.get_by_role("link", name="To be scanned").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Leave the chosen rows out").click()
    page.get_by_role("link", name="Run 1", exact=True).click()
    page.locator("#go-resume").click()
    reload_until(page, "finished")
    expect_count(page, "In place", 14)
    expect_count(page, "Left out", 1)
    assert len(alma.scans()) == alma.stats()["scans"] == 14


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus, and see each time that the focus can be seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "() => { const at = document.activeElement, label = at.labels?.[0];"
            " return (label ?? at).textContent.trim() || at.ariaLabel || at.id }"
        )
        if name in said:
            check_focus_is_visible(page)
            return
    raise AssertionError(f'Tab does not lead to "{name}"')


def go(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus, then Enter, which leads to another page."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def check_focus_is_visible(page: Page) -> None:
    """See a ring round what has the focus, inside the window."""
    outline = page.evaluate(
        "() => { const style = getComputedStyle(document.activeElement), box = document.activeElement.getBoundingClientRect();"
        " return [style.outlineStyle, parseFloat(style.outlineWidth), box.width, box.bottom > 0, box.top < innerHeight] }"
    )
    assert outline[0] == "solid"
    assert outline[1] >= 2
    assert outline[2] > 0
    assert outline[3:] == [True, True]


def test_with_the_keyboard_alone_a_list_is_scanned_from_the_link_to_the_end(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(office.link)
    keys = page.keyboard
    tab_to(page, "Go to the content")
    keys.press("Enter")
    go(page, "New run")
    go(page, "Pasted barcodes")
    tab_to(page, "Barcodes")
    for barcode in alma.barcodes("in_transit", 12):
        keys.type(barcode)
        keys.press("Enter")
    go(page, "Go on")
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    tab_to(page, "Desk or department")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    tab_to(page, "Items stuck in transit")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    go(page, "Show what would happen")
    expect_state(page, "previewed")
    go(page, "Start with the first 10")
    expect_state(page, "paused")
    expect_count(page, "In place", 10)
    go(page, "Resume")
    expect_state(page, "finished")
    expect_count(page, "In place", 12)
    tab_to(page, "Report to read and print")
    assert alma.stats()["items_scanned_twice"] == 0


def test_the_focus_and_what_is_unfolded_stay_while_the_page_changes(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(office.link)
    paste(page, alma.barcodes("missing", 3) + alma.barcodes("in_transit", 400))
    page.get_by_role("button", name="Show what would happen").click()
    for within, role, name in (
        ("#part-controls", "button", "Pause"),
        ("#part-outcomes", "link", "Missing"),
    ):
        element = page.locator(within).get_by_role(role, name=name)  # type: ignore[arg-type]
        element.focus()
        before = page.locator("#part-progress").inner_text()
        page.wait_for_function("text => document.querySelector('#part-progress').innerText !== text", arg=before)
        page.wait_for_timeout(1_100)
        expect(element).to_be_focused()
    stop = page.get_by_text("Stop for good", exact=True)
    stop.focus()
    page.keyboard.press("Enter")
    expect_state(page, "previewed", 30_000)
    expect(page.get_by_role("button", name="Yes, stop for good")).to_be_visible()
    expect(stop).to_be_focused()


def test_nobody_is_kept_out_of_a_run_that_works(visitors: Visitors, office: ServerProcess, alma: Simulator) -> None:
    page = visitors.enter(office.link)
    paste(page, alma.barcodes("in_transit", 200) + alma.barcodes("on_loan", 5))
    page.get_by_role("button", name="Show what would happen").click()
    expect_state(page, "previewed", 30_000)
    # So slowly that it still works when all has been looked at, however long that takes.
    page.get_by_text("What it was asked to do, and its list", exact=True).click()
    page.get_by_label("Requests a second at most").fill("4")
    page.get_by_role("button", name="Change the pace").click()
    expect_state(page, "previewed")
    page.locator("#go-resume").click()
    wait_for_done(page, 20)
    assert find_barriers(page) == []
    picture(page, "run-live")
    expect_state(page, "scanning")
