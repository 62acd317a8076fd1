"""``almascan scan LIST``: the main job."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.work import ask_to_begin, conclude, open_journal, work

if TYPE_CHECKING:
    from almascan.model import Order, ScanOptions
    from almascan.preview import Preview
    from almascan.run import Ended, Runner
    from almascan.settings import Settings


@click.command()
@click.argument("list_", metavar="LIST")
@options.connection_options
@options.desk_options
@options.recipe_option
@options.pace_options
@options.journal_option
@options.progress_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Try the first N rows; the rest is for resume.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--column", metavar="NAME", help="The column that holds the barcodes: its header, letter or number.")
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook; by default the first one with rows.")
@click.option("--encoding", metavar="NAME", help="The encoding of a text that is neither UTF-8 nor UTF-16.")
@click.option("--strip-prefix", default="", metavar="TEXT", help="Take TEXT off the front of every barcode.")
@click.option("--strip-suffix", default="", metavar="TEXT", help="Take TEXT off the end of every barcode.")
@click.option("--in-house-use", is_flag=True, help="Have Alma count each scan as an in-house use.")
@click.option("--print-slips", is_flag=True, help="Have Alma print the slips of requests.")
@click.option("--place-on-hold-shelf", is_flag=True, help="Have Alma place requested items on the hold shelf.")
@click.option("--confirm", is_flag=True, help="Answer yes to the alerts that Alma would show at the desk.")
@options.framed
def command(list_: str, limit: int | None, yes: bool, **given: Any) -> None:
    """Scan a LIST of barcodes in, row by row, and say what became of each.

    LIST is a text, CSV or XLSX file, or - for standard input. What is about to happen is shown and asked for first.
    A scan tells Alma that the item is in your hands: scan what lies before you, or what somebody has looked for.
    """
    from almascan.lists import ListOptions, open_list
    from almascan.model import ScanOptions

    names = ("column", "sheet", "encoding", "strip_prefix", "strip_suffix")
    list_options = ListOptions(**{name: given.pop(name) for name in names})
    scan_options = ScanOptions(
        register_in_house_use=given.pop("in_house_use"),
        auto_print_slip=given.pop("print_slips"),
        place_on_hold_shelf=given.pop("place_on_hold_shelf"),
        confirm=given.pop("confirm"),
    )
    settings = options.settings_of(**given)
    order = _order(settings, scan_options)
    with open_list(list_, list_options) as reading:
        journal = open_journal(settings, create=True)

        async def act(runner: "Runner", begin: Callable[[], None]) -> "Ended | None":
            def confirm(preview: "Preview") -> bool:
                show_preview(preview, reading.description)
                confirmed = yes or preview.rows == 0 or ask_to_begin("Begin?")
                begin()
                return confirmed

            return await runner.scan(reading, order, confirm=confirm, limit=limit)

        conclude(journal, work(settings, journal, act))


def _order(settings: "Settings", scan_options: "ScanOptions") -> "Order":
    from almascan.errors import UsageError
    from almascan.model import Desk, Order

    desk = Desk(settings.library, settings.circ_desk, settings.department)
    if not desk.department and not (desk.circ_desk and desk.library):
        raise UsageError(
            "Nothing says where to scan: give --library and --desk, or put them in a profile; "
            "almascan desks lists what there is."
        )
    return Order(
        desk,
        scan_options,
        settings.recipe,
        rate=settings.rate,
        per_minute=settings.per_minute,
        keep_calls=settings.keep_calls,
        settle_seconds=settings.settle_seconds,
    )


def show_preview(preview: "Preview", description: str) -> None:
    """Say on stderr what is about to happen."""
    from rich.console import Console

    from almascan.cli.preview import draw_preview

    Console(stderr=True, highlight=False).print(draw_preview(preview, description))
