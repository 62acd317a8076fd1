"""Analytics reports, page by page: against raw answers, the captured ones, and the simulated Alma."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from html import escape

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from tests.alma.conftest import KEY, connect
from tests.alma.raw_server import RawServer, http
from tests.alma.samples import error_json, error_xml

from almascan.alma import Alma, Pacer, ReportRows
from almascan.alma.analytics import arrange, report
from almascan.alma.answers import Answer
from almascan.alma.paging import MOST_WAITS
from almascan.errors import KeyRefusedError, ListError, NoAnswerError, RefusedError, UsageError
from almascan.simulator import Simulator, SimulatorConfig

PATH = "/shared/Our University/Reports/Stuck"
XML = "text/xml;charset=UTF-8"
ROWSET = "urn:schemas-microsoft-com:xml-analysis:rowset"
HEADINGS = {"Column0": "0", "Column1": "Barcode", "Column2": "Title"}


def page(
    rows: list[dict[str, str]],
    *,
    headings: dict[str, str] | None = None,
    token: str = "",
    finished: bool = True,
) -> str:
    """A page as Alma writes it: a schema and rows in the rowset's namespace, or an empty ResultXml."""
    elements = "".join(
        f'<xsd:element name="{name}" saw-sql:columnHeading="{escape(heading)}" type="xsd:string"/>'
        for name, heading in (headings or {}).items()
    )
    schema = (
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:saw-sql="urn:saw-sql"><xsd:complexType name="Row">'
        f"<xsd:sequence>{elements}</xsd:sequence></xsd:complexType></xsd:schema>"
    )
    cells = "".join(
        "<Row><Column0>0</Column0>"
        + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in row.items())
        + "</Row>"
        for row in rows
    )
    rowset = f'<rowset xmlns="{ROWSET}">{schema if headings else ""}{cells}</rowset>' if rows or headings else ""
    said = f"<ResumptionToken>{token}</ResumptionToken>" if token else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><report><QueryResult>'
        f"{said}<IsFinished>{str(finished).lower()}</IsFinished><ResultXml>{rowset}</ResultXml></QueryResult></report>"
    )


LOADING = page([], finished=False)


