"""Progress as a bar that is drawn over and over on a terminal, sentences scrolling away above it."""

from collections.abc import Callable
from datetime import tzinfo
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from almascan.model import Run
from almascan.progress.lines import eta, heading, kinds_of_answer, remaining, spent
from almascan.progress.snapshot import Snapshot
from almascan.progress.text import LOOKS, amount, number, percent, plain


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
        self.update(snapshot)

    def update(self, snapshot: Snapshot) -> None:
        """Draw the bar anew."""
        pace = [eta(snapshot, self._clock(), self._zone), f"{number(snapshot.rows_per_second)} rows/s"]
        self._draw(snapshot, pace, _traffic(snapshot))

    def say(self, sentence: str) -> None:
        """Say a sentence above the bar."""
        self._console.print(Text(plain(sentence)))

    def end(self, snapshot: Snapshot) -> None:
        """Draw the bar for the last time, let it stand, and give the cursor back."""
        self._draw(snapshot, [spent(snapshot), remaining(snapshot)])
        self._live.stop()

    def _draw(self, snapshot: Snapshot, *lines: list[str]) -> None:
        counts = _counts(snapshot, ascii_only=self._console.options.ascii_only)
        texts = [", ".join(part for part in line if part) for line in lines]
        below = [counts, *(Text(text, style="dim" if place else "") for place, text in enumerate(texts))]
        self._live.update(Group(_bar(snapshot), *(line for line in below if line)), refresh=True)


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
    kinds = []
    for group, word, count in kinds_of_answer(snapshot):
        look = LOOKS[group]
        symbol = look.ascii_symbol if ascii_only else look.symbol
        kinds.append(Text(f"{symbol} {word} {number(count)}", style=look.colour))
    return Text("   ").join(kinds)


def _traffic(snapshot: Snapshot) -> list[str]:
    refused = f"{amount(snapshot.throttled, 'request')} refused for the rate" if snapshot.throttled else ""
    rate = f"{number(snapshot.requests_per_second)} requests/s"
    return [rate, f"{number(snapshot.in_flight)} in flight", remaining(snapshot), refused]
