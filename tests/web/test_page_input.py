"""Whatever somebody hands in: each gets a sentence with what to do, and the way back works."""

import random
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import Visitors, expect_count, expect_state, paste, preview, start, upload
from tests.web.server_process import ServerProcess

from almascan.simulator import Simulator, SimulatorConfig

pytestmark = NEEDS_CHROMIUM

NO_LISTS = {
    "empty.csv": b"",
    "photo.png": b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(4_000),
    "blank.txt": b"\n \n\n",
    "old.xls": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
    "broken.xlsx": b"PK\x03\x04 and nothing more",
}


def expect_problem(page: Page, *parts: str) -> None:
    """See a problem said, and nothing that only a programmer understands."""
    alert = page.get_by_role("alert").first
    for part in parts:
        expect(alert).to_contain_text(part)
    text = page.inner_text("main")
    for word in ("Traceback", "defect", "Error:", "Internal Server"):
        assert word not in text, text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty.csv", "empty"),
        ("photo.png", "picture"),
        ("blank.txt", "only blank rows"),
        ("old.xls", ".xlsx"),
        ("broken.xlsx", "workbook"),
    ],
)
def test_a_file_that_is_no_list_is_said_with_what_to_do_and_the_next_one_can_be_handed_in(
    visitors: Visitors, office_of_module: ServerProcess, tmp_path: Path, name: str, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(NO_LISTS[name])
    page = visitors.enter(office_of_module.new_link())
    upload(page, path)
    expect_problem(page, said)
    page.get_by_role("link", name="Hand in another list").click()
    expect(page.locator("input[type=file]")).to_be_visible()


def test_a_form_without_a_file_is_not_sent_and_is_answered_all_the_same(
    visitors: Visitors, office_of_module: ServerProcess
) -> None:
    page = visitors.enter(office_of_module.new_link())
    page.goto(f"{office_of_module.origin}/new")
    page.get_by_role("button", name="Go on").click()
    assert page.url.endswith("/new")
    page.evaluate("document.querySelector('input[type=file]').required = false")
    page.get_by_role("button", name="Go on").click()
    expect_problem(page, "No file was chosen: choose one")
    page.get_by_role("link", name="Back").click()
    expect(page.locator("input[type=file]")).to_be_visible()


def test_a_page_that_is_not_there_leads_to_the_runs(visitors: Visitors, office_of_module: ServerProcess) -> None:
    page = visitors.enter(office_of_module.new_link())
    page.goto(f"{office_of_module.origin}/nothing")
    expect_problem(page, "There is no such page")
    expect(page.get_by_role("link", name="Back")).to_have_count(0)
    page.get_by_role("link", name="To the runs").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()


def test_of_two_columns_of_barcodes_one_is_chosen(
    visitors: Visitors, office_of_module: ServerProcess, library: Simulator, tmp_path: Path
) -> None:
    barcodes = library.barcodes("in_transit", 3)
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for values in (("Barcode", "Item Barcode"), *((f"old{number}", each) for number, each in enumerate(barcodes))):
        sheet.append(values)
    path = tmp_path / "two.xlsx"
    workbook.save(path)
    page = visitors.enter(office_of_module.new_link())
    upload(page, path)
    page.get_by_label("Column of the barcodes").select_option("B")
    expect(page.locator("section", has_text="The first rows").locator("tbody td.name").first).to_have_text(barcodes[0])
    page.goto(page.url.partition("?")[0] + "?column=nothing")
    expect_problem(page, "nothing")
    page.get_by_label("Column of the barcodes").select_option("B")
    preview(page)
    expect_count(page, "To be scanned", 3)


def test_pasted_text_without_barcodes_is_said(visitors: Visitors, office_of_module: ServerProcess) -> None:
    page = visitors.enter(office_of_module.new_link())
    paste(page, ["   ", ""])
    expect_problem(page, "Nothing was pasted: paste the barcodes")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Barcodes", exact=True)).to_be_visible()


def test_twenty_thousand_rows_are_handed_in_and_previewed(
    visitors: Visitors, office_of_module: ServerProcess, library: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "large.csv"
    given = [f"9{number:013}" for number in range(19_990)] + library.barcodes("in_transit", 10)
    path.write_text("Barcode\n" + "\n".join(given), encoding="utf-8")
    page = visitors.enter(office_of_module.new_link())
    upload(page, path)
    expect(page.locator("dl.figures dd").first).to_have_text("20,000")
    preview(page, wait=False)
    expect_state(page, "looking")
    page.get_by_role("link", name="All rows").click()
    page.get_by_role("link", name="Next rows").click()
    expect(page.get_by_role("link", name="Row 200: its whole story")).to_be_visible()
    page.go_back()
    page.go_back()
    page.get_by_text("Stop for good", exact=True).click()
    page.get_by_role("button", name="Yes, stop for good").click()
    expect_state(page, "stopped for good")


def set_up(page: Page, address: str, key: str, *, replace: bool = False) -> None:
    page.get_by_role("link", name="Set-up").click()
    page.get_by_label("Name", exact=True).fill("other")
    if not page.get_by_label("Address", exact=True).is_visible():
        page.get_by_text("Another address").click()
    page.get_by_label("Address", exact=True).fill(address)
    page.get_by_label("API key").fill(key)
    page.get_by_label("In a file").check()
    page.get_by_label("Replace one of the same name").set_checked(replace)
    page.get_by_role("button", name="Check the key and keep it").click()


def test_a_key_or_an_address_that_does_not_work_is_said_and_can_be_mended(
    visitors: Visitors, newcomer: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(newcomer.link)
    for address, key, said in (
        (alma.base_url, "l8xxnosuchkey", "key"),
        ("http://127.0.0.1:9/almaws/v1", alma.keys["full"], "Check the address"),
        ("https://alma.example.org/x", alma.keys["full"], "alma.example.org"),
        ("nowhere", alma.keys["full"], "nowhere"),
    ):
        set_up(page, address, key)
        expect_problem(page, said)
        expect(page.get_by_label("Address", exact=True)).to_have_value(address)
        assert key not in page.content(), "a key is never shown again"
    set_up(page, alma.base_url, alma.keys["full"])
    expect(page.get_by_role("heading", name="What Alma says")).to_be_visible()


def test_a_key_of_another_institution_is_not_used_for_the_first_one(
    visitors: Visitors, newcomer: ServerProcess
) -> None:
    """Nor does a new key of the same one change the desk."""
    with Simulator(SimulatorConfig(institutions=2, items=100)) as both:
        page = visitors.enter(newcomer.link)
        set_up(page, both.base_url, both.keys["full"])
        page.get_by_label("Library").select_option(label="Main Library (MAIN)")
        page.get_by_label("Desk or department").select_option(label="Main Circulation Desk (DEFAULT_CIRC_DESK)")
        page.get_by_role("button", name="Keep the desk").click()
        set_up(page, both.base_url, both.institutions[1].keys["full"], replace=True)
        expect_problem(page, both.institutions[1].code, both.institution)
        set_up(page, both.base_url, both.keys["bibs_conf_read"], replace=True)
        expect(page.get_by_label("Desk or department")).to_have_value(f"desk:{both.circ_desk}")
        visitors.close()


def test_without_the_right_to_read_desks_their_codes_are_typed(
    visitors: Visitors, newcomer: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(newcomer.link)
    set_up(page, alma.base_url, alma.keys["bibs_only"])
    page.get_by_label("Library's code").fill(alma.library)
    page.get_by_label("Circulation desk's code").fill(alma.circ_desk)
    page.get_by_role("button", name="Keep the desk").click()
    barcodes = alma.barcodes("in_transit", 2)
    paste(page, barcodes)
    expect(page.get_by_text("their codes have to be typed")).to_be_visible()
    expect(page.get_by_label("Circulation desk's code")).to_have_value(alma.circ_desk)
    preview(page)
    start(page)
    expect_state(page, "finished")
    assert alma.scans() == dict.fromkeys(barcodes, 1)


def test_a_desk_that_does_not_exist_is_said_before_anything_is_sent(
    visitors: Visitors, newcomer: ServerProcess, alma: Simulator
) -> None:
    page = visitors.enter(newcomer.link)
    set_up(page, alma.base_url, alma.keys["bibs_only"])
    paste(page, alma.barcodes("in_transit", 2))
    page.get_by_role("button", name="Show what would happen").click()
    expect_problem(page, "desk")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Circulation desk's code")).to_be_visible()
