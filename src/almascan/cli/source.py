"""Where the list of a command comes from: a file, standard input, the command line, Alma, or an earlier run."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli.options import say
from almascan.errors import ListError, UsageError

if TYPE_CHECKING:
    from almascan.alma import Alma
    from almascan.journal import Journal
    from almascan.lists import Listing, ListOptions
    from almascan.model import Outcome

Fetch = Callable[["Alma", "Journal"], Awaitable["Listing"]]
"""Gives a list."""

_OLD_DAYS = 2
_SECONDS_A_DAY = 86_400


def list_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument LIST, and the options that stand in its place."""
    argument = click.argument("list_", metavar="[LIST]", required=False)
    of_set = click.option("--set", "set_", metavar="NAME|ID", help="Instead of LIST: the members of an Alma set.")
    report = click.option("--analytics", metavar="PATH", help="Instead of LIST: the rows of an Analytics report.")
    barcodes = click.option("--barcodes", metavar="TEXT", help="Instead of LIST: barcodes, with spaces or commas.")
    from_run = click.option(
        "--from-run", type=click.IntRange(1), metavar="RUN", help="Instead of LIST: the rows of an earlier run."
    )
    outcome = click.option(
        "--outcome", multiple=True, metavar="REASON", help="With --from-run: only these rows; can be repeated."
    )
    return argument(of_set(report(barcodes(from_run(outcome(command))))))


class Source:
    """One of the five, as it was named on the command line.

    Args:
        given: The command's arguments; those of ``list_argument`` are taken out.

    Raises:
        UsageError: None was named, or more than one; or there is no such outcome.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        names = ("list_", "set_", "analytics", "barcodes", "from_run")
        named = {name: value for name in names if (value := given.pop(name)) is not None}
        self._outcomes = _read_outcomes(given.pop("outcome"))
        if len(named) != 1:
            raise UsageError(
                "Name one list: a file, - for standard input, --set, --analytics, --barcodes or --from-run."
            )
        ((self._kind, value),) = named.items()
        self._text = str(value)
        if self._outcomes and self._kind != "from_run":
            raise UsageError("--outcome goes with --from-run: another list has no outcomes yet.")

    @contextmanager
    def opened(self, options: "ListOptions") -> Iterator[Fetch]:
        """Open a file at once, before anything is asked of Alma.

        Yields:
            Gives the list, once Alma and the journal can be asked; a coroutine function.
        """
        from almascan.lists import UnsaidError

        try:
            with self._open(options) as fetch:
                yield fetch
        except UnsaidError as error:
            raise ListError(f"{error} The option is --{error.option}.") from error

    @contextmanager
    def _open(self, options: "ListOptions") -> Iterator[Fetch]:
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

    def _fetching(self, options: "ListOptions") -> Fetch:
        async def fetch(alma: "Alma", journal: "Journal") -> "Listing":
            from almascan.earlier import EarlierRows
            from almascan.lists import fetch_report, fetch_set

            if self._kind == "from_run":
                return EarlierRows(journal, int(self._text), self._outcomes, institution=await alma.test_read())
            if self._kind == "set_":
                return await fetch_set(alma, self._text)
            return await fetch_report(alma, self._text, options)

        return fetch


def _read_outcomes(words: tuple[str, ...]) -> tuple["Outcome", ...]:
    from almascan.model import Outcome
    from almascan.settings.suggestion import suggest

    for word in words:
        if word not in list(Outcome):
            raise UsageError(f'--outcome: there is no such outcome as "{word}".{suggest(word, list(Outcome))}')
    return tuple(Outcome(word) for word in words)


def _already(listing: "Listing") -> Fetch:
    async def give(_alma: "Alma", _journal: "Journal") -> "Listing":
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
