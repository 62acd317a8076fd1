"""Progress as lines: plain ones for logs and dumb terminals, JSON ones for programs, and none."""

from collections.abc import Callable
from datetime import tzinfo
from typing import TextIO

import msgspec

from almascan.model import Group, Run
from almascan.progress.snapshot import Snapshot
from almascan.progress.text import amount, by_group, clock_time, duration, iso_time, json_bytes, number, percent, plain

PLAIN_SECONDS = 10.0
"""How far apart two plain lines are at least."""

JSON_SECONDS = 1.0
"""How far apart two JSON lines of progress are at least."""


class PlainLines:
    """A line at the start, one every ten seconds at most, one at the end; sentences as they come."""

    def __init__(self, stream: TextIO, clock: Callable[[], float], zone: tzinfo | None) -> None:
        self._stream = stream
        self._clock = clock
        self._zone = zone
        self._due_seconds = 0.0

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        """Say which run it is and where it stands."""
        self._due_seconds = snapshot.elapsed_seconds + PLAIN_SECONDS
        self._write(heading(run))
        self._write(f"{done_so_far(snapshot)}.")

    def update(self, snapshot: Snapshot) -> None:
        """Say how far it is, ten seconds after the line before."""
        if snapshot.elapsed_seconds < self._due_seconds:
            return
        self._due_seconds = snapshot.elapsed_seconds + PLAIN_SECONDS
        parts = [done_so_far(snapshot), f"{number(snapshot.rows_per_second)} rows/s"]
        parts += [text for text in (eta(snapshot, self._clock(), self._zone), remaining(snapshot)) if text]
        self._write("; ".join(parts) + ".")

    def say(self, sentence: str) -> None:
        """Say a sentence at once."""
        self._write(sentence)

    def end(self, snapshot: Snapshot) -> None:
        """Say where it stands for the last time."""
        self._write(f"{done_so_far(snapshot)}; {spent(snapshot)}.")

    def _write(self, line: str) -> None:
        now = self._clock()
        self._stream.write(f"{clock_time(now, now, self._zone)}  {plain(line)}\n")
        self._stream.flush()


class JsonLines:
    """One JSON object a line: ``begin``, ``progress`` once a second at most, ``message`` and ``end``.

    Their fields are in ``docs/reference/json-report.md``.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._run = 0
        self._due_seconds = 0.0

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        """Write the run and where it stands."""
        self._run = run.id
        self._due_seconds = snapshot.elapsed_seconds + JSON_SECONDS
        self._write(
            "begin",
            institution=run.institution,
            environment=run.environment,
            list_name=run.list_name,
            **_fields(snapshot),
        )

    def update(self, snapshot: Snapshot) -> None:
        """Write how far it is, a second after the object before."""
        if snapshot.elapsed_seconds < self._due_seconds:
            return
        self._due_seconds = snapshot.elapsed_seconds + JSON_SECONDS
        self._write("progress", **_fields(snapshot))

    def say(self, sentence: str) -> None:
        """Write a sentence at once."""
        self._write("message", sentence=sentence)

    def end(self, snapshot: Snapshot) -> None:
        """Write where it stands for the last time."""
        self._write("end", **_fields(snapshot))

    def _write(self, event: str, **fields: object) -> None:
        head = {"event": event, "time": iso_time(self._clock()), "run": self._run}
        self._stream.write(json_bytes({**head, **fields}).decode() + "\n")
        self._stream.flush()


class Silence:
    """Says nothing."""

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        """Say nothing."""

    def update(self, snapshot: Snapshot) -> None:
        """Say nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""

    def end(self, snapshot: Snapshot) -> None:
        """Say nothing."""


def heading(run: Run) -> str:
    """Name the run: its number, list, desk, recipe and environment."""
    return (
        f"Run {run.id}: {amount(run.rows, 'row')} of {run.list_name} at {run.order.desk}, recipe {run.order.recipe}, "
        f"{run.institution} ({run.environment})."
    )


def done_so_far(snapshot: Snapshot) -> str:
    """Say how many rows have their answer, and of which kind."""
    rows = f"{number(snapshot.finished)} of {amount(snapshot.total, 'row')}"
    kinds = ", ".join(f"{word} {number(count)}" for _, word, count in kinds_of_answer(snapshot))
    return f"{rows} ({percent(snapshot.finished, snapshot.total)})" + (f": {kinds}" if kinds else "")


def kinds_of_answer(snapshot: Snapshot) -> list[tuple[Group, str, int]]:
    """Count the answers per group with the word to show; of open rows only unclear ones, for not-tried is no answer."""
    counts = by_group(snapshot.counts)
    counts.pop(Group.OPEN, None)
    kinds = [(group, str(group), count) for group, count in counts.items()]
    open_kinds = (("unclear", snapshot.unclear), ("to be scanned", snapshot.planned))
    return [*kinds, *((Group.OPEN, word, count) for word, count in open_kinds if count)]


def eta(snapshot: Snapshot, now: float, zone: tzinfo | None) -> str:
    """Say how long it will take and until when, or nothing while that cannot be told."""
    if snapshot.eta_seconds is None:
        return ""
    return f"about {duration(snapshot.eta_seconds)} left, until {clock_time(now + snapshot.eta_seconds, now, zone)}"


def remaining(snapshot: Snapshot) -> str:
    """Say how many of today's calls are left, or nothing while Alma has not said so."""
    return "" if snapshot.remaining_calls is None else f"{amount(snapshot.remaining_calls, 'call')} left today"


def spent(snapshot: Snapshot) -> str:
    """Say how many requests it took, and how long."""
    return f"{amount(snapshot.requests, 'request')} in {duration(snapshot.elapsed_seconds)}"


def _fields(snapshot: Snapshot) -> dict[str, object]:
    fields = msgspec.structs.asdict(snapshot)
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in fields.items()}
