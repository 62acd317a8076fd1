"""The parts of Alma's answers that are read, as types for a typed decode; nothing else is ever unpacked.

Whatever names a patron (``additional_info``, a request's requester) is not declared here, so it is skipped unread.
Every field may be missing, null, or come as a text where an object was expected: ``docs/alma.md`` "Errors".
"""

import msgspec

from almascan.alma.markup import safe_text
from almascan.model import Item

Text = str | int | float | None
Flag = bool | str | None


class Coded(msgspec.Struct):
    """A code and its label."""

    value: Text = None
    desc: Text = None


Code = Coded | str | int | None


class BibData(msgspec.Struct):
    """Of the bibliographic record."""

    mms_id: Text = None
    title: Text = None


class HoldingData(msgspec.Struct):
    """Of the holding, and the item's temporary place."""

    holding_id: Text = None
    call_number: Text = None
    in_temp_location: Flag = None
    temp_library: Code = None
    temp_location: Code = None


class ItemData(msgspec.Struct):
    """Of the item itself."""

    pid: Text = None
    barcode: Text = None
    base_status: Code = None
    process_type: Code = None
    work_order_type: Code = None
    work_order_at: Code = None
    awaiting_reshelving: Flag = None
    requested: Flag = None
    due_date: Text = None
    modification_date: Text = None
    library: Code = None
    location: Code = None


class ItemBody(msgspec.Struct):
    """An item: the answer to its read and to its scan."""

    bib_data: BibData | str | None = None
    holding_data: HoldingData | str | None = None
    item_data: ItemData | str | None = None


class Unread(msgspec.Struct):
    """An object of which nothing is unpacked."""


class RequestsBody(msgspec.Struct):
    """An item's requests, of which only their number is wanted."""

    total_record_count: Text = None
    user_request: list[Unread] | Unread | str | None = None


def item_of(body: ItemBody) -> Item | None:
    """Read an item's answer.

    Args:
        body: The decoded answer.

    Returns:
        The item with its effective library and location (the temporary ones count), or None where an id is missing.
    """
    bib, holding, item = body.bib_data, body.holding_data, body.item_data
    if not (isinstance(bib, BibData) and isinstance(holding, HoldingData) and isinstance(item, ItemData)):
        return None
    mms_id, holding_id, pid = text_of(bib.mms_id), text_of(holding.holding_id), text_of(item.pid)
    if not (mms_id and holding_id and pid):
        return None
    is_away = flag_of(holding.in_temp_location) is True
    library = holding.temp_library if is_away and code_of(holding.temp_library) else item.library
    location = holding.temp_location if is_away and code_of(holding.temp_location) else item.location
    return Item(
        mms_id=mms_id,
        holding_id=holding_id,
        pid=pid,
        barcode=text_of(item.barcode),
        base_status=code_of(item.base_status),
        process_type=code_of(item.process_type),
        work_order_type=code_of(item.work_order_type),
        work_order_at=code_of(item.work_order_at),
        awaiting_reshelving=flag_of(item.awaiting_reshelving) is True,
        requested=flag_of(item.requested),
        due_date=text_of(item.due_date),
        modification_date=text_of(item.modification_date),
        library=code_of(library),
        library_name=label_of(library),
        location=code_of(location),
        location_name=label_of(location),
        title=text_of(bib.title),
        call_number=text_of(holding.call_number),
    )


def text_of(value: Text) -> str:
    """The text as it is safe to be stored and shown, or "" for null."""
    return "" if value is None else safe_text(str(value))


def flag_of(value: Flag) -> bool | None:
    """The truth of a flag that may be a text, or None where it says nothing."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value


def code_of(value: Code) -> str:
    """The code of a coded value, or "" where there is none."""
    return text_of(value.value if isinstance(value, Coded) else value)


def label_of(value: Code) -> str:
    """The label of a coded value, or "" where there is none."""
    return text_of(value.desc) if isinstance(value, Coded) else ""
