"""What another site's page can do in a browser that is in: nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import Visitors, expect_state, paste, preview
from tests.web.guarded import serving
from tests.web.server_process import ServerProcess

from almascan.simulator import Simulator
from almascan.web.access import Refusal
from almascan.web.server import listen

pytestmark = NEEDS_CHROMIUM
NOISE = (
    "Access to fetch",
    "Failed to load resource: net::ERR_",
    "Failed to load resource: the server responded",
    "EventSource's response has",
    "Access to resource at",
    "Refused to display",
    "Framing 'http",
    "asked another address",
    "Unsafe attempt to load",
)
"""What Chromium says when it keeps another site out, and that the other site was there."""


async def _blank(_: Request) -> Response:
    return HTMLResponse("<!doctype html><title>elsewhere</title><body></body>")


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another page of this machine, which browsers take to be of the same site."""
    listener = listen("127.0.0.1", 0)
    with serving(Starlette(routes=[Route("/", _blank)]), listener, lifespan="off"):
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def planned(visitors: Visitors, office: ServerProcess, alma: Simulator) -> Page:
    """Give somebody's tab with a preview, and have the noise of the other site forgiven."""
    page = visitors.enter(office.link)
    paste(page, alma.barcodes("in_transit", 3))
    preview(page)
    visitors.forgiven += NOISE
    return page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_site_s_page_starts_nothing_and_reads_nothing(
    visitors: Visitors, office: ServerProcess, alma: Simulator, elsewhere: str, host: str
) -> None:
    page = planned(visitors, office, alma)
    theirs = page.context.new_page()
    address = f"http://{elsewhere.replace('127.0.0.1', host)}/"
    theirs.goto(address)
    read = theirs.evaluate(
        """async ours => {
            const attempt = async (path, options) => {
                try { return await (await fetch(ours + path, {credentials: 'include', ...options})).text() } catch { return 'nothing' }
            };
            const heard = new Promise(done => {
                const source = new EventSource(ours + '/runs/1/events', {withCredentials: true});
                source.addEventListener('status', event => done(event.data));
                source.onerror = () => done('nothing');
            });
            const body = new URLSearchParams({action: 'resume', csrf: 'guessed'});
            return [await attempt('/runs/1'), await attempt('/runs/1/report/csv'), await heard,
                    await attempt('/runs/1/start', {method: 'POST', body})];
        }""",
        office.origin,
    )
    assert read == ["nothing"] * 4
    theirs.evaluate("ours => { document.body.innerHTML = `<iframe src='${ours}/runs/1'></iframe>` }", office.origin)
    theirs.wait_for_timeout(300)
    framed = theirs.frames[-1]
    assert "In place" not in framed.content()
    assert "Scan all" not in framed.content()
    theirs.evaluate(
        "ours => { document.body.innerHTML = `<form method=post action='${ours}/runs/1/start'><input name=action value=resume><button>go</button></form>` }",
        office.origin,
    )
    theirs.click("button")
    expect(theirs.get_by_role("alert")).to_have_text(Refusal.WRONG_ORIGIN.sentence)
    page.reload()
    expect_state(page, "previewed")
    assert alma.stats()["scans"] == 0


def test_whoever_has_no_link_or_an_old_one_is_told_what_to_do(visitors: Visitors, newcomer: ServerProcess) -> None:
    visitors.enter(newcomer.link)
    stranger = visitors.enter(newcomer.link)
    expect(stranger.get_by_role("alert")).to_have_text(Refusal.OLD_LINK.sentence)
    for path in ("/", "/runs/1", "/setup", "/new"):
        stranger.goto(f"{newcomer.origin}{path}")
        expect(stranger.get_by_role("alert")).to_have_text(Refusal.NO_SESSION.sentence)
        expect(stranger.get_by_role("navigation")).to_have_count(0)
    stranger.goto(newcomer.new_link())
    expect(stranger.get_by_role("heading", name="Set-up")).to_be_visible()


def test_the_page_is_called_by_its_own_address_alone(visitors: Visitors, newcomer: ServerProcess) -> None:
    visitors.forgiven += ["Refused to apply style", "Refused to execute script"]
    address = f"http://rebound.localhost:{newcomer.port}/"
    page = visitors.page(address)
    page.goto(address)
    expect(page.get_by_role("alert")).to_have_text(Refusal.WRONG_HOST.sentence)


def test_a_script_that_got_into_the_page_would_not_run(visitors: Visitors, newcomer: ServerProcess) -> None:
    visitors.forgiven += ["Executing inline", "Refused to", "Loading the", "asked another address"]
    page = visitors.enter(newcomer.link)
    failures: list[str | None] = []
    page.on("requestfailed", lambda request: failures.append(request.failure))
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src=/static/icon.svg onload="window.ran = true">');
            document.body.insertAdjacentHTML('beforeend', '<img src=https://elsewhere.example.org/x.png>');
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert failures == ["csp"]
