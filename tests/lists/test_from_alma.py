"""Lists that come from Alma itself, and pasted text."""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from tests.alma.conftest import connect
from tests.alma.raw_server import RawServer, Reply, http
from tests.alma.samples import error_json

from almascan.alma import Alma
from almascan.errors import KeyRefusedError, ListError, UsageError
from almascan.lists import Entry, Fetched, Listing, ListOptions, fetch_report, fetch_set, open_list, open_text
from almascan.model import ItemIds
from almascan.simulator import Simulator, SimulatorConfig

SAID = ListOptions()
PATH = "/shared/Our University/Reports/Stuck"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RawServer]:
    async with RawServer() as started:
        yield started


@pytest_asyncio.fixture
async def alma(server: RawServer) -> AsyncIterator[Alma]:
    async with connect(server.base_url) as client:
        yield client


def set_answers(numbers: list[int], said: int | None = None, **parts: Any) -> list[Reply]:
    described = {
        "id": "77",
        "name": "Stuck",
        "type": {"value": "ITEMIZED"},
        "content": {"value": "ITEM"},
        "number_of_members": {"value": len(numbers) if said is None else said},
    } | parts
    members = [{"link": f"/almaws/v1/bibs/1{n}/holdings/2{n}/items/3{n}"} for n in numbers]
    page = {"member": members, "total_record_count": len(numbers)}
    return [http(200, json.dumps(described)), http(200, json.dumps(page))]


def ids(number: int) -> ItemIds:
    return ItemIds(f"1{number}", f"2{number}", f"3{number}")


async def test_a_member_that_comes_twice_is_one_row_and_counted(alma: Alma, server: RawServer) -> None:
    server.script(set_answers([1, 2, 1, 3], said=3))
    fetched = await fetch_set(alma, "77")
    assert list(fetched) == [Entry(row, f"3{row}", "", ids(row)) for row in (1, 2, 3)]
    assert fetched.notes == {"entries": 3, "ids": 3, "repeated": 1}
    assert (fetched.name, fetched.description, fetched.headers) == ("Stuck", "Alma set 77 (itemized)", [])


async def test_fewer_members_than_the_set_says_are_counted_and_said(alma: Alma, server: RawServer) -> None:
    server.script(set_answers([1, 2], said=1234))
    fetched = await fetch_set(alma, "77")
    assert fetched.notes["members_missing"] == 1232
    assert fetched.description == "Alma set 77 (itemized), which says that it has 1,234 and gave 2"


async def test_more_members_than_the_set_says_are_said(alma: Alma, server: RawServer) -> None:
    server.script(set_answers([1, 2], said=1, type={"value": "LOGICAL"}))
    fetched = await fetch_set(alma, "77")
    assert "members_missing" not in fetched.notes
    assert fetched.description == "Alma set 77 (logical), which says that it has 1 and gave 2"


