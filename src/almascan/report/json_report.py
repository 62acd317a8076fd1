"""The report as JSON, written row by row; ``docs/reference/json-report.md`` describes it."""

from collections.abc import Iterable, Mapping
from typing import BinaryIO

from almascan.model import Event, Outcome, Row, Run
from almascan.progress.text import iso_time, json_bytes
from almascan.report.fields import ROW_FIELDS, RUN_FIELDS

VERSION = 1
"""Counts up when a field is renamed, removed or means something else; fields may be added without it."""


def describe_run(run: Run) -> dict[str, object]:
    """Give a run's fields, ready for JSON."""
    return {field.name: field.value(run) for field in RUN_FIELDS}


def describe_row(row: Row) -> dict[str, object]:
    """Give a row's fields, ready for JSON."""
    return {field.name: field.value(row) for field in ROW_FIELDS}


def describe_event(event: Event) -> dict[str, object]:
    """Give a moment of a row's story, ready for JSON."""
    return {"at": iso_time(event.at), "kind": event.kind, "text": event.text}


def write_json(run: Run, counts: Mapping[Outcome, int], rows: Iterable[Row], out: BinaryIO) -> None:
    """Write ``{"version": 1, "run": {...}, "counts": {...}, "rows": [...]}`` in UTF-8, a row on each line.

    Texts are exact, whatever they hold; see ``json_bytes``.

    Args:
        run: The run.
        counts: Rows per outcome; outcomes that did not occur are left out.
        rows: The run's rows in their order, read once and not kept.
        out: Where the bytes go.
    """
    head = json_bytes(describe_run(run))
    occurring = json_bytes({outcome: count for outcome, count in counts.items() if count})
    out.write(b'{"version": %d,\n"run": %b,\n"counts": %b,\n"rows": [' % (VERSION, head, occurring))
    separator = b"\n"
    for row in rows:
        out.write(separator + json_bytes(describe_row(row)))
        separator = b",\n"
    out.write(b"\n]}\n")
