"""What the guides say of the page is what the page says."""

import colorsys
import importlib.util
import re
import struct
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest

from almascan.model import Group, Outcome
from almascan.web.wording import load_wording

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts)]
QUOTING = [
    DOCS / "how-to" / "first-batch.md",
    DOCS / "how-to" / "colours.md",
    DOCS / "how-to" / "handheld-scanner.md",
    DOCS / "troubleshooting.md",
    DOCS / "glossary.md",
]
"""In these, what stands on the page is in bold, and nothing else is."""
WIDTH, HEIGHT, LARGEST_BYTES = 1100, 750, 150_000
HUES = {"green": (100, 170), "amber": (25, 50), "blue-grey": (195, 240), "red": (-15, 15), "violet": (255, 300)}

_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_PLACEHOLDER = re.compile(r"\{\w+\}")
_QUOTED_TITLE = re.compile(r'^#{2,4} .*?"([^"]+)"', re.MULTILINE)


def pattern_of(text: str) -> re.Pattern[str]:
    """Make of a text with names in braces what it looks like once they are filled in."""
    return re.compile(r"[\d,.]+".join(map(re.escape, _PLACEHOLDER.split(text))))


def page_texts() -> Iterator[str]:
    """Every text of the page, each form of those that count, and what it calls the outcomes."""
    words = load_wording()
    texts = tomllib.loads(files("almascan.web").joinpath("texts", "en.toml").read_text(encoding="utf-8"))
    for section in texts.values():
        for text in section.values():
            yield from text.split("|") if isinstance(text, str) else ()
    for outcome in Outcome:
        yield from (words.outcome(outcome).label, words.outcome(outcome).sentence, words.outcome(outcome).step)


PATTERNS = [pattern_of(text) for text in page_texts()]


def bold(page: Path) -> list[str]:
    return [" ".join(found.split()) for found in _BOLD.findall(page.read_text(encoding="utf-8"))]


def images() -> list[tuple[Path, str, str]]:
    return [(page, alt, target) for page in PAGES for alt, target in _IMAGE.findall(page.read_text(encoding="utf-8"))]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_text_with_numbers_is_recognised_with_any_numbers() -> None:
    assert pattern_of("Scan all {count}").fullmatch("Scan all 1,234")
    assert not pattern_of("Scan all {count}").fullmatch("Scan all the books")


@pytest.mark.parametrize("page", QUOTING, ids=lambda page: str(page.stem))
def test_what_a_guide_quotes_of_the_page_stands_there_word_for_word(page: Path) -> None:
    quoted = bold(page)
    assert quoted
    assert [term for term in quoted if not any(pattern.fullmatch(term) for pattern in PATTERNS)] == []


def test_what_the_troubleshooting_quotes_is_what_the_program_says() -> None:
    said = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "src" / "almascan").rglob("*"))
        if path.suffix in (".py", ".toml")
    )
    titles = _QUOTED_TITLE.findall((DOCS / "troubleshooting.md").read_text(encoding="utf-8"))
    assert len(titles) > 8
    assert [title for title in titles if title not in said] == []


def test_every_state_of_a_run_is_explained() -> None:
    texts = tomllib.loads(files("almascan.web").joinpath("texts", "en.toml").read_text(encoding="utf-8"))
    explained = bold(DOCS / "how-to" / "colours.md")
    assert [word for word in texts["state"].values() if word not in explained] == []


def test_the_colours_are_called_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    colours = load("tables").COLOURS
    style = files("almascan.report").joinpath("templates", "colours.css").read_text(encoding="utf-8")
    for group in Group:
        light, dark = re.findall(rf"--{group}: #([0-9a-f]{{6}})", style)
        for shade in (light, dark):
            low, high = HUES[colours[group]]
            hue = 360 * colorsys.rgb_to_hls(*(channel / 255 for channel in bytes.fromhex(shade)))[0]
            assert low <= hue <= high or low <= hue - 360 <= high, (group, shade, hue)


def test_every_picture_that_a_page_shows_is_there_and_is_told_in_words() -> None:
    shown = images()
    assert len(shown) > 5
    assert [each for each in shown if not (each[0].parent / each[2]).is_file()] == []
    assert [each for each in shown if len(each[1].split()) < 4] == []


def test_every_picture_is_shown_by_a_page() -> None:
    shown = {(page.parent / target).resolve() for page, _, target in images()}
    assert {picture.name for picture in (DOCS / "images").iterdir()} == {picture.name for picture in shown}


@pytest.mark.parametrize("picture", sorted((DOCS / "images").glob("*")), ids=lambda picture: str(picture.name))
def test_every_picture_is_one_of_those_that_the_program_makes(picture: Path) -> None:
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (WIDTH, HEIGHT)
    assert len(content) <= LARGEST_BYTES
    assert f'"{picture.stem}"' in (DOCS / "screenshots.py").read_text(encoding="utf-8")
