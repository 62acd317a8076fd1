"""What takes several requests in a row: a library's desks, a set by its name, its members, a report's rows.

Each function is given ``ask``, which performs one operation, so that pacing and trying again stay the client's.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from almascan.alma import analytics, configuration, sets
from almascan.alma.analytics import ReportPage, ReportRows
from almascan.alma.configuration import CircDesk
from almascan.alma.operations import Operation, Result
from almascan.alma.sets import AlmaSet
from almascan.errors import ListError, NoAnswerError, RefusedError
from almascan.model import ItemIds

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
MOST_WAITS = 20
"""How often in a row a report that is not ready is asked for again, about eight minutes in all."""

_PATH_NOT_FOUND = "path not found"

Sleep = Callable[[float], Awaitable[None]]


class Ask(Protocol):
    """Performs an operation, as ``Alma.ask`` does."""

    async def __call__(self, operation: Operation[Result], /) -> Result:
        """Give the operation's result."""


async def find_set(ask: Ask, name_or_id: str) -> AlmaSet:
    """Find a set by its id, if it is digits, or by its whole name; ``docs/alma.md`` "Sets".

    Alma searches by a part of a name, so the name itself is compared here. Where the whole name finds nothing, its
    longest word is searched for too: a set whose name is like it is found or at least named.

    Args:
        ask: Performs an operation.
        name_or_id: The name, whose case does not count unless it tells two sets apart, or the id.

    Returns:
        The set, with its number of members.

    Raises:
        UsageError: There is no such set, or more than one; the message names the nearest, or their ids.
    """
    name = name_or_id.strip()
    if name.isascii() and name.isdecimal():
        try:
            return await ask(sets.read_set(name))
        except RefusedError as error:
            if error.refusal.code not in sets.UNKNOWN_SET:
                raise
    found = await _search(ask, name)
    if not sets.match_name(found, name):
        word = max(re.findall(r"\w+", name), key=len, default="")
        if word and word != name:
            found += (await ask(sets.search_sets(word, 0))).sets
    return await ask(sets.read_set(sets.choose(found, name).id))


async def find_sets(ask: Ask, part: str) -> list[AlmaSet]:
    """Search the sets of physical items whose name contains a text, in one request; ``docs/alma.md`` "Sets".

    Args:
        ask: Performs an operation.
        part: The text, in any case; "" for whatever comes first.

    Returns:
        At most 100, by name.
    """
    try:
        page = await ask(sets.search_sets(part.strip(), 0, content=sets.ITEMS))
    except RefusedError as error:
        if error.refusal.code != sets.BAD_QUERY:
            raise
        return []
    found = {one.id: one for one in page.sets if one.content in ("", sets.ITEMS)}
    return sorted(found.values(), key=lambda one: one.name.casefold())


async def read_circ_desks(ask: Ask, library: str) -> list[CircDesk]:
    """Read all circulation desks of a library, page by page; none where it has none."""
    desks: list[CircDesk] = []
    while True:
        page = await ask(configuration.circ_desks(library, len(desks)))
        desks += page.desks
        is_last = len(page.desks) < configuration.PAGE_SIZE if page.total is None else len(desks) >= page.total
        if is_last or not page.desks:
            return desks


async def _search(ask: Ask, name: str) -> list[AlmaSet]:
    found: list[AlmaSet] = []
    while True:
        try:
            page = await ask(sets.search_sets(name, len(found)))
        except RefusedError as error:
            if error.refusal.code != sets.BAD_QUERY:
                raise
            return found
        found += page.sets
        is_last = len(page.sets) < sets.PAGE_SIZE if page.total is None else len(found) >= page.total
        if is_last or not page.sets:
            return found


async def read_members(ask: Ask, of: AlmaSet, host: str) -> AsyncIterator[ItemIds]:
    """Give the ids of a set's members page by page; Alma may give a member twice, and a page that is not full.

    Args:
        ask: Performs an operation.
        of: The set.
        host: Alma's host; members elsewhere are refused.

    Raises:
        ListError: A member's link leads to another host.
    """
    offset, total = 0, of.members
    while True:
        page = await ask(sets.members(of.id, offset, host))
        for ids in page.members:
            yield ids
        offset += page.size
        total = total if page.total is None else page.total
        if not page.size or (total is not None and offset >= total):
            return


async def read_report(ask: Ask, path: str, sleep: Sleep, limit: int = analytics.PAGE_SIZE) -> AsyncIterator[ReportRows]:
    """Give the rows of a report page by page; ``docs/alma.md`` "Analytics".

    The token and the columns are those of the first answer that has them. Not finished and without rows means that
    Alma is preparing the report: it is asked again after 1 s, 2 s, 4 s and so on to 30 s, twenty times in a row.

    Args:
        ask: Performs an operation.
        path: The report's path.
        sleep: Waits so many seconds.
        limit: Rows of a page, 25 to 1,000 in steps of 25.

    Raises:
        ListError: There is no such report, or it is not ready in time.
        UsageError: Alma has no pages of that size.
        NoAnswerError: The rows came without the names of their columns, or without a token for the next.
    """
    columns: dict[str, str] = {}
    token, waits = "", 0
    while True:
        page = await _ask_page(ask, path, token, limit)
        token, columns = token or page.token, columns or page.headings
        if page.rows:
            yield analytics.arrange(page.rows, columns)
            waits = 0
        if page.is_finished:
            return
        if not page.rows:
            waits += 1
            await sleep(_wait_seconds(path, waits))
        elif not token:
            raise NoAnswerError(f'Alma did not say how to go on with the report "{path}".')


async def _ask_page(ask: Ask, path: str, token: str, limit: int) -> ReportPage:
    try:
        return await ask(analytics.next_page(token, limit) if token else analytics.report(path, limit))
    except NoAnswerError as error:
        if error.refusal is not None and _PATH_NOT_FOUND in error.refusal.message.lower():
            raise ListError(f'Alma has no Analytics report "{path}": {error.refusal.message}.') from error
        raise


def _wait_seconds(path: str, waits: int) -> float:
    if waits > MOST_WAITS:
        raise ListError(f'Alma is still preparing the report "{path}"; try again later, or filter it.')
    return min(FIRST_WAIT_SECONDS * 2.0 ** (waits - 1), LONGEST_WAIT_SECONDS)
