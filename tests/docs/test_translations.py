"""A translation of the page is whole."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest

from almascan.model import RECIPES, Outcome
from almascan.web.access import Refusal
from almascan.web.wording import ENGLISH, languages

_VALUE = re.compile(r"\{\w+\}")
ALLOWED_TOO = {
    *(f"outcomes.{code}.{part}" for code in Outcome for part in ("label", "sentence", "step")),
    *(f"recipes.{name}" for name in RECIPES),
    *(f"refusals.{code}" for code in Refusal),
}
"""What the English texts leave to the tables that the command line shares, and a translation may say."""


def texts_of(language: str) -> dict[str, str]:
    """Read the texts of a language by their full names."""
    file = files("almascan.web").joinpath("texts", f"{language}.toml")
    return dict(flat(tomllib.loads(file.read_text(encoding="utf-8"))))


def flat(texts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        if isinstance(text, dict):
            yield from flat(text, f"{before}{name}.")
        else:
            yield f"{before}{name}", text


def differences(english: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    """Say what a translation lacks, has without need, or fills in otherwise."""
    yield from (f"{name} is missing" for name in english if name not in other)
    yield from (f"{name} is not needed" for name in other if name not in english and name not in ALLOWED_TOO)
    for name in english.keys() & other.keys():
        if set(_VALUE.findall(english[name])) != set(_VALUE.findall(other[name])):
            yield f"{name} fills in {_VALUE.findall(other[name])}, and in English {_VALUE.findall(english[name])}"
        if ("|" in english[name]) != ("|" in other[name]):
            yield f"{name} has a bar in one of the two alone"


def test_a_translation_that_lacks_a_text_or_has_other_values_is_told() -> None:
    english = {"a.one": "one", "a.two": "{count} row|{count} rows", "a.three": "{who}"}
    other = {"a.two": "{count} Zeilen", "a.three": "{wer}", "a.four": "vier", "outcomes.lost.label": "Verloren"}
    assert sorted(differences(english, other)) == [
        "a.four is not needed",
        "a.one is missing",
        "a.three fills in ['{wer}'], and in English ['{who}']",
        "a.two has a bar in one of the two alone",
    ]


@pytest.mark.parametrize("language", languages())
def test_every_translation_says_what_the_english_texts_say(language: str) -> None:
    texts = texts_of(language)
    assert texts["language.code"] == language
    assert list(differences(texts_of(ENGLISH), texts)) == []
