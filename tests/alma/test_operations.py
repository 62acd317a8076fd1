from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.alma.samples import DESK, IDS, LOCATION

from almascan.alma import operations
from almascan.alma.answers import Answer
from almascan.errors import NoAnswerError, UsageError
from almascan.model import Desk, ItemIds, ScanOptions

HOST = "api-eu.hosted.exlibrisgroup.com"


@pytest.mark.parametrize(
    "location",
    [
        LOCATION,
        f"https://{HOST}{LOCATION}",
        f"https://{HOST.upper()}{LOCATION}?apikey=l8xxSECRET&view=brief",
        f"{LOCATION}?view=brief#part",
        f"https://{HOST}:443{LOCATION}",
        f"//{HOST}{LOCATION}",
    ],
)
def test_the_ids_are_read_from_every_form_of_location(location: str) -> None:
    assert operations.ids_in(location, HOST) == IDS


@pytest.mark.parametrize(
    "location",
    [
        f"https://evil.example{LOCATION}",
        f"https://{HOST}.evil.example{LOCATION}",
        f"//evil.example{LOCATION}",
        f"https://{HOST}@evil.example{LOCATION}",
        "",
        "/almaws/v1/items",
        "/almaws/v1/bibs/1/holdings//items/3",
        "https://[::1/almaws/v1/bibs/1/holdings/2/items/3",
        f"https://{HOST}/login?to={LOCATION}",
    ],
)
def test_a_location_elsewhere_or_of_something_else_is_no_answer(location: str) -> None:
    with pytest.raises(NoAnswerError) as caught:
        operations.ids_in(location, HOST)
    assert "SECRET" not in str(caught.value)


@given(st.text(min_size=1))
def test_a_barcode_arrives_as_it_stands_but_for_outer_spaces(barcode: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in barcode):
        return
    parts = urlsplit(operations.find(barcode, HOST).path)
    assert parts.path == "/items"
    assert parse_qs(parts.query, keep_blank_values=True) == {"item_barcode": [barcode.strip()]}


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"), min_size=1))
def test_ids_cannot_lead_to_another_path(mms_id: str, pid: str) -> None:
    path = operations.scan_in(ItemIds(mms_id, "2", pid), DESK, ScanOptions()).path
    assert path.partition("?")[0].count("/") == 6


def test_a_scan_says_what_it_was_told_and_leaves_out_the_rest() -> None:
    assert operations.scan_parameters(DESK, ScanOptions()) == {
        "op": "scan",
        "library": "MAIN",
        "circ_desk": "DEFAULT_CIRC_DESK",
        "register_in_house_use": "false",
    }


def test_a_scan_can_say_everything_that_alma_understands() -> None:
    options = ScanOptions(
        register_in_house_use=True,
        auto_print_slip=True,
        place_on_hold_shelf=True,
        confirm=True,
        external_id=True,
        done=True,
        work_order_type="BINDING",
        status="IN_BINDERY",
        request_id="77",
    )
    parameters = operations.scan_parameters(Desk(department="BINDERY"), options)
    assert parameters == {
        "op": "scan",
        "department": "BINDERY",
        "register_in_house_use": "true",
        "auto_print_slip": "true",
        "place_on_hold_shelf": "true",
        "confirm": "true",
        "external_id": "true",
        "done": "true",
        "work_order_type": "BINDING",
        "status": "IN_BINDERY",
        "request_id": "77",
    }


@pytest.mark.parametrize("desk", [Desk(), Desk("MAIN"), Desk("MAIN", "D", "X"), Desk("", "D")])
def test_a_desk_that_is_none_is_refused_before_anything_is_sent(desk: Desk) -> None:
    with pytest.raises(UsageError):
        operations.scan_parameters(desk, ScanOptions())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"total_record_count":0}', False),
        (b'{"total_record_count":"2"}', True),
        (b'{"user_request":[{"request_id":"1"}],"total_record_count":1}', True),
        (b'{"user_request":[{"request_id":"1"}]}', True),
        (b'{"user_request":{"request_id":"1"}}', True),
        (b'{"user_request":[]}', False),
        (b'<user_requests total_record_count="0"/>', False),
        (b'<user_requests total_record_count="1"><user_request/></user_requests>', True),
    ],
)
def test_whether_an_item_is_requested_is_read_from_every_shape(body: bytes, expected: bool) -> None:
    assert operations.requests_of(IDS).read(Answer(200, body)) is expected


@pytest.mark.parametrize("body", [b"{}", b"", b"<html>", b"[]"])
def test_an_answer_that_does_not_count_requests_is_no_answer(body: bytes) -> None:
    with pytest.raises(NoAnswerError):
        operations.requests_of(IDS).read(Answer(200, body))
