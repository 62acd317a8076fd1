"""A request's head, as the rules read it."""

from collections.abc import Iterator

import msgspec
from starlette.types import Scope

_MOST_COOKIES = 64


class Asked(msgspec.Struct, frozen=True):
    """What is known of a request before its body is read.

    Attributes:
        method: In capitals, as sent.
        target: The path as sent, percent signs and all, without the query.
        path: The path decoded.
        query: What follows the question mark, as sent.
        headers: Names in small letters and values, as sent.
        peer: The address at the other end of the socket; "" where there is none.
    """

    method: str
    target: str
    path: str
    query: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    peer: str = ""

    @classmethod
    def of(cls, scope: Scope) -> "Asked":
        """Read the head of an ASGI request."""
        client = scope.get("client")
        return cls(
            method=scope["method"],
            target=scope["raw_path"].decode("latin-1"),
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=tuple(scope["headers"]),
            peer=client[0] if client else "",
        )

    def all(self, name: str) -> list[bytes]:
        """Give the values of every header of a name, given in small letters."""
        wanted = name.encode("ascii")
        return [value for each, value in self.headers if each == wanted]

    def only(self, name: str) -> str | None:
        """Give the value of a header that was sent once; None where it was not sent, or more than once."""
        values = self.all(name)
        return values[0].decode("latin-1") if len(values) == 1 else None

    def cookies(self, name: str) -> Iterator[str]:
        """Give the values of every cookie of a name: one that another server on this machine set may stand beside ours."""
        parts = [part for header in self.all("cookie") for part in header.decode("latin-1").split(";", _MOST_COOKIES)]
        for part in parts[:_MOST_COOKIES]:
            found, _, value = part.strip().partition("=")
            if found == name:
                yield value

    @property
    def has_body(self) -> bool:
        """Whether a body follows, be it of unknown length."""
        return bool(self.all("transfer-encoding")) or bool(self.content_bytes)

    @property
    def content_bytes(self) -> int:
        """How long the sender says that the body is; 0 where it does not say."""
        said = self.only("content-length") or ""
        return int(said) if said.isascii() and said.isdecimal() else 0

    @property
    def is_multipart(self) -> bool:
        """Whether the body is a form that may hold files."""
        return (self.only("content-type") or "").strip().lower().startswith("multipart/form-data")
