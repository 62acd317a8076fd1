"""A page in a process of its own: run as a program, it serves until a signal ends it, and says what happens."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from almascan.errors import JournalError
from almascan.web.access import Guard, LinkAccess
from almascan.web.server import listen, serve

SECRET = "a secret that is long enough to be one"


async def tick() -> AsyncIterator[str]:
    while True:
        yield "tick\n"
        await asyncio.sleep(0.02)


async def events(_: Request) -> EventSourceResponse:
    return EventSourceResponse(tick())


async def stream(_: Request) -> StreamingResponse:
    return StreamingResponse(tick())


async def fail(_: Request) -> PlainTextResponse:
    raise ZeroDivisionError


def make_application(finishing_seconds: float) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if finishing_seconds < 0:
            raise JournalError("The journal is full.")
        yield
        say("finishing")
        await asyncio.sleep(finishing_seconds)
        say("finished")

    return Starlette(
        routes=[Route("/events", events), Route("/stream", stream), Route("/fail", fail)], lifespan=lifespan
    )


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(port: int, finishing_seconds: float) -> None:
    listener = listen("127.0.0.1", port)
    access = LinkAccess(SECRET, "ada", listener.getsockname()[1])
    serve(
        Guard(make_application(finishing_seconds), access),
        listener,
        say_ready=lambda: say(access.new_link()),
        say_ending=lambda: say("ending"),
        say_defect=lambda error: say(type(error).__name__),
    )
    say("ended")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
