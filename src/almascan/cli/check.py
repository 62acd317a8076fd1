"""``almascan check``: whether a scan could be done with the key, at the desk."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import os
import sys
from typing import TYPE_CHECKING

import click

from almascan.cli import options
from almascan.errors import ExitCode

if TYPE_CHECKING:
    from almascan.examination import Examination


@click.command(name="check")
@options.connection_options
@options.desk_options
@options.json_option
@options.framed
def command(*, as_json: bool, **given: str | None) -> None:
    """Try the key, and say what it may do and where.

    Asks Alma for the institution, whether this is production or a sandbox, how many calls remain for today, what the
    key may read and write, and whether the library and the desk exist. Nothing is changed in Alma.

    The exit code is 0 when a scan could be done, 5 when the key has not the rights or is another institution's, 2 when the library or the desk is
    unknown and 8 when Alma cannot be reached.
    """
    from almascan.examination import examine
    from almascan.institution import check_institution
    from almascan.settings import find_key

    settings = options.settings_of(**given)

    async def examination() -> "Examination":
        async with options.connect(settings) as alma:
            return await examine(alma, settings)

    found = options.run_async(examination())
    check_institution(settings, found.institution)
    source = find_key(settings, os.environ).source
    if as_json:
        options.print_json(found.as_json() | {"key_source": source})
    else:
        print_examination(found, source)
    sys.exit(exit_code(found))


def exit_code(found: "Examination") -> ExitCode:
    """Give the exit code that an examination ends the command with."""
    if not found.may_write:
        return ExitCode.KEY
    return ExitCode.DONE if found.can_scan else ExitCode.USAGE


def print_examination(found: "Examination", key_source: str) -> None:
    """Print what was found: facts, what is amiss, and the verdict."""
    rows = [("Alma", found.base_url), ("Key", f"from {key_source}"), *found.facts()]
    options.print_table("", ("", ""), rows)
    features = [(name, needs, "yes" if has else "no") for name, needs, has in found.features()]
    options.print_table("", ("feature", "needs", "this key has it"), features)
    for sentence in found.sentences():
        options.say(sentence, err=False)
    if found.can_scan and not found.names_desk:
        options.say("What there is to name: almascan desks", err=False)
