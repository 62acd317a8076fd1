"""The parts of the reference that are made from the code, as Markdown; cog puts them into the pages."""

from collections.abc import Iterable, Iterator

import click

from almascan import cli
from almascan.errors import EXIT_CODE_MEANINGS
from almascan.lists import NOTES
from almascan.lists.columns import BARCODE_HEADERS
from almascan.model import OUTCOMES, RECIPES, Group, Recipe
from almascan.progress.text import LOOKS
from almascan.report.recipe import recipe_words
from almascan.settings import SETTINGS, Setting
from almascan.web.wording import load_wording

HELP_WIDTH = 96

GROUP_SENTENCES: dict[Group, str] = {
    Group.DONE: "The item is where this recipe wants it. Nobody has to look at these rows.",
    Group.ATTENTION: "The item was scanned, and the result is not the one the recipe wants: a person must look.",
    Group.SKIPPED: "The item was not scanned, because of the state Alma has it in or because it was dealt with before.",
    Group.FAILED: "The item could not be scanned. `retry` takes these rows up again.",
    Group.OPEN: "The row has no final answer yet.",
}

COLOURS: dict[Group, str] = {
    Group.DONE: "green",
    Group.ATTENTION: "amber",
    Group.SKIPPED: "blue-grey",
    Group.FAILED: "red",
    Group.OPEN: "violet",
}

RUN_STATES: dict[str, str] = {
    "loading": "Its list is being read.",
    "ready": "Its list was read, and nothing was done with it yet.",
    "queued": "Another program works for the institution, or somebody left the run for later. It is begun by itself.",
    "planning": "Each item is looked at, and none is scanned.",
    "planned": "The preview is ready. Nothing is scanned before somebody starts it.",
    "running": "Items are looked at and scanned. A scanner's session waits for barcodes.",
    "ending": "It is to pause, or to stop: what is on its way to Alma is finished first.",
    "paused": "Somebody paused it, or it paused itself; beside it stands why. Resume goes on.",
    "interrupted": "The program that worked on it ended in the middle. Resume goes on, and scans nothing twice.",
    "finished": "Every row has its answer.",
    "cancelled": "Somebody stopped it for good. Rows that were not scanned are not scanned any more.",
}


def commands() -> str:
    """Every command's heading and help text, in the order of ``almascan --help``."""
    root = click.Context(cli.almascan, info_name="almascan", terminal_width=HELP_WIDTH, **cli.almascan.context_settings)
    return "\n".join(_command_sections(cli.almascan, root)).rstrip()


def _command_sections(command: click.Command, ctx: click.Context) -> Iterator[str]:
    depth = 2 if ctx.parent is None else len(ctx.command_path.split())
    yield f"{'#' * depth} {ctx.command_path}\n\n```text\n{command.get_help(ctx).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            if child is not None and not child.hidden:
                yield from _command_sections(child, click.Context(child, parent=ctx, info_name=name))


def settings() -> str:
    """The settings with their environment variable, default and meaning."""
    return _table(
        ("setting", "environment variable", "default", "meaning"),
        ((f"`{each.name}`", f"`{each.variable}`", _default(each), each.help) for each in SETTINGS),
    )


def _default(setting: Setting) -> str:
    if setting.default in (None, ""):
        return ""
    return f"`{setting.default:g}`" if isinstance(setting.default, float) else f"`{setting.default}`"


def outcomes() -> str:
    """One table of outcomes for each of the five groups."""
    return "\n\n".join(_outcomes_of(group) for group in Group)


def _outcomes_of(group: Group) -> str:
    rows = ((f"`{code}`", text.sentence, text.next_step) for code, text in OUTCOMES.items() if text.group is group)
    table = _table(("outcome", "what happened", "what to do"), rows)
    return f"## {group.value.capitalize()}\n\n{GROUP_SENTENCES[group]}\n\n{table}"


def colours() -> str:
    """The answers as the page calls them, one table for each group, with its colour, sign and word."""
    return "\n\n".join(_colour_of(group) for group in Group)


def _colour_of(group: Group) -> str:
    words = load_wording()
    texts = [words.outcome(outcome) for outcome in OUTCOMES if outcome.group is group]
    rows = ((f"**{text.label}**", text.sentence, text.step) for text in texts)
    title = f"## {LOOKS[group].symbol} {words(f'group.{group}').capitalize()}: {COLOURS[group]}"
    table = _table((words("run.outcome"), words("help.meaning"), words("help.what_to_do")), rows)
    return f"{title}\n\n{words(f'help.{group}')}\n\n{table}"


def run_states() -> str:
    """The words for where a run is, as the page has them, and what each means."""
    words = load_wording()
    rows = ((f"**{words(f'state.{state}')}**", sentence) for state, sentence in RUN_STATES.items())
    return _table(("word", "what it means"), rows)


def recipes() -> str:
    """What each recipe is for, what it scans, and how it judges an item in transit afterwards."""
    return "\n\n".join(_recipe(recipe) for recipe in RECIPES.values())


def _recipe(recipe: Recipe) -> str:
    rows = recipe_words(recipe)
    return f"## {recipe.name}\n\n{recipe.purpose}\n\n{_table(('question', 'answer'), rows)}"


def barcode_headers() -> str:
    """The headers of a barcode's column that are known."""
    return ", ".join(f"*{header}*" for header in BARCODE_HEADERS)


def list_notes() -> str:
    """What is counted while a list is read."""
    return _table(("name", "what it counts"), ((f"`{name}`", sentence) for name, sentence in NOTES.items()))


def exit_codes() -> str:
    """The exit codes with their meanings."""
    return _table(("code", "meaning"), ((str(code.value), meaning) for code, meaning in EXIT_CODE_MEANINGS.items()))


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
