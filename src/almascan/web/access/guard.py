"""The door of the application: nothing that the rules or the access refuse reaches it."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from almascan.web.access.admission import Access, Entered, Person
from almascan.web.access.asked import Asked
from almascan.web.access.body import Body, BrokenBodyError
from almascan.web.access.csrf import read_token
from almascan.web.access.headers import put_headers
from almascan.web.access.limits import Limits
from almascan.web.access.refusal import Refusal
from almascan.web.access.rules import METHODS, find_refusal, is_static
from almascan.web.access.signing import is_same

Refuse = Callable[[Request, Refusal], Response]
"""Makes the answer to a request that is not let through; its status is the refusal's."""
_HOME = "/"
_DEFECT = "This is a defect in almascan. Go back and try again; if it happens again, please report it.\n"
_POLICY_VIOLATION = 1008


def refuse_plainly(_request: Request, refusal: Refusal) -> Response:
    """Refuse with the refusal's sentence alone."""
    return PlainTextResponse(f"{refusal.sentence}\n", refusal.status)


class Guard:
    """The application with everything kept out that has no business there.

    It stands around the whole application, its answers to errors included. A request that is let through has
    ``scope["state"]["person"]``, a ``Person``; one for the page's style or script has none.

    Args:
        app: The application.
        access: Who is let in.
        refuse: Makes the answer to whoever is not.
        limits: What a request may take.
    """

    def __init__(
        self, app: ASGIApp, access: Access, refuse: Refuse = refuse_plainly, limits: Limits | None = None
    ) -> None:
        self._app = app
        self._access = access
        self._refuse = refuse
        self._limits = limits or Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Meet a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._meet(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _meet(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Asked.of(scope)
        body = Body(receive, asked, self._limits)
        answer = _Answer(send, body, static=False)
        try:
            await self._answer(scope, asked, body, answer)
        except Exception:
            if not answer.is_started:  # the server's own answer to a defect would have none of the headers
                await PlainTextResponse(_DEFECT, 500)(scope, body.receive, answer.send_last)
            raise

    async def _answer(self, scope: Scope, asked: Asked, body: Body, answer: "_Answer") -> None:
        met = self._judge(asked)
        if isinstance(met, Person):
            met = await self._check_change(asked, body, met)
        if isinstance(met, Entered):
            await _welcome(asked, met)(scope, body.receive, answer.send)
        elif isinstance(met, Refusal):
            await self._turn_away(scope, answer, met)
        else:
            if met is not None:
                scope.setdefault("state", {})["person"] = met
            answer.static = met is None
            await self._let_through(scope, body, answer)

    def _judge(self, asked: Asked) -> Person | Entered | Refusal | None:
        """Say what a head alone decides; None stands for anybody, who may have the style and the script."""
        refusal = self._access.check_sender(asked) or find_refusal(asked, self._access.site)
        if refusal is not None:
            return refusal
        return None if is_static(asked) else self._access.admit(asked)

    async def _check_change(self, asked: Asked, body: Body, person: Person) -> Person | Refusal:
        """Ask a change for its token, and any body for its size."""
        if body.refusal is not None:
            return body.refusal
        if asked.method != "POST":
            return person
        try:
            token = await read_token(asked, body, self._limits)
        except BrokenBodyError:
            return body.refusal or Refusal.TOO_SLOW
        return person if is_same(token, person.csrf) else Refusal.NO_CSRF

    async def _let_through(self, scope: Scope, body: Body, answer: "_Answer") -> None:
        try:
            await self._app(scope, body.receive, answer.send)
        except Exception:
            if body.refusal is None:
                raise
        if body.refusal is not None and not answer.is_started:
            await self._turn_away(scope, answer, body.refusal)

    async def _turn_away(self, scope: Scope, answer: "_Answer", refusal: Refusal) -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        response = self._refuse(Request(scope, receive), refusal)
        if refusal is Refusal.WRONG_METHOD:
            response.headers["Allow"] = ", ".join(METHODS)
        await response(scope, receive, answer.send_last)


class _Answer:
    """The answer as it goes out, with the headers that every answer has."""

    def __init__(self, send: Send, body: Body, *, static: bool) -> None:
        self.is_started = False
        self.static = static
        self._send = send
        self._body = body

    async def send(self, message: Message) -> None:
        """Send a part of the application's answer, unless the body was broken off before it began."""
        if self.is_started or self._body.refusal is None:
            await self._pass_on(message)

    async def send_last(self, message: Message) -> None:
        """Send a part of a refusal, and drop what still arrives before the connection is closed."""
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not is_last or self._body.is_complete or self._body.refusal is Refusal.TOO_SLOW:
            await self._pass_on(message)
            return
        await self._pass_on({**message, "more_body": True})
        await self._body.drain()
        await self._pass_on({"type": "http.response.body"})

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_started = True
            headers = MutableHeaders(scope=message)
            closing = self._body.refusal is not None or not self._body.is_complete
            put_headers(headers, message["status"], static=self.static, closing=closing)
        await self._send(message)


def _welcome(asked: Asked, entered: Entered) -> Response:
    """Send somebody who has come in on to the first page.

    A link that was followed on another site's page, such as a mail's, would be gone on with as that site's: browsers
    then do not show a strict cookie. A page of our own goes on as ours.
    """
    response: Response
    if asked.only("sec-fetch-site") in (None, "none", "same-origin"):
        response = RedirectResponse(_HOME, status_code=303)
    else:
        response = HTMLResponse(f'<!doctype html><title>almascan</title><a href="{_HOME}">almascan</a>')
        response.headers["Refresh"] = f"0; url={_HOME}"
    if entered.cookie:
        response.headers["Set-Cookie"] = entered.cookie
    return response
