"""Whole runs against a hostile Alma: what it says is bounded, and goes no further than it should."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench.kills import environment_of
from tests.engine.conftest import QUICK, RATE, Bench
from tests.engine.liar import lie

from almascan.alma import Alma, Pacer
from almascan.lists import ListOptions, open_list
from almascan.model import Outcome, Row, RunState
from almascan.progress import reporter_for
from almascan.run import Ended, Runner
from almascan.simulator import Simulator, SimulatorConfig

MOST_MEGABYTES = 300
ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\n\x00\x9b31m\u202etxt"
HOSTILE: list[dict[str, Any]] = [
    {"kind": "endless", "applied": True},
    {"kind": "endless_headers", "applied": True},
    {"kind": "long_header", "size_bytes": 20_000_000},
    {"kind": "garbage", "applied": True},
    {"kind": "error", "status": 200, "body_format": "deep"},
    {"kind": "error", "status": 500, "body_format": "deep"},
    {"kind": "error", "status": 200, "body_format": "entities"},
    {"kind": "error", "status": 500, "body_format": "entities"},
    {"kind": "redirect", "location": "http://localhost:9/almaws/v1/bibs/1/holdings/2/items/3"},
]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process's own largest memory this way")
def test_a_run_takes_little_memory_whatever_it_is_answered(tmp_path: Path) -> None:
    with Simulator(SimulatorConfig(items=2000, seed=5, per_second=0)) as simulator:
        (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", 150)), encoding="utf-8")
        for fault in HOSTILE:
            for operation in ("find", "read", "scan"):
                simulator.add_fault(operation=operation, times=3, probability=0.2, **fault)
        command = [sys.executable, "-m", "almascan", "scan", str(tmp_path / "list.txt"), "--yes"]
        with subprocess.Popen(
            command,
            env=environment_of(simulator, tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            kilobytes = watch(process)
        scans = simulator.scans()
    assert process.returncode in (0, 3)
    assert 0 < kilobytes / 1000 < MOST_MEGABYTES
    assert set(scans.values()) == {1}


def watch(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a process to end, for a minute; give the most memory that it has had, in kilobytes."""
    kilobytes, give_up_at = 0, time.monotonic() + 60
    while process.poll() is None:
        if time.monotonic() > give_up_at:
            process.kill()
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
        kilobytes = int(found[1]) if found else kilobytes
        time.sleep(0.05)
    return kilobytes


async def scan_through(bench: Bench, change: Callable[[str, bytes], bytes], barcodes: list[str]) -> Ended:
    """Scan a list in through a proxy that changes what Alma says."""
    async with lie(bench.simulator.port, change) as base_url, meet(bench, base_url) as alma:
        runner = Runner(alma, bench.journal, reporter_for("none", sys.stderr))
        with open_list(bench.write(barcodes), ListOptions()) as listing:
            ended = await runner.scan(listing, bench.order())
    assert ended is not None
    return ended


def meet(bench: Bench, base_url: str) -> Alma:
    return Alma(base_url, bench.simulator.keys["full"], pacer=Pacer(RATE), timeouts=QUICK)


def in_items(change: Callable[[dict[str, Any]], None]) -> Callable[[str, bytes], bytes]:
    """Change every answer that is an item."""

    def answer(_: str, body: bytes) -> bytes:
        tree = json.loads(body) if body.startswith(b"{") else None
        if not isinstance(tree, dict) or "item_data" not in tree:
            return body
        change(tree)
        return json.dumps(tree).encode()

    return answer


def texts_of(journal: Path) -> str:
    """Everything that a journal holds, as text."""
    with sqlite3.connect(journal) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 - its own names
    connection.close()
    return "\n".join(
        value.decode(errors="replace") if isinstance(value, bytes) else str(value) for row in rows for value in row
    )


