"""What a run, or one of its rows, came to, for a terminal."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from almascan.model import Event, Outcome, Row, Run, RunState
from almascan.progress.text import LOOKS, date_time, duration, number, plain, visible
from almascan.report.fields import ROW_FIELDS, RowField, next_step
from almascan.report.summary import Command, in_order, next_commands, rows_per_minute, verdict, work_seconds

WIDE = 90
"""Columns from which on the tables have all their columns; below it they are drawn narrower."""

_STATE_WORDS: dict[RunState, str] = {
    RunState.LOADING: "is still reading its list",
    RunState.READY: "is ready",
    RunState.QUEUED: "waits for its turn",
    RunState.PLANNED: "is planned",
    RunState.RUNNING: "is running, or was interrupted",
    RunState.PAUSED: "is paused",
    RunState.FINISHED: "is finished",
    RunState.CANCELLED: "is cancelled",
}


class Summary:
    """A run's summary, to be printed with rich: what became of the rows, what to do about it, what to type next."""

    def __init__(self, run: Run, counts: Mapping[Outcome, int], example: int | None, zone: tzinfo | None) -> None:
        self._run = run
        self._counts = counts
        self._example = example
        self._zone = zone

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, with symbols that the console's encoding has."""
        run = self._run
        yield Text(f"Run {run.id} {_STATE_WORDS[run.state]}. {verdict(run, self._counts)}", style="bold")
        if run.reason:
            yield Text(plain(run.reason), style="bold yellow")
        yield Text(plain(f"{run.list_name}, {run.institution} ({run.environment}), {run.order.desk}"))
        yield Text(_times(run, self._counts, self._zone))
        yield Padding(_outcomes(run, self._counts, options), (1, 0))
        yield _commands(next_commands(run, self._counts, self._example), options)


def summary(
    run: Run, counts: Mapping[Outcome, int], *, example: int | None = None, zone: tzinfo | None = None
) -> Summary:
    """Give a run's summary, for ``rich.console.Console.print``.

    Args:
        run: The run.
        counts: Rows per outcome, unclear and not-tried included.
        example: The number of a row that needs a person, named in a command to type; None where there is none.
        zone: The time zone of the times shown; None is this machine's.
    """
    return Summary(run, counts, example, zone)


def story(row: Row, events: Iterable[Event] = (), *, zone: tzinfo | None = None) -> Group:
    """Give all that the journal knows of a row, for ``rich.console.Console.print``.

    Args:
        row: The row.
        events: What happened to it, in order.
        zone: The time zone of the times shown; None is this machine's.
    """
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True, style="dim")
    facts.add_column(overflow="fold")
    for field in ROW_FIELDS:
        text = _fact(field, row, zone)
        if text:
            facts.add_row(field.name.replace("_", " "), Text(text))
    title = f"Row {row.row} of run {row.run}: {row.answer}"
    moments = Table.grid(padding=(0, 2))
    for event in events:
        moments.add_row(Text(date_time(event.at, zone), style="dim"), Text(event.kind), Text(plain(event.text)))
    return Group(Text(title, style=f"bold {LOOKS[row.answer.group].colour}"), facts, Text(), moments)


def _fact(field: RowField, row: Row, zone: tzinfo | None) -> str:
    value = field.value(row)
    if field.kind == "time":
        return "" if value is None else date_time(getattr(row, field.name), zone)
    if isinstance(value, dict):
        return plain(str(value["text"]))
    text = "" if value is None else str(value)
    return visible(text) if field.name in ("given", "barcode") else plain(text)


def _times(run: Run, counts: Mapping[Outcome, int], zone: tzinfo | None) -> str:
    if run.started_at is None:
        return f"Made {date_time(run.created_at, zone)}; not started."
    parts = [f"Started {date_time(run.started_at, zone)}"]
    seconds, pace = work_seconds(run), rows_per_minute(run, counts)
    if seconds is not None:
        parts.append(f"took {duration(seconds)}")
    if pace is not None:
        parts.append(f"{number(pace)} rows a minute")
    return ", ".join(parts) + "."


def _outcomes(run: Run, counts: Mapping[Outcome, int], options: ConsoleOptions) -> Table:
    wide = options.max_width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    for name in ("Group", "Outcome") if wide else ("Outcome",):
        table.add_column(name, no_wrap=True)
    table.add_column("Rows", justify="right", no_wrap=True)
    table.add_column("What to do", ratio=1)
    for outcome in in_order(counts):
        look = LOOKS[outcome.group]
        symbol = look.ascii_symbol if options.ascii_only else look.symbol
        names = (f"{symbol} {outcome.group}", outcome) if wide else (f"{symbol} {outcome}",)
        cells = [Text(name, style=look.colour) for name in names]
        table.add_row(*cells, number(counts[outcome]), Text(next_step(outcome, run.id)))
    return table


def _commands(commands: list[Command], options: ConsoleOptions) -> Group:
    wide = options.max_width >= WIDE
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=wide, overflow="fold")
    for command in commands:
        purpose = Text(command.purpose, style="dim")
        if wide:
            table.add_row(Text(command.line), purpose)
        else:
            table.add_row(Text(command.line))
            table.add_row(Padding(purpose, (0, 0, 0, 2)))
    return Group(Text("What to type next"), Padding(table, (0, 0, 0, 2)))
