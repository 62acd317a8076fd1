"""A translation is one more file of texts: with it every page speaks another language, data aside."""

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from tests.chromium import NEEDS_CHROMIUM
from tests.web.browser import (
    Visitors,
)
from tests.web.server_process import ServerProcess

import almascan
from almascan.model import RECIPES, Outcome
from almascan.simulator import Simulator
from almascan.web.access import Refusal

pytestmark = NEEDS_CHROMIUM
PACKAGE = Path(almascan.__file__).parent
TEXTS: dict[str, dict[str, Any]] = tomllib.loads((PACKAGE / "web" / "texts" / "en.toml").read_text(encoding="utf-8"))


def wrap(value: object) -> object:
    """Put each text into brackets, both forms of those that count."""
    if isinstance(value, dict):
        return {name: wrap(each) for name, each in value.items()}
    return "|".join(f"⟦{form}⟧" for form in str(value).split("|"))


def translation() -> str:
    """Write the texts in a language that nobody speaks: English in brackets, the shared tables included."""
    texts: dict[str, Any] = {section: wrap(each) for section, each in TEXTS.items()} | {
        "language": {"code": "xx", "name": "Brackets"}
    }
    own = TEXTS["outcomes"]
    texts["outcomes"] = {
        str(outcome): wrap(
            {
                "label": str(outcome).replace("-", " ").capitalize(),
                "sentence": outcome.sentence,
                "step": outcome.next_step,
            }
            | own.get(str(outcome), {})
        )
        for outcome in Outcome
    }
    texts["recipes"] = wrap({name: recipe.purpose for name, recipe in RECIPES.items()} | TEXTS["recipes"])
    texts["refusals"] = wrap({str(refusal): refusal.sentence for refusal in Refusal} | TEXTS.get("refusals", {}))
    lines: list[str] = []
    for section, values in texts.items():
        lines += _section(section, values)
    return "\n".join(lines)


def _section(section: str, values: Any) -> Iterator[str]:
    yield f"[{section}]"
    for name, value in values.items():
        if not isinstance(value, dict):
            yield f'{name} = "{_escape(value)}"'
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _section(f"{section}.{name}", value)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


TEXTS_OF_PAGE = """() => {
    const data = '.name, bdi, .facts, .timeline, .brand, option, [translate=no], [lang=en]';
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.nodeType === Node.TEXT_NODE) {
            if (!node.parentElement.closest(data)) found.push(node.data);
        } else {
            for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'data-failed', 'data-search']) {
                if (node.hasAttribute(name)) found.push(node.getAttribute(name));
            }
        }
    }
    return [document.title, ...found].map(text => text.trim()).filter(Boolean);
}"""
DATA = re.compile(
    r"almascan|In transit at Main|DEFAULT_CIRC_DESK at MAIN|DEFAULT_CIRC_DESK|\bMAIN\b|01SIM_INST|Simulated University|root on \w+|\w+ on \w+$|words\.txt|Pasted|environment|"
    r"\d+ (s|min|h)\b|CSV|UTF-8"
)


def unwrapped(page: Page) -> set[str]:
    """Give what a page says outside the brackets, but for numbers and data."""
    found = set()
    for text in page.evaluate(TEXTS_OF_PAGE):
        rest, before = text, ""
        while rest != before:
            before, rest = rest, re.sub(r"⟦[^⟦⟧]*⟧", "", rest)
        if re.search(r"[A-Za-z]{2,}", DATA.sub("", rest)):
            found.add(text)
    return found


JOURNEY = (
    "/",
    "/new",
    "/new?from=paste",
    "/new?from=set",
    "/new?from=set&find=a",
    "/new?from=report",
    "/new?from=run&run=1",
    "/scanner",
    "/setup",
    "/setup/environment",
    "/help",
    "/log",
    "/search",
    "/search?barcode=1",
    "/search?barcode=none",
    "/runs/1",
    "/runs/1/rows",
    "/runs/1/rows?find=none",
    "/runs/1/rows/1",
    "/runs/2",
    "/runs/2/rows",
    "/nothing",
)


def test_with_one_more_file_every_page_speaks_another_language(
    visitors: Visitors, tmp_path: Path, alma: Simulator
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "almascan", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "almascan" / "web" / "texts" / "xx.toml").write_text(translation(), encoding="utf-8")
    list_path = tmp_path / "words.txt"
    states = ("in_transit", "on_loan", "requested", "missing", "unknown")
    barcodes = [barcode for state in states for barcode in alma.barcodes(state, 2)]
    list_path.write_text("\n".join([*barcodes, barcodes[0], "3.01211E+13"]), encoding="utf-8")
    said = {}
    with ServerProcess(tmp_path, alma, variables={"PYTHONPATH": str(tmp_path), "ALMASCAN_RATE": "100"}) as server:
        assert server.command("scan", str(list_path), "--yes").returncode in (0, 1, 2, 3)
        assert server.command("plan", str(list_path)).returncode in (0, 1, 2, 3)
        page = visitors.enter(server.link, extra_http_headers={"Accept-Language": "xx"})
        for path in JOURNEY:
            page.goto(f"{server.origin}{path}")
            said[path] = unwrapped(page)
        said["list"] = hand_in(page, server.origin, list_path)
        stranger = visitors.enter(server.link, extra_http_headers={"Accept-Language": "xx"})
        said["refusal"] = unwrapped(stranger)
        visitors.close()
    assert {path: texts for path, texts in said.items() if texts} == {}


def hand_in(page: Page, origin: str, path: Path) -> set[str]:
    """Hand a list in, and give what its page says outside the brackets."""
    page.goto(f"{origin}/new")
    page.locator("input[type=file]").set_input_files(path)
    with page.expect_navigation():
        page.locator("main form button.primary").click()
    return unwrapped(page)
