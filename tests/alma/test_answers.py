import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.alma.samples import HTML, ITEM_XML, error_json, error_tree, error_xml, item_json, item_tree

from almascan.alma.answers import Answer, decode, find_refusal
from almascan.alma.markup import parse_xml, plain_text
from almascan.alma.operations import read_item
from almascan.alma.wire import ItemBody
from almascan.errors import NoAnswerError, Refusal

EXPECTED = Refusal(400, "401664", "Mandatory field is missing: library", "E01-0911")


def shapes() -> dict[str, Any]:
    error = error_tree("401664", "Mandatory field is missing: library")
    entry = error["errorList"]["error"][0]
    return {
        "a list": error,
        "a single error": {**error, "errorList": {"error": entry}},
        "errors as the list itself": {**error, "errorList": [entry]},
        "errorsExist as text": {**error, "errorsExist": "true"},
        "the code as a number": {**error, "errorList": {"error": [{**entry, "errorCode": 401664}]}},
        "no result": {name: value for name, value in error.items() if name != "result"},
        "wrapped": {"web_service_result": error},
    }


@pytest.mark.parametrize("shape", shapes())
def test_every_shape_of_an_error_in_json_is_understood(shape: str) -> None:
    assert find_refusal(Answer(400, json.dumps(shapes()[shape]).encode())) == EXPECTED


def test_an_error_in_xml_is_understood_although_json_was_asked_for() -> None:
    refusal = find_refusal(Answer(400, error_xml("UNAUTHORIZED", "API-key not defined")))
    assert refusal == Refusal(400, "UNAUTHORIZED", "API-key not defined")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"Invalid API Key", "Invalid API Key"),
        (HTML, "Bad Gateway x"),
        (b"", ""),
        (b'{"half', '{"half'),
        (b"\xff\xfe\x00", "\ufffd\ufffd"),
        (b"[" * 100_000, "[" * 300),
        (b"null", "null"),
        (b"{}", "{}"),
        (b"<a>" * 5000, ""),
    ],
)
def test_an_answer_without_a_code_keeps_what_can_be_read(body: bytes, message: str) -> None:
    assert find_refusal(Answer(503, body)) == Refusal(503, "", message)


def test_an_error_inside_http_200_is_found() -> None:
    refusal = find_refusal(Answer(200, error_json("402502")))
    assert refusal is not None
    assert refusal.code == "402502"


def test_an_item_whose_title_speaks_of_errors_is_no_error() -> None:
    tree = item_tree()
    tree["bib_data"]["title"] = "A comedy of errors, with an errorCode"
    assert find_refusal(Answer(200, json.dumps(tree).encode())) is None


def test_a_message_is_one_line_without_mark_up_of_at_most_300_characters() -> None:
    text = plain_text("<p>One\n two</p>\x00\x1b[31m &amp; three<script>alert(1)</script>" + "x" * 500)
    assert text.startswith("One two [31m & three")
    assert len(text) == 300
    assert "alert" not in text


@given(st.binary(max_size=200), st.sampled_from([200, 204, 302, 400, 500]))
def test_no_answer_is_too_strange(body: bytes, status: int) -> None:
    refusal = find_refusal(Answer(status, body))
    assert refusal is None or len(refusal.message) <= 300
    with contextlib.suppress(NoAnswerError):
        decode(Answer(status, body), ItemBody)


FIELDS = sorted((part, name) for part, fields in item_tree().items() if isinstance(fields, dict) for name in fields)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "desc"]), inner),
    max_leaves=8,
)


@given(json_values, st.sampled_from(FIELDS))
def test_an_item_with_any_one_field_replaced_is_an_item_or_no_answer(value: Any, field: tuple[str, str]) -> None:
    tree = item_tree()
    part, name = field
    tree[part][name] = value
    try:
        read_item(Answer(200, json.dumps(tree).encode()))
    except NoAnswerError:
        return


@pytest.mark.parametrize("body", [item_json(), ITEM_XML])
def test_an_item_cut_off_anywhere_is_no_answer(body: bytes) -> None:
    for length in range(0, len(body), 7):
        with pytest.raises(NoAnswerError):
            read_item(Answer(200, body[:length]))


