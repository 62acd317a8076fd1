"""Every page in a real browser: readable by everybody, at every width, in light and dark, whatever the data hold."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import Visitors, find_barriers, picture
from tests.web.stocked import RUNS, UNCLEAR_ROW, Stocked, stocked

from almascan.journal import Journal
from almascan.simulator import Simulator, SimulatorConfig
from almascan.web.drafts import Draft, Drafts

pytestmark = NEEDS_CHROMIUM
DESK: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
STATIC_PAGES = {
    "runs": "/",
    "new-file": "/new",
    "new-paste": "/new?from=paste",
    "new-set": "/new?from=set",
    "new-set-found": "/new?from=set&find=a",
    "new-set-none": "/new?from=set&find=zzzz",
    "new-report": "/new?from=report",
    "new-run": f"/new?from=run&run={RUNS['finished']}",
    "new-error": "/new?from=nowhere",
    "scanner": "/scanner",
    "setup": "/setup",
    "connection": "/setup/environment",
    "help": "/help",
    "log": "/log",
    "search-empty": "/search",
    "search-found": "/search?barcode=00123",
    "search-none": "/search?barcode=none",
    "rows": f"/runs/{RUNS['planned']}/rows",
    "rows-person": f"/runs/{RUNS['finished']}/rows?show=person",
    "rows-none": f"/runs/{RUNS['finished']}/rows?find=nothing",
    "row": f"/runs/{RUNS['finished']}/rows/3",
    "row-unclear": f"/runs/{RUNS['finished']}/rows/{UNCLEAR_ROW}",
    "no-page": "/nothing",
    **{f"run-{word}": f"/runs/{number}" for word, number in RUNS.items()},
}
HOSTILE = (
    "<img/src=x/onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</td></table><svg/onload=alert(1)>",
    "\u202edesrever si siht",
    "é" * 300,
    "{{ 7 * 7 }}",
)
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of axe's that can tell dark from light."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stocked]:
    config = SimulatorConfig(items=2_000, seed=3, per_second=0)
    with Simulator(config) as simulator, stocked(tmp_path_factory.mktemp("site"), simulator) as site:
        yield site


@pytest.fixture(scope="module")
def pages(site: Stocked) -> dict[str, str]:
    """Give the path of every page by its name, those of lists included that wait for their desk."""
    journal = Journal(site.folder / "journal.db")
    drafts = Drafts(site.folder / "journal.db.lists", journal)
    two = drafts.add(Draft("", "file", "two columns.csv"), b"Barcode,Barcode 2\n30121135336896,1\n")
    hostile = "\n".join(HOSTILE).encode()
    broken = drafts.add(Draft("", "file", "photo.png"), b"\x89PNG\r\n\x1a\n\x00\x00")
    bad = drafts.add(Draft("", "text", "".join(HOSTILE)), hostile)
    journal.close()
    lists = {"list": site.draft, "list-columns": two.id, "list-broken": broken.id, "list-hostile": bad.id}
    return STATIC_PAGES | {name: f"/lists/{number}" for name, number in lists.items()}


def open_tab(visitors: Visitors, site: Stocked, **options: Any) -> Page:
    return visitors.page(site.origin, site.cookie[1], **options)


class Sight(NamedTuple):
    """What was seen of a page: barriers in light and dark, as axe finds them, and its width on a phone, in pixels."""

    light: list[tuple[str, str]]
    dark: list[tuple[str, str]]
    phone_width: int


@pytest.fixture(scope="module")
def sights(browser: Browser, site: Stocked, pages: dict[str, str]) -> dict[str, Sight]:
    """Look at every page once, and keep pictures of it."""
    visitors = Visitors(browser)
    page = open_tab(visitors, site)
    sights = {}
    for name, path in pages.items():
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        page.goto(f"{site.origin}{path}")
        sights[name] = look_at(page, name)
    visitors.close()
    assert visitors.complaints == []
    return sights


def look_at(page: Page, name: str) -> Sight:
    picture(page, f"{name}-light")
    page.emulate_media(color_scheme="dark")
    picture(page, f"{name}-dark")
    page.set_viewport_size(PHONE)
    picture(page, f"{name}-phone")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    width: int = page.evaluate("document.scrollingElement.scrollWidth")
    page.set_viewport_size(DESK)
    dark = find_barriers(page, COLOURS)
    page.emulate_media(color_scheme="light")
    return Sight(find_barriers(page), dark, width)


def test_no_page_has_anything_that_keeps_people_out(sights: dict[str, Sight]) -> None:
    """As axe finds it, which counts contrasts, names of fields, landmarks and the order of headings."""
    assert {name: sight.light for name, sight in sights.items() if sight.light} == {}


def test_every_text_stands_out_in_the_dark(sights: dict[str, Sight]) -> None:
    assert {name: sight.dark for name, sight in sights.items() if sight.dark} == {}


def test_no_page_needs_scrolling_to_the_side_on_a_phone(sights: dict[str, Sight]) -> None:
    assert {name: sight.phone_width for name, sight in sights.items() if sight.phone_width > PHONE["width"]} == {}


def test_whatever_names_and_messages_hold_is_shown_as_text(
    visitors: Visitors, site: Stocked, pages: dict[str, str]
) -> None:
    page = open_tab(visitors, site)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for name in ("list-hostile", "runs", "rows", "row"):
        page.goto(f"{site.origin}{pages[name]}")
        assert page.locator("main img, main script, main svg[onload], main b").count() == 0
    page.goto(f"{site.origin}{pages['list-hostile']}")
    text = page.inner_text("main")
    for each in HOSTILE[:3]:
        assert each in text
    assert "\u202e" not in text, "it would turn what follows round"
    assert "49" not in page.inner_text("h1")


def test_nothing_moves_for_whoever_wants_it_still(visitors: Visitors, site: Stocked) -> None:
    moving = "getComputedStyle(document.querySelector('button.primary'), '::after').animationName"
    for wish, name in (("no-preference", "breathe"), ("reduce", "none")):
        page = open_tab(visitors, site, reduced_motion=wish)
        page.goto(f"{site.origin}/setup")
        page.evaluate("document.querySelector('button.primary').classList.add('working')")
        assert page.evaluate(moving) == name
