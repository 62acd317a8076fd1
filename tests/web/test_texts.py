"""Every text of the page is in one file: none is missing, and none is left over."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import almascan
from almascan.alma import REGIONS
from almascan.model import RECIPES, Environment, Group, Outcome, RunState
from almascan.report import FORMATS
from almascan.web.access import Refusal

WEB = Path(almascan.__file__).parent / "web"
TEXTS: dict[str, dict[str, Any]] = tomllib.loads((WEB / "texts" / "en.toml").read_text(encoding="utf-8"))
BY_TABLE = {"language", "outcomes", "recipes", "refusals"}
"""Sections whose texts are looked up by the code of a table, and not by name."""
NAME = re.compile(r"""\b(?:t|words)\(\s*f?["']([\w.{}()'-]+)["'](\s*~)?""")
KNOWN = re.compile(r"""["'](error\.(?!html)\w+)["']""")


def names_said() -> Iterator[str]:
    """Give every text's name that templates and handlers say, a variable part of it as "*"."""
    for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        for name, goes_on in NAME.findall(source):
            yield re.sub(r"\{.*?\}", "*", name) + ("*" if goes_on else "")
        yield from KNOWN.findall(source)


def all_names() -> set[str]:
    return {f"{section}.{key}" for section, texts in TEXTS.items() if section not in BY_TABLE for key in texts}


def fits(name: str, said: str) -> bool:
    return (
        re.fullmatch(".+".join(map(re.escape, said.split("*"))) if "*" in said else re.escape(said), name) is not None
    )


def words_known() -> set[str]:
    """Give the words that a variable part of a name can be: those quoted in the page's sources, and the tables' codes."""
    sources = [path.read_text(encoding="utf-8") for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")]]
    quoted = {word for source in sources for word in re.findall(r"""["']([\w-]+)["']""", source)}
    tables = (Outcome, Group, RunState, RECIPES, REGIONS, FORMATS, get_args(Environment))
    return quoted | {str(code) for table in tables for code in table}


def is_used(name: str, said: set[str], words: set[str]) -> bool:
    if name in said:
        return True
    for pattern in (each for each in said if "*" in each and fits(name, each)):
        start, _, end = pattern.partition("*")
        word = name.removeprefix(start).removesuffix(end)
        if word in words or word.removesuffix("_more") in words:
            return True
    return False


def test_every_text_that_is_used_is_there() -> None:
    names = all_names()
    assert [said for said in set(names_said()) if not any(fits(name, said) for name in names)] == []


def test_every_text_that_is_there_is_used() -> None:
    said, words = set(names_said()), words_known()
    assert sorted(name for name in all_names() if not is_used(name, said, words)) == []


def test_what_tables_name_has_its_texts() -> None:
    actions = {
        action
        for path in (WEB / "pages").glob("*.py")
        for action in re.findall(r'office\.note, \w+, "([\w-]+)"', path.read_text(encoding="utf-8"))
    }
    assert actions - set(TEXTS["action"]) == set()
    assert set(RECIPES) == set(TEXTS["recipe"])
    assert {str(group) for group in Group} - set(TEXTS["group"]) == set()
    assert set(TEXTS["outcomes"]) - {str(outcome) for outcome in Outcome} == set()
    assert set(TEXTS["recipes"]) - set(RECIPES) == set()
    assert set(TEXTS.get("refusals", {})) - {str(refusal) for refusal in Refusal} == set()
