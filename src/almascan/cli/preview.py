"""What a scan is about to do, as a person reads it before saying yes."""

from rich.console import Group as Renderables
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from almascan.lists import NOTES
from almascan.model import RECIPES, Outcome
from almascan.preview import Preview
from almascan.progress.text import amount, duration, number, plain

_ORDINARY_NOTES = frozenset({"lines", "entries", "headers"})
_WARNING = (
    "A scan tells Alma: this item is in my hands. Scan what lies before you or what somebody has found on the shelf; "
    "a list that nobody has checked makes lost books available. A scan cannot be taken back."
)


def draw_preview(preview: Preview, description: str) -> Renderables:
    """Draw what is about to happen: the list, the desk, the rows, the requests and the time they take."""
    run, order = preview.run, preview.run.order
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for name, value in (
        ("list", f"{run.list_name}: {description}"),
        ("Alma", f"{preview.institution.name}, {_where(preview)}"),
        ("desk", preview.desk.name if preview.desk.checked else f"{order.desk} (not checked: the key may not read it)"),
        ("recipe", f"{order.recipe}: {RECIPES[order.recipe].purpose}"),
        ("rows", _rows(preview)),
        ("requests", _requests(preview)),
        ("time", f"about {duration(preview.seconds)} at {number(preview.rate)} requests a second"),
    ):
        facts.add_row(name, Text(plain(value)))
    notes = [
        Text(f"{count:,}  {NOTES[name]}", style="dim")
        for name, count in run.list_notes.items()
        if count and name not in _ORDINARY_NOTES and name in NOTES
    ]
    if preview.twin is not None:
        twin = f"The very same list was run {preview.twin.id}, and that run is {preview.twin.state}."
        notes.append(Text(twin, style="yellow"))
    return Renderables(facts, Padding(Renderables(*notes), (0, 0, 0, 2)), Text(_WARNING, style="yellow"))


def _where(preview: Preview) -> str:
    where = preview.institution.environment
    told = {"production": "PRODUCTION", "sandbox": "a sandbox", "unknown": "production or a sandbox: not known"}
    simulated = " (a simulator on this machine)" if preview.is_simulated else ""
    return f"{told[where]}{simulated}"


def _rows(preview: Preview) -> str:
    duplicates = preview.counts.get(Outcome.DUPLICATE, 0)
    damaged = preview.counts.get(Outcome.BAD_BARCODE, 0)
    parts = [f"{preview.rows:,} to try now of {preview.run.rows:,}"]
    if duplicates:
        parts.append(amount(duplicates, "duplicate"))
    if damaged:
        parts.append(f"{damaged:,} that cannot be used")
    return "; ".join(parts)


def _requests(preview: Preview) -> str:
    needed = f"at most {preview.requests:,}"
    if not preview.remaining_calls:
        return needed
    share = 100 * preview.requests / preview.remaining_calls
    return f"{needed}, {share:.1f} % of the {preview.remaining_calls:,} that Alma has left today"
