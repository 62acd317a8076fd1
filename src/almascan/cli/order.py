"""What scan and plan share: how the list is read, where its items are scanned, and what else each scan says."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options

if TYPE_CHECKING:
    from almascan.lists import ListOptions
    from almascan.model import Order
    from almascan.settings import Settings

_LIST_OPTIONS = (
    click.option("--column", metavar="NAME", help="The column that holds the barcodes: its header, letter or number."),
    click.option("--sheet", metavar="NAME", help="The sheet of a workbook; by default the first one with rows."),
    click.option("--encoding", metavar="NAME", help="The encoding of a text that is neither UTF-8 nor UTF-16."),
    click.option("--strip-prefix", default="", metavar="TEXT", help="Take TEXT off the front of every barcode."),
    click.option("--strip-suffix", default="", metavar="TEXT", help="Take TEXT off the end of every barcode."),
)
_ORDER_OPTIONS = (
    click.option(
        "--locate",
        type=click.Choice(["single", "set"]),
        default="single",
        show_default=True,
        help="How barcodes become items: one by one, or a thousand at a time through a temporary Alma set.",
    ),
    click.option("--allow", multiple=True, metavar="REASON", help="Scan items in spite of REASON; can be repeated."),
    click.option("--skip", multiple=True, metavar="REASON", help="Skip items for REASON too; can be repeated."),
    click.option("--then-desk", metavar="home|[LIB/]CODE", help="Scan each item there once more, as a second step."),
    click.option("--work-order-type", default="", metavar="CODE", help="At a department: the type of work order."),
    click.option("--status", default="", metavar="CODE", help="At a department: the work order's new status."),
    click.option("--done", is_flag=True, help="At a department: the work order is done there."),
    click.option("--in-house-use", is_flag=True, help="Have Alma count each scan as an in-house use."),
    click.option("--print-slips", is_flag=True, help="Have Alma print the slips of requests."),
    click.option("--place-on-hold-shelf", is_flag=True, help="Have Alma place requested items on the hold shelf."),
    click.option("--confirm", is_flag=True, help="Answer yes to the alerts that Alma would show at the desk."),
)
_LIST_NAMES = ("column", "sheet", "encoding", "strip_prefix", "strip_suffix")


def order_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add all that says where and how a list is scanned: settings, the list's own options, the order's."""
    after = (options.pace_options, options.journal_option, options.progress_option)
    home_desks = options.setting_option("home_desks", "--home-desks", metavar="LIB[/LOC]=CODE,...")
    before = (options.connection_options, options.desk_options, options.recipe_option, home_desks)
    for option in reversed((*before, *_LIST_OPTIONS, *_ORDER_OPTIONS, *after)):
        command = option(command)
    return command


def read_order(given: dict[str, Any]) -> tuple["ListOptions", "Order", "Settings"]:
    """Take a command's arguments apart: how to read the list, what to do with it, and the settings.

    Raises:
        UsageError: No desk is named, or two options contradict each other.
    """
    from almascan.errors import UsageError
    from almascan.lists import ListOptions
    from almascan.ordering import Wishes, make_order, names_desk

    list_options = ListOptions(**{name: given.pop(name) for name in _LIST_NAMES})
    wishes = Wishes(**{name: given.pop(name) for name in Wishes.__struct_fields__})
    settings = options.settings_of(**given)
    if not names_desk(settings):
        raise UsageError(
            "Nothing says where to scan: give --library and --desk, or put them in a profile; "
            "almascan desks lists what there is."
        )
    return list_options, make_order(settings, wishes), settings
