"""What a run was asked to do, as pairs of a name and words."""

import msgspec

from almascan.model import RECIPES, Run
from almascan.progress.text import amount, duration, number


def order_words(run: Run) -> list[tuple[str, str]]:
    """Give what the run was asked to do: desk, recipe, limits, and the scan options that were set."""
    order = run.order
    recipe = RECIPES.get(order.recipe)
    words = [
        ("Desk", str(order.desk)),
        ("Recipe", f"{order.recipe}. {recipe.purpose}" if recipe else order.recipe),
        ("Rate", f"{order.rate:g} requests a second at most" if order.rate else "the environment's default"),
    ]
    if order.per_minute:
        words.append(("Per minute", f"{amount(order.per_minute, 'request')} at most"))
    if order.keep_calls is not None:
        words.append(("Calls kept", f"{amount(order.keep_calls, 'call')} of the day left for others"))
    words.append(("Settling time", f"{duration(order.settle_seconds)} after a lost answer"))
    words.append(("Scan options", _options(run)))
    return words


def _options(run: Run) -> str:
    chosen = []
    for name, value in msgspec.structs.asdict(run.order.options).items():
        if value:
            chosen.append(name if value is True else f"{name} = {value}")
    return ", ".join(chosen) or "none (a scan is not counted as in-house use)"


def list_words(run: Run) -> list[tuple[str, str]]:
    """Give the list's name, size and digest, and what reading it found."""
    found = ", ".join(f"{name}: {number(count)}" for name, count in run.list_notes.items() if count)
    words = [("List", run.list_name), ("Rows", number(run.rows)), ("Digest", run.list_digest)]
    return [*words, ("Found in it", found)] if found else words
