"""``almascan desks``: the libraries, circulation desks and departments that Alma has."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from typing import TYPE_CHECKING

import click

from almascan.cli import options

if TYPE_CHECKING:
    from almascan.directory import Directory


@click.command(name="desks")
@options.connection_options
@click.option("--library", metavar="CODE", help="Only this library.")
@options.json_option
@options.framed
def command(*, library: str | None, as_json: bool, **given: str | None) -> None:
    """List the libraries with their circulation desks and departments.

    The codes are what --library, --desk and --department of the other commands take. The key needs the right to read
    Configuration.
    """
    from almascan.directory import read_directory

    settings = options.settings_of(**given)

    async def directory() -> "Directory":
        async with options.connect(settings) as alma:
            return await read_directory(alma, library or "")

    found = options.run_async(directory())
    if as_json:
        options.print_json(found.as_json())
    else:
        _print_directory(found)


def _print_directory(directory: "Directory") -> None:
    headings = ["Library", "Name", "Desk", "Name", "Main desk", "Locations"]
    options.print_table("Circulation desks", headings, directory.desk_rows())
    if directory.departments:
        click.echo()
        headings = ["Department", "Name", "Type", "Owner"]
        options.print_table("Departments", headings, directory.department_rows())
