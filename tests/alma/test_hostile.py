"""A hostile Alma, or a proxy that plays one: what it says is bounded in memory and time, and harmless to a terminal."""

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import textwrap
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.alma.conftest import connect
from tests.alma.raw_server import RawServer, http
from tests.alma.samples import DESK, IDS, error_json, item_json, item_tree
from tests.served import served

from almascan.alma import Alma, Pacer, Timeouts
from almascan.alma.answers import Answer, find_refusal
from almascan.alma.markup import safe_text
from almascan.alma.operations import find, read_item
from almascan.errors import ItemNotFoundError, NoAnswerError, NotSentError

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = b" " * 1_000_000
GIGABYTE = [MEGABYTE] * 1000
MOST_MEGABYTES = 300
ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\x00\x9b31m\u202etxt\u2066"


async def steadily(parts: Iterable[bytes], seconds: float = 0.0) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def speaker(answer: Callable[[], AsyncIterator[bytes]]) -> AsyncIterator[str]:
    """A server that reads a request and says what it is told to, until its client leaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            async for part in answer():
                writer.write(part)
                await writer.drain()
            await reader.read()
        writer.close()

    async with served(serve) as base_url:
        yield base_url


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS: dict[str, Callable[[], AsyncIterator[bytes]]] = {
    "a body of 1 GB": lambda: steadily([HEAD + b"Content-Length: 1000000000\r\n\r\n", *GIGABYTE]),
    "a body without a length": lambda: steadily([HEAD + b"\r\n", *GIGABYTE]),
    "chunks": lambda: steadily(
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"f4240\r\n" + MEGABYTE + b"\r\n"] * 1000]
    ),
    "a header line": lambda: steadily([HEAD + b"X-Filler: ", *[b"x" * 1_000_000] * 1000]),
    "headers": lambda: steadily([HEAD, *[b"X-Filler: xxxxxxxxxx\r\n" * 40_000] * 1000]),
    "a status line": lambda: steadily([b"HTTP/1.1 200 ", *[b"x" * 1_000_000] * 1000]),
    "a chunk's own line": lambda: steadily(
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;x=", *[b"x" * 1_000_000] * 1000]
    ),
    "interim answers": lambda: steadily([b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000] * 1000),
}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process's own largest memory this way")
@pytest.mark.parametrize("what", ENDLESS)
async def test_an_answer_that_does_not_end_is_no_answer_and_takes_little_memory(what: str) -> None:
    script = textwrap.dedent("""
        import asyncio, pathlib, re, sys
        from tests.alma.conftest import connect
        from tests.alma.samples import DESK, IDS
        from almascan.errors import NoAnswerError
        async def scan():
            async with connect(sys.argv[1], scan_seconds=1) as alma:
                try:
                    await alma.scan_in(IDS, DESK)
                except NoAnswerError:
                    print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
        asyncio.run(scan())
    """)
    async with speaker(ENDLESS[what]) as base_url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, base_url, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert int(said) / 1000 < MOST_MEGABYTES


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(
            lambda: itertools.chain([HEAD + b"Content-Length: 100000\r\n\r\n"], itertools.repeat(b" ")), id="body"
        ),
        pytest.param(lambda: itertools.chain([HEAD], itertools.repeat(b"X: y\r\n")), id="headers"),
        pytest.param(lambda: itertools.chain([HEAD + b"X-Filler: "], itertools.repeat(b"x")), id="header"),
        pytest.param(lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim answers"),
    ],
)
async def test_a_drip_ends_at_the_time_out_of_the_whole(parts: Callable[[], Iterable[bytes]]) -> None:
    timeouts = Timeouts(connect_seconds=0.2, scan_seconds=0.4)
    async with speaker(lambda: steadily(parts(), 0.05)) as base_url, connect_with(base_url, timeouts) as alma:
        async with asyncio.timeout(5):
            with pytest.raises(NoAnswerError, match=r"within 0\.4 s"):
                await alma.scan_in(IDS, DESK)


async def test_the_time_for_an_answer_begins_as_the_request_leaves() -> None:
    whole = http(200, item_json()).data
    parts = [whole[at : at + 100] for at in range(0, len(whole), 100)]
    timeouts = Timeouts(connect_seconds=0.2, scan_seconds=60)
    async with speaker(lambda: steadily(parts, 0.05)) as base_url, connect_with(base_url, timeouts) as alma:
        assert len(parts) * 0.05 > timeouts.connect_seconds
        assert (await alma.scan_in(IDS, DESK)).ids == IDS


def connect_with(base_url: str, timeouts: Timeouts) -> Alma:
    return Alma(base_url, "l8xxKEY", pacer=Pacer(1000), timeouts=timeouts)


class Intruder:
    """Answers every request, and on the first connection says something more once it is told to."""

    def __init__(self) -> None:
        self._may_speak, self._has_spoken = asyncio.Event(), asyncio.Event()

    async def speak(self) -> AsyncIterator[bytes]:
        yield http(200, item_json()).data
        if not self._has_spoken.is_set():
            await self._may_speak.wait()
            yield http(200, item_json(pid="666")).data
            self._has_spoken.set()

    async def intrude(self) -> None:
        """Say it now, and wait until it is there."""
        self._may_speak.set()
        await self._has_spoken.wait()
        await asyncio.sleep(0.05)


async def test_what_comes_unasked_on_a_kept_connection_answers_no_request() -> None:
    intruder = Intruder()
    async with speaker(intruder.speak) as base_url, connect(base_url) as alma:
        assert (await alma.read(IDS)).pid == IDS.pid
        await intruder.intrude()
        with pytest.raises(NotSentError):
            await alma.scan_in(IDS, DESK)
        # Its connection is gone, and the next one is as good as new.
        assert (await alma.scan_in(IDS, DESK)).pid == IDS.pid


async def test_a_read_leaves_a_connection_on_which_something_came_unasked_and_takes_another() -> None:
    intruder = Intruder()
    async with speaker(intruder.speak) as base_url, connect(base_url) as alma:
        await alma.read(IDS)
        await intruder.intrude()
        assert (await alma.read(IDS)).pid == IDS.pid


@pytest.mark.parametrize("remaining", ["9" * 5000, "9" * 30, "-1", "1.5", "٣", "many"])
async def test_a_number_of_remaining_calls_that_is_none_is_passed_over(
    server: RawServer, alma: Alma, remaining: str
) -> None:
    headers = {"X_Exl_Api_Remaining": remaining.encode().decode("latin-1")}
    server.script([http(200, item_json()), http(200, item_json(), **headers)])
    server.replies[1].data = server.replies[1].data.replace(headers["X_Exl_Api_Remaining"].encode(), remaining.encode())
    await alma.read(IDS)
    alma.remaining_calls = 7
    assert (await alma.read(IDS)).ids == IDS
    assert alma.remaining_calls == 7


@pytest.mark.parametrize("value", [10**30, 10**4000, -1, 1e308, True])
@pytest.mark.parametrize("field", ["pid", "barcode", "base_status", "due_date", "requested", "library"])
def test_a_huge_number_in_an_item_is_a_short_text_or_no_answer(field: str, value: Any) -> None:
    with contextlib.suppress(NoAnswerError):
        item = read_item(Answer(200, item_json(**{field: value})))
        assert all(len(str(getattr(item, name))) <= 2000 for name in item.__struct_fields__)


@pytest.mark.parametrize("code", ["9" * 4000, "9" * 5000, "1e999"])
def test_a_huge_error_code_is_a_refusal_all_the_same(code: str) -> None:
    refusal = find_refusal(Answer(400, b'{"errorList":{"error":[{"errorCode":%s}]}}' % code.encode()))
    assert refusal is not None
    assert len(refusal.code) <= 300


def test_no_text_of_an_item_moves_a_terminals_cursor_or_turns_its_direction() -> None:
    tree = item_tree(barcode="123" + ESCAPES, due_date=ESCAPES, library={"value": "M", "desc": ESCAPES})
    tree["bib_data"]["title"] = f"A title\n{ESCAPES}"
    tree["holding_data"]["call_number"] = ESCAPES
    item = read_item(Answer(200, json.dumps(tree).encode()))
    for name in item.__struct_fields__:
        text = str(getattr(item, name))
        assert not [character for character in text if unicodedata.category(character) == "Cc"], name
        assert not set(text) & set("\u202e\u2066"), name
    assert item.title.startswith("A title ")
    assert item.barcode != "123"


@given(st.text())
def test_a_safe_text_is_one_short_line_that_can_be_stored(text: str) -> None:
    safe = safe_text(text)
    assert safe_text(safe) == safe
    assert len(safe.splitlines()) <= 1
    assert len(safe) == min(len(text), 2000)
    safe.encode()


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=2000))
def test_a_text_of_letters_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize(
    "body",
    [
        b"<item>" + b"<a/>" * 1_000_000 + b"</item>",
        b"<p>" * 1_500_000,
        b'{"errorList":[' + b"{}," * 1_500_000 + b"{}]}",
        b'{"errorList":' * 300_000,
    ],
    ids=["flat XML", "deep XML", "flat JSON", "deep JSON"],
)
@pytest.mark.parametrize("status", [200, 500])
async def test_five_megabytes_of_tags_or_objects_are_not_made_a_tree(
    server: RawServer, alma: Alma, body: bytes, status: int
) -> None:
    server.script([http(status, body)])
    with pytest.raises(NoAnswerError):
        await alma.scan_in(IDS, DESK)
    assert alma.requests == 1


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE item [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE item [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/stolen">]>',
        '<!DOCTYPE item SYSTEM "http://127.0.0.1:{port}/stolen.dtd">',
        '<!DOCTYPE item [<!ENTITY % x SYSTEM "http://127.0.0.1:{port}/stolen"> %x;]>',
    ],
)
async def test_an_external_entity_is_neither_read_nor_fetched(server: RawServer, alma: Alma, doctype: str) -> None:
    document = doctype.replace("{port}", str(server.port)) + "<item><bib_data>&x;</bib_data></item>"
    server.script([http(200, document, "application/xml")])
    with pytest.raises(NoAnswerError):
        await alma.scan_in(IDS, DESK)
    assert len(server.received) == 1


async def test_a_refusal_that_names_another_barcode_is_not_believed(server: RawServer, alma: Alma) -> None:
    server.script([http(400, error_json("401689", "No items found for barcode 999."))])
    with pytest.raises(NoAnswerError, match="another barcode"):
        await alma.find("123")
    assert alma.requests == 3


@pytest.mark.parametrize(
    ("barcode", "message"),
    [
        ("303011KJ0", "No items found for barcode 303011kj0."),
        ("a<b>c", "No items found for barcode a<b>c."),
        ("00123", "No items found for barcode 123."),
        ("12 3", "No items found for barcode 12+3."),
        ("123", "Keine Exemplare zu Barcode 999."),
        ("123", ""),
    ],
)
async def test_a_refusal_that_names_the_barcode_in_another_spelling_or_none_is_believed(
    server: RawServer, alma: Alma, barcode: str, message: str
) -> None:
    server.script([http(400, error_json("401689", message))])
    with pytest.raises(ItemNotFoundError):
        await alma.find(barcode)


@pytest.mark.parametrize(
    "location",
    ["http://localhost:{port}/almaws/v1{path}", "//localhost:{port}{path}", "http://user@localhost:{port}{path}"],
)
async def test_a_redirect_to_another_host_never_gets_the_key(server: RawServer, alma: Alma, location: str) -> None:
    path = "/bibs/1/holdings/2/items/3"
    async with RawServer([http(200, item_json())]) as thief:
        there = location.format(port=thief.port, path=path)
        server.script([http(302, b"", Location=there)])
        for attempt in (alma.find("123"), alma.read(IDS), alma.scan_in(IDS, DESK)):
            with pytest.raises(NoAnswerError):
                await attempt
        assert thief.received == []


def test_a_path_is_the_same_whatever_a_barcode_holds() -> None:
    for barcode in ("../../x", "http://evil.example/", "1?apikey=2", "1#2", "1\r\nHost: evil", "%2e%2e"):
        path = find(barcode, "127.0.0.1").path
        assert path.startswith("/items?item_barcode=")
        assert not set(path.removeprefix("/items?item_barcode=")) & set("/?#&\r\n ")