async def test_what_moves_a_terminals_cursor_reaches_neither_the_journal_nor_a_row(bench: Bench) -> None:
    def deface(tree: dict[str, Any]) -> None:
        tree["bib_data"]["title"] = f"A title {ESCAPES}"
        tree["holding_data"]["call_number"] = ESCAPES
        tree["item_data"]["library"]["desc"] = ESCAPES
        tree["item_data"]["location"]["desc"] = ESCAPES

    barcodes = bench.simulator.barcodes("in_transit", 5)
    ended = await scan_through(bench, in_items(deface), barcodes)
    assert ended.counts == {Outcome.IN_PLACE: 5}
    for row in bench.journal.rows(1):
        assert row.after is not None
        assert row.after.title.startswith("A title ")
    stored = texts_of(bench.folder / "journal.db")
    assert [hex(ord(each)) for each in set(stored) if unicodedata.category(each) == "Cc" and each != "\n"] == []
    # JSON would write them like this.
    assert not any(escaped in stored for escaped in ("\\u001b", "\\u0000", "\\u009b", "\u202e"))


async def test_a_message_that_moves_a_terminals_cursor_is_one_plain_line(bench: Bench) -> None:
    def refuse(line: str, body: bytes) -> bytes:
        error = {"errorCode": f"401664{ESCAPES}", "errorMessage": f"No.{ESCAPES}", "trackingId": ESCAPES}
        return (
            json.dumps({"errorList": {"error": [error]}}).encode() if line.startswith("GET /almaws/v1/bibs/9") else body
        )

    await scan_through(bench, refuse, bench.simulator.barcodes("in_transit", 3))
    for row in bench.journal.rows(1):
        said = f"{row.note}{row.alma_code}{row.alma_message}{row.tracking_id}"
        assert row.answer is Outcome.REFUSED
        assert "No." in said
        assert said.isprintable()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: tree["item_data"].update(pid=10**4000), id="huge id"),
        pytest.param(lambda tree: tree["item_data"].update(barcode="x" * 1_000_000), id="long barcode"),
        pytest.param(lambda tree: tree["item_data"].update(pid="../../conf/test?op=scan"), id="path in an id"),
        pytest.param(lambda tree: tree["item_data"].update(pid="\x1b[2J\r\nX-Evil: 1"), id="header in an id"),
        pytest.param(lambda tree: tree["bib_data"].update(title="x" * 4_000_000), id="long title"),
        pytest.param(lambda tree: tree["item_data"].update(due_date=1e308, requested=10**30), id="huge numbers"),
        pytest.param(lambda tree: tree.update(link="http://localhost:9/almaws/v1/bibs/1"), id="link elsewhere"),
    ],
)
async def test_an_item_with_monstrous_parts_gets_an_answer_and_a_short_record(
    bench: Bench, change: Callable[[dict[str, Any]], None]
) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 3)
    ended = await scan_through(bench, in_items(change), barcodes)
    assert ended.run.state is RunState.FINISHED
    assert Outcome.NOT_TRIED not in ended.counts
    assert set(bench.simulator.scans().values()) <= {1}
    assert max(map(len, texts_of(bench.folder / "journal.db").split("\n"))) < 20_000
    assert all(is_true(row, bench.simulator.scans()) for row in bench.journal.rows(1))


def is_true(row: Row, scans: dict[str, int]) -> bool:
    return row.answer is not Outcome.IN_PLACE or scans.get(row.barcode) == 1


async def test_a_run_is_redirected_nowhere_and_its_key_stays(bench: Bench) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as thief:
        there = f"http://localhost:{thief.sockets[0].getsockname()[1]}/almaws/v1/bibs/1/holdings/2/items/3"
        for operation in ("find", "read", "scan"):
            bench.simulator.add_fault("redirect", operation=operation, times=6, probability=0.5, location=there)
        barcodes = bench.simulator.barcodes("in_transit", 12)
        ended = await bench.scan(barcodes)
        assert ended.counts.get(Outcome.IN_PLACE, 0) > 0
    assert heard == []
    assert set(bench.simulator.scans().values()) == {1}


@pytest.mark.parametrize("code", ["01A\x1b[2Jx", "01A/../../etc/passwd", "01A" * 2000])
async def test_an_institutions_code_is_a_short_word(bench: Bench, code: str) -> None:
    def rename(line: str, body: bytes) -> bytes:
        return f"<test>GET - OK - institutionCode: {code}</test>".encode() if "/bibs/test" in line else body

    async with lie(bench.simulator.port, rename) as base_url, meet(bench, base_url) as alma:
        institution = await alma.test_read()
    assert len(institution) <= 100
    assert institution.isalnum()