def test_an_item_in_xml_is_read_like_one_in_json() -> None:
    item = read_item(Answer(200, ITEM_XML))
    assert (item.mms_id, item.holding_id, item.pid, item.barcode) == ("990001", "220001", "230001", "303011kj0")
    assert (item.base_status, item.process_type, item.requested) == ("0", "TRANSIT", True)
    assert (item.library, item.library_name, item.location) == ("BR", "Branch", "sh")
    assert item.title == "A <b> title"


@pytest.mark.parametrize(
    "empty", [{"value": "", "desc": None}, {"value": None, "desc": None}, {"value": ""}, {}, None, ""]
)
def test_an_empty_value_is_empty_in_every_way_that_alma_writes_it(empty: Any) -> None:
    item = read_item(Answer(200, item_json(process_type=empty, requested=None, due_date=None)))
    assert (item.process_type, item.requested, item.due_date) == ("", None, "")


@pytest.mark.parametrize(
    ("is_away", "library"), [(True, "BRANCH"), (False, "MAIN"), ("true", "BRANCH"), (None, "MAIN")]
)
def test_the_temporary_library_counts_while_the_item_is_there(is_away: Any, library: str) -> None:
    tree = item_tree()
    tree["holding_data"] |= {
        "in_temp_location": is_away,
        "temp_library": {"value": "BRANCH", "desc": "Branch"},
        "temp_location": {"value": "new", "desc": "New"},
    }
    item = read_item(Answer(200, json.dumps(tree).encode()))
    assert item.library == library
    assert item.location == ("new" if library == "BRANCH" else "stacks")


def test_nothing_of_a_patron_is_kept() -> None:
    assert "4711" not in repr(read_item(Answer(200, item_json())))
    assert "Doe" not in repr(read_item(Answer(200, item_json(user={"name": "Doe"}))))


@pytest.mark.parametrize("body", [item_json()[:250], b"<item>" + item_json()[:250], b'[{"Doe":4711}]'])
def test_half_an_item_names_no_patron(body: bytes) -> None:
    with pytest.raises(NoAnswerError) as caught:
        read_item(Answer(200, body))
    assert "Doe" not in f"{caught.value} {caught.value.refusal}"
    assert b"Doe" in body


@pytest.mark.parametrize(
    "bomb",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<html><p>unclosed",
    ],
)
def test_xml_with_entities_or_html_is_not_taken_for_an_answer(bomb: bytes) -> None:
    assert parse_xml(bomb) is None


def test_deep_xml_is_cut_off_instead_of_crashing() -> None:
    assert parse_xml(b"<a>" * 2000 + b"</a>" * 2000) is not None


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_item(Answer(200, b"\xef\xbb\xbf" + item_json())).pid == "230001"


def test_the_captured_errors_say_what_they_say(capture: Callable[[str], bytes]) -> None:
    expected = {
        "barcode-unknown.json": "401689",
        "per-second-threshold.json": "PER_SECOND_THRESHOLD",
        "error-mandatory-field.json": "401664",
        "error-mandatory-field.xml": "401664",
        "error-invalid-mms-id.json": "402203",
        "scan-missing-desk.json": "40166415",
        "analytics-path-not-found.xml": "INTERNAL_SERVER_ERROR",
    }
    for name, code in expected.items():
        refusal = find_refusal(Answer(400, capture(name)))
        assert refusal is not None
        assert refusal.code == code
        assert refusal.message
        assert bool(refusal.tracking_id) == (name != "per-second-threshold.json")


def test_the_captured_items_say_what_they_say(capture: Callable[[str], bytes]) -> None:
    in_place = read_item(Answer(200, capture("scan-in-place.json")))
    assert in_place.in_place
    assert (in_place.barcode, in_place.library, in_place.requested) == ("32101081340380", "recap", None)
    away = read_item(Answer(200, capture("scan-into-transit.json")))
    assert away.in_transit
    assert not away.in_place
    assert (away.base_status, away.process_type, away.barcode) == ("0", "TRANSIT", "303011kj0")
    item = read_item(Answer(200, capture("item.json")))
    assert (item.mms_id, item.holding_id) == ("990006312214702204", "22163771200002204")
    assert item.in_place
