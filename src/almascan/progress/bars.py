"""Progress as a bar that is drawn over and over on a terminal, sentences scrolling away above it."""

from collections.abc import Callable
from datetime import tzinfo
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from almascan.model import Run
from almascan.progress.lines import eta, heading, remaining
from almascan.progress.snapshot import Snapshot
from almascan.progress.text import LOOKS, amount, by_group, duration, number, percent, plain


class Bars:
    """A bar with its numbers, the counts per group, and what is known of pace and calls."""

    def __init__(self, stream: TextIO, clock: Callable[[], float], zone: tzinfo | None) -> None:
        self._clock = clock
        self._zone = zone
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        # Drawn when it is told something and not by a thread: updates come a few times a second.
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def begin(self, run: Run, snapshot: Snapshot) -> None:
        """Name the run and draw the bar."""
        style = "bold red" if run.environment == "production" else "bold"
        self._console.print(Text(plain(heading(run)), style=style))
        self._live.start()
        self._draw(snapshot, eta(snapshot, self._clock(), self._zone))

    def update(self, snapshot: Snapshot) -> None:
        """Draw the bar anew."""
        self._draw(snapshot, eta(snapshot, self._clock(), self._zone))

    def say(self, sentence: str) -> None:
        """Say a sentence above the bar."""
        self._console.print(Text(plain(sentence)))

    def end(self, snapshot: Snapshot) -> None:
        """Draw the bar for the last time, and let it stand."""
        self._draw(snapshot, f"{amount(snapshot.requests, 'request')} in {duration(snapshot.elapsed_seconds)}")
        self._live.stop()

    def _draw(self, snapshot: Snapshot, time_text: str) -> None:
        ascii_only = self._console.options.ascii_only
        lines: list[RenderableType] = [_bar(snapshot), _counts(snapshot, ascii_only=ascii_only)]
        lines.append(Text(", ".join(part for part in (*_pace(snapshot), time_text) if part)))
        self._live.update(Group(*lines), refresh=True)


def _bar(snapshot: Snapshot) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    rows = f"{number(snapshot.finished)} of {number(snapshot.total)}"
    grid.add_row(
        ProgressBar(total=max(1, snapshot.total), completed=snapshot.finished),
        f"{rows}  {percent(snapshot.finished, snapshot.total):>5}",
    )
    return grid


def _counts(snapshot: Snapshot, *, ascii_only: bool) -> Text:
    line = Text()
    for group, count in by_group(snapshot.counts).items():
        look = LOOKS[group]
        symbol = look.ascii_symbol if ascii_only else look.symbol
        line.append(f"{symbol} {group} {number(count)}", style=look.colour).append("   ")
    return line


def _pace(snapshot: Snapshot) -> list[str]:
    parts = [
        f"{number(snapshot.rows_per_second)} rows/s",
        f"{number(snapshot.requests_per_second)} requests/s",
        f"{number(snapshot.in_flight)} in flight",
    ]
    if snapshot.throttled:
        parts.append(f"{amount(snapshot.throttled, 'refusal')} by the limit per second")
    return [*parts, remaining(snapshot)]
