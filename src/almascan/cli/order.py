"""What scan and plan share: how the list is read, where its items are scanned, and what else each scan says."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options

if TYPE_CHECKING:
    from almascan.lists import ListOptions
    from almascan.model import Desk, Order, Outcome
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
_ORDER_NAMES = (
    "locate",
    "allow",
    "skip",
    "then_desk",
    "work_order_type",
    "status",
    "done",
    "in_house_use",
    "print_slips",
    "place_on_hold_shelf",
    "confirm",
)


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
    from almascan.lists import ListOptions

    list_options = ListOptions(**{name: given.pop(name) for name in _LIST_NAMES})
    wishes = {name: given.pop(name) for name in _ORDER_NAMES}
    settings = options.settings_of(**given)
    return list_options, make_order(settings, wishes), settings


def make_order(settings: "Settings", wishes: dict[str, Any]) -> "Order":
    """Make the order of the settings and the options that only orders have.

    Raises:
        UsageError: As ``read_order``.
    """
    from almascan.model import Desk, Order, ScanOptions

    desk = _desk(settings)
    scan_options = ScanOptions(
        register_in_house_use=wishes["in_house_use"],
        auto_print_slip=wishes["print_slips"],
        place_on_hold_shelf=wishes["place_on_hold_shelf"],
        confirm=wishes["confirm"],
        done=wishes["done"] or (settings.recipe == "work-order" and bool(desk.department)),
        work_order_type=wishes["work_order_type"],
        status=wishes["status"],
    )
    then = wishes["then_desk"]
    order = Order(
        desk,
        scan_options,
        settings.recipe,
        allow=_reasons(wishes["allow"], "--allow"),
        skip=_reasons(wishes["skip"], "--skip"),
        rate=settings.rate,
        per_minute=settings.per_minute,
        keep_calls=settings.keep_calls,
        settle_seconds=settings.settle_seconds,
        then=None if then is None else _named_desk(then, Desk(settings.library)),
        desk_map=_home_desks(settings.home_desks),
        locate=wishes["locate"],
    )
    _check(order)
    return order


def _check(order: "Order") -> None:
    """Refuse options that contradict each other.

    Raises:
        UsageError: They do.
    """
    from almascan.errors import UsageError
    from almascan.rules import steps_of

    of_work_order = order.options.done or order.options.work_order_type or order.options.status
    if of_work_order and not order.desk.department:
        raise UsageError(
            "--done, --work-order-type and --status go with --department: a work order is worked on there."
        )
    if order.locate == "set" and order.recipe == "any":
        raise UsageError(
            '--locate set needs a look at each item, and the recipe "any" takes none: nothing would tie an answer that '
            "never came to a row. Leave one of the two out."
        )
    if order.desk.is_home and order.recipe == "any":
        raise UsageError('--desk home needs a look at each item, and the recipe "any" takes none; take another recipe.')
    try:
        steps_of(order)
    except ValueError as error:
        raise UsageError(f"The order cannot be followed: {error}.") from error


def _desk(settings: "Settings") -> "Desk":
    from almascan.errors import UsageError
    from almascan.model import HOME, Desk

    if settings.circ_desk.lower() == HOME.circ_desk and not settings.department:
        return HOME
    if not settings.department and not (settings.circ_desk and settings.library):
        raise UsageError(
            "Nothing says where to scan: give --library and --desk, or put them in a profile; "
            "almascan desks lists what there is."
        )
    return Desk(settings.library, settings.circ_desk, settings.department)


def _named_desk(text: str, of_library: "Desk") -> "Desk":
    """Read a desk that is written "home", "CODE" or "LIBRARY/CODE"."""
    from almascan.errors import UsageError
    from almascan.model import HOME, Desk

    if text.lower() == HOME.circ_desk:
        return HOME
    library, slash, code = text.rpartition("/")
    library = library if slash else of_library.library
    if not library or not code:
        raise UsageError(f'--then-desk {text}: write "home", a desk of --library, or LIBRARY/DESK.')
    return Desk(library, code)


def _reasons(words: tuple[str, ...], flag: str) -> tuple["Outcome", ...]:
    from almascan.errors import UsageError
    from almascan.model import Outcome
    from almascan.model.recipe import ALLOWED_TOO, WIDENING
    from almascan.settings.suggestion import suggest

    known = sorted(WIDENING | ALLOWED_TOO if flag == "--allow" else WIDENING)
    for word in words:
        if word not in known:
            raise UsageError(f'{flag}: there is no such reason as "{word}".{suggest(word, list(known))}')
    return tuple(Outcome(word) for word in words)


def _home_desks(text: str) -> dict[str, str]:
    """Read "MAIN=CIRC, MAIN/rare=RARE_DESK"."""
    from almascan.errors import UsageError

    desks = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        place, equals, code = (word.strip() for word in part.partition("="))
        if not (equals and place and code):
            raise UsageError(f'The home desks are written LIBRARY=DESK or LIBRARY/LOCATION=DESK; "{part}" is not.')
        desks[place] = code
    return desks
