"""Where the list of a command comes from: a file, standard input, the command line, an Alma set, an Analytics report."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli.options import say
from almascan.errors import UsageError

if TYPE_CHECKING:
    from almascan.alma import Alma
    from almascan.lists import Listing, ListOptions

_OLD_DAYS = 2
_SECONDS_A_DAY = 86_400


def list_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument LIST, and the options that stand in its place."""
    argument = click.argument("list_", metavar="[LIST]", required=False)
    of_set = click.option("--set", "set_", metavar="NAME|ID", help="Instead of LIST: the members of an Alma set.")
    report = click.option("--analytics", metavar="PATH", help="Instead of LIST: the rows of an Analytics report.")
    barcodes = click.option("--barcodes", metavar="TEXT", help="Instead of LIST: barcodes, with spaces or commas.")
    return argument(of_set(report(barcodes(command))))


class Source:
    """One of the four, as it was named on the command line.

    Args:
        given: The command's arguments; those of ``list_argument`` are taken out.

    Raises:
        UsageError: None was named, or more than one.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        names = ("list_", "set_", "analytics", "barcodes")
        named = {name: value for name in names if (value := given.pop(name)) is not None}
        if len(named) != 1:
            raise UsageError("Name one list: a file, - for standard input, --set, --analytics or --barcodes.")
        ((self._kind, self._text),) = named.items()

    @contextmanager
    def opened(self, options: "ListOptions") -> Iterator[Callable[["Alma"], Any]]:
        """Open a file at once, before anything is asked of Alma.

        Yields:
            Gives the list, once Alma can be asked; a coroutine function.
        """
        from almascan.lists import open_list, open_text

        if self._kind == "list_":
            _warn_of_age(self._text)
            with open_list(self._text, options) as reading:
                yield _already(reading)
        elif self._kind == "barcodes":
            with open_text(self._text, options) as reading:
                reading.name = "barcodes on the command line"
                yield _already(reading)
        else:
            yield self._fetching(options)

    def _fetching(self, options: "ListOptions") -> Callable[["Alma"], Any]:
        async def fetch(alma: "Alma") -> "Listing":
            from almascan.lists import fetch_report, fetch_set

            if self._kind == "set_":
                return await fetch_set(alma, self._text)
            return await fetch_report(alma, self._text, options)

        return fetch


def _already(listing: "Listing") -> Callable[["Alma"], Any]:
    async def give(_: "Alma") -> "Listing":
        return listing

    return give


def _warn_of_age(path: str) -> None:
    """Say that a list is old: what it says was true when it was made."""
    try:
        days = (time.time() - Path(path).stat().st_mtime) / _SECONDS_A_DAY
    except OSError:
        return
    if days >= _OLD_DAYS:
        say(f"{path} is {days:.0f} days old; each item is looked at anew before it is scanned.")
