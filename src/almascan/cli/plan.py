"""``almascan plan LIST``: what a scan would do, item by item, without one."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.order import order_options, read_order
from almascan.cli.source import Source, list_argument
from almascan.cli.work import Times, open_journal, time_options, work

if TYPE_CHECKING:
    from almascan.run import Ended, Runner


@click.command()
@list_argument
@order_options
@time_options
@options.json_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Look at the first N rows; the rest is for resume.")
@click.option(
    "--shelf-list",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a CSV of the items to be scanned, in the order of the shelves, to check that they are here.",
)
@options.framed
def command(limit: int | None, as_json: bool, shelf_list: Path | None, **given: Any) -> None:
    """Look at every item of a LIST, decide, and stop: nothing is scanned.

    Shows how many would be scanned and how many skipped and why, and leaves a planned run. resume then scans what the
    plan said, after one more look at each item: what changed meanwhile is skipped, and says what changed.
    """
    from almascan.report.plan import describe_plan, draw_plan, write_shelf_list

    times = Times(given.pop("not_before"), given.pop("until"), given.pop("wait"))
    source = Source(given)
    list_options, order, settings = read_order(given)
    with source.opened(list_options) as listing_from:
        journal = open_journal(settings, create=True)

        remaining: list[int | None] = []

        async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended":
            listing = await listing_from(runner.alma, journal)
            begin()
            ended = await runner.plan(listing, order, limit=limit)
            remaining.append(runner.alma.remaining_calls)
            return ended

        ended = work(settings, journal, act, times)
    if ended is None:
        return
    if shelf_list is not None:
        write_shelf_list(journal.rows(ended.run.id), shelf_list)
        options.say(f"{shelf_list} lists what is to be scanned, in the order of the shelves.")
    plan = describe_plan(ended.run, ended.counts, journal.rows(ended.run.id), remaining[-1])
    if as_json:
        options.print_json(plan)
    else:
        draw_plan(plan)
    sys.exit(ended.exit_code)
