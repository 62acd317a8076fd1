"""Every text of the page, read from one file a language: ``texts/en.toml``; a translation is one more such file.

A text is named "section.name". It may hold values in braces, and two forms parted by a bar where it counts: the first
for one, the second for any other number ("one row|{count} rows"). What the engine itself writes (the reasons of errors,
the stories of rows) comes from the journal and is English.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from almascan.model import RECIPES, Outcome
from almascan.progress.text import number
from almascan.web.access import Refusal

ENGLISH = "en"


class OutcomeWords(msgspec.Struct, frozen=True):
    """How the page calls an outcome, what it means, and what to do about it there."""

    label: str
    sentence: str
    step: str


class Wording:
    """The texts of one language.

    Args:
        texts: Sections of texts by name, as the file of a language holds them.
    """

    def __init__(self, texts: Mapping[str, Any]) -> None:
        self._texts = texts
        self.language: str = texts["language"]["code"]

    def __call__(self, name: str, /, **values: object) -> str:
        """Give a text.

        Args:
            name: "section.name".
            values: What stands in its braces; whole numbers are written with their thousands set apart. ``count``
                chooses between two forms.

        Raises:
            KeyError: There is no such text, or a value is missing: a defect of the caller.
        """
        section, _, key = name.partition(".")
        text: str = self._texts[section][key]
        if "|" in text:
            one, _, many = text.partition("|")
            text = one if values["count"] == 1 else many
        return text.format_map({name: _written(value) for name, value in values.items()})

    def outcome(self, outcome: Outcome) -> OutcomeWords:
        """Give the words for an outcome: this language's, else the table's own."""
        own = self._texts.get("outcomes", {}).get(str(outcome), {})
        label = str(outcome).replace("-", " ")
        return OutcomeWords(
            own.get("label", label[0].upper() + label[1:]),
            own.get("sentence", outcome.sentence),
            own.get("step", outcome.next_step),
        )

    def recipe(self, name: str) -> str:
        """Say in a sentence what a recipe is for."""
        own: str = self._texts.get("recipes", {}).get(name, RECIPES[name].purpose)
        return own

    def refusal(self, refusal: Refusal) -> str:
        """Say why a request was not let through, and what to do."""
        own: str = self._texts.get("refusals", {}).get(str(refusal), refusal.sentence)
        return own


def load_wording(language: str = ENGLISH) -> Wording:
    """Read the texts of a language.

    Raises:
        FileNotFoundError: There is none.
    """
    return Wording(tomllib.loads(_folder().joinpath(f"{language}.toml").read_text(encoding="utf-8")))


@cache
def languages() -> tuple[str, ...]:
    """Give the codes of the languages that there are texts in, in their order."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml")))


def choose_language(accepted: str) -> str:
    """Give the language that a browser's Accept-Language asks for first of those there are; else English."""
    known = languages()
    for part in accepted.split(","):
        code = part.partition(";")[0].strip().partition("-")[0].lower()
        if code in known:
            return code
    return ENGLISH


def _folder() -> Traversable:
    return files("almascan.web").joinpath("texts")


def _written(value: object) -> object:
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
