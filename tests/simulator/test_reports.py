"""Analytics reports over a real socket, and beside a real one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from almascan.simulator import Simulator, SimulatorConfig
from almascan.simulator.catalogue import Catalogue
from almascan.simulator.reports import IN_TRANSIT_REPORT, Reports

from .conftest import Client

CAPTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "captures"
ROWSET = "{urn:schemas-microsoft-com:xml-analysis:rowset}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
HEADING = "{urn:saw-sql}columnHeading"
Rows = list[dict[str, str]]


def parse(text: str) -> Element:
    root: Element = fromstring(text.partition("?>")[2])
    return root


def ask(client: Client, **params: Any) -> Element:
    answer = client.get("/analytics/reports", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/xml;charset=UTF-8"
    return parse(answer.text)


def rows_in(report: Element) -> Rows:
    return [{cell.tag.removeprefix(ROWSET): cell.text or "" for cell in row} for row in report.iter(f"{ROWSET}Row")]


def headings_in(report: Element) -> dict[str, str]:
    return {one.get("name", ""): one.get(HEADING, "") for one in report.iter(f"{XSD}element")}


def read_all(client: Client, path: str, limit: int) -> Iterator[Element]:
    report = ask(client, path=path, limit=limit, col_names="true")
    token = report.findtext("QueryResult/ResumptionToken")
    yield report
    while report.findtext("QueryResult/IsFinished") != "true":
        report = ask(client, token=token)
        yield report


def test_a_report_is_read_to_its_end_by_the_token_of_its_first_page(client: Client) -> None:
    reports = list(read_all(client, client.simulator.report, 100))
    rows = [row for report in reports for row in rows_in(report)]
    assert [len(rows_in(report)) for report in reports[:-1]] == [100] * (len(reports) - 1)
    assert len({row["Column1"] for row in rows}) == len(rows) > 300
    tokens = [report.find("QueryResult/ResumptionToken") is not None for report in reports]
    assert tokens == [True] + [False] * (len(reports) - 1)
    assert [bool(headings_in(report)) for report in reports] == tokens, "later pages do not name their columns"


def test_a_row_leads_to_its_item(client: Client) -> None:
    report = ask(client, path=client.simulator.report)
    headings = headings_in(report)
    assert headings["Column0"] == "0"
    row = {headings[column]: text for column, text in rows_in(report)[0].items()}
    ids = [row[name] for name in ("MMS Id", "Holding Id", "Physical Item Id")]
    item = client.get("/bibs/{}/holdings/{}/items/{}".format(*ids)).json()
    data = item["item_data"]
    assert (row["Barcode"], row["Title"]) == (data["barcode"], item["bib_data"]["title"])
    assert (row["Library Code"], row["Location Code"]) == (data["library"]["value"], data["location"]["value"])
    assert (row["Process Type"], f"{row['Modification Date']}Z") == ("Transit", data["modification_date"])
    assert row["0"] == "0"


def test_empty_cells_are_left_out_of_a_row(client: Client) -> None:
    rows = [row for report in read_all(client, client.simulator.report, 1000) for row in rows_in(report)]
    temporary = next(
        name for name, text in headings_in(ask(client, path=client.simulator.report)).items() if "Temp" in text
    )
    assert {temporary in row for row in rows} == {True, False}
    assert all(text for row in rows for text in row.values())


def test_a_report_of_barcodes_has_no_other_column(client: Client) -> None:
    report = ask(client, path=client.simulator.barcodes_report)
    assert headings_in(report) == {"Column0": "0", "Column1": "Barcode"}
    assert len(rows_in(report)) == 25
    offered = client.simulator.barcodes("in_transit", 1000)
    in_transit = {barcode for barcode in offered if client.simulator.item(barcode)["process_type"] == "TRANSIT"}
    barcodes = {
        row["Column1"] for page in read_all(client, client.simulator.barcodes_report, 1000) for row in rows_in(page)
    }
    assert in_transit < barcodes


def test_a_report_is_a_day_old(client: Client) -> None:
    before = rows_in(ask(client, path=client.simulator.report))
    client.scan(before[0]["Column1"])
    assert rows_in(ask(client, path=client.simulator.report)) == before


def test_two_readings_of_a_report_do_not_disturb_each_other(client: Client) -> None:
    first, second = (ask(client, path=client.simulator.report, limit=25) for _ in range(2))
    tokens = [report.findtext("QueryResult/ResumptionToken") for report in (first, second)]
    assert tokens[0] != tokens[1]
    pages = [rows_in(ask(client, token=token)) for token in tokens]
    assert pages[0] == pages[1] != rows_in(first)


def test_a_page_of_a_token_may_have_a_size_of_its_own(client: Client) -> None:
    token = ask(client, path=client.simulator.report, limit=25).findtext("QueryResult/ResumptionToken")
    sizes = [len(rows_in(ask(client, **params))) for params in ({"token": token}, {"token": token, "limit": 50})]
    assert sizes == [25, 50]


def test_a_report_whose_last_page_is_full_ends_with_it() -> None:
    config = SimulatorConfig(items=1000, seed=7)
    reports = Reports(Catalogue(config.seed, config.items), config)
    rows = len(reports.open(IN_TRANSIT_REPORT, 1000).rows)
    assert reports.open(IN_TRANSIT_REPORT, rows).finished
    nearly = reports.open(IN_TRANSIT_REPORT, rows - 1)
    assert not nearly.finished
    last = reports.go_on(nearly.token, None)
    assert (len(last.rows), last.finished, last.token) == (1, True, "")
    assert not reports.go_on(nearly.token, None).rows


def test_the_columns_may_go_without_headings_or_be_named_on_every_page(client: Client) -> None:
    plain = ask(client, path=client.simulator.report, col_names="false")
    assert set(headings_in(plain).values()) == {""}
    with Simulator(SimulatorConfig(items=1000, per_second=0, schema_on_every_page=True)) as simulator:
        assert all(headings_in(page) for page in read_all(Client(simulator), simulator.report, 100))


def test_a_report_that_is_still_being_prepared_has_no_rows_and_is_not_finished() -> None:
    with Simulator(SimulatorConfig(items=1000, per_second=0, report_loading_answers=2)) as simulator:
        reports = [ask(Client(simulator), path=simulator.report) for _ in range(3)]
    assert [len(rows_in(report)) for report in reports] == [0, 0, 25]
    assert [report.findtext("QueryResult/IsFinished") for report in reports] == ["false"] * 3


@pytest.mark.parametrize("limit", ["0", "24", "30", "1025", "many", "-25", "\u00b2"])
def test_a_page_has_25_to_1000_rows_in_steps_of_25(client: Client, limit: str) -> None:
    answer = client.get("/analytics/reports", params={"path": client.simulator.report, "limit": limit})
    assert answer.status_code == 400
    assert answer.json()["errorList"]["error"][0]["errorCode"] == "402119"


@pytest.mark.parametrize("params", [{}, {"token": "0"}, {"path": "/shared", "filter": "<sawx:expr/>"}])
def test_a_report_needs_a_path_or_a_token_and_no_filter(client: Client, params: dict[str, str]) -> None:
    assert client.get("/analytics/reports", params=params).status_code == 400


def test_an_unknown_path_is_an_error_of_the_server(client: Client) -> None:
    answer = client.get("/analytics/reports", params={"path": "/test/path"})
    error = answer.json()["errorList"]["error"][0]
    assert answer.status_code == 500
    assert (error["errorCode"], error["errorMessage"]) == ("INTERNAL_SERVER_ERROR", "Path not found (/test/path)")


def test_reports_need_a_key_for_analytics_and_are_counted_by_name(client: Client) -> None:
    params = {"path": client.simulator.report}
    assert client.get("/analytics/reports", params=params, key="analytics_only").status_code == 200
    assert client.get("/analytics/test", key="analytics_only").text.startswith("<test>GET - OK")
    assert "UNAUTHORIZED" in client.send("POST", "/analytics/test", key="analytics_only").text
    assert client.send("POST", "/analytics/test").text == "<test>POST - OK</test>"
    for key in ("read_only", "bibs_only", "conf_only", "bibs_conf_read"):
        assert "UNAUTHORIZED" in client.get("/analytics/reports", params=params, key=key).text
    assert "UNAUTHORIZED" in client.get("/conf/general", key="analytics_only").text
    assert client.simulator.stats()["by_operation"]["analytics"] == 5


def shape(element: Element) -> tuple[str, frozenset[str], frozenset[Any]]:
    """Tag, attribute names and the different shapes of the children; columns are alike whatever their number."""
    tag = f"{ROWSET}Column" if element.tag.startswith(f"{ROWSET}Column") else element.tag
    children = (child for child in element if child.tag != "ResumptionToken")
    return tag, frozenset(element.attrib), frozenset(map(shape, children))


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captured answers are not on this machine")
def test_reports_look_like_real_ones(client: Client) -> None:
    def capture(name: str) -> Element:
        return parse((CAPTURES / name).read_text(encoding="utf-8").strip())

    ours = ask(client, path=client.simulator.report, limit=1000)
    assert shape(ours) == shape(capture("analytics-report.xml"))
    with Simulator(SimulatorConfig(items=1000, per_second=0, report_loading_answers=1)) as simulator:
        loading = ask(Client(simulator), path=simulator.report)
    assert shape(loading) == shape(capture("analytics-still-loading.xml"))
    missing = client.get("/analytics/reports", params={"path": "/test/path", "format": "xml"})
    assert shape(parse(missing.text)) == shape(capture("analytics-path-not-found.xml"))
