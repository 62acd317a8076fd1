"""A run, its rows and its outcomes as the templates show them."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from almascan.journal import Journal
from almascan.model import FINAL_STATES, Group, Outcome, Row, RowState, Run, RunState
from almascan.model.recipe import ALLOWED_TOO, WIDENING
from almascan.progress import Snapshot
from almascan.progress.text import by_group, visible
from almascan.report.fields import latest
from almascan.report.states import state_words
from almascan.report.summary import count_done, count_for_person, count_for_retry, in_order, needs_person
from almascan.web.live import Live
from almascan.web.wording import Wording

CHART_HEIGHT = 40
FEWEST_BARS = 6
"""Fewer show no course."""
_MAY_BE_PLANNED = frozenset({"planning", "planned", "paused", "interrupted", "queued"})


class Segment(msgspec.Struct, frozen=True):
    """A part of the bar over all rows: its kind, how many rows, where it starts and how wide it is, in percent."""

    kind: str
    count: int
    start: float
    width: float


class OutcomeLine(msgspec.Struct, frozen=True):
    """An outcome's line: how many rows it has, in words what it is, and whether a plan may allow it."""

    code: Outcome
    group: Group
    count: int
    label: str
    sentence: str
    step: str
    needs_person: bool
    allowable: bool


class RowLine(msgspec.Struct, frozen=True):
    """A row in a table or a list of answers."""

    row: int
    name: str
    title: str
    place: str
    before: str
    after: str
    code: Outcome
    group: Group
    label: str
    sentence: str
    step: str
    note: str
    alma: str
    is_planned: bool
    is_left_out: bool
    is_answered: bool
    is_working: bool
    finished_at: float | None


class ChartBar(msgspec.Struct, frozen=True):
    """A bar of the chart of the rate, in a box 100 wide and ``CHART_HEIGHT`` high."""

    x: float
    width: float
    height: float
    per_minute: float


class RunView(msgspec.Struct, frozen=True):
    """A run as its page shows it.

    Attributes:
        run: The run.
        state: Where it is in a word: a run's state, or "planning", "ending" or "interrupted".
        is_here: Whether it is worked on in this process.
        counts: Rows by their answer.
        planned: How many rows are looked at and to be scanned.
        segments: The bar over all rows.
        outcomes: The outcomes that occur, those that need a person first.
        snapshot: How far the work is that goes on here; None elsewhere.
        messages: What it said lately.
        chart: The rate over time.
    """

    run: Run
    state: str
    is_here: bool
    counts: Mapping[Outcome, int]
    planned: int
    segments: Sequence[Segment]
    outcomes: Sequence[OutcomeLine]
    snapshot: Snapshot | None = None
    messages: Sequence[str] = ()
    chart: Sequence[ChartBar] = ()

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Rows that are done."""
        return count_done(self.counts)

    @property
    def person(self) -> int:
        """Rows that need a person."""
        return count_for_person(self.counts)

    @property
    def untried(self) -> int:
        """Rows that have no answer and were not sent."""
        return self.counts.get(Outcome.NOT_TRIED, 0)

    @property
    def unclear(self) -> int:
        """Rows of which nobody knows whether their scan happened."""
        return self.counts.get(Outcome.UNCLEAR, 0)

    @property
    def failed(self) -> int:
        """Failed rows that can be tried once more."""
        return count_for_retry(self.counts)

    @property
    def left(self) -> int:
        """Rows that were not looked at yet."""
        return max(0, self.untried - self.planned)

    @property
    def held_back(self) -> int:
        """Rows that a plan does not scan."""
        return self.total - self.untried - self.unclear

    @property
    def works(self) -> bool:
        """Whether it is being worked on, here or elsewhere."""
        return self.state in ("running", "planning")


class RunLine(msgspec.Struct, frozen=True):
    """A run in the list of runs."""

    run: Run
    state: str
    segments: Sequence[Segment]
    done: int
    person: int


def summarize(run: Run, counts: Mapping[Outcome, int], state: str) -> RunLine:
    """Give a run's line in the list of runs."""
    return RunLine(run, state, list(_segments(counts, 0)), count_done(counts), count_for_person(counts))


