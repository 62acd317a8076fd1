"""A recipe in words, as pairs of a question and an answer; the command and the documentation show these."""

from almascan.model import TRANSIT_TYPES, Outcome, Recipe
from almascan.report.states import PROCESS_WORDS


def recipe_words(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Say what a recipe scans, what it holds back, and which results count as done."""
    return (
        ("reads the item before it scans", _yes(recipe.looks)),
        ("scans items that are", _states(recipe)),
        ("scans items whose home is another desk", _yes(Outcome.OTHER_LIBRARY not in recipe.refuses)),
        ("scans requested items", _yes(Outcome.REQUESTED not in recipe.refuses)),
        ("done afterwards is", " or ".join(sorted(recipe.done))),
    )


def _states(recipe: Recipe) -> str:
    if recipe.scans is None:
        return "in any state"
    words = [PROCESS_WORDS[name] for name in sorted(recipe.scans) if name and name not in TRANSIT_TYPES]
    if recipe.scans & TRANSIT_TYPES:
        words.append("in transit")
    if "" in recipe.scans:
        words.append("in place" if recipe.only_in_place else "in no process, in place or not")
    return ", ".join(words)


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
