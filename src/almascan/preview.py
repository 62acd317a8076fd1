"""What a run is about to do, said before it does anything."""

import msgspec

from almascan.desks import FoundDesk
from almascan.institution import Institution
from almascan.model import RECIPES, Outcome, Run


class Preview(msgspec.Struct, frozen=True):
    """What a run is about to do, said before it does anything.

    Attributes:
        run: The loaded run.
        counts: The rows by their answer: those to be tried, and those that the list itself answered.
        institution: Whose Alma.
        desk: Where, by name.
        rows: How many rows are tried now.
        requests: How many requests that takes at the most.
        rate: Requests a second.
        seconds: How long that takes at the least.
        remaining_calls: The institution's calls left today, where Alma said so.
        is_simulated: Whether that Alma is on this machine.
        twin: An earlier run of the very same list, if there is one.
    """

    run: Run
    counts: dict[Outcome, int]
    institution: Institution
    desk: FoundDesk
    rows: int
    requests: int
    rate: float
    seconds: float
    remaining_calls: int | None
    is_simulated: bool
    twin: Run | None


def make_preview(
    run: Run,
    counts: dict[Outcome, int],
    institution: Institution,
    desk: FoundDesk,
    *,
    limit: int | None,
    remaining_calls: int | None,
    twin: Run | None,
) -> Preview:
    """Say what a loaded run is about to do.

    Args:
        run: The run; its order's rate is set.
        counts: Its rows by their answer.
        institution: Whose Alma.
        desk: Where.
        limit: How many rows to try now; None for all.
        remaining_calls: The institution's calls left today, where Alma said so.
        twin: An earlier run of the very same list.
    """
    untried = counts.get(Outcome.NOT_TRIED, 0)
    rows = untried if limit is None else min(untried, limit)
    requests = _count_requests(run, rows)
    rate = run.order.rate or 1.0
    per_second = min(rate, (run.order.per_minute or rate * 60) / 60)
    return Preview(
        run,
        counts,
        institution,
        desk,
        rows=rows,
        requests=requests,
        rate=rate,
        seconds=requests / per_second,
        remaining_calls=remaining_calls,
        is_simulated=run.is_simulated,
        twin=twin,
    )


def _count_requests(run: Run, rows: int) -> int:
    """Count what scanning so many rows takes at the most: look-ups, unless ids are given, looks and scans."""
    looked_up = min(rows, run.rows - run.list_notes.get("ids", 0))
    return rows * (1 + RECIPES[run.order.recipe].looks) + looked_up
