"""What a bench found: figures held against what is aimed at, and tables of what is only shown."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Bound = Literal["at most", "at least"]


class Aim(msgspec.Struct, frozen=True):
    """What a figure is held against, in the figure's unit."""

    bound: Bound
    value: float


class Figure(msgspec.Struct, frozen=True):
    """One measured figure.

    Attributes:
        what: What was measured, in words.
        value: The figure; None where this machine cannot measure it.
        unit: Its unit, "" for a plain number.
        aim: What is aimed at; None where the figure is only shown.
    """

    what: str
    value: float | None
    unit: str = ""
    aim: Aim | None = None

    @property
    def ratio(self) -> float | None:
        """The figure as a multiple of what is aimed at; None where either is missing or the aim is nothing."""
        if self.aim is None or self.value is None or not self.aim.value:
            return None
        return self.value / self.aim.value

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None where there is nothing to tell."""
        if self.aim is None or self.value is None:
            return None
        return self.value <= self.aim.value if self.aim.bound == "at most" else self.value >= self.aim.value


class Table(msgspec.Struct, frozen=True):
    """Figures side by side, written out."""

    heading: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Findings(msgspec.Struct, frozen=True):
    """What one bench found.

    Attributes:
        bench: Its name.
        command: How it was called.
        seconds: How long it took.
        figures: What is held against an aim, or said in one number.
        tables: What is shown beside it.
        printed: What a bench that prints for itself has printed.
        failed: Whether the bench itself says that a promise is broken.
    """

    bench: str
    command: str
    seconds: float
    figures: list[Figure] = []
    tables: list[Table] = []
    printed: str = ""
    failed: bool = False

    @property
    def is_met(self) -> bool:
        """Whether no aim is missed."""
        return not self.failed and all(figure.is_met is not False for figure in self.figures)


class Measured(msgspec.Struct, frozen=True):
    """All that was measured in one go, and on what machine: what ``--json`` writes."""

    machine: str
    findings: list[Findings]


def at_most(value: float) -> Aim:
    """Aim at no more than a value."""
    return Aim("at most", value)


def at_least(value: float) -> Aim:
    """Aim at no less than a value."""
    return Aim("at least", value)


def write_number(value: float | None, unit: str = "") -> str:
    """Write a number as people read it: three digits that count, thousands apart, and its unit."""
    if value is None:
        return "not measured here"
    size = abs(value)
    digits = 0 if value == int(value) or size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
