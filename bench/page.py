"""Findings written out: for a terminal, and in Markdown for docs/numbers.md."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from bench.figure import Figure, Findings, Measured, write_number

_FIGURES = ("what", "figure", "aimed at", "ratio", "met")


def write_text(findings: Findings) -> str:
    """Write one bench's findings for a terminal."""
    parts = [f"{table.heading}\n\n{_align(table.columns, table.rows)}" for table in findings.tables]
    if findings.figures:
        parts.append(_align(_FIGURES, [_cells(figure) for figure in findings.figures]))
    if findings.printed:
        parts.append(findings.printed.rstrip())
    return "\n\n".join(parts)


def write_summary(measured: Measured) -> str:
    """Write every figure of several benches in one table for a terminal, each with its command."""
    return _align((*_FIGURES, "command"), list(_rows(measured.findings)))


def write_markdown(measured: Measured) -> str:
    """Write everything in Markdown."""
    rows = ([*row[:-1], f"`{row[-1]}`"] for row in _rows(measured.findings))
    parts = [f"Measured on {measured.machine}.", _pipe((*_FIGURES, "command"), rows)]
    for findings in measured.findings:
        parts += [
            f"{table.heading} (`{findings.command}`):\n\n{_pipe(table.columns, table.rows)}"
            for table in findings.tables
        ]
        if findings.printed:
            parts.append(f"`{findings.command}`:\n\n```text\n{findings.printed.strip()}\n```")
    return "\n\n".join(parts)


def _rows(all_findings: Iterable[Findings]) -> Iterator[tuple[str, ...]]:
    for findings in all_findings:
        yield from ((*_cells(figure), findings.command) for figure in findings.figures)


def _cells(figure: Figure) -> tuple[str, ...]:
    aim, ratio = figure.aim, figure.ratio
    met = {None: "", True: "yes", False: "NO"}[figure.is_met]
    return (
        figure.what,
        write_number(figure.value, figure.unit),
        f"{aim.bound} {write_number(aim.value, figure.unit)}" if aim else "",
        "" if ratio is None else f"{ratio:.2f}",
        met,
    )


def _align(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other; the first to the left, for it names the row, and the others to the right."""
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    lines = (
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (columns, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def _pipe(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = chain((columns, ["---"] * len(columns)), rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
