"""What a worker counts and measures, and the address where Prometheus fetches it.

``docs/how-to/watch-the-fleet.md`` says what each number means.
"""

from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

from almascan.errors import UsageError
from almascan.model import Outcome

Ended = Literal["on", "over", "paused", "error"]
"""How a chunk ended: the run goes on, is over, was paused, or an error ended the chunk."""

_CHUNK_SECONDS_BUCKETS = (0.5, 1, 2, 5, 10, 15, 20, 25, 30, 60, 120, 300)


class Metrics:
    """The numbers of one worker.

    Attributes:
        registry: Holds them all, and nothing of another part of the process.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._rows = self._counter("rows", "Rows that got their answer.", "outcome")
        self._requests = self._counter("requests", "Requests sent to Alma.")
        self._refusals = self._counter("refusals", "Requests that Alma's limit per second refused.")
        self._chunks = self._counter("chunks", "Chunks worked on, by how they ended.", "ended")
        self._errors = self._counter("errors", "Errors that ended a chunk or kept it from beginning.", "kind")
        self._rate = self._gauge("rate", "Requests a second, over the last few seconds.")
        self._remaining_calls = self._gauge("remaining_calls", "Calls left for the day, as Alma said last.")
        self._rows_in_flight = self._gauge("rows_in_flight", "Rows begun and not yet answered.")
        self._unclear_rows = self._gauge("unclear_rows", "Rows of which nobody knows whether their scan happened.")
        self._leases_held = self._own("leases_held", "Institutions that this worker works for.")
        self._queue_oldest = self._own("queue_oldest_seconds", "How long the longest waiting run has waited.")
        self._queue_waiting = self._own("queue_waiting_runs", "Runs that wait for a worker.")
        self._chunk_seconds = Histogram(
            "almascan_chunk_seconds",
            "How long chunks took.",
            buckets=_CHUNK_SECONDS_BUCKETS,
            registry=self.registry,
        )

    def count_rows(self, institution: str, outcome: Outcome, number: int) -> None:
        """Count rows that got their answer."""
        self._rows.labels(institution, outcome.value).inc(number)

    def count_requests(self, institution: str, number: int) -> None:
        """Count requests sent to Alma."""
        self._requests.labels(institution).inc(number)

    def count_refusals(self, institution: str, number: int) -> None:
        """Count requests that Alma's limit per second refused."""
        self._refusals.labels(institution).inc(number)

    def count_chunk(self, institution: str, ended: Ended, seconds: float) -> None:
        """Count a chunk, and how long it took."""
        self._chunks.labels(institution, ended).inc()
        self._chunk_seconds.observe(seconds)

    def count_error(self, institution: str, kind: str) -> None:
        """Count an error by the name of its class, never by its sentence."""
        self._errors.labels(institution, kind).inc()

    def set_rate(self, institution: str, requests_per_second: float) -> None:
        """Keep how many requests a second go out."""
        self._rate.labels(institution).set(requests_per_second)

    def set_remaining_calls(self, institution: str, calls: int) -> None:
        """Keep how many calls are left for the day."""
        self._remaining_calls.labels(institution).set(calls)

    def set_rows_in_flight(self, institution: str, rows: int) -> None:
        """Keep how many rows are begun and not yet answered."""
        self._rows_in_flight.labels(institution).set(rows)

    def set_unclear_rows(self, institution: str, rows: int) -> None:
        """Keep of how many rows nobody knows whether their scan happened."""
        self._unclear_rows.labels(institution).set(rows)

    def set_leases_held(self, institutions: int) -> None:
        """Keep how many institutions this worker works for."""
        self._leases_held.set(institutions)

    def set_queue(self, waiting_runs: int, oldest_seconds: float) -> None:
        """Keep how many runs wait for a worker, and how long the longest has."""
        self._queue_waiting.set(waiting_runs)
        self._queue_oldest.set(oldest_seconds)

    def forget(self, institution: str) -> None:
        """Take an institution's gauges away: this worker works there no longer, and another may say other numbers."""
        for gauge in (self._rate, self._remaining_calls, self._rows_in_flight, self._unclear_rows):
            with suppress(KeyError):  # of older versions, where there is none to remove
                gauge.remove(institution)

    def _counter(self, name: str, sentence: str, *labels: str) -> Counter:
        return Counter(f"almascan_{name}", sentence, ("institution", *labels), registry=self.registry)

    def _gauge(self, name: str, sentence: str) -> Gauge:
        return Gauge(f"almascan_{name}", sentence, ("institution",), registry=self.registry)

    def _own(self, name: str, sentence: str) -> Gauge:
        return Gauge(f"almascan_{name}", sentence, registry=self.registry)


class Endpoint:
    """The address where Prometheus fetches the numbers, at ``/metrics``; used with ``with``.

    Args:
        metrics: The numbers.
        port: Where it listens; 0 takes a free one.
        bind: The address it listens at.

    Attributes:
        port: Where it listens.

    Raises:
        UsageError: It cannot listen there.
    """

    def __init__(self, metrics: Metrics, port: int, bind: str = "127.0.0.1") -> None:
        try:
            self._server, self._thread = start_http_server(port, bind, metrics.registry)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"The metrics cannot be served at {bind}, port {port}: {reason}. Give another --metrics-port or "
                "--metrics-bind."
            ) from None
        self.port = int(self._server.server_port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
