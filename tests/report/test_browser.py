"""The page in a real browser: the filter, the content policy, a narrow screen, paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.chromium import NEEDS_CHROMIUM, chromium
from tests.report.samples import a_row, an_item, written

from almascan.model import Outcome
from almascan.report.html_report import write_html

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def report(tmp_path: Path) -> Path:
    rows = [
        a_row(number, before=an_item(title=f"Volume {name}"))
        for number, name in enumerate(("alpha", "beta", "gamma"), 1)
    ]
    rows += [
        a_row(4, Outcome.NOT_FOUND, alma_message="No items found for barcode 30112000000004."),
        a_row(5, Outcome.ON_LOAN, before=an_item(title="<b>A title</b> " + "without an end " * 20)),
    ]
    path = tmp_path / "report.html"
    path.write_bytes(written(write_html, rows).encode())
    return path


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != report.as_uri() else None)
    page.goto(report.as_uri())
    yield page
    page.close()
    assert complaints == []


def test_the_filter_finds_rows_by_their_text_and_by_their_outcome(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("5 of 5 rows shown")
    page.get_by_label("Find").fill("VOLUME  beta")
    expect(page.get_by_role("status")).to_have_text("1 of 5 rows shown")
    expect(page.get_by_text("30112000000002")).to_be_visible()
    expect(page.get_by_text("30112000000001")).to_be_hidden()
    page.get_by_label("Find").fill("")
    page.get_by_label("Show").select_option("person")
    expect(page.get_by_role("status")).to_have_text("2 of 5 rows shown")
    page.get_by_label("Show").select_option("not-found")
    expect(page.get_by_text("No items found for barcode")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("1 of 5 rows shown")


@pytest.mark.parametrize("width", [360, 600, 1200])
def test_no_width_needs_scrolling_to_the_side(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_without_javascript_every_row_is_there_and_no_filter(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    expect(page.get_by_text("30112000000005")).to_be_visible()
    expect(page.locator("#filter")).to_be_hidden()
    context.close()


def test_on_paper_the_rows_stay_and_the_controls_go(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.get_by_text("30112000000005")).to_be_visible()
    expect(page.locator("#filter")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, report: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(report.as_uri())
    names = ("ink", "soft", "focus", "done", "attention", "skipped", "failed", "open")
    read = "name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()"
    grounds = [_luminance(page.evaluate(read, ground)) for ground in ("card", "paper")]
    for name in names:
        colour = _luminance(page.evaluate(read, name))
        for ground in grounds:
            lighter, darker = max(colour, ground), min(colour, ground)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name
    context.close()


def _luminance(colour: str) -> float:
    """Give the relative luminance of ``#rrggbb`` as the accessibility guidelines (WCAG) define it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
