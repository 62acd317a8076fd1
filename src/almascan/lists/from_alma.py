"""Lists that come from Alma itself: the members of a set, the rows of an Analytics report."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator

from almascan.alma import Alma, analytics
from almascan.errors import ListError, NoAnswerError
from almascan.lists.columns import SAMPLE_ROWS, find_columns
from almascan.lists.entry import Entry, ListOptions
from almascan.lists.items import read_items
from almascan.lists.notes import Notes
from almascan.lists.table import Row, TextRow
from almascan.model import ItemIds

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
MOST_WAITS = 20
"""How often a report that is not ready is asked for again, about eight minutes in all."""


class Fetched:
    """A list that was fetched from Alma whole; it offers what every ``Listing`` does.

    Attributes:
        name: The set's or the report's name.
        description: Where it comes from, in one sentence without its full stop.
        headers: The report's headings; [] for a set.
    """

    def __init__(self, name: str, description: str, headers: list[str], entries: list[Entry], notes: Notes) -> None:
        self.name = name
        self.description = description
        self.headers = headers
        self.notes = notes
        self._entries = entries
        named = (repr((entry.barcode, entry.ids)) for entry in entries)
        self.digest = hashlib.sha256("\n".join(named).encode()).hexdigest()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)


async def fetch_set(alma: Alma, name_or_id: str) -> Fetched:
    """Fetch the members of an Alma set of physical items.

    Args:
        alma: The institution's client.
        name_or_id: The set's name in full, or its id.

    Returns:
        The list: each member once, by its ids.

    Raises:
        ListError: The set holds something else than items, or nothing.
        UsageError: There is no such set.
        KeyRefusedError, AttemptError: As the client's reads.
    """
    found = await alma.find_set(name_or_id)
    if found.content and found.content != "ITEM":
        raise ListError(
            f'The set "{found.name}" holds {found.content}, not physical items; make a set of items from it in Alma.'
        )
    members: dict[ItemIds, None] = {}
    repeated = 0
    async for ids in alma.members_of(found):
        repeated += ids in members
        members[ids] = None
    if not members:
        raise ListError(f'The set "{found.name}" has no members.')
    notes = Notes({"entries": len(members), "ids": len(members)})
    if repeated:
        notes["repeated"] = repeated
    if found.members is not None and found.members != len(members):
        notes["members_missing"] = max(0, found.members - len(members))
    entries = [Entry(row, ids.pid, "", ids) for row, ids in enumerate(members, start=1)]
    said = "" if found.members is None else f", which says that it has {found.members:,}"
    return Fetched(found.name, f"Alma set {found.id} ({found.type.lower()}){said}", [], entries, notes)


async def fetch_report(
    alma: Alma,
    path: str,
    options: ListOptions,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Fetched:
    """Fetch an Analytics report whose columns name items.

    Args:
        alma: The institution's client.
        path: The report's path in the catalogue.
        options: Which column, and what to take off barcodes.
        sleep: Waits so many seconds, while Alma prepares the report.

    Returns:
        The list; its rows count from the header, which is row 1.

    Raises:
        ListError: It is not ready in time, has no rows, or none of its columns names items.
        RefusedError: Alma has no such report.
        KeyRefusedError, AttemptError: As the client's reads.
    """
    headings, cells = await _read_pages(alma, path, sleep)
    columns = sorted(headings, key=lambda name: int(name.removeprefix("Column") or 0))
    name = path.rstrip("/").rpartition("/")[2]
    if not cells:
        raise ListError(f'The report "{name}" has no rows.')
    table: list[Row] = [TextRow(1, [headings[column] for column in columns])]
    table += [TextRow(row, [cell.get(column, "") for column in columns]) for row, cell in enumerate(cells, start=2)]
    used = find_columns(name, table[:SAMPLE_ROWS], options.column)
    notes = Notes()
    entries = list(read_items(iter(table), used, options, notes))
    notes["entries"] = len(entries)
    return Fetched(name, f"Analytics report {path}, {used}", list(headings.values()), entries, notes)


async def _read_pages(
    alma: Alma, path: str, sleep: Callable[[float], Awaitable[None]]
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Read all pages: the headings of the first that has them, and the rows."""
    try:
        page = await alma.ask(analytics.report(path))
    except NoAnswerError as error:
        if error.refusal is not None and "path not found" in error.refusal.message.lower():
            raise ListError(f'Alma has no Analytics report "{path}": {error.refusal.message}.') from error
        raise
    headings, rows, token = dict(page.headings), list(page.rows), page.token
    waits, wait_seconds = 0, FIRST_WAIT_SECONDS
    while not page.is_finished:
        if not page.rows:
            waits += 1
            if waits > MOST_WAITS:
                raise ListError(f'Alma is still preparing the report "{path}"; try again later, or filter it.')
            await sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)
        page = await alma.ask(analytics.next_page(token) if token else analytics.report(path))
        headings, token = headings or dict(page.headings), token or page.token
        rows += page.rows
    return headings, rows
