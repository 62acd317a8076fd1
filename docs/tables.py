"""The parts of the reference that are made from the code, as Markdown; cog puts them into the pages."""

from collections.abc import Iterable, Iterator

import click

from almascan import cli
from almascan.errors import EXIT_CODE_MEANINGS
from almascan.lists import NOTES
from almascan.lists.columns import BARCODE_HEADERS
from almascan.model import OUTCOMES, RECIPES, Group, Recipe
from almascan.report.recipe import recipe_words
from almascan.settings import SETTINGS, Setting

HELP_WIDTH = 96

GROUP_SENTENCES: dict[Group, str] = {
    Group.DONE: "The item is where this recipe wants it. Nobody has to look at these rows.",
    Group.ATTENTION: "The item was scanned, and the result is not the one the recipe wants: a person must look.",
    Group.SKIPPED: "The item was not scanned, because of the state Alma has it in or because it was dealt with before.",
    Group.FAILED: "The item could not be scanned. `retry` takes these rows up again.",
    Group.OPEN: "The row has no final answer yet.",
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
