"""Checks that the documentation says what the code says, and that it builds without a warning.

``python docs/check.py`` prints what is wrong and what to do about it, and exits with 1 if anything is.
``python docs/check.py --write`` first brings the parts that are made from the code up to date.
"""

import argparse
import importlib
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from cogapp import Cog  # type: ignore[import-untyped]
from sphinx.cmd.build import build_main

from almascan import cli

DOCS = Path(__file__).resolve().parent
COMMAND_REFERENCE = DOCS / "reference" / "commands.md"
REFRESH = "run: python docs/check.py --write"
COG_CHECK_FAILED = 5


def main() -> int:
    """Check everything, print each problem on a line of its own, and return the exit code."""
    parser = argparse.ArgumentParser(description="Check the documentation.")
    parser.add_argument("--write", action="store_true", help="first refresh what is made from the code")
    if parser.parse_args().write:
        run_cog("-r")
    problems = [*stale_pages(), *missing_commands(), *helpless_commands(), *sphinx_warnings()]
    for problem in problems:
        click.echo(problem, err=True)
    return 1 if problems else 0


def run_cog(mode: str) -> tuple[int, str]:
    """Run cog over the pages with made parts; returns its exit code and what it printed."""
    printed = io.StringIO()
    cog = Cog()
    cog.set_output(stdout=printed, stderr=printed)
    pages = [str(page) for page in made_pages()]
    return cog.main(["cog", "-I", str(DOCS), "-n", "utf-8", "-U", mode, *pages]), printed.getvalue()


def made_pages() -> list[Path]:
    """The pages that hold a part made from the code."""
    candidates = [DOCS.parent / "README.md", *sorted(DOCS.glob("*/*.md"))]
    return [page for page in candidates if "[[[cog" in page.read_text(encoding="utf-8")]


def stale_pages() -> Iterator[str]:
    """A problem if a made part is not what the code would make of it now, or cannot be made."""
    code, printed = run_cog("--check")
    if code == COG_CHECK_FAILED:
        yield f"Some made parts of the documentation are out of date; {REFRESH}\n{printed.rstrip()}"
    elif code:
        yield f"A part of the documentation cannot be made from the code; mend what cog names:\n{printed.rstrip()}"


def missing_commands() -> Iterator[str]:
    """A problem for each command that the command reference does not name."""
    reference = COMMAND_REFERENCE.read_text(encoding="utf-8")
    for name in cli.COMMANDS:
        if f"## almascan {name}\n" not in reference:
            yield f"The command {name} is not in {COMMAND_REFERENCE.name}; {REFRESH}"


def helpless_commands() -> Iterator[str]:
    """A problem for each command, or command of a group, that has no help or cannot be loaded."""
    for name in cli.COMMANDS:
        module = f"src/almascan/cli/{name}.py"
        try:
            command: click.Command = importlib.import_module(f"almascan.cli.{name}").command
        except ImportError as error:
            yield f"The command {name} cannot be loaded ({error}); look at {module}"
            continue
        for each in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
            if not each.help:
                yield f"The command {each.name} has no help; give its function in {module} a docstring"


def sphinx_warnings() -> Iterator[str]:
    """A problem if Sphinx warns of anything while it builds all pages."""
    with tempfile.TemporaryDirectory() as folder:
        if build_main(
            ["-W", "--keep-going", "-q", "-E", "-b", "html", "-d", f"{folder}/doctrees", str(DOCS), f"{folder}/html"]
        ):
            yield "Sphinx warned (see above); mend the page or docstring that it names."


if __name__ == "__main__":
    sys.exit(main())
