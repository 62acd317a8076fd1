"""How far a run is, told while it works: bars, plain lines, JSON lines or nothing; always on standard error.

Whoever runs the run calls a ``Reporter``: ``begin`` once, ``update`` a few times a second, ``say`` for a sentence in
between, ``end`` once. Results are no progress: they come from the journal, by ``almascan.report``.
"""

import os
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Literal, TextIO, get_args

from almascan.progress.bars import Bars
from almascan.progress.lines import JsonLines, PlainLines, Silence
from almascan.progress.snapshot import Reporter, Snapshot

__all__ = ["KINDS", "Kind", "Reporter", "Snapshot", "reporter_for"]

Kind = Literal["auto", "bar", "plain", "json", "none"]
"""What ``--progress`` takes."""

KINDS: tuple[Kind, ...] = get_args(Kind)


def reporter_for(
    kind: Kind, stream: TextIO, *, clock: Callable[[], float] = time.time, zone: tzinfo | None = None
) -> Reporter:
    """Give the reporter of a kind.

    Args:
        kind: "auto" is a bar on a terminal and plain lines elsewhere. A "bar" becomes plain lines too where the
            stream cannot redraw a line (a file, a pipe, a dumb terminal).
        stream: Where it writes; standard error in every command.
        clock: The time now, in seconds since 1970.
        zone: The time zone clock times are shown in; None is this machine's.

    Returns:
        A reporter that has written nothing yet.
    """
    if kind == "none":
        return Silence()
    if kind == "json":
        return JsonLines(stream, clock)
    if kind == "plain" or not _redraws(stream):
        return PlainLines(stream, clock, zone)
    return Bars(stream, clock, zone)


def _redraws(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