def view_run(journal: Journal, run: Run, live: Live | None, words: Wording) -> RunView:
    """Gather what a run's page shows.

    Args:
        journal: The journal.
        run: The run.
        live: What the work on it tells, where it is worked on here.
        words: The texts.
    """
    snapshot = live.snapshot if live else None
    # Who scans one barcode after another wants to see each answer at once; such a run is small enough to be counted.
    counts = dict(snapshot.counts) if snapshot and not run.is_open else journal.counts(run.id)
    state = state_of(journal, run, is_here=live is not None)
    planned = snapshot.planned if snapshot else journal.planned(run.id) if state in _MAY_BE_PLANNED else 0
    return RunView(
        run=run,
        state=state,
        is_here=live is not None,
        counts=counts,
        planned=planned,
        segments=list(_segments(counts, planned)),
        outcomes=[outcome_line(outcome, counts, words) for outcome in in_order(counts)],
        snapshot=snapshot,
        messages=list(live.messages) if live else (),
        chart=chart_of(live) if live else (),
    )


def state_of(journal: Journal, run: Run, *, is_here: bool) -> str:
    """Say in a word where a run is; "ending" while what is in flight is finished after a pause or a stop."""
    if is_here and run.state in (RunState.PAUSED, RunState.CANCELLED):
        return "ending"
    state = "running" if is_here and run.state is RunState.RUNNING else journal.state_in_words(run)
    return "planning" if state == "running" and run.started_at is None and not run.is_open else state


def outcome_line(outcome: Outcome, counts: Mapping[Outcome, int], words: Wording) -> OutcomeLine:
    """Give an outcome's line among the counts of a run."""
    text = words.outcome(outcome)
    return OutcomeLine(
        code=outcome,
        group=outcome.group,
        count=counts[outcome],
        label=text.label,
        sentence=text.sentence,
        step=text.step,
        needs_person=needs_person(outcome),
        allowable=outcome.group is Group.SKIPPED and outcome in WIDENING | ALLOWED_TOO,
    )


def row_line(row: Row, words: Wording) -> RowLine:
    """Give a row as tables show it."""
    item = latest(row)
    place = (item.call_number, item.location_name or item.location, item.library_name or item.library) if item else ()
    is_planned = row.state is RowState.READY
    text = words.outcome(row.answer)
    return RowLine(
        row=row.row,
        name=visible(row.barcode or row.given or row.pid),
        title=item.title if item else "",
        place=" · ".join(part for part in place if part),
        before=state_words(row.before) if row.before else "",
        after=state_words(row.after) if row.after else "",
        code=row.answer,
        group=row.answer.group,
        label=words("row.planned_label") if is_planned else text.label,
        sentence=words("row.planned_sentence") if is_planned else text.sentence,
        step="" if is_planned else text.step,
        note=row.note,
        alma=" · ".join(part for part in (row.alma_message, row.alma_code, row.tracking_id) if part),
        is_planned=is_planned,
        is_left_out=row.outcome is Outcome.LEFT_OUT,
        is_answered=row.state in FINAL_STATES,
        is_working=row.state in (RowState.NEW, RowState.LOCATED, RowState.SENDING),
        finished_at=row.finished_at,
    )


def chart_of(live: Live) -> list[ChartBar]:
    """Give the bars of the rate over time; none while there are too few to draw."""
    bars = live.bars()
    if len(bars) < FEWEST_BARS:
        return []
    end = bars[-1].until_seconds - bars[0].since_seconds
    rates = [60 * bar.rows / max(bar.until_seconds - bar.since_seconds, 1e-6) for bar in bars]
    most = max(*rates, 1e-6)
    return [
        ChartBar(
            x=round(100 * (bar.since_seconds - bars[0].since_seconds) / end, 2),
            width=round(92 * (bar.until_seconds - bar.since_seconds) / end, 2),
            height=round(CHART_HEIGHT * rate / most, 2),
            per_minute=round(rate, 1),
        )
        for bar, rate in zip(bars, rates, strict=True)
    ]


def _segments(counts: Mapping[Outcome, int], planned: int) -> Iterator[Segment]:
    """Give the parts of the bar: the answers by their group, what is to be scanned, and the rest as the bare track."""
    total = sum(counts.values())
    unclear = counts.get(Outcome.UNCLEAR, 0)
    groups = by_group({outcome: count for outcome, count in counts.items() if outcome.group is not Group.OPEN})
    parts = [*((str(group), count) for group, count in groups.items()), ("open", unclear), ("planned", planned)]
    before = 0
    for kind, count in parts:
        if count:
            yield Segment(kind, count, round(100 * before / total, 3), round(100 * count / total, 3))
            before += count
