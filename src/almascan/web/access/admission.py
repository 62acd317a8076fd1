"""Whom a request comes from, and the two ways to find out."""

from typing import Protocol

import msgspec

from almascan.web.access.asked import Asked
from almascan.web.access.refusal import Refusal
from almascan.web.access.site import Site


class Person(msgspec.Struct, frozen=True):
    """Who uses the page.

    Attributes:
        name: What stands on runs and in the audit log.
        csrf: The token that every change of theirs carries.
    """

    name: str
    csrf: str


class Entered(msgspec.Struct, frozen=True):
    """Somebody has come in by a link.

    Attributes:
        cookie: What the browser shows from now on, as the value of a Set-Cookie header; "" where it has one already.
    """

    cookie: str = ""


class Access(Protocol):
    """A way of letting people in."""

    @property
    def site(self) -> Site:
        """By which addresses the page is called."""

    def check_sender(self, asked: Asked) -> Refusal | None:
        """Refuse a request by where it comes from, before anything else of it is looked at."""

    def admit(self, asked: Asked) -> Person | Entered | Refusal:
        """Say whom a request comes from that keeps the rules."""
