import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from almascan.errors import ExitCode
from almascan.model import OUTCOMES, RECIPES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)]
SOURCES = [
    *(path for folder in ("src", "tests", "bench") for path in (ROOT / folder).rglob("*.py")),
    ROOT / "Makefile",
    ROOT / "pyproject.toml",
]

# ``docs/alma.md`` "Scan-in", with or without the backquotes, the title possibly on the next line of a comment.
CITATION = re.compile(r'(docs/[\w/-]+\.md)`{0,2},?[\s#]+((?:"[^"\n]+"(?:,? and |, )?)+)')
QUOTED = re.compile(r'"([^"\n]+)"')
MENTION = re.compile(r"\bdocs/[\w/-]+\.md\b")
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def headings(page: Path) -> set[str]:
    return set(
        HEADING.findall(re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL))
    )


def anchors(page: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings(page)}


def cited(text: str) -> Iterator[tuple[str, str]]:
    for page, titles in CITATION.findall(text):
        yield from ((page, title) for title in QUOTED.findall(titles))


def citations() -> Iterator[tuple[str, str, str]]:
    for source in SOURCES:
        yield from ((relative(source), page, section) for page, section in cited(source.read_text(encoding="utf-8")))


def links() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if "://" not in target:
                yield relative(page), target


def test_the_citation_pattern_finds_both_ways_of_writing_one() -> None:
    text = '(docs/alma.md "Scan-in"), ``docs/alma.md`` "Look-up" and "Item"; ``docs/why.md``\n    "Unclear". Not this: "no title"'
    assert [section for _, section in cited(text)] == ["Scan-in", "Look-up", "Item", "Unclear"]


def test_every_section_that_the_code_cites_exists() -> None:
    missing = [
        each for each in citations() if not (ROOT / each[1]).is_file() or each[2] not in headings(ROOT / each[1])
    ]
    assert missing == []


def test_every_page_that_the_code_mentions_exists() -> None:
    mentioned = {
        (relative(source), page) for source in SOURCES for page in MENTION.findall(source.read_text(encoding="utf-8"))
    }
    assert [each for each in sorted(mentioned) if not (ROOT / each[1]).is_file()] == []


@pytest.mark.parametrize(
    "section",
    [
        "Look-up",
        "Item",
        "Scan-in",
        "Requests",
        "Errors",
        "Thresholds",
        "Configuration",
        "Hosts and keys",
        "Side effects",
    ],
)
def test_the_account_of_alma_keeps_the_sections_that_docstrings_cite(section: str) -> None:
    assert section in headings(DOCS / "alma.md")


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for page, target in links():
        path, _, anchor = target.partition("#")
        file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append((page, target))
    assert broken == []


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set((DOCS / "index.md").read_text(encoding="utf-8").splitlines())
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES if DOCS in page.parents}
    assert pages - {"index"} - listed == set()


def test_every_outcome_recipe_and_exit_code_is_in_the_reference() -> None:
    def reads(name: str) -> str:
        return (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")

    assert [code for code in OUTCOMES if f"| `{code}` |" not in reads("outcomes")] == []
    assert [name for name in RECIPES if f"## {name}\n" not in reads("recipes")] == []
    assert [code for code in ExitCode if f"| {code.value} |" not in reads("exit-codes")] == []
