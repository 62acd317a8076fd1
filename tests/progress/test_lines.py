import io
import json
from typing import Any

from tests.progress.samples import RUN, ZONE, now, snapshot

from almascan.model import Outcome
from almascan.progress import Snapshot, reporter_for


def plain_lines(*snapshots: Snapshot, end: Snapshot | None = None) -> list[str]:
    stream = io.StringIO()
    reporter = reporter_for("plain", stream, clock=now, zone=ZONE)
    reporter.begin(RUN, snapshot())
    for each in snapshots:
        reporter.update(each)
    if end:
        reporter.end(end)
    return stream.getvalue().splitlines()


def json_lines(*snapshots: Snapshot, say: str = "", end: Snapshot | None = None) -> list[dict[str, Any]]:
    stream = io.StringIO()
    reporter = reporter_for("json", stream, clock=now)
    reporter.begin(RUN, snapshot())
    for each in snapshots:
        reporter.update(each)
    if say:
        reporter.say(say)
    if end:
        reporter.end(end)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_plain_lines_begin_with_the_run_and_end_with_what_it_took() -> None:
    lines = plain_lines(end=snapshot(5000, 757.0))
    assert lines == [
        (
            "09:00  Run 7: 5,000 rows of stuck-in-transit.csv at DEFAULT_CIRC_DESK at MAIN, recipe transit, "
            "01ABC_INST (production)."
        ),
        "09:00  0 of 5,000 rows (0 %).",
        "09:00  5,000 of 5,000 rows (100 %): done 5,000; 15,000 requests in 12 min 37 s.",
    ]


def test_a_plain_line_comes_every_ten_seconds_at_most() -> None:
    lines = plain_lines(*(snapshot(tenth, tenth / 10) for tenth in range(350)))
    assert [line.split(" of ")[0] for line in lines[2:]] == ["09:00  100", "09:00  200", "09:00  300"]


def test_a_plain_line_says_pace_time_left_and_calls_left() -> None:
    line = plain_lines(snapshot(1250, 10.0, eta_seconds=200.0))[2]
    assert line == (
        "09:00  1,250 of 5,000 rows (25 %): done 1,250; 6.6 rows/s; about 3 min 20 s left, until 09:03; "
        "187,432 calls left today."
    )


def test_what_is_not_known_is_left_out() -> None:
    line = plain_lines(snapshot(0, 10.0, remaining_calls=None))[2]
    assert line == "09:00  0 of 5,000 rows (0 %); 6.6 rows/s."


def test_unclear_rows_are_told_and_rows_not_tried_are_no_answer() -> None:
    line = plain_lines(snapshot(10, 10.0, unclear=2, counts={Outcome.ON_LOAN: 10, Outcome.NOT_TRIED: 4988}))[2]
    assert ": skipped 10, unclear 2;" in line
    assert "open" not in line


def test_a_sentence_is_one_line_whatever_it_holds() -> None:
    stream = io.StringIO()
    reporter_for("plain", stream, clock=now, zone=ZONE).say("one\ntwo\x1b[31m\r")
    assert stream.getvalue() == "09:00  one two [31m \n"


def test_json_lines_name_their_event_time_and_run() -> None:
    lines = json_lines(snapshot(1, 1.0), say="The rate was cut to 18/s.", end=snapshot(5000, 757.0))
    assert [line["event"] for line in lines] == ["begin", "progress", "message", "end"]
    assert {line["time"] for line in lines} == {"2026-11-24T08:00:00.000Z"}
    assert {line["run"] for line in lines} == {7}
    assert lines[0]["list_name"] == "stuck-in-transit.csv"
    assert lines[2]["sentence"] == "The rate was cut to 18/s."


def test_json_lines_of_progress_hold_every_number() -> None:
    lines = json_lines(snapshot(1, 1.0004), end=snapshot(5000, 757.0))
    numbers = set(Snapshot.__struct_fields__)
    for line in lines:
        assert numbers <= set(line)
    assert lines[1]["elapsed_seconds"] == 1.0
    assert lines[1]["counts"] == {"in-place": 1, "not-tried": 4999}


def test_json_progress_comes_once_a_second_at_most() -> None:
    lines = json_lines(*(snapshot(tenth, tenth / 10) for tenth in range(35)))
    assert [line["finished"] for line in lines[1:]] == [10, 20, 30]


def test_none_says_nothing() -> None:
    stream = io.StringIO()
    reporter = reporter_for("none", stream)
    reporter.begin(RUN, snapshot())
    reporter.update(snapshot(1, 100.0))
    reporter.say("A sentence.")
    reporter.end(snapshot(2, 200.0))
    assert stream.getvalue() == ""


def test_the_rows_that_a_plan_found_fit_to_scan_are_told() -> None:
    line = plain_lines(snapshot(1250, 10.0, planned=900))[2]
    assert "to be scanned 900" in line
