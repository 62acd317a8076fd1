"""The first batch, by somebody who knows nothing but the page; in a real browser, with the simulator's own counts."""

import csv
import json
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import (
    Visitors,
    choose_practice,
    expect_count,
    expect_state,
    preview,
    simulator_said,
    start,
    take_report,
    upload,
)
from tests.web.server_process import ServerProcess

from almascan.journal import Journal
from almascan.simulator import Simulator

pytestmark = NEEDS_CHROMIUM
PRACTICE_MS = 40_000
"""The simulator of the page allows 25 requests a second, as Alma does."""


def practice_control(server: ServerProcess) -> str:
    """Give the control plane of the simulator in the page's process."""
    journal = Journal(server.journal)
    try:
        return journal.run(1).base_url.removesuffix("/almaws/v1") + "/simulator"
    finally:
        journal.close()


def leave_one_out(page: Page) -> str:
    """Leave the first row that is to be scanned out; return its barcode."""
    page.get_by_role("link", name="To be scanned").click()
    line = page.locator("tbody tr").first
    barcode = line.locator(".name").inner_text()
    line.get_by_role("checkbox").check()
    page.get_by_role("button", name="Leave the chosen rows out").click()
    expect(page.get_by_text(barcode)).to_have_count(0)
    page.get_by_role("link", name="Run 1", exact=True).click()
    return barcode


def check_list_page(page: Page) -> None:
    """See that what was found is said, damaged rows with their lines."""
    figures = page.locator("dl.figures")
    for name, number in (("Rows", 200), ("Duplicates", 7), ("Damaged", 4)):
        expect(figures.locator("div").filter(has_text=name).locator("dd")).to_have_text(str(number))
    damaged = page.locator("details", has_text="rows that cannot be used")
    expect(damaged.locator("tbody td:first-child")).to_have_text(["73", "82", "89", "199"])
    expect(damaged).to_contain_text("A spreadsheet rounded the barcode to 3.01211E+13")


def check_preview(page: Page) -> None:
    """See that counts and warnings are there, and what it would take."""
    expect_count(page, "To be scanned", 141)
    expect_count(page, "Requested", 10)
    expect_count(page, "On loan", 12)
    expect(page.get_by_text("10 items are requested and held back")).to_be_visible()
    expect(page.get_by_text("cannot be backdated").first).to_be_visible()
    expect(page.get_by_text("A scan tells Alma: this item is in my hands")).to_be_visible()
    expect(page.locator("dl.figures div").filter(has_text="Requests")).to_contain_text("282")


def check_reports(page: Page, folder: Path, rows: int) -> None:
    """Take every report away, and read each as its reader would."""
    assert take_report(page, "Report to read and print").read_text(encoding="utf-8").startswith("<!doctype html>")
    workbook = folder / "report.xlsx"
    workbook.write_bytes(take_report(page, "Report for Excel").read_bytes())
    assert openpyxl.load_workbook(workbook).sheetnames[0] == "Summary"
    with take_report(page, "Table (CSV)").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == rows
    assert len(json.loads(take_report(page, "Data (JSON)").read_bytes())["rows"]) == rows
    assert take_report(page, "Shelf list").read_bytes()


def test_a_newcomer_scans_the_first_batch_on_the_simulator(
    visitors: Visitors, newcomer: ServerProcess, tmp_path: Path
) -> None:
    page = visitors.enter(newcomer.link)
    expect(page).to_have_title("Set-up - almascan")
    choose_practice(page)
    check_list_page(page)
    preview(page)
    check_preview(page)
    left_out = leave_one_out(page)
    expect_count(page, "To be scanned", 140)
    shelf = take_report(page, "Shelf list").read_text(encoding="utf-8-sig")
    assert (shelf.count("\n"), left_out in shelf) == (141, False)

    page.locator("#go-first").click()
    expect_state(page, "paused")
    expect_count(page, "In place", 10)
    start(page)
    expect_state(page, "finished", PRACTICE_MS)
    expect_count(page, "In place", 140)
    expect_count(page, "Left out", 1)
    page.locator("#part-person").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Its whole story")).to_be_visible()
    expect(page.get_by_text("Check the barcode letter by letter").first).to_be_visible()
    page.get_by_role("link", name="Run 1", exact=True).click()
    check_reports(page, tmp_path, 200)
    stats = simulator_said(practice_control(newcomer), "stats")
    assert (stats["scans"], stats["items_scanned_twice"], stats["letters"], stats["loans_returned"]) == (140, 0, 0, 0)


def test_the_work_is_watched_as_it_goes_on(visitors: Visitors, office: ServerProcess, alma: Simulator) -> None:
    page = visitors.enter(office.link)
    file = office.folder / "list.txt"
    file.write_text("\n".join(alma.barcodes("in_transit", 200)), encoding="utf-8")
    upload(page, file)
    preview(page)
    page.evaluate("window.stays = true")
    watched = "#part-status, #part-progress"
    start(page)
    page.wait_for_load_state()
    page.evaluate("() => { window.seen = new Set(); window.stays = true }")
    page.evaluate(
        "watched => { const look = () => { for (const part of document.querySelectorAll(watched)) window.seen.add(part.textContent) };"
        " look(); for (const part of document.querySelectorAll(watched)) new MutationObserver(look).observe(part, {childList: true}) }",
        watched,
    )
    expect_state(page, "finished")
    assert page.evaluate("window.stays"), "the page was not loaded anew"
    assert page.evaluate("window.seen.size") > 4
    assert alma.stats()["items_scanned_twice"] == 0


def write_workbook(path: Path, barcodes: list[str]) -> None:
    """Write a spreadsheet as a library has it: titles, shelf marks, and text cells of barcodes."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["Title", "Shelf mark", "Barcode"])
    for number, barcode in enumerate(barcodes, 1):
        sheet.append([f"Volume {number}", f"QA {number}", barcode])
    workbook.save(path)


def set_up(page: Page, simulator: Simulator, key: str) -> None:
    """Add an Alma by its address and key, kept in a file."""
    page.get_by_label("Name", exact=True).fill("library")
    page.get_by_text("Another address").click()
    page.get_by_label("Address", exact=True).fill(simulator.base_url)
    page.get_by_label("API key").fill(key)
    page.get_by_label("In a file").check()
    page.get_by_role("button", name="Check the key and keep it").click()


def test_somebody_scans_the_first_batch_on_the_own_alma(
    visitors: Visitors, newcomer: ServerProcess, alma: Simulator, tmp_path: Path
) -> None:
    workbook = tmp_path / "Stuck items.xlsx"
    barcodes = alma.barcodes("in_transit", 12)
    write_workbook(workbook, barcodes)
    page = visitors.enter(newcomer.link)
    set_up(page, alma, alma.keys["full"])
    expect(page.get_by_text("Simulated University").first).to_be_visible()
    page.get_by_label("Library").select_option(label="Main Library (MAIN)")
    page.get_by_label("Desk or department").select_option(label="Main Circulation Desk (DEFAULT_CIRC_DESK)")
    page.get_by_role("button", name="Keep the desk").click()
    upload(page, workbook)
    expect(page.get_by_role("heading", level=1)).to_have_text("Stuck items.xlsx")
    expect(page.get_by_label("Library")).to_have_value("MAIN")
    preview(page)
    start(page)
    expect_state(page, "finished")
    expect_count(page, "In place", 12)
    assert alma.scans() == dict.fromkeys(barcodes, 1)
    assert alma.keys["full"] not in page.content()