class Sleeper:
    """Notes how long was to be waited."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest_asyncio.fixture
async def client(server: RawServer, sleeper: Sleeper) -> AsyncIterator[Alma]:
    async with Alma(server.base_url, KEY, pacer=Pacer(10_000), sleep=sleeper) as alma:
        yield alma


def script(server: RawServer, *bodies: str | bytes) -> None:
    server.script([http(200, body, XML) for body in bodies])


async def read_all(alma: Alma) -> list[dict[str, str]]:
    return [row async for got in alma.analytics_report(PATH) for row in got.rows]


async def test_the_token_and_the_columns_of_the_first_page_serve_for_all(client: Alma, server: RawServer) -> None:
    script(
        server,
        page([{"Column1": "b1", "Column2": "One"}], headings=HEADINGS, token="T/+=", finished=False),
        page([{"Column2": "Without a barcode"}], finished=False),
        page([{"Column1": "b3"}]),
    )
    assert await read_all(client) == [
        {"Barcode": "b1", "Title": "One"},
        {"Barcode": "", "Title": "Without a barcode"},
        {"Barcode": "b3", "Title": ""},
    ]
    first, *rest = [line.split()[1] for line in server.lines]
    assert first.endswith(
        "/analytics/reports?path=%2Fshared%2FOur+University%2FReports%2FStuck&limit=1000&col_names=true"
    )
    assert all(line.endswith("/analytics/reports?token=T%2F%2B%3D&limit=1000") for line in rest)
    assert len(rest) == 2


async def test_a_report_that_is_not_ready_is_asked_for_again_after_ever_longer_waits(
    client: Alma, server: RawServer, sleeper: Sleeper
) -> None:
    script(server, *[LOADING] * 7, page([{"Column1": "b1"}], headings=HEADINGS))
    assert len(await read_all(client)) == 1
    assert sleeper.seconds == [1, 2, 4, 8, 16, 30, 30]


async def test_waiting_between_pages_begins_anew_and_goes_on_with_the_token(
    client: Alma, server: RawServer, sleeper: Sleeper
) -> None:
    script(
        server,
        page([], token="T", finished=False),
        page([{"Column1": "b1"}], headings=HEADINGS, finished=False),
        LOADING,
        page([{"Column1": "b2"}]),
    )
    assert [row["Barcode"] for row in await read_all(client)] == ["b1", "b2"]
    assert sleeper.seconds == [1, 1]
    assert all("token=T" in line for line in server.lines[1:])


async def test_a_report_that_never_gets_ready_ends_with_a_sentence(
    client: Alma, server: RawServer, sleeper: Sleeper
) -> None:
    script(server, LOADING)
    with pytest.raises(ListError, match="still preparing"):
        await read_all(client)
    assert len(server.received) == MOST_WAITS + 1
    assert sum(sleeper.seconds) < 600


async def test_pages_without_a_token_are_not_read_for_ever(client: Alma, server: RawServer) -> None:
    script(server, page([{"Column1": "b1"}], headings=HEADINGS, finished=False), page([{"Column1": "b1"}]))
    with pytest.raises(NoAnswerError, match="how to go on"):
        await read_all(client)
    assert len(server.received) == 1


async def test_rows_whose_columns_nobody_named_are_no_answer(client: Alma, server: RawServer) -> None:
    script(server, page([{"Column1": "b1"}]))
    with pytest.raises(NoAnswerError, match="names of their columns"):
        await read_all(client)


async def test_a_report_without_rows_is_empty_and_not_waited_for(client: Alma, server: RawServer) -> None:
    script(server, page([], headings=HEADINGS))
    assert await read_all(client) == []
    assert len(server.received) == 1


@pytest.mark.parametrize("declared", ["UTF-8", "UTF-16"])
async def test_a_report_inside_of_json_is_read_whatever_encoding_it_claims(
    declared: str, client: Alma, server: RawServer
) -> None:
    inside = page([{"Column1": "b1", "Column2": "Øl"}], headings=HEADINGS).replace("UTF-8", declared)
    server.script([http(200, b"\xef\xbb\xbf" + json.dumps({"anies": [inside]}, ensure_ascii=False).encode())])
    assert await read_all(client) == [{"Barcode": "b1", "Title": "Øl"}]


async def test_an_unknown_report_is_named(client: Alma, server: RawServer) -> None:
    server.script([http(500, error_xml("INTERNAL_SERVER_ERROR", f"Path not found ({PATH})"), XML)])
    with pytest.raises(ListError, match=r"no Analytics report .*/Stuck"):
        await read_all(client)


async def test_a_report_that_may_not_be_read_is_refused_in_almas_words(client: Alma, server: RawServer) -> None:
    server.script([http(400, error_json("500", "access denied for user to path X"))])
    with pytest.raises(RefusedError, match="access denied"):
        await read_all(client)


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><report><QueryResult>&b;</QueryResult></report>'


@pytest.mark.parametrize(
    "body", ["", "{}", "{", "<report/>", BOMB, page([], headings=HEADINGS)[:-20], "\x00<", '{"a":1}']
)
async def test_what_is_no_page_of_a_report_is_no_answer(body: str, client: Alma, server: RawServer) -> None:
    script(server, body)
    with pytest.raises(NoAnswerError):
        await read_all(client)


@pytest.mark.parametrize("limit", [0, 24, 30, 1025, -25])
async def test_a_page_of_a_size_that_alma_has_not_is_not_asked_for(limit: int, client: Alma, server: RawServer) -> None:
    with pytest.raises(UsageError, match="25 to 1,000"):
        [got async for got in client.analytics_report(PATH, limit)]
    assert server.received == []


def test_headings_that_come_twice_are_numbered() -> None:
    rows = ReportRows(["Library Code", "Barcode", "Library Code"], [["MAIN", "b1", "LAW"]]).rows
    assert rows == [{"Library Code": "MAIN", "Barcode": "b1", "Library Code (2)": "LAW"}]


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc")), max_size=20)
COLUMNS = st.sampled_from(["Column1", "Column2"])


@given(st.lists(st.dictionaries(COLUMNS, TEXT), max_size=5))
def test_no_cell_is_lost_or_shifted(rows: list[dict[str, str]]) -> None:
    read = report(PATH).read(Answer(200, page(rows, headings=HEADINGS).encode()))
    given_cells = [[row.get("Column1", "").strip(), row.get("Column2", "").strip()] for row in rows]
    assert arrange(read.rows, read.headings) == ReportRows(["Barcode", "Title"], given_cells)


async def test_a_captured_report_is_waited_for_and_read(
    client: Alma, server: RawServer, capture: Callable[[str], bytes]
) -> None:
    script(server, capture("analytics-still-loading.xml"), capture("analytics-report.xml"))
    rows = await read_all(client)
    assert len(server.received) == 2
    assert all(len(row) == 11 for row in rows)
    assert rows[0]["Source Library Code"] == "1030300"
    assert rows[0]["Total Event duration (days)"] == "30.9088"
    assert (rows[1]["Event End Date and Time"], rows[1]["Total Event duration (days)"]) == ("", "")


async def test_a_captured_unknown_path_is_named(
    client: Alma, server: RawServer, capture: Callable[[str], bytes]
) -> None:
    server.script([http(500, capture("analytics-path-not-found.xml"), XML)])
    with pytest.raises(ListError, match="Path not found"):
        await read_all(client)


@pytest.fixture(scope="module", params=[False, True])
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    config = SimulatorConfig(
        items=3000, seed=5, per_second=0, report_loading_answers=2, schema_on_every_page=request.param
    )
    with Simulator(config) as started:
        yield started


async def test_small_pages_of_a_simulated_report_are_the_same_as_one_large_one(simulator: Simulator) -> None:
    async with connect(simulator.base_url, key=simulator.keys["analytics_only"]) as alma:
        small = [got async for got in alma.analytics_report(simulator.report, limit=25)]
        large = [got async for got in alma.analytics_report(simulator.report)]
    assert len(small) > len(large)
    assert [row for got in small for row in got.rows] == [row for got in large for row in got.rows]
    assert {"Barcode", "MMS Id", "Holding Id", "Physical Item Id"} <= large[0].rows[0].keys()


async def test_a_key_without_the_area_may_not_read_reports(simulator: Simulator) -> None:
    async with connect(simulator.base_url, key=simulator.keys["bibs_only"]) as alma:
        with pytest.raises(KeyRefusedError):
            await read_all(alma)