async def test_the_order_of_members_is_part_of_what_a_list_is(alma: Alma, server: RawServer) -> None:
    server.script([*set_answers([1, 2]), *set_answers([1, 2, 1]), *set_answers([2, 1])])
    digests = [(await fetch_set(alma, "77")).digest for _ in range(3)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("content", ["BIB_MMS", "IEP", "USER"])
async def test_a_set_of_other_things_is_refused_before_its_members_are_read(
    content: str, alma: Alma, server: RawServer
) -> None:
    server.script(set_answers([1], content={"value": content}))
    with pytest.raises(ListError, match=f"holds {content}, not physical items"):
        await fetch_set(alma, "77")
    assert len(server.received) == 1


async def test_a_set_without_members_is_refused(alma: Alma, server: RawServer) -> None:
    server.script(set_answers([]))
    with pytest.raises(ListError, match="no members"):
        await fetch_set(alma, "77")


async def test_a_set_whose_members_alma_refuses_is_refused_as_a_list(alma: Alma, server: RawServer) -> None:
    server.script([set_answers([1])[0], http(400, error_json("60108"))])
    with pytest.raises(ListError, match='does not give the set "77": 60108'):
        await fetch_set(alma, "77")


def report(headings: list[str], *rows: list[str]) -> Reply:
    schema = "".join(
        f'<xsd:element name="Column{place}" saw-sql:columnHeading="{escape(text)}"/>'
        for place, text in enumerate(["0", *headings])
    )
    cells = "".join(
        "<Row>"
        + "".join(f"<Column{place}>{escape(text)}</Column{place}>" for place, text in enumerate(["0", *row]) if text)
        + "</Row>"
        for row in rows
    )
    return http(
        200,
        '<report><QueryResult><IsFinished>true</IsFinished><ResultXml><rowset xmlns="urn:x"><xsd:schema xmlns:xsd="urn:y" '
        f'xmlns:saw-sql="urn:saw-sql">{schema}</xsd:schema>{cells}</rowset></ResultXml></QueryResult></report>',
    )


async def fetch(alma: Alma, server: RawServer, headings: list[str], *rows: list[str], **said: str) -> Fetched:
    server.script([report(headings, *rows)])
    return await fetch_report(alma, PATH, ListOptions(**said))


async def test_barcodes_of_a_report_are_cleaned_and_judged_like_those_of_a_file(alma: Alma, server: RawServer) -> None:
    texts = ["  b1 ", "b2.0", '="b3"', "3.01121E+13", "", "PREb4"]
    fetched = await fetch(
        alma, server, ["Title", "Barcode"], *[["A title", text] for text in texts], strip_prefix="PRE"
    )
    content = "Title\tBarcode\n" + "".join(f"A title\t{text}\n" for text in texts)
    with open_text(content, ListOptions(strip_prefix="PRE")) as reading:
        from_file = list(reading)
    cleaned = [(entry.row, entry.barcode, entry.problem) for entry in fetched]
    assert cleaned == [(entry.row, entry.barcode, entry.problem) for entry in from_file]
    assert fetched.notes["problems"] == reading.notes["problems"] == 2
    assert fetched.notes["entries"] == 6


async def test_a_report_with_ids_needs_no_look_up(alma: Alma, server: RawServer) -> None:
    headings = ["Physical Item Id", "Title", "MMS Id", "Holding Id"]
    fetched = await fetch(alma, server, headings, ["31", "T", "11", "21"], ["32", "T", "12", ""])
    good, bad = fetched
    assert (good.row, good.ids) == (2, ids(1))
    assert bad.ids is None
    assert "Holding" in bad.problem
    assert (
        fetched.description
        == f"Analytics report {PATH}, columns 'MMS Id' (C), 'Holding Id' (D), 'Physical Item Id' (A)"
    )
    assert (fetched.name, fetched.headers) == ("Stuck", headings)


async def test_a_title_that_begins_like_a_comment_does_not_lose_its_row(alma: Alma, server: RawServer) -> None:
    fetched = await fetch(alma, server, ["Title", "Barcode"], ["#MeToo", "b1"], ["#", "b2"], ["## lone", ""])
    assert [(entry.row, entry.barcode, bool(entry.problem)) for entry in fetched] == [
        (2, "b1", False),
        (3, "b2", False),
        (4, "", True),
    ]


@pytest.mark.parametrize(("headings", "said"), [(["Code 39"], {}), (["Title 1", "Code 39"], {"column": "B"})])
async def test_the_headings_of_a_report_are_never_taken_for_an_item(
    headings: list[str], said: dict[str, str], alma: Alma, server: RawServer
) -> None:
    row = ["T", "b1"][-len(headings) :]
    fetched = await fetch(alma, server, headings, row, **said)
    assert [(entry.row, entry.barcode) for entry in fetched] == [(2, "b1")]


async def test_two_columns_of_barcodes_are_asked_about(alma: Alma, server: RawServer) -> None:
    with pytest.raises(ListError, match="several columns of barcodes"):
        await fetch(alma, server, ["Barcode", "Item Barcode"], ["b1", "b2"])


async def test_a_report_that_names_no_items_says_which_columns_it_has(alma: Alma, server: RawServer) -> None:
    with pytest.raises(ListError, match=r"Stuck has no column .*'Title'.*which column to use"):
        await fetch(alma, server, ["Title", "Author"], ["T", "A"])


@pytest.mark.parametrize("rows", [[], [["", ""]]])
async def test_a_report_without_rows_is_refused(rows: list[list[str]], alma: Alma, server: RawServer) -> None:
    with pytest.raises(ListError, match=r"no rows|names no item"):
        await fetch(alma, server, ["Barcode", "Title"], *rows)


async def test_a_report_that_may_not_be_read_is_refused_as_a_list(alma: Alma, server: RawServer) -> None:
    server.script([http(400, error_json("500", "access denied for user to path X"))])
    with pytest.raises(ListError, match="access denied"):
        await fetch_report(alma, PATH, SAID)


@pytest.fixture
def captured_report() -> bytes:
    path = Path(__file__).resolve().parents[2] / ".." / "shared" / "captures" / "analytics-report.xml"
    if not path.exists():
        pytest.skip("the captured answers of real Almas are not here")
    return path.read_bytes()


async def test_each_row_of_a_captured_report_is_an_entry(alma: Alma, server: RawServer, captured_report: bytes) -> None:
    server.script([http(200, captured_report)])
    fetched = await fetch_report(alma, PATH, ListOptions(column="Source Library Code"))
    entries = list(fetched)
    assert [entry.row for entry in entries] == list(range(2, 2 + captured_report.count(b"<Row>")))
    assert entries[0].barcode == "1030300"
    assert all(bool(entry.barcode) != bool(entry.problem) for entry in entries)
    assert fetched.headers[2] == "Title"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    config = SimulatorConfig(items=3000, seed=5, per_second=0, members_repeat=True, short_member_pages=True)
    with Simulator(config) as started:
        yield started


async def test_a_logical_set_of_a_simulated_alma_is_whole_and_without_doubles(simulator: Simulator) -> None:
    async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
        fetched = await fetch_set(alma, simulator.logical_set)
    entries = list(fetched)
    assert len(entries) == simulator.sets()[simulator.logical_set] == len({entry.ids for entry in entries})
    assert fetched.notes["repeated"] > 0
    assert "members_missing" not in fetched.notes


@pytest.mark.parametrize(
    ("call", "area"),
    [
        (lambda alma, simulator: fetch_set(alma, simulator.logical_set), "Configuration"),
        (lambda alma, simulator: fetch_report(alma, simulator.report, SAID), "Analytics"),
    ],
)
async def test_a_key_without_the_right_is_told_which_it_lacks(
    call: Callable[[Alma, Simulator], Any], area: str, simulator: Simulator
) -> None:
    async with connect(simulator.base_url, key=simulator.keys["bibs_only"]) as alma:
        with pytest.raises(KeyRefusedError, match=f"needs the right to read {area}"):
            await call(alma, simulator)


async def test_an_unknown_set_of_a_simulated_alma_names_the_nearest(simulator: Simulator) -> None:
    async with connect(simulator.base_url, key=simulator.keys["full"]) as alma:
        with pytest.raises(UsageError, match="The nearest are: Truck of returns"):
            await fetch_set(alma, "Trucks of returns")


def test_the_example_of_sets_and_reports_reads_both(simulator: Simulator) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "python-api.md"
    examples = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (code,) = (example for example in examples if "analytics_report" in example)
    variables = {"ALMASCAN_BASE_URL": simulator.base_url, "ALMASCAN_API_KEY": simulator.keys["full"]}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | variables | {"REPORT": simulator.report, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, *rows = done.stdout.splitlines()
    assert first.startswith("Truck of returns: ")
    assert {row.split()[0] for row in rows} >= set(simulator.barcodes("in_transit", 5))


def digest_of(listing: Listing) -> tuple[int, str]:
    """A list as the run sees it, whatever kind it is."""
    return sum(1 for _ in listing), listing.digest


async def test_whatever_the_list_it_offers_the_same(alma: Alma, server: RawServer, tmp_path: Path) -> None:
    server.script(set_answers([1, 2]))
    (tmp_path / "list.txt").write_text("b1\nb2\n")
    with open_list(tmp_path / "list.txt") as of_file, open_text("b1 b2") as pasted:
        seen = [digest_of(listing) for listing in (await fetch_set(alma, "77"), of_file, pasted)]
    assert [count for count, _ in seen] == [2, 2, 2]
    assert all(len(digest) == 64 for _, digest in seen)


def barcodes(text: str, **said: str) -> list[str]:
    with open_text(text, ListOptions(**said)) as reading:
        assert reading.name == "pasted text"
        return [entry.barcode for entry in reading]


@pytest.mark.parametrize(
    "text",
    [
        "b1 b2 b3",
        " b1,b2 ,  b3 ",
        "b1;b2;b3;",
        "b1\r\nb2\r\n\r\nb3\r\n",
        "b1\tb2\tb3",
        "Item Barcode\nb1 b2\nb3",
        "# from Ann, on Monday\nb1\nb2 b3",
        "Title\tBarcode\nA long title\tb1\nOf two, or more\tb2\n\tb3\n",
    ],
)
def test_pasted_barcodes_may_be_separated_by_anything(text: str) -> None:
    assert barcodes(text) == ["b1", "b2", "b3"]


def test_pasted_barcodes_are_cleaned_like_those_of_a_file() -> None:
    assert barcodes("\u200bPREb1 PREb2", strip_prefix="PRE", encoding="utf-16", sheet="Any") == ["b1", "b2"]


@pytest.mark.parametrize("text", ["", " \n,; \t ", "# nothing", "Barcode", "\udc80b1"])
def test_a_pasted_text_that_names_no_item_is_refused(text: str) -> None:
    with pytest.raises(ListError, match="pasted text"):
        barcodes(text)


@given(
    st.lists(st.text("abcXYZ0123456789-", min_size=3, max_size=12), min_size=1, max_size=20),
    st.sampled_from([" ", ",", "; ", "\n", " , ", "\r\n\r\n"]),
)
def test_no_pasted_barcode_is_lost(texts: list[str], between: str) -> None:
    with open_text(between.join(["Barcode", *texts]).replace("Barcode" + between, "Barcode\n", 1)) as reading:
        assert [entry.given for entry in reading] == texts
