"""What a reporter is told, and the protocol that every reporter keeps."""

from typing import Protocol

import msgspec

from almascan.model import Outcome, Run


class Snapshot(msgspec.Struct, frozen=True):
    """How far a run is at one moment.

    Attributes:
        total: Rows of the run.
        finished: Rows that have their answer; of a plan also those that were looked at and are to be scanned.
        counts: Rows per outcome, as far as known.
        requests: Requests sent to Alma since this process began with the run.
        requests_per_second: Over the last few seconds.
        rows_per_second: Rows finished, over the last few seconds.
        remaining_calls: Calls that the institution has left today, as Alma said last; None before it said so.
        in_flight: Requests without an answer yet.
        unclear: Rows of which nobody knows yet whether their scan happened.
        throttled: Requests that Alma's limit per second refused.
        elapsed_seconds: Since this process began with the run; never runs backwards.
        eta_seconds: Until the run is finished at this pace; None while it cannot be told.
        planned: Of a plan, the rows that were looked at and are to be scanned.
    """

    total: int
    finished: int
    counts: dict[Outcome, int]
    requests: int
    requests_per_second: float
    rows_per_second: float
    remaining_calls: int | None
    in_flight: int
    unclear: int
    throttled: int
    elapsed_seconds: float
    eta_seconds: float | None
    planned: int = 0


class Reporter(Protocol):
    """Tells a person or a program how far a run is."""

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        """Say which run it is and where it stands."""

    def update(self, snapshot: Snapshot) -> None:
        """Say how far it is; called a few times a second, and shown as often as the kind wants."""

    def say(self, sentence: str) -> None:
        """Say a sentence in between, at once ("The rate was cut to 20/s: Alma refused a request.")."""

    def end(self, snapshot: Snapshot) -> None:
        """Say where it stands for the last time and leave the stream clean; to be called after an error too."""
