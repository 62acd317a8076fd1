"""Listing the items of a holding or of a record, filtered and ordered; ``docs/alma.md`` "Item". No HTTP."""

from collections.abc import Callable
from datetime import date

from almascan.simulator.answers import write_page
from almascan.simulator.institution import LIBRARIES
from almascan.simulator.items import Item
from almascan.simulator.operations import Call, Operations, Result, wants_due_date
from almascan.simulator.refusals import Refusal, refuse_holding, refuse_mms_id, refuse_query

_DAY_LENGTH = len("2026-03-01")
_DATES: tuple[tuple[str, Callable[[Item], str]], ...] = (
    ("create_date", lambda item: item.creation_date),
    ("modify_date", lambda item: item.modification_date),
    ("receive_date", lambda item: item.creation_date),
)
_ORDERS: dict[str, Callable[[Item], str]] = {
    "library": lambda item: item.home[0],
    "location": lambda item: item.location,
    "temporary_location": lambda item: item.temp_location,
    "receive_date": lambda item: item.creation_date,
} | dict.fromkeys(("chron_i", "description", "enum_a", "enum_b", "enum_c", "expected_receive_date"), lambda _item: "")


def list_items(operations: Operations, call: Call) -> Result:
    """Answer a page of the items of a holding, or of a record with ALL, that fit the filters.

    Raises:
        Refusal: If the record, the holding, a library, a location, a date or the order is unknown.
    """
    mms_id, holding_id = call.path
    if operations.catalogue.numbering.first_of_bib(mms_id) is None:
        raise refuse_mms_id(mms_id)
    numbers = operations.catalogue.items_of(mms_id, holding_id)
    if numbers is None:
        raise refuse_holding(mms_id, holding_id)
    _check_filters(call)
    items = [item for item in map(operations.catalogue.item, numbers) if _fits(item, call)]
    order = call.query.get("order_by", "none")
    if order != "none":
        items.sort(key=_ORDERS[order], reverse=call.query.get("direction", "desc").lower() != "asc")
    offset, limit = call.page()
    writer = operations.item_writer(call)
    page = (writer.write(item, due_date=wants_due_date(call)) for item in items[offset : offset + limit])
    return Result("items", write_page("item", page, len(items)))


def _check_filters(call: Call) -> None:
    library, location = call.query.get("current_library", ""), call.query.get("current_location", "")
    if library and library not in LIBRARIES:
        raise Refusal("402469", "Current library is not valid.")
    if location and not any(location in each.locations for each in LIBRARIES.values()):
        raise Refusal("60215", "Current location is not valid.")
    if call.query.get("order_by", "none") not in {*_ORDERS, "none"}:
        raise Refusal("60216", "The ordering is not valid.")
    if "~" not in call.query.get("q", "~"):
        raise refuse_query()
    for name, _ in _DATES:
        for end in ("from", "to"):
            _check_day(call.query.get(f"{name}_{end}", ""))


def _check_day(text: str) -> None:
    try:
        if text:
            date.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise Refusal("402217", "Invalid date format for item filter.") from None


def _fits(item: Item, call: Call) -> bool:
    library, location = item.home
    # No item of the catalogue has an enumeration, a chronology or a description for q to be found in.
    return (
        call.query.get("current_library", "") in {"", library}
        and call.query.get("current_location", "") in {"", location}
        and not call.query.get("q", "")
        and all(_is_between(read(item), call, name) for name, read in _DATES)
    )


def _is_between(day: str, call: Call, name: str) -> bool:
    first, last = call.query.get(f"{name}_from", ""), call.query.get(f"{name}_to", "")
    return (not first or first[:_DAY_LENGTH] <= day[:_DAY_LENGTH]) and (
        not last or day[:_DAY_LENGTH] <= last[:_DAY_LENGTH]
    )
