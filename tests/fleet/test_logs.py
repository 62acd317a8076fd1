"""What a worker writes about its work: where it belongs, and never a key."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from almascan.fleet.logs import KINDS, Kind, context, set_up
from almascan.settings import Settings, read_key

LOGGER = logging.getLogger("almascan.fleet.test")
KEY = "l8xx0123456789secret"


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("", "almascan", "asyncio", "psycopg")]
    before = [(each.handlers[:], each.level, each.propagate) for each in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.fixture
def key() -> str:
    """A key that this process has read."""
    return read_key(Settings(), {"ALMASCAN_API_KEY": KEY})


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_says_when_what_and_where(stream: io.StringIO) -> None:
    set_up("json", stream, worker="w1")
    with context(institution="01ABC", run=7):
        LOGGER.warning("Chunk %s ended.", 3, extra={"row": 12, "seconds": 1.5, "ended": "on"})
    (line,) = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert list(line.items()) == [
        ("level", "warning"),
        ("message", "Chunk 3 ended."),
        ("worker", "w1"),
        ("institution", "01ABC"),
        ("run", 7),
        ("row", 12),
        ("seconds", 1.5),
        ("ended", "on"),
    ]


def test_a_text_line_says_the_same(stream: io.StringIO) -> None:
    set_up("text", stream, worker="w1")
    with context(institution="01ABC", run=7):
        LOGGER.info("Chunk ended.", extra={"seconds": 1.5})
    LOGGER.info("Idle.")
    first, second = (line.partition(" ")[2] for line in stream.getvalue().splitlines())
    assert first == "INFO    Chunk ended. [worker=w1 institution=01ABC run=7 seconds=1.5]"
    assert second == "INFO    Idle. [worker=w1]"


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_written_nowhere_whatever_holds_it(stream: io.StringIO, key: str, kind: Kind) -> None:
    set_up(kind, stream, worker=key)
    with context(institution=key, detail={"key": [key]}):
        LOGGER.info(key)
        LOGGER.info("said %s", key, extra={"answer": f"bytes {key}", "headers": {"Authorization": f"apikey {key}"}})
        LOGGER.info("%d of %s", key, 2)
        try:
            _fail(key)
        except RuntimeError as error:
            error.add_note(f"asked with {key}")
            LOGGER.exception("It failed: %s", error)  # noqa: TRY401 - the sentence is to hold it too
        LOGGER.info("here", stack_info=True)
    written = stream.getvalue()
    assert KEY not in written
    assert written.count("[key]") >= 8
    assert "%d of %s" in written
    assert all(part in written for part in ("ValueError", "RuntimeError: inner", "asked with [key]", "_fail"))


def _fail(key: str) -> None:
    try:
        int(f"outer {key}")
    except ValueError as error:
        raise RuntimeError(f"inner {key}") from error


async def test_the_contexts_of_two_tasks_are_not_mixed(stream: io.StringIO) -> None:
    set_up("json", stream)
    turn = asyncio.Barrier(2)

    async def row(number: int) -> None:
        with context(row=number):
            await turn.wait()
            LOGGER.info("row")

    async def run(institution: str, number: int) -> None:
        with context(institution=institution, run=number):
            await turn.wait()
            LOGGER.info("begun")
            await asyncio.create_task(row(10 * number))
            await turn.wait()
            LOGGER.info("ended")

    await asyncio.gather(run("01ABC", 1), run("01XYZ", 2))
    LOGGER.info("outside")
    places = [tuple(line.get(name) for name in ("message", "institution", "run", "row")) for line in lines(stream)]
    assert sorted(places[:-1]) == sorted(
        (message, code, number, 10 * number if message == "row" else None)
        for code, number in (("01ABC", 1), ("01XYZ", 2))
        for message in ("begun", "row", "ended")
    )
    assert places[-1] == ("outside", None, None, None)


def test_an_inner_context_adds_to_the_outer_one_and_ends(stream: io.StringIO) -> None:
    set_up("json", stream)
    with context(institution="01ABC", run=1):
        with context(run=2, row=5):
            LOGGER.info("inner")
        LOGGER.info("outer")
    inner, outer = lines(stream)
    assert (inner["institution"], inner["run"], inner["row"]) == ("01ABC", 2, 5)
    assert (outer["institution"], outer["run"], "row" in outer) == ("01ABC", 1, False)


def test_procrastinate_is_heard_from_warnings_on_and_without_its_fields(stream: io.StringIO) -> None:
    set_up("json", stream, worker="w1")
    logging.getLogger("procrastinate.worker").info("Starting job")
    logging.getLogger("procrastinate.worker").warning("Job failed", extra={"worker": {"id": 1}, "job": {"args": 7}})
    (line,) = lines(stream)
    assert (line["message"], line["worker"], "job" in line) == ("Job failed", "w1", False)


def test_whatever_package_speaks_its_words_are_lines_too_and_a_lost_database_is_said_once(stream: io.StringIO) -> None:
    set_up("json", stream, worker="w1")
    logging.getLogger("a.package").warning("Two\nlines.")
    logging.getLogger("a.package").info("All is well.")
    logging.getLogger("psycopg.pool").warning("error connecting in 'pool-1'")
    assert [(line["level"], line["message"], line["worker"]) for line in lines(stream)] == [
        ("warning", "Two\nlines.", "w1")
    ]


def test_set_up_twice_writes_once_and_to_the_last_stream(stream: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    first = io.StringIO()
    set_up("text", first)
    set_up("json", stream)
    LOGGER.info("once")
    assert [line["message"] for line in lines(stream)] == ["once"]
    assert (first.getvalue(), caplog.records) == ("", [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_one_line_and_commands_no_terminal(stream: io.StringIO, kind: Kind) -> None:
    set_up(kind, stream)
    LOGGER.info("a\nb\x1b[2J\x9bc", extra={"title": "x\ny\x1b"})
    assert stream.getvalue().count("\n") == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", stream.getvalue())


def test_a_line_that_cannot_be_written_is_lost_without_a_word(
    stream: io.StringIO, key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up("text", stream)
    stream.close()
    LOGGER.info("said %s", key)
    assert capfd.readouterr() == ("", "")
