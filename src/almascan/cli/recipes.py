"""``almascan recipes``: what the recipes do."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import click

from almascan.cli import options


@click.command()
@options.json_option
@options.framed
def command(as_json: bool) -> None:
    """Show what each recipe scans, what it holds back, and what counts as done."""
    from almascan.model import RECIPES
    from almascan.model.recipe import WIDENING
    from almascan.report.recipe import recipe_words

    if as_json:
        words = {name: {"purpose": recipe.purpose} | dict(recipe_words(recipe)) for name, recipe in RECIPES.items()}
        options.print_json(words)
        return
    for recipe in RECIPES.values():
        click.echo(f"{recipe.name}: {recipe.purpose}")
        options.print_table("", ("question", "answer"), recipe_words(recipe))
    click.echo(f"--allow and --skip take one of: {', '.join(sorted(WIDENING))}.")
