"""The door in a real browser: what it sends of itself, and the cookie that it shows where a link was followed."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, BrowserContext
from starlette.responses import PlainTextResponse
from tests.chromium import NEEDS_CHROMIUM, chromium
from tests.web.guarded import SECRET, Guarded, guarded, serving

from almascan.web.access import LinkAccess, Refusal
from almascan.web.server import listen

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page() -> Iterator[Guarded]:
    with guarded(lambda port: LinkAccess(SECRET, "ada", port)) as running:
        yield running


def new_link(page: Guarded) -> str:
    return cast("LinkAccess", page.access).new_link()


def write_page(folder: Path, body: str) -> str:
    path = folder / "elsewhere.html"
    path.write_text(f"<!doctype html><title>elsewhere</title>{body}", encoding="utf-8")
    return path.as_uri()


def test_a_link_that_is_opened_leads_to_the_page(context: BrowserContext, page: Guarded) -> None:
    tab = context.new_page()
    tab.goto(new_link(page))
    assert (tab.url, tab.inner_text("body")) == (f"{page.origin}/", "ada")
    tab.reload()
    assert tab.inner_text("body") == "ada"


def test_a_link_that_is_followed_on_another_site_s_page_leads_to_the_page(
    context: BrowserContext, page: Guarded, tmp_path: Path
) -> None:
    tab = context.new_page()
    tab.goto(write_page(tmp_path, f'<a href="{new_link(page)}">scan</a>'))
    tab.click("a")
    tab.wait_for_url(f"{page.origin}/")
    assert tab.inner_text("body") == "ada"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_a_form_of_another_site_s_page_changes_nothing(
    context: BrowserContext, page: Guarded, tmp_path: Path, kind: str
) -> None:
    tab = context.new_page()
    tab.goto(new_link(page))
    form = f'<form method="post" enctype="{kind}" action="{page.origin}/change"><input name="csrf"><button>go</button></form>'
    tab.goto(write_page(tmp_path, form))
    tab.click("button")
    tab.wait_for_url(f"{page.origin}/change")
    assert tab.inner_text("body").strip() == Refusal.WRONG_ORIGIN.sentence
    assert page.through == ["GET /"]


def test_a_page_of_another_port_of_this_machine_changes_and_reads_nothing(
    context: BrowserContext, page: Guarded
) -> None:
    """Of the same site, as browsers see it, so that they show the cookie."""
    listener = listen("127.0.0.1", 0)
    theirs = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    send = """async ([url, method, credentials]) => {
        try { return await (await fetch(url, {method, mode: 'no-cors', credentials})).text() } catch { return 'nothing' }
    }"""
    with serving(PlainTextResponse("theirs"), listener, lifespan="off"):
        tab = context.new_page()
        tab.goto(new_link(page))
        tab.goto(theirs)
        read = [
            tab.evaluate(send, [f"{page.origin}{path}", method, "include"])
            for method, path in (("GET", "/"), ("POST", "/change"), ("GET", "/static/page.css"))
        ]
        framed = f"<iframe src={page.origin}/></iframe>"
        tab.evaluate("html => { document.body.innerHTML = html }", framed)
        tab.wait_for_timeout(300)
    assert read == ["nothing"] * 3
    assert page.through == ["GET /"]
