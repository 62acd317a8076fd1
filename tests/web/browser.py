"""Chromium, somebody who uses the page in it, and the steps that the stories are made of."""

import json
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "test-results" / "screenshots"
PATIENCE_MS = 60_000
_OWN_NOISE = ("Failed to load resource: the server responded with a status of 4",)
"""What Chromium itself writes when a page is answered with an error's status, as it should be."""
_WITHOUT_NETWORK = ("data:", "blob:", "about:")


class Visitors:
    """Gives browsers, one a person, and keeps every complaint: of scripts, of the content policy, of other addresses.

    Args:
        browser: Chromium.

    Attributes:
        complaints: What no test forgives.
        forgiven: Beginnings of what a test expects the console to say.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._said: list[str] = []
        self.forgiven: list[str] = list(_OWN_NOISE)

    @property
    def complaints(self) -> list[str]:
        """What was complained of and not forgiven."""
        return [each for each in self._said if not each.startswith(tuple(self.forgiven))]

    def enter(self, link: str, **options: Any) -> Page:
        """Open a link in a browser of its own; ``options`` are Playwright's of a context."""
        page = self.page(link, **options)
        page.goto(link)
        return page

    def page(self, address: str, cookie: str = "", **options: Any) -> Page:
        """Give a tab of a new browser that may ask the origin of ``address`` alone, with a cookie ("name=value")."""
        usual: dict[str, Any] = {"viewport": {"width": 1200, "height": 900}, "accept_downloads": True}
        context = self._browser.new_context(**(usual | options))
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        origin = "/".join(address.split("/")[:3])
        context.on("console", lambda message: self._said.append(message.text))
        context.on("weberror", lambda error: self._said.append(str(error.error)))
        context.on("request", lambda request: self._note_request(request.url, origin))
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": origin}])
        return context.new_page()

    def close(self) -> None:
        """Close all of them."""
        while self._contexts:
            self._contexts.pop().close()

    def _note_request(self, url: str, origin: str) -> None:
        if not url.startswith((f"{origin}/", *_WITHOUT_NETWORK)):
            self._said.append(f"asked another address: {url}")


# Steps


def choose_practice(page: Page) -> None:
    """Follow the newcomer's way to the ready list."""
    page.get_by_role("button", name="Try it with the ready list").click()


def upload(page: Page, path: Path) -> None:
    """Hand a file in."""
    page.get_by_role("link", name="New run").first.click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Go on").click()


def paste(page: Page, barcodes: Iterable[str], name: str = "") -> None:
    """Hand pasted barcodes in."""
    page.get_by_role("link", name="New run").first.click()
    page.get_by_role("link", name="Pasted barcodes").click()
    page.get_by_label("Barcodes", exact=True).fill("\n".join(barcodes))
    page.get_by_label("What to call the list").fill(name)
    page.get_by_role("button", name="Go on").click()


def preview(page: Page, *, wait: bool = True) -> None:
    """Have what would happen shown."""
    page.get_by_role("button", name="Show what would happen").click()
    if wait:
        expect_state(page, "previewed")


def start(page: Page) -> None:
    """Scan all that is to be scanned."""
    page.locator("#go-resume").click()


def expect_state(page: Page, word: str, timeout_ms: float = PATIENCE_MS) -> None:
    """Wait until the page of a run says where the run is."""
    expect(page.locator("#part-status .chip").first).to_have_text(word, timeout=timeout_ms)


def reload_until(page: Page, word: str) -> None:
    """Load the page anew, as somebody does whose browser runs no scripts, until the run is in a state."""
    for _ in range(100):
        if page.locator("#part-status .chip").first.inner_text() == word:
            return
        page.wait_for_timeout(200)
        page.reload()
    expect_state(page, word)


def done_rows(page: Page) -> int:
    """Say how many rows the page of a run says are done."""
    return int(page.locator("#part-status [role=status]").inner_text().split(" of ")[0].replace(",", ""))


def wait_for_done(page: Page, rows: int) -> None:
    """Wait until so many rows are done, also while the page that says so is still being loaded."""
    page.wait_for_function(
        "rows => parseInt(document.querySelector('#part-status [role=status]')?.textContent.replaceAll(',', '')) >= rows",
        arg=rows,
    )


def outcome(page: Page, label: str) -> Locator:
    """Give the line of an outcome on the page of a run."""
    return page.locator("#part-outcomes tbody tr").filter(has=page.get_by_role("link", name=label, exact=True))


def expect_count(page: Page, label: str, rows: int) -> None:
    """Wait until an outcome has so many rows."""
    expect(outcome(page, label).locator("td").first).to_have_text(f"{rows:,}")


def take_report(page: Page, label: str) -> Path:
    """Download what a link gives; return the file."""
    with page.expect_download() as download:
        page.get_by_role("link", name=label).click()
    return Path(download.value.path())


def simulator_said(control_url: str, what: str) -> Any:
    """Ask a simulated Alma's control plane."""
    with urllib.request.urlopen(f"{control_url}/{what}", timeout=60) as answer:  # noqa: S310 - a simulator on this machine
        return json.load(answer)


def find_barriers(page: Page, rules: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Say what axe finds that keeps people out, each with the first place where it is.

    Args:
        page: The page.
        rules: The rules to look for; none for all.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(Axe().axe_script)
    violations = page.evaluate("options => axe.run(options)", options)["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in violations]


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page for whoever looks."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.jpg", full_page=True, type="jpeg", quality=80)
