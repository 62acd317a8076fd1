"""From the settings and what somebody wishes to an order that can be followed."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from almascan.errors import UsageError
from almascan.model import HOME, Desk, Order, Outcome, ScanOptions
from almascan.model.recipe import ALLOWED_TOO, WIDENING
from almascan.rules import steps_of
from almascan.settings import Settings
from almascan.settings.suggestion import suggest


class Wishes(msgspec.Struct, frozen=True):
    """What is said of one order alone, and no setting stands behind.

    Attributes:
        locate: How barcodes become items: "single" look-ups, or a temporary Alma "set" for a thousand at a time.
        allow: Reasons not to scan that do not count, as words.
        skip: Reasons not to scan that count as well, as words.
        then_desk: Where each item is scanned once more: "home", a desk's code, or LIBRARY/DESK; None for nowhere.
        work_order_type: At a department: Alma's code of the type of work order.
        status: At a department: Alma's code of the work order's new status.
        done: At a department: whether the work order is done there.
        in_house_use: Whether Alma counts each scan as an in-house use.
        print_slips: Whether Alma prints the slips of requests.
        place_on_hold_shelf: Whether Alma places requested items on the hold shelf.
        confirm: Whether the alerts that Alma would show at the desk are answered with yes.
    """

    locate: Literal["single", "set"] = "single"
    allow: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    then_desk: str | None = None
    work_order_type: str = ""
    status: str = ""
    done: bool = False
    in_house_use: bool = False
    print_slips: bool = False
    place_on_hold_shelf: bool = False
    confirm: bool = False


def make_order(settings: Settings, wishes: Wishes) -> Order:
    """Make the order that settings and wishes come to.

    Args:
        settings: Of these desk, recipe, pace, calls to keep, settling time and home desks count.
        wishes: What is said of this order alone.

    Raises:
        UsageError: No desk is named, a word means nothing, or two wishes contradict each other.
    """
    order = Order(
        find_desk(settings),
        _scan_options(settings, wishes),
        settings.recipe,
        allow=_read_reasons(wishes.allow, WIDENING | ALLOWED_TOO, "allow"),
        skip=_read_reasons(wishes.skip, WIDENING, "skip"),
        rate=settings.rate,
        per_minute=settings.per_minute,
        keep_calls=settings.keep_calls,
        settle_seconds=settings.settle_seconds,
        then=None if wishes.then_desk is None else _read_desk(wishes.then_desk, settings.library),
        desk_map=_read_home_desks(settings.home_desks),
        locate=wishes.locate,
    )
    _check(order)
    return order


def names_desk(settings: Settings) -> bool:
    """Whether the settings say where to scan: at a department, each item's home desk, or a library's desk."""
    is_home = settings.circ_desk.casefold() == HOME.circ_desk
    return bool(settings.department or is_home or (settings.circ_desk and settings.library))


def find_desk(settings: Settings) -> Desk:
    """Give the desk or department that the settings name; ``HOME`` for each item's own desk.

    Raises:
        UsageError: They name none, or a circulation desk without its library.
    """
    if not names_desk(settings):
        raise UsageError("Nothing says where to scan: name a library and its circulation desk, or a department.")
    if settings.circ_desk.casefold() == HOME.circ_desk and not settings.department:
        return HOME
    return Desk(settings.library, settings.circ_desk, settings.department)


def _scan_options(settings: Settings, wishes: Wishes) -> ScanOptions:
    return ScanOptions(
        register_in_house_use=wishes.in_house_use,
        auto_print_slip=wishes.print_slips,
        place_on_hold_shelf=wishes.place_on_hold_shelf,
        confirm=wishes.confirm,
        done=wishes.done or (settings.recipe == "work-order" and bool(settings.department)),
        work_order_type=wishes.work_order_type,
        status=wishes.status,
    )


def _check(order: Order) -> None:
    """Refuse wishes that contradict each other.

    Raises:
        UsageError: They do.
    """
    of_work_order = order.options.done or order.options.work_order_type or order.options.status
    if of_work_order and not order.desk.department:
        raise UsageError(
            "The type and the status of a work order, and that it is done, go with a department: it is worked on there."
        )
    if order.locate == "set" and order.recipe == "any":
        raise UsageError(
            'Finding a thousand barcodes at a time (locate "set") needs a look at each item, and the recipe "any" takes '
            "none: nothing would tie an answer that never came to a row. Leave one of the two out."
        )
    if order.desk.is_home and order.recipe == "any":
        raise UsageError(
            'Scanning each item at its home desk needs a look at it, and the recipe "any" takes none; take another recipe.'
        )
    try:
        steps_of(order)
    except ValueError as error:
        raise UsageError(f"The order cannot be followed: {error}.") from error


def _read_desk(text: str, library: str) -> Desk:
    """Read the desk of the second step; a code alone is a desk of this library."""
    if text.casefold() == HOME.circ_desk:
        return HOME
    named, slash, code = text.rpartition("/")
    library = named if slash else library
    if not library or not code:
        raise UsageError(
            f'The desk of the second step is "home", a desk of the same library, or LIBRARY/DESK; "{text}" is not.'
        )
    return Desk(library, code)


def _read_reasons(words: Sequence[str], known: frozenset[Outcome], kind: str) -> tuple[Outcome, ...]:
    names = sorted(map(str, known))
    for word in words:
        if word not in names:
            raise UsageError(f'There is no such reason to {kind} as "{word}".{suggest(word, names)}')
    return tuple(Outcome(word) for word in words)


def _read_home_desks(text: str) -> dict[str, str]:
    """Read "MAIN=CIRC, MAIN/rare=RARE_DESK"."""
    desks = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        place, equals, code = (word.strip() for word in part.partition("="))
        if not (equals and place and code):
            raise UsageError(f'The home desks are written LIBRARY=DESK or LIBRARY/LOCATION=DESK; "{part}" is not.')
        desks[place] = code
    return desks
