"""The Alma client: look up, read, scan in, and what is needed around that.

Alone it is used like this::

    async with Alma(resolve_base_url("eu"), key) as alma:
        item = await alma.read(await alma.find("303011kj0"))
        item = await alma.scan_in(item, Desk(library="MAIN", circ_desk="DEFAULT_CIRC_DESK"))
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Self

from almascan.alma import analytics, configuration, operations, paging, sets, work_orders
from almascan.alma.analytics import ReportRows
from almascan.alma.answers import Answer, find_refusal
from almascan.alma.codes import Purpose, error_for
from almascan.alma.configuration import CircDesk, Department, General, Library
from almascan.alma.operations import Operation, Result
from almascan.alma.pacer import Lane, Pacer, Priority, Slot
from almascan.alma.sets import AlmaSet, MemberPage
from almascan.alma.transport import Departure, HeldBackError, Timeouts, Transport
from almascan.alma.work_orders import WorkOrders
from almascan.errors import (
    AttemptError,
    NoAnswerError,
    NotSentError,
    RefusedError,
    RowError,
    StopError,
    ThrottledError,
)
from almascan.model import Desk, Item, ItemIds, ScanOptions

DEFAULT_RATE = 8.0
"""Requests a second where no pacer is given: a third of what Alma allows, for others use it too."""

READ_TRIES = 3
RETRY_SECONDS = 0.5


class Alma:
    """One institution's Alma, reached with one key; an async context manager.

    Reads are tried again by themselves. A scan is sent once, whatever comes back.

    Args:
        base_url: From ``resolve_base_url``.
        key: The API key.
        pacer: The institution's limit, shared with whatever else is sent to it; by default 8 requests a second.
        precedence: Who goes first among the clients that share the pacer: the smaller number.
        timeouts: How long things may take.
        jitter: Spreads the pauses before a read is tried again.
        sleep: Waits for a number of seconds.
        wall_clock: Seconds since 1970, to say when the day's limit begins anew.

    Attributes:
        lane: Its way into the pacer's queue; the precedence may be changed there at any time.
        remaining_calls: The institution's calls left for today, from the latest answer that said so.
        unanswered_in_a_row: How many requests in a row got no usable answer: no connection, a time-out, a server's
            error, a page of HTML. An answer that says something, a refusal too, sets it to 0.
        requests: How many requests left.

    Raises:
        UsageError: The key holds characters that no key has.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        pacer: Pacer | None = None,
        precedence: float = 0.0,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        jitter: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.pacer = pacer or Pacer(DEFAULT_RATE)
        self.lane = Lane(self.pacer, precedence)
        self.remaining_calls: int | None = None
        self.unanswered_in_a_row = 0
        self.requests = 0
        self._transport = Transport(base_url, key, timeouts)
        self._timeouts = timeouts
        self._jitter = jitter or random.Random()  # noqa: S311 - no secret
        self._sleep = sleep
        self._wall_clock = wall_clock

    def __repr__(self) -> str:
        return f"Alma({self._transport.base_url!r})"

    @property
    def base_url(self) -> str:
        """Where it is, ending in /almaws/v1."""
        return self._transport.base_url

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    def slot(self, priority: Priority = Priority.SCAN) -> Slot:
        """Take a place in the queue, for a scan that is to be recorded when it comes near."""
        return self.lane.slot(priority)

    async def find(self, barcode: str) -> ItemIds:
        """Look a barcode up, in one request.

        Args:
            barcode: As it stands on the item; spaces around it are taken off.

        Returns:
            The item's ids. The holding id may be stale: ``read`` gives the true one.

        Raises:
            ItemNotFoundError: No item has it.
            RefusedError: Alma refused and said why.
            AttemptError: No usable answer after several tries.
            StopError: The key is refused, or the day's requests are used up.
        """
        return await self.ask(operations.find(barcode, self._transport.host))

    async def read(self, ids: ItemIds) -> Item:
        """Read an item's state.

        Args:
            ids: The item's ids.

        Returns:
            The item, with its own ids as Alma has them now.

        Raises:
            ItemNotFoundError: There is no such item.
            RefusedError, AttemptError, StopError: As ``find``.
        """
        return await self.ask(operations.read(ids))

    async def has_requests(self, ids: ItemIds) -> bool:
        """Ask whether an item has active requests; for answers that leave ``requested`` open.

        Raises:
            ItemNotFoundError, RefusedError, AttemptError, StopError: As ``read``.
        """
        return await self.ask(operations.requests_of(ids))

    async def scan_in(
        self,
        item: Item | ItemIds,
        desk: Desk,
        options: ScanOptions = ScanOptions(),  # noqa: B008 - frozen
        *,
        slot: Slot | None = None,
        may_leave: Callable[[], bool] | None = None,
    ) -> Item:
        """Scan an item in. Sent once, never again: what to do after an error is the caller's to decide.

        Args:
            item: The item or its ids, the true holding id among them; ``docs/alma.md`` "Scan-in".
            desk: Where.
            options: What else the scan tells Alma.
            slot: The scan's place in the queue; without one it is taken now.
            may_leave: Asked just before the first byte leaves; False holds the scan back (NotSentError).

        Returns:
            The item after the scan. That Alma answered does not mean that the item is in place.

        Raises:
            RefusedError, ItemNotFoundError: Alma refused with a code that means nothing happened.
            NotSentError, ThrottledError: Nothing happened.
            NoAnswerError: Nobody knows whether it happened.
            KeyRefusedError, QuotaError: Nothing happened, and the run stops.
            UsageError: The desk is not one circulation desk or one department.
        """
        place = slot or self.slot()
        try:
            ids = item.ids if isinstance(item, Item) else item
            return await self._attempt(operations.scan_in(ids, desk, options), place, may_leave)
        finally:
            place.cancel()

    async def test_read(self) -> str:
        """Try the key's right to read.

        Returns:
            The institution's code.

        Raises:
            KeyRefusedError: The key has not the right.
            AttemptError, StopError: As ``find``.
        """
        return await self.ask(configuration.test_read())

    async def test_write(self) -> None:
        """Try the key's right to write, without touching any data; raises as ``test_read``."""
        await self.ask(configuration.test_write())

    async def general(self) -> General:
        """Ask for the institution's code and name, and whether this is its production or a sandbox."""
        return await self.ask(configuration.general())

    async def libraries(self) -> list[Library]:
        """Ask for all libraries."""
        return await self.ask(configuration.libraries())

    async def circ_desks(self, library: str) -> list[CircDesk]:
        """Ask for all circulation desks of a library, page by page.

        Args:
            library: The library's code.

        Returns:
            The desks; none where the library has none.
        """
        return await paging.read_circ_desks(self.ask, library)

    async def departments(self, library: str | None = None) -> list[Department]:
        """Ask for the departments of a library, or without one of the whole institution."""
        return await self.ask(configuration.departments(library))

    async def work_order_statuses(self, library: str | None = None) -> WorkOrders:
        """Ask for the work order types of a library, or without one of the whole institution.

        Returns:
            For each type the labels of its statuses by status; ``docs/alma.md`` "Configuration".
        """
        return await self.ask(work_orders.work_order_statuses(library or ""))

    async def find_set(self, name_or_id: str) -> AlmaSet:
        """Find a set by its id, if it is digits, or by its whole name.

        Raises:
            UsageError: There is no such set, or more than one of that name.
            RefusedError, AttemptError, StopError: As ``find``.
        """
        return await paging.find_set(self.ask, name_or_id)

    async def sets_named(self, part: str) -> list[AlmaSet]:
        """Search the sets of physical items whose name contains a text; at most 100, by name. Raises as ``find``."""
        return await paging.find_sets(self.ask, part)

    async def set_members(self, set_id: str, offset: int = 0) -> MemberPage:
        """Read a page of at most 100 members of a set, from the ``offset``-th on; raises as ``members_of``."""
        return await self.ask(sets.members(set_id, offset, self._transport.host))

    def members_of(self, of: AlmaSet) -> AsyncIterator[ItemIds]:
        """Give the ids of a set's members, all pages one after another; Alma may give one twice.

        Raises:
            ListError: A member's link leads to another host.
            RefusedError, AttemptError, StopError: As ``find``.
        """
        return paging.read_members(self.ask, of, self._transport.host)

    async def create_set(self, name: str, description: str = "") -> AlmaSet:
        """Make an empty private set of items.

        Not sent again after a lost answer: the set may be there, under its name, and a second is refused.

        Raises:
            KeyRefusedError: The key may not write the configuration.
            RefusedError, AttemptError, StopError: As ``find``.
        """
        return await self._ask_once(sets.create_set(name, description))

    async def add_members(self, set_id: str, barcodes: Sequence[str]) -> None:
        """Add up to 1,000 items to a set by barcode; those that name no item are passed over.

        Not sent again after a lost answer: what was added then would be refused. ``set_members`` tells.

        Raises:
            UsageError: No barcode, or more than 1,000.
            RefusedError, AttemptError, StopError: As ``find``.
        """
        await self._ask_once(sets.add_members(set_id, barcodes))

    async def delete_set(self, set_id: str) -> None:
        """Delete a set; its items stay what they are. Sent again where an answer is lost: gone already is as good.

        Raises:
            RefusedError, AttemptError, StopError: As ``find``.
        """
        try:
            await self.ask(sets.delete_set(set_id))
        except RefusedError as error:
            if error.refusal.code not in sets.UNKNOWN_SET:
                raise

    def analytics_report(self, path: str, limit: int = analytics.PAGE_SIZE) -> AsyncIterator[ReportRows]:
        """Give the rows of an Analytics report page by page, after waiting until Alma has prepared it.

        Args:
            path: The report's path, such as "/shared/My Institution/Reports/In transit".
            limit: Rows of a page, 25 to 1,000 in steps of 25.

        Raises:
            ListError: There is no such report, or it is not ready within about eight minutes.
            RefusedError, AttemptError, StopError: As ``find``.
        """
        return paging.read_report(self.ask, path, self._sleep, limit)

    async def ask(self, operation: Operation[Result]) -> Result:
        """Perform an operation that may be repeated, again and again where that can help; raises as ``find``."""
        return await self._try(operation, (NotSentError, NoAnswerError))

    async def _ask_once(self, operation: Operation[Result]) -> Result:
        """Perform an operation whose effects must not come twice: again only where nothing happened."""
        return await self._try(operation, (NotSentError,))

    async def _try(self, operation: Operation[Result], tried_again: tuple[type[AttemptError], ...]) -> Result:
        failures = 0
        give_up_at: float | None = None
        while True:
            slot = self.slot(operation.priority)
            try:
                return await self._attempt(operation, slot)
            except ThrottledError:
                now = asyncio.get_running_loop().time()
                give_up_at = give_up_at or now + self._timeouts.throttled_seconds
                if now >= give_up_at:
                    raise
            except tried_again:
                failures += 1
                if failures == READ_TRIES:
                    raise
                await self._sleep(RETRY_SECONDS * 2**failures * self._jitter.uniform(0.5, 1.0))
            finally:
                slot.cancel()

    async def _attempt(
        self, operation: Operation[Result], slot: Slot, may_leave: Callable[[], bool] | None = None
    ) -> Result:
        """Perform an operation once: one turn, one request, one result or error."""
        try:
            result = await self._exchange(operation, slot, may_leave)
        except HeldBackError:
            raise
        except ThrottledError:
            slot.refused()
            self.unanswered_in_a_row = 0
            raise
        except AttemptError as error:
            self._count_unanswered(error)
            raise
        except (RowError, StopError):
            self.unanswered_in_a_row = 0
            raise
        self.unanswered_in_a_row = 0
        return result

    async def _exchange(self, operation: Operation[Result], slot: Slot, may_leave: Callable[[], bool] | None) -> Result:
        await slot.turn()
        answer = await self._transport.send(
            operation.method,
            operation.path,
            Departure(lambda: self._note_departure(slot), may_leave),
            body=operation.body,
            answer_seconds=self._answer_seconds(operation),
        )
        slot.answered()
        return self._understand(operation, answer)

    def _answer_seconds(self, operation: Operation[Result]) -> float:
        if operation.is_slow:
            return self._timeouts.slow_seconds
        has_effects = operation.purpose is Purpose.SCAN or operation.method == "POST"
        return self._timeouts.scan_seconds if has_effects else self._timeouts.read_seconds

    def _understand(self, operation: Operation[Result], answer: Answer) -> Result:
        if answer.remaining_calls is not None:
            self.remaining_calls = answer.remaining_calls
        is_redirect = operation.is_redirected and HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        refusal = None if is_redirect else find_refusal(answer)
        if refusal is not None and not operation.is_about(refusal):
            raise NoAnswerError("Alma's answer is about another barcode.", refusal)
        if refusal is not None:
            raise error_for(refusal, operation.purpose, self._wall_clock())
        return operation.read(answer)

    def _note_departure(self, slot: Slot) -> None:
        self.requests += 1
        slot.left()

    def _count_unanswered(self, error: AttemptError) -> None:
        """An envelope with a code is an answer, even where it does not say whether a scan happened."""
        refusal = error.refusal if isinstance(error, NoAnswerError) else None
        is_said = refusal is not None and refusal.code and refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR
        self.unanswered_in_a_row = 0 if is_said else self.unanswered_in_a_row + 1
