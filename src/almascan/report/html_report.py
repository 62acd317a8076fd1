"""The report as one HTML file that needs no network: to read, to filter, to print, to send on.

It holds every row up to ``ROWS_SHOWN``; of a larger run it shows the rows that need a person, as many as that.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

import jinja2
import msgspec
from markupsafe import Markup

from almascan.model import Group, Outcome, Row, Run, RunState
from almascan.progress.text import LOOKS, amount, by_group, date_time, duration, number, plain
from almascan.report.fields import next_step
from almascan.report.figures import Figures
from almascan.report.html_rows import RowView, row_view
from almascan.report.order import list_words, order_words
from almascan.report.summary import (
    count_for_person,
    in_order,
    needs_person,
    next_commands,
    rows_per_minute,
    verdict,
    work_seconds,
)
from almascan.version import __version__

ROWS_SHOWN = 10_000
"""How many rows a page holds at most; browsers grow slow beyond."""

_PLANNED = "Nothing was sent yet. Where a row's notes say so, it was looked at and is to be scanned."


class OutcomeView(msgspec.Struct, frozen=True):
    """An outcome's line on the page, called ``label``; ``width`` is its share of all rows in percent."""

    code: Outcome
    label: str
    group: Group
    symbol: str
    person: bool
    count: int
    width: float
    sentence: str
    next_step: str


class Section(msgspec.Struct, frozen=True):
    """The rows of one outcome, those that are on the page."""

    outcome: OutcomeView
    rows: Iterator[RowView]


class Bar(msgspec.Struct, frozen=True):
    """A group's part of the bar over all rows: where it starts and how long it is, in percent."""

    group: Group
    symbol: str
    count: int
    start: float
    width: float


def write_html(
    run: Run, counts: Mapping[Outcome, int], rows: Iterable[Row], out: BinaryIO, *, zone: tzinfo | None = None
) -> None:
    """Write the page in UTF-8.

    Args:
        run: The run.
        counts: Rows per outcome.
        rows: The run's rows in their order, read once; the rows shown are kept meanwhile.
        out: Where the bytes go.
        zone: The time zone of the times shown; None is this machine's.
    """
    total = sum(counts.values())
    whole = total <= ROWS_SHOWN
    figures = Figures()
    shown = _shown(rows, figures, whole=whole)
    outcomes = [_outcome_view(run, outcome, counts[outcome], total) for outcome in in_order(counts)]
    page = (
        _environment()
        .get_template("report.html")
        .stream(
            run=run,
            verdict=verdict(run, counts),
            bars=list(_bars(counts, total)),
            outcomes=outcomes,
            times=_times(run, counts, zone),
            order=order_words(run),
            list=list_words(run),
            sections=[_section(view, shown[view.code], zone) for view in outcomes if view.code in shown],
            shown=sum(len(some) for some in shown.values()),
            wanted=total if whole else count_for_person(counts),
            total=total,
            **figures.for_page(zone),
            commands=next_commands(run, counts),
            version=__version__,
        )
    )
    page.enable_buffering(100)
    out.writelines(part.encode("utf-8") for part in page)


def _shown(rows: Iterable[Row], figures: Figures, *, whole: bool) -> dict[Outcome, list[Row]]:
    shown: dict[Outcome, list[Row]] = {}
    free = ROWS_SHOWN
    for row in rows:
        figures.take(row)
        if free and (whole or needs_person(row.answer)):
            shown.setdefault(row.answer, []).append(row)
            free -= 1
    return shown


def _outcome_view(run: Run, outcome: Outcome, count: int, total: int) -> OutcomeView:
    is_planned = run.state is RunState.PLANNED and outcome is Outcome.NOT_TRIED
    return OutcomeView(
        code=outcome,
        label="planned" if is_planned else outcome,
        group=outcome.group,
        symbol=LOOKS[outcome.group].symbol,
        person=needs_person(outcome),
        count=count,
        width=round(100 * count / total, 3),
        sentence=_PLANNED if is_planned else outcome.sentence,
        next_step=next_step(outcome, run.id),
    )


def _section(outcome: OutcomeView, rows: list[Row], zone: tzinfo | None) -> Section:
    return Section(outcome, (row_view(row, zone) for row in rows))


def _bars(counts: Mapping[Outcome, int], total: int) -> Iterator[Bar]:
    before = 0
    for group, count in by_group(counts).items():
        yield Bar(group, LOOKS[group].symbol, count, round(100 * before / total, 3), round(100 * count / total, 3))
        before += count


def _times(run: Run, counts: Mapping[Outcome, int], zone: tzinfo | None) -> list[tuple[str, str]]:
    def moment(when: float | None) -> str:
        return "not yet" if when is None else date_time(when, zone)

    words = [("Started", moment(run.started_at)), ("Finished", moment(run.finished_at))]
    seconds, pace = work_seconds(run), rows_per_minute(run, counts)
    if seconds is not None:
        words.append(("Took", f"{duration(seconds)}, pauses included"))
    if pace is not None:
        words.append(("Pace", f"{number(pace)} rows a minute"))
    return [*words, ("By", run.who)]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("almascan.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["number"] = number
    environment.filters["amount"] = amount
    environment.globals["style"] = _inline(environment, "colours.css") + _inline(environment, "report.css")
    environment.globals["script"] = _inline(environment, "report.js")
    environment.globals["digest"] = _digest
    return environment


def _printable(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _inline(environment: jinja2.Environment, name: str) -> Markup:
    loader = environment.loader
    text = loader.get_source(environment, name)[0] if loader else ""
    # A browser hashes the text with its line ends made one character, and so must the policy's digest.
    return Markup("\n".join(text.splitlines()))  # noqa: S704 - our own files, nothing from outside


def _digest(text: str) -> str:
    """Give the digest by which the page's content policy knows its own style and script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
