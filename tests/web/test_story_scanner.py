"""A session with a handheld scanner: barcodes come quickly, and each has its answer."""

from playwright.sync_api import Page, expect
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import Visitors, expect_count, expect_state, reload_until
from tests.web.server_process import ServerProcess

from almascan.simulator import Simulator

pytestmark = NEEDS_CHROMIUM


def begin(page: Page) -> None:
    page.get_by_role("link", name="Scanner", exact=True).click()
    page.get_by_label("Items stuck in transit").check()
    page.get_by_role("button", name="Begin scanning").click()
    expect(page.get_by_label("Barcode, then Enter")).to_be_focused()


def test_ten_barcodes_that_come_quickly_are_all_answered_and_the_field_stays_ready(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    barcodes = alma.barcodes("in_transit", 10)
    page = visitors.enter(office.link)
    begin(page)
    for barcode in [*barcodes, barcodes[0], "3.01211E+13", alma.barcodes("unknown", 1)[0]]:
        page.keyboard.type(barcode)
        page.keyboard.press("Enter")
    for label, rows in (("In place", 10), ("Duplicate", 1), ("Bad barcode", 1), ("Not found", 1)):
        expect_count(page, label, rows)
    expect(page.get_by_label("Barcode, then Enter")).to_be_focused()
    expect(page.locator("#part-latest li").first).to_contain_text("Not found")
    page.get_by_role("button", name="End the session").click()
    expect_state(page, "finished")
    expect(page.get_by_label("Barcode, then Enter")).to_have_count(0)
    assert alma.scans() == dict.fromkeys(barcodes, 1)


def test_a_barcode_that_comes_while_the_server_is_away_is_kept_and_sent_again(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    visitors.forgiven.append("Failed to load resource: net::ERR_")
    page = visitors.enter(office.link)
    begin(page)
    office.kill()
    page.keyboard.type(alma.barcodes("in_transit", 1)[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text("the barcode is kept and sent again")).to_be_visible()
    office.start()
    expect(page.get_by_text("was taken")).to_be_visible()
    expect_state(page, "interrupted")
    page.get_by_role("button", name="Resume", exact=True).click()
    expect_count(page, "In place", 1)
    assert alma.stats()["scans"] == 1


def test_without_javascript_each_barcode_is_answered_by_the_next_page(
    visitors: Visitors, office: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(office.link, java_script_enabled=False)
    begin(page)
    barcodes = alma.barcodes("in_transit", 2)
    for barcode in (*barcodes, barcodes[0]):
        page.get_by_label("Barcode, then Enter").press_sequentially(barcode)
        page.keyboard.press("Enter")
        expect(page.locator("#part-latest li").first).to_contain_text(barcode)
    expect_count(page, "In place", 2)
    expect_count(page, "Duplicate", 1)
    page.get_by_role("button", name="End the session").click()
    reload_until(page, "finished")
    assert alma.scans() == dict.fromkeys(barcodes, 1)
