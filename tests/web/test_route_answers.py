"""What every route answers to somebody who is in: a page for a run in every state, a sentence for nonsense; never a defect."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.web.stocked import RUNS, UNCLEAR_ROW, Stocked, check_harmless, fill, stocked, templates

from almascan.model import Outcome
from almascan.report import FORMATS
from almascan.simulator import Simulator, SimulatorConfig

ASKS_ALMA = "/setup/{name}"
"""It asks Alma what a key may do, slowly, whatever the query."""
READ = [template for method, template in templates() if method == "GET"]
CHANGED = [template for method, template in templates() if method == "POST"]
FAR = ("10000", "999999999")
TOO_FAR = ("1000000000", str(2**63), "1" + "0" * 30, "9" * 5000)
NO_NUMBERS = (
    "-1",
    "abc",
    "1.5",
    "1e3",
    "0x1",
    "%D9%A1",
    "%C2%B2",
    "1%2e",
    "%20",
    "%F0%9F%93%9A",
    "%ED%A0%80",
    "%FF",
    "%00",
    "1%2f2",
    "'",
    "x" * 5000,
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.integers().map(str),
    st.sampled_from(
        [
            *FAR,
            *TOO_FAR,
            "",
            "0",
            "1",
            "-1",
            "person",
            "planned",
            "set",
            "report",
            "run",
            "home",
            "desk:",
            "utf-16",
            "nan",
        ]
    ),
    st.sampled_from([str(outcome) for outcome in Outcome]),
    st.sampled_from(["x" * 5000, "%", "_", "\\", "'", '"', "\0", "\u0661", "²", "../..", "<script>", "1\n2", "inf"]),
)
QUERY_NAMES = (
    "before",
    "after",
    "show",
    "find",
    "barcode",
    "from",
    "run",
    "connection",
    "library",
    "place",
    "recipe",
    "column",
    "sheet",
    "encoding",
    "strip_prefix",
    "strip_suffix",
    "x",
)
FORM_NAMES = (
    "action",
    "reason",
    "row",
    "word",
    "barcode",
    "text",
    "name",
    "source",
    "outcome",
    "run",
    "connection",
    "library",
    "place",
    "circ_desk",
    "department",
    "recipe",
    "rate",
    "rows",
    "allow",
    "then",
    "work_order_type",
    "status",
    "done",
    "locate_set",
    "column",
    "sheet",
    "encoding",
    "strip_prefix",
    "keeping",
    "key",
    "region",
    "show",
    "find",
    "default",
)
FILE = b'\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n1\r\n--B--\r\n'
FIELD = b'\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--B'
FIELDS = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000, per_second=0)) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Stocked]:
    with stocked(tmp_path_factory.mktemp("page"), simulator) as running:
        yield running


def look_at(page: Stocked, read: Sequence[str], run: str) -> None:
    """See that pages are shown, and that nothing is changed by looking at them."""
    before = page.contents()
    for template in read:
        for form in FORMATS if "{format}" in template else ("",):
            path = fill(template, page.values | {"run": run, "row": "1", "format": form})
            answer = page.get(path)
            assert answer.status == 200, path
            assert answer.body, path
            check_harmless(page, answer)
    assert page.contents() == before


@pytest.mark.parametrize("state", RUNS)
def test_a_run_in_every_state_has_all_its_pages_and_nothing_is_changed_by_looking(page: Stocked, state: str) -> None:
    look_at(page, [template for template in READ if "{run:" in template], str(RUNS[state]))


def test_every_other_page_is_shown_and_nothing_is_changed_by_looking(page: Stocked) -> None:
    look_at(page, [template for template in READ if "{run:" not in template], "")


@pytest.mark.parametrize("row", [1, 2, 3, UNCLEAR_ROW, 5, 6])
def test_every_row_has_its_page_whatever_its_state_and_its_texts_are_no_markup(page: Stocked, row: int) -> None:
    answer = page.get(f"/runs/{RUNS['paused']}/rows/{row}")
    assert answer.status == 200
    assert b"in transit." in answer.body
    assert not re.search(rb"<(i|b|u|script)>", answer.body)
    check_harmless(page, answer)


@pytest.mark.parametrize("number", ["0", *FAR])
def test_a_run_or_a_row_that_is_not_there_is_said_in_a_sentence(page: Stocked, number: str) -> None:
    for method, template in templates():
        for name in named(template) if method != "HEAD" else ():
            path = fill(template, page.values | {name: number})
            answer = page.get(path) if method == "GET" else page.post(path, {"row": "1", "word": "done"})
            assert answer.status in ((200,) if path.endswith("/events") else (400, 404)), (method, path)
            check_harmless(page, answer)


@pytest.mark.parametrize("number", [*TOO_FAR, *NO_NUMBERS])
def test_what_is_no_number_of_a_run_or_a_row_has_no_page(page: Stocked, number: str) -> None:
    for method, template in templates():
        for name in named(template) if method != "HEAD" else ():
            path = fill(template, page.values | {name: number})
            answer = page.get(path) if method == "GET" else page.post(path, {"row": "1", "word": "done"})
            assert answer.status in (400, 404), (method, path[:100])
            check_harmless(page, answer)


@pytest.mark.parametrize("template", [template for template in READ if template != ASKS_ALMA])
@given(st.lists(st.tuples(st.sampled_from(QUERY_NAMES), TEXTS), max_size=4))
@FIELDS
def test_no_query_breaks_a_page(page: Stocked, template: str, query: list[tuple[str, str]]) -> None:
    path = fill(template, page.values)
    answer = page.get(f"{path}?{urlencode(query, errors='replace')}")
    assert answer.status in (200, 303, 400), query
    check_harmless(page, answer)


@pytest.mark.parametrize("template", CHANGED)
@given(st.dictionaries(st.sampled_from(FORM_NAMES), TEXTS, max_size=6))
@FIELDS
def test_no_form_breaks_a_change(page: Stocked, template: str, fields: dict[str, str]) -> None:
    answer = page.post(fill(template, page.values), fields)
    assert answer.status in (303, 400, 409), fields
    check_harmless(page, answer)


def named(template: str) -> list[str]:
    """Give the parameters of a path that are numbers."""
    return [name for name in ("run", "row") if f"{{{name}:" in template]


@pytest.mark.parametrize(
    "rest",
    [
        b"--\r\n",
        b"garbage",
        b"\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n",
        FILE % b"",
        FILE % (b"x" * 5000),
        FIELD * 2001 + b"--\r\n",
    ],
)
def test_a_broken_upload_is_said_in_a_sentence_and_no_list_is_kept(page: Stocked, rest: bytes) -> None:
    before = kept_lists(page)
    token = b'--B\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + page.token.encode() + b"\r\n--B"
    multipart = ("Content-Type", "multipart/form-data; boundary=B")
    answer = page.ask("POST", "/new/file", [page.cookie, ("Origin", page.origin), multipart], token + rest)
    assert answer.status == 400
    check_harmless(page, answer)
    assert kept_lists(page) == before


def kept_lists(page: Stocked) -> set[str]:
    return {path.name for path in (page.folder / "journal.db.lists").iterdir()}
