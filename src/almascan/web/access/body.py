"""A request's body as it arrives: so much of it, within so long, and its beginning before the application reads it."""

import asyncio

from starlette.types import Message, Receive

from almascan.web.access.asked import Asked
from almascan.web.access.limits import Limits
from almascan.web.access.refusal import Refusal


class BrokenBodyError(Exception):
    """The body is too large or too slow; ``Body.refusal`` says which."""


class Body:
    """Receives a request's body for the application, and breaks off where a limit is met.

    No more of it is in memory than one piece off the socket and what ``peek`` was asked for.

    Args:
        receive: The server's own ``receive``.
        asked: The request's head.
        limits: What the body may take.

    Attributes:
        refusal: Which limit was met, if any.
        is_complete: Whether all of it is there.
    """

    def __init__(self, receive: Receive, asked: Asked, limits: Limits) -> None:
        self.refusal: Refusal | None = None
        self.is_complete = not asked.has_body
        self._receive = receive
        self._limits = limits
        self._most_bytes = limits.upload_bytes if asked.is_multipart else limits.form_bytes
        self._deadline = asyncio.get_running_loop().time() + limits.arrival_seconds
        self._received_bytes = 0
        self._kept = bytearray()
        self._is_left = False
        if asked.content_bytes > self._most_bytes:
            self.refusal = Refusal.TOO_LARGE

    async def receive(self) -> Message:
        """Give the next piece: the application's ``receive``.

        Raises:
            BrokenBodyError: A limit was met; nothing that the application then answers is sent.
        """
        if self._kept:
            body = bytes(self._kept)
            self._kept.clear()
            return {"type": "http.request", "body": body, "more_body": not self.is_complete}
        if self.is_complete:
            return await self._receive()
        return await self._receive_in_time()

    async def peek(self, least_bytes: int) -> bytes:
        """Wait for the beginning of the body, and give it; the application receives it all the same.

        Args:
            least_bytes: How much to wait for; less is given where the body ends before.

        Raises:
            BrokenBodyError: A limit was met.
        """
        while len(self._kept) < least_bytes and not self.is_complete and not self._is_left:
            message = await self._receive_in_time()
            self._kept += message.get("body", b"")
        return bytes(self._kept)

    async def drain(self) -> None:
        """Read and drop the rest for a while: a browser reads no answer before it has sent everything."""
        try:
            async with asyncio.timeout(self._limits.linger_seconds):
                while not self.is_complete and not self._is_left:
                    self._note(await self._receive())
        except TimeoutError:
            return

    async def _receive_in_time(self) -> Message:
        silent_until = asyncio.get_running_loop().time() + self._limits.silence_seconds
        try:
            async with asyncio.timeout_at(min(self._deadline, silent_until)):
                message = await self._receive()
        except TimeoutError:
            self.refusal = Refusal.TOO_SLOW
            raise BrokenBodyError from None
        self._note(message)
        if self._received_bytes > self._most_bytes:
            self.refusal = Refusal.TOO_LARGE
            raise BrokenBodyError
        return message

    def _note(self, message: Message) -> None:
        self._received_bytes += len(message.get("body", b""))
        self._is_left = message["type"] == "http.disconnect"
        self.is_complete = self.is_complete or (not self._is_left and not message.get("more_body", False))
