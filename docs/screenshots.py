"""Makes the pictures of the page that the guides show: ``python -m docs.screenshots``, or ``make screenshots``.

A page of its own is served against the simulator that it brings along, and gone through as "Your first batch" says. The
simulator's items and the list are the same each time; dates and times are those of the day.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright
from tests.web.server_process import ServerProcess

IMAGES = Path(__file__).resolve().parent / "images"
WIDTH, HEIGHT = 1100, 750
LARGEST_BYTES = 150_000
PERSON = "ada"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
_BARS_MS = 6_000
"""Until the chart of a run has something to show."""
_RUN_MS = 120_000


def main() -> int:
    """Make all pictures; return the exit code."""
    parser = argparse.ArgumentParser(description="Make the pictures of the page.")
    parser.add_argument("--folder", type=Path, default=IMAGES, help="Where they go.")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with served_page() as (page, link):
        walk(page, link, folder)
    heavy = [path.name for path in folder.glob("*.png") if path.stat().st_size > LARGEST_BYTES]
    if heavy:
        sys.stderr.write(f"Larger than {LARGEST_BYTES} bytes: {', '.join(heavy)}. Show less on them.\n")
    return 1 if heavy else 0


@contextmanager
def served_page() -> Iterator[tuple[Page, str]]:
    """Serve the page for a newcomer, and give a window on it and the link that opens it."""
    chromium = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if chromium is None:
        sys.exit("This needs Chromium: make system-packages")
    variables = {"LOGNAME": PERSON, "USER": PERSON, "USERNAME": PERSON}
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess(Path(folder), variables=variables) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_OPTIONS))
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", locale="en", reduced_motion="reduce"
        )
        yield context.new_page(), server.link


def walk(page: Page, link: str, folder: Path) -> None:
    """Go through the page as "Your first batch" does, and take a picture at each stop."""

    def shoot(name: str, at: str = "body") -> None:
        page.evaluate("document.activeElement.blur()")
        page.locator(at).first.evaluate("place => window.scrollTo(0, place.getBoundingClientRect().top + scrollY - 12)")
        page.screenshot(path=folder / f"{name}.png")

    page.goto(link)
    shoot("set-up")
    page.locator("form[action='/new/practice'] button").first.click()
    page.wait_for_selector("#found")
    shoot("list")
    shoot("where-and-how", "[aria-labelledby=order]")
    page.locator("main button.primary").click()
    page.wait_for_selector(".chip.planned", timeout=_RUN_MS)
    shoot("preview")
    page.click("#go-resume")
    page.wait_for_selector(".chip.running")
    page.wait_for_timeout(_BARS_MS)
    shoot("running")
    page.wait_for_selector(".chip.finished", timeout=_RUN_MS)
    shoot("finished")
    run = page.url
    page.goto(f"{run}/rows?show=in-place")
    page.locator("tbody a").first.click()
    shoot("row")
    scan_by_hand(page, run)
    shoot("scanner", "[aria-labelledby=scan]")


def scan_by_hand(page: Page, run: str) -> None:
    """Scan a few of a run's items as a handheld scanner does: one on loan, one requested, one twice, one unknown."""
    barcodes = [first_barcode(page, run, outcome) for outcome in ("on-loan", "requested", "missing")]
    page.goto(run.partition("/runs/")[0] + "/scanner")
    page.locator("main button.primary").click()
    page.wait_for_selector("#barcode")
    for barcode in (*barcodes, "30121000000001", barcodes[0]):
        page.fill("#barcode", barcode)
        page.keyboard.press("Enter")
    expect(page.locator(".answers .mark")).to_have_count(5, timeout=_RUN_MS)
    page.wait_for_timeout(1_500)


def first_barcode(page: Page, run: str, outcome: str) -> str:
    """Give the barcode of the first row of a run with an outcome."""
    page.goto(f"{run}/rows?show={outcome}")
    return page.locator("tbody .name").first.inner_text()


if __name__ == "__main__":
    sys.exit(main())
