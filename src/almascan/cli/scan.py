"""``almascan scan LIST``: the main job."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.order import order_options, read_order
from almascan.cli.source import Source, list_argument
from almascan.cli.work import (
    Times,
    ask_to_begin,
    check_notify,
    conclude,
    conclude_queued,
    notify_option,
    open_journal,
    perform,
    refuse_what_queue_ignores,
    time_options,
    work,
)
from almascan.errors import LeaseError

if TYPE_CHECKING:
    from almascan.model import Run
    from almascan.preview import Preview
    from almascan.run import Confirm, Ended, Runner

_OF_WHO_WORKS = ("limit", "until", "wait", "not_before", "notify")
"""The options that are for the process that works on the rows."""


@click.command()
@list_argument
@order_options
@time_options
@notify_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Try the first N rows; the rest is for resume.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option(
    "--queue",
    is_flag=True,
    help="Leave the run for the page (almascan web) or another process that works for the institution.",
)
@options.framed
def command(limit: int | None, yes: bool, queue: bool, notify: tuple[str, ...], **given: Any) -> None:
    """Scan a LIST of barcodes in, row by row, and say what became of each.

    LIST is a text, CSV or XLSX file, or - for standard input; --set, --analytics, --barcodes and --from-run stand in its place. What is about to happen is shown and asked for first.
    A scan tells Alma that the item is in your hands: scan what lies before you, or what somebody has looked for.
    """
    if queue:
        refuse_what_queue_ignores(*_OF_WHO_WORKS)
    times = Times(given.pop("not_before"), given.pop("until"), given.pop("wait"))
    source = Source(given)
    list_options, order, settings = read_order(given)
    check_notify(notify)
    with source.opened(list_options) as listing_from:
        journal = open_journal(settings, create=True)

        async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended | None":
            listing = await listing_from(runner.alma, journal)
            return await runner.scan(listing, order, confirm=_asking(listing.description, begin, yes=yes), limit=limit)

        async def leave(runner: "Runner", begin: Callable[[], None]) -> "Run | None":
            listing = await listing_from(runner.alma, journal)
            return await runner.queue(listing, order, confirm=_asking(listing.description, begin, yes=yes))

        if queue:
            conclude_queued(journal, perform(settings, journal, leave))
        with _telling_of_queue():
            ended = work(settings, journal, act, times)
        conclude(journal, ended, notify)


@contextmanager
def _telling_of_queue() -> Iterator[None]:
    """Where another process works for the institution, say what else can be done than to wait."""
    try:
        yield
    except LeaseError as error:
        raise LeaseError(f"{error} Or leave the run for later with --queue.") from error


def _asking(description: str, begin: Callable[[], None], *, yes: bool) -> "Confirm":
    """Give what shows a preview, asks, and has Ctrl-C finish what is in flight from then on."""

    def confirm(preview: "Preview") -> bool:
        _show_preview(preview, description)
        confirmed = yes or preview.rows == 0 or ask_to_begin("Begin?")
        begin()
        return confirmed

    return confirm


def _show_preview(preview: "Preview", description: str) -> None:
    """Say on stderr what is about to happen."""
    from rich.console import Console

    from almascan.cli.preview import draw_preview

    Console(stderr=True, highlight=False).print(draw_preview(preview, description))
