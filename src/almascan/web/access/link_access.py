"""The page of one's own: a link from the terminal lets a browser in."""

import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from almascan.web.access.admission import Entered, Person
from almascan.web.access.asked import Asked
from almascan.web.access.links import OneTimeTokens
from almascan.web.access.refusal import Refusal
from almascan.web.access.signing import SESSION_SECONDS, Seal, Sessions
from almascan.web.access.site import Site, loopback_site

ENTRANCE = "/enter"
_TOKEN_BYTES = 32
_MOST_FIELDS = 8
_MOST_COOKIES = 4


def draw_token() -> str:
    """Give 256 random bits as a text that may stand in an address."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class LinkAccess:
    """Lets in whoever opens a link that was printed here, and knows that browser again for 30 days.

    Args:
        secret: What sessions are signed with; see ``read_secret``.
        name: Whose page it is, for runs and the audit log.
        port: Where the page listens.
        host: The address of this machine that it listens on, as it stands in a link.
        now: Gives the time in seconds since 1970.
        draw: Gives 256 random bits as a text.
    """

    def __init__(
        self,
        secret: str,
        name: str,
        port: int,
        *,
        host: str = "127.0.0.1",
        now: Callable[[], float] = time.time,
        draw: Callable[[], str] = draw_token,
    ) -> None:
        self.address = f"http://{host}:{port}"
        self._site = loopback_site(port)
        self._name = name
        # Browsers give a cookie to every server of a host, whatever its port.
        self._cookie = f"almascan-{port}"
        self._draw = draw
        self._tokens = OneTimeTokens(now, draw)
        self._sessions = Sessions(secret, now)
        self._seal = Seal(secret)

    @property
    def site(self) -> Site:
        """This machine's own addresses."""
        return self._site

    def new_link(self) -> str:
        """Give an address that lets one browser in, once, within ten minutes."""
        return f"{self.address}{ENTRANCE}?token={self._tokens.give()}"

    def check_sender(self, asked: Asked) -> Refusal | None:  # noqa: ARG002 - the way of letting people in that needs it is another
        """Let everything through: the socket listens on this machine alone."""
        return None

    def admit(self, asked: Asked) -> Person | Entered | Refusal:
        """Say whom a request comes from: a browser with a session, or one that brings a link's token."""
        session_id = self._find_session(asked)
        if asked.path == ENTRANCE:
            return self._enter(asked, is_known=session_id is not None)
        return Refusal.NO_SESSION if session_id is None else Person(self._name, self._seal.token_for(session_id))

    def _find_session(self, asked: Asked) -> str | None:
        shown = list(asked.cookies(self._cookie))[:_MOST_COOKIES]
        return next((found for each in shown if (found := self._sessions.find(each)) is not None), None)

    def _enter(self, asked: Asked, *, is_known: bool) -> Entered | Refusal:
        if asked.method != "GET":  # whoever only looks ahead must not use the link up
            return Refusal.WRONG_METHOD
        token = _read_token(asked.query)
        if token and self._tokens.take(token):
            return Entered(self._begin_session())
        return Entered() if is_known else Refusal.OLD_LINK

    def _begin_session(self) -> str:
        shown = self._sessions.begin(self._draw())
        return f"{self._cookie}={shown}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict"


def _read_token(query: str) -> str:
    try:
        fields = parse_qsl(query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    tokens = [value for name, value in fields if name == "token"]
    return tokens[0] if len(tokens) == 1 else ""
