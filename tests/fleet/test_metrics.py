"""What a worker counts, as Prometheus fetches it."""

import io
import json
import logging
import re
import socket
from pathlib import Path
from typing import get_args
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.progress.samples import RUN, snapshot

from almascan import errors
from almascan.errors import UsageError
from almascan.fleet.logs import set_up
from almascan.fleet.metrics import Ended, Endpoint, Metrics
from almascan.fleet.reporter import ChunkReporter
from almascan.model import Outcome

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "watch-the-fleet.md"
Samples = dict[tuple[str, ...], float]


def fetch(metrics: Metrics) -> Samples:
    """Give the numbers as they are served: by name and values of labels."""
    with Endpoint(metrics, 0) as endpoint, urlopen(f"http://127.0.0.1:{endpoint.port}/metrics") as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [(each.name, dict(each.labels), each.value) for family in families for each in family.samples]
    # They are served in the order of their labels' names; the institution is to be the first.
    return {
        (name, *([labels.pop("institution")] if "institution" in labels else []), *labels.values()): value
        for name, labels, value in samples
    }


def everything() -> Metrics:
    """Give metrics in which every number was told once."""
    metrics = Metrics()
    metrics.count_rows("01ABC", Outcome.IN_PLACE, 3)
    metrics.count_requests("01ABC", 9)
    metrics.count_refusals("01ABC", 1)
    metrics.count_chunk("01ABC", "on", 12.0)
    metrics.count_error("01ABC", "NoAnswerError")
    metrics.set_rate("01ABC", 19.5)
    metrics.set_remaining_calls("01ABC", 180_000)
    metrics.set_rows_in_flight("01ABC", 5)
    metrics.set_unclear_rows("01ABC", 2)
    metrics.set_leases_held(1)
    metrics.set_queue(4, 33.5)
    return metrics


def test_every_number_is_served_under_its_name() -> None:
    found = fetch(everything())
    assert {sample: value for sample, value in found.items() if not sample[0].endswith("_bucket")} == {
        ("almascan_rows_total", "01ABC", "in-place"): 3,
        ("almascan_requests_total", "01ABC"): 9,
        ("almascan_refusals_total", "01ABC"): 1,
        ("almascan_chunks_total", "01ABC", "on"): 1,
        ("almascan_errors_total", "01ABC", "NoAnswerError"): 1,
        ("almascan_rate", "01ABC"): 19.5,
        ("almascan_remaining_calls", "01ABC"): 180_000,
        ("almascan_rows_in_flight", "01ABC"): 5,
        ("almascan_unclear_rows", "01ABC"): 2,
        ("almascan_leases_held",): 1,
        ("almascan_queue_waiting_runs",): 4,
        ("almascan_queue_oldest_seconds",): 33.5,
        ("almascan_chunk_seconds_count",): 1,
        ("almascan_chunk_seconds_sum",): 12,
    }
    assert (found["almascan_chunk_seconds_bucket", "10.0"], found["almascan_chunk_seconds_bucket", "15.0"]) == (0, 1)


def test_a_forgotten_institution_has_counters_and_no_gauges() -> None:
    metrics = everything()
    metrics.set_rate("01XYZ", 4)
    metrics.forget("01ABC")
    metrics.forget("01ABC")
    found = fetch(metrics)
    assert {name for name, *labels in found if labels[:1] == ["01ABC"]} == {
        "almascan_rows_total",
        "almascan_requests_total",
        "almascan_refusals_total",
        "almascan_chunks_total",
        "almascan_errors_total",
    }
    assert found["almascan_rate", "01XYZ"] == 4


def test_the_guide_tells_every_metric_and_none_that_is_not_there() -> None:
    served = {re.sub("_(bucket|count|sum)$", "", name) for name, *_ in fetch(everything())}
    told = set(re.findall(r"^\| `(almascan_\w+)", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == served


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"cannot be served at 127\.0\.0\.1, port {port}: .*--metrics-port"):
            Endpoint(Metrics(), port)


@pytest.mark.parametrize(("port", "bind"), [(70_000, "127.0.0.1"), (0, "no-such-host.invalid")])
def test_a_place_that_is_none_is_a_sentence(port: int, bind: str) -> None:
    with pytest.raises(UsageError, match="cannot be served at"):
        Endpoint(Metrics(), port, bind)


def test_an_endpoint_that_has_ended_gives_its_port_back() -> None:
    with Endpoint(Metrics(), 0) as endpoint:
        pass
    with socket.create_server(("127.0.0.1", endpoint.port)):
        pass


def test_a_chunk_counts_what_came_since_it_began() -> None:
    metrics = Metrics()
    reporter = ChunkReporter(metrics, "01ABC", logging.getLogger("almascan.test"))
    reporter.begin(RUN, snapshot(100))
    reporter.update(snapshot(110, throttled=1))
    # A row that is unclear for a while is counted once, when it has its answer.
    unclear = {Outcome.IN_PLACE: 111, Outcome.UNCLEAR: 1, Outcome.NOT_TRIED: 4888}
    reporter.update(snapshot(112, counts=unclear, throttled=1))
    reporter.end(snapshot(112, requests_per_second=0.0, in_flight=0, remaining_calls=None, throttled=3))
    assert (
        fetch(metrics).items()
        >= {
            ("almascan_rows_total", "01ABC", "in-place"): 12,
            ("almascan_requests_total", "01ABC"): 36,
            ("almascan_refusals_total", "01ABC"): 3,
            ("almascan_rate", "01ABC"): 0,
            ("almascan_rows_in_flight", "01ABC"): 0,
            ("almascan_remaining_calls", "01ABC"): 187_432,
        }.items()
    )
    assert {labels[1] for name, *labels in fetch(metrics) if name == "almascan_rows_total"} == {"in-place"}


def test_two_chunks_of_an_institution_add_up_without_what_was_settled_between_them() -> None:
    metrics = Metrics()
    reporter = ChunkReporter(metrics, "01ABC", logging.getLogger("almascan.test"))
    for first in (0, 600):
        reporter.begin(RUN, snapshot(first, requests=0))
        reporter.end(snapshot(first + 500, requests=1500))
    found = fetch(metrics)
    assert (found["almascan_rows_total", "01ABC", "in-place"], found["almascan_requests_total", "01ABC"]) == (
        1000,
        3000,
    )


def test_a_sentence_goes_to_the_log_as_it_is() -> None:
    stream = io.StringIO()
    set_up("json", stream)
    ChunkReporter(Metrics(), "01ABC", logging.getLogger("almascan.fleet")).say("5 % of the calls are left.")
    assert json.loads(stream.getvalue())["message"] == "5 % of the calls are left."


def test_the_rules_of_the_guide_ask_for_metrics_and_labels_that_are_served() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    rules = page[page.index("# almascan.rules.yml") :].partition("```")[0]
    asked = set(re.findall(r"\balmascan_\w+", rules))
    assert len(asked) > 5
    assert asked <= {name for name, *_ in fetch(everything())}
    assert set(re.findall(r'ended="(\w+)"', rules)) <= set(get_args(Ended))
    assert all(hasattr(errors, kind) for kind in re.findall(r'kind="(\w+)"', rules))
