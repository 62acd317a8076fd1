import io
import json
import tracemalloc
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import START, a_row, a_run, an_item, counted, once, written

from almascan.model import Order, Outcome, Run
from almascan.report.fields import ROW_FIELDS, RUN_FIELDS
from almascan.report.json_report import write_json


def report(*rows: Any) -> Any:
    return json.loads(written(write_json, list(rows)))


def test_the_report_has_a_version_the_run_the_counts_and_every_row() -> None:
    found = report(a_row(1), a_row(2, Outcome.NOT_FOUND))
    assert list(found) == ["version", "run", "counts", "rows"]
    assert found["version"] == 1
    assert found["counts"] == {"in-place": 1, "not-found": 1}
    assert [(row["row"], row["group"], row["outcome"]) for row in found["rows"]] == [
        (1, "done", "in-place"),
        (2, "failed", "not-found"),
    ]


def test_every_row_has_every_field_whatever_is_known_of_it() -> None:
    found = report(a_row(1, Outcome.NOT_TRIED), a_row(2, before=an_item(), after=an_item(), sent_at=START))
    names = [field.name for field in ROW_FIELDS]
    assert [list(row) for row in found["rows"]] == [names, names]
    assert list(found["run"]) == [field.name for field in RUN_FIELDS]


def test_a_row_without_an_answer_is_unclear_or_not_tried() -> None:
    found = report(a_row(1, None), a_row(2, Outcome.NOT_TRIED))
    assert [row["outcome"] for row in found["rows"]] == ["unclear", "not-tried"]
    assert found["counts"] == {"unclear": 1, "not-tried": 1}


def test_outcomes_that_did_not_occur_are_left_out_of_the_counts() -> None:
    out = io.BytesIO()
    write_json(a_run(rows=1), {Outcome.IN_PLACE: 1, Outcome.LOST: 0}, [a_row(1)], out)
    assert json.loads(out.getvalue())["counts"] == {"in-place": 1}


def test_the_next_step_of_an_unclear_row_can_be_typed_as_it_stands() -> None:
    assert "almascan settle 7 41 --done" in report(a_row(41, None))["rows"][0]["next_step"]


def test_state_and_bibliographic_data_come_from_the_latest_look() -> None:
    after = an_item(base_status="1", process_type="", location_name="New stacks")
    row = report(a_row(1, before=an_item(), after=after))["rows"][0]
    assert row["before"] == {"base_status": "0", "process_type": "TRANSIT", "text": "in transit"}
    assert row["after"] == {"base_status": "1", "process_type": "", "text": "in place"}
    assert row["location_name"] == "New stacks"
    assert report(a_row(1))["rows"][0]["before"] is None


def test_times_are_iso_8601_in_utc() -> None:
    row = report(a_row(1, sent_at=START + 0.25))["rows"][0]
    assert row["sent_at"] == "2026-11-24T08:00:00.250Z"
    assert row["finished_at"] is None


def test_the_order_is_told_with_every_setting_default_or_not() -> None:
    order = report(a_row(1))["run"]["order"]
    assert set(order) == set(Order.__struct_fields__)
    assert order["desk"] == {"library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK", "department": ""}
    assert order["options"]["register_in_house_use"] is False


def test_every_field_of_a_run_is_in_the_report() -> None:
    assert {field.name for field in RUN_FIELDS} == set(Run.__struct_fields__)


def test_a_run_without_rows_is_a_report_too() -> None:
    assert report()["rows"] == []


@given(st.text(), st.text(), st.text())
def test_any_text_comes_back_as_it_went_in(given_text: str, title: str, message: str) -> None:
    row = report(a_row(1, given=given_text, before=an_item(title=title), alma_message=message))["rows"][0]
    assert (row["given"], row["title"], row["alma_message"]) == (given_text, title, message)


class Nowhere(io.BytesIO):
    def write(self, data: Any) -> int:
        return len(data)


def test_memory_stays_flat_however_many_rows_there_are() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write_json(a_run(rows=count), counted([]), once(a_row(number % 999) for number in range(count)), Nowhere())
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(5_000) < peak(50) + 100_000


def test_each_row_is_a_line_of_its_own() -> None:
    lines = written(write_json, [a_row(1), a_row(2)]).splitlines()
    assert [msgspec.json.decode(line.rstrip(","))["row"] for line in lines if line.startswith('{"row"')] == [1, 2]
