"""Lists that come from Alma itself: the members of a set, the rows of an Analytics report."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from almascan.alma import Alma, AlmaSet
from almascan.alma.paging import Sleep, read_report
from almascan.errors import KeyRefusedError, ListError, RefusedError
from almascan.lists.columns import Columns, find_columns
from almascan.lists.entry import Entry, ListOptions
from almascan.lists.items import read_items
from almascan.lists.notes import Notes
from almascan.lists.table import Row, TextRow, take_sample
from almascan.model import ItemIds


class Fetched:
    """A list that was fetched from Alma whole; it offers what every ``Listing`` does.

    Attributes:
        name: The set's or the report's name.
        description: Where it comes from, in one sentence without its full stop.
        columns: Which of a report's columns name the item, and all its headings; None for a set.
        headers: The report's headings; [] for a set.
    """

    def __init__(
        self, name: str, description: str, columns: Columns | None, entries: list[Entry], notes: Notes
    ) -> None:
        self.name = name
        self.description = description
        self.columns = columns
        self.headers = list(columns.headers.values()) if columns else []
        self.notes = notes
        self._entries = entries
        named = (repr((entry.barcode, entry.ids)) for entry in entries)
        self.digest = hashlib.sha256("\n".join(named).encode()).hexdigest()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)


async def fetch_set(alma: Alma, name_or_id: str) -> Fetched:
    """Fetch the members of an Alma set of physical items; ``docs/alma.md`` "Sets".

    Args:
        alma: The institution's client.
        name_or_id: The set's name in full, or its id.

    Returns:
        The list: each member once, by its ids, numbered from 1. What the set says of their number and does not give
        is counted as ``members_missing`` and said in the description.

    Raises:
        ListError: The set holds something else than items, or nothing, or Alma refuses to give it.
        UsageError: There is no such set.
        KeyRefusedError: The key may not read sets.
        AttemptError: As the client's reads.
    """
    members: dict[ItemIds, None] = {}
    repeated = 0
    with _explained(f'the set "{name_or_id}"', "A list from a set", "Configuration"):
        found = await alma.find_set(name_or_id)
        if found.content not in ("", "ITEM"):
            raise ListError(
                f'The set "{found.name}" holds {found.content}, not physical items; make a set of items from it in Alma.'
            )
        async for ids in alma.members_of(found):
            repeated += ids in members
            members[ids] = None
    if not members:
        raise ListError(f'The set "{found.name}" has no members that are physical items.')
    missing = 0 if found.members is None else found.members - len(members)
    counts = {"entries": len(members), "ids": len(members), "repeated": repeated, "members_missing": max(0, missing)}
    entries = [Entry(row, ids.pid, "", ids) for row, ids in enumerate(members, start=1)]
    notes = Notes({name: count for name, count in counts.items() if count})
    return Fetched(found.name, _describe_set(found, len(members)), None, entries, notes)


def _describe_set(found: AlmaSet, given: int) -> str:
    kind = f" ({found.type.lower()})" if found.type else ""
    said = "" if found.members in (None, given) else f", which says that it has {found.members:,} and gave {given:,}"
    return f"Alma set {found.id}{kind}{said}"


async def fetch_report(alma: Alma, path: str, options: ListOptions, *, sleep: Sleep = asyncio.sleep) -> Fetched:
    """Fetch an Analytics report whose columns name items; ``docs/alma.md`` "Analytics".

    Args:
        alma: The institution's client.
        path: The report's path in the catalogue.
        options: Which column, and what to take off barcodes.
        sleep: Waits so many seconds, while Alma prepares the report.

    Returns:
        The list; its rows count from the header, which is row 1.

    Raises:
        ListError: There is no such report, it is not ready in time, it has no rows, or none of its columns names items.
        KeyRefusedError: The key may not read Analytics.
        AttemptError: As the client's reads.
    """
    headings: list[str] = []
    table: list[Row] = []
    with _explained(f'the report "{path}"', "A list from a report", "Analytics"):
        async for page in read_report(alma.ask, path, sleep):
            headings = headings or page.headings
            table += [TextRow(row, cells) for row, cells in enumerate(page.cells, start=len(table) + 2)]
    name = path.rstrip("/").rpartition("/")[2]
    if not table:
        raise ListError(f'The report "{name}" has no rows.')
    table.insert(0, TextRow(1, headings))
    found = find_columns(name, take_sample(iter(table)), options.column)
    used = found._replace(headers={place: text for place, text in enumerate(headings) if text.strip()}, first_row=2)
    notes = Notes()
    entries = list(read_items(_without_comments(table, used), used, options, notes))
    if not entries:
        raise ListError(f'The report "{name}" names no item: its rows are empty.')
    notes["entries"] = len(entries)
    if problems := sum(bool(entry.problem) for entry in entries):
        notes["problems"] = problems
    return Fetched(name, f"Analytics report {path}, {used}", used, entries, notes)


def _without_comments(table: list[Row], used: Columns) -> Iterator[Row]:
    """Keep a title such as "#MeToo" in the first column from making its row a comment: a report has none."""
    needed = {used.barcode, used.desk, used.library, *(used.ids or ())}
    for row in table:
        if 0 in needed or not row.cell(0).text.lstrip().startswith("#"):
            yield row
        else:
            cells = [row.cell(place).text for place in range(max(row.texts()) + 1)]
            yield TextRow(row.number, [cells[0].lstrip("# "), *cells[1:]])


@contextmanager
def _explained(what: str, feature: str, area: str) -> Iterator[None]:
    """Say of Alma's refusals what could not be fetched, and of the key's which right it lacks."""
    try:
        yield
    except KeyRefusedError as error:
        raise KeyRefusedError(f"{error} {feature} needs the right to read {area}.", error.refusal) from None
    except RefusedError as error:
        raise ListError(f"Alma does not give {what}: {error.refusal}.") from error
