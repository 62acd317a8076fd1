"""A bench as a program: ``python -m bench.NAME [--quick] [--json FILE]`` and its own options."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.figure import Figure, Findings, Measured, Table
from bench.machine import describe_machine
from bench.page import write_text

Value = bool | int | float | str | tuple[int, ...] | tuple[str, ...]


class Option(NamedTuple):
    """An option of a bench: its flag, its value in full and with ``--quick``, and what it means."""

    flag: str
    full: Value
    quick: Value
    sentence: str

    @property
    def name(self) -> str:
        """The name under which ``measure`` finds it."""
        return self.flag.lstrip("-").replace("-", "_")


class Yield(NamedTuple):
    """What a bench's ``measure`` gives."""

    figures: list[Figure]
    tables: list[Table] = []  # noqa: RUF012 - never changed


class Bench(NamedTuple):
    """A bench.

    Attributes:
        name: The module's name within ``bench``.
        sentence: What it measures.
        options: Its own options.
        measure: Measures with the options' values.
    """

    name: str
    sentence: str
    options: Sequence[Option]
    measure: Callable[[argparse.Namespace], Yield]

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """Measure as the command line says, print what was found, and exit with 1 where an aim is missed."""
        given = self._parser().parse_args(arguments)
        self._fill(given)
        machine, began = describe_machine(), time.perf_counter()
        figures, tables = self.measure(given)
        findings = Findings(self.name, self._command(given), time.perf_counter() - began, figures, tables)
        print(write_text(findings), flush=True)
        if given.json:
            given.json.write_bytes(msgspec.json.format(msgspec.json.encode(Measured(machine, [findings]))))
        sys.exit(0 if findings.is_met else 1)

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(prog=f"python -m bench.{self.name}", description=self.sentence)
        parser.add_argument("--quick", action="store_true", help="measure small: seconds, and rougher figures")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to this file too")
        for option in self.options:
            parser.add_argument(option.flag, **_argument(option))
        return parser

    def _fill(self, given: argparse.Namespace) -> None:
        for option in self.options:
            if getattr(given, option.name) is None:
                setattr(given, option.name, option.quick if given.quick else option.full)

    def _command(self, given: argparse.Namespace) -> str:
        """Say how it was called, with what differs from the full measurement."""
        words = [f"python -m bench.{self.name}"]
        if given.quick:
            words.append("--quick")
        for option in self.options:
            value = getattr(given, option.name)
            if value != (option.quick if given.quick else option.full):
                words += [option.flag, *_spell(value)]
        return " ".join(words)


def _argument(option: Option) -> dict[str, Any]:
    """Give argparse's words for an option; its default is filled in later, for it depends on ``--quick``."""
    if isinstance(option.full, bool):
        return {"action": "store_true", "default": None, "help": option.sentence}
    sentence = f"{option.sentence} (default {' '.join(_spell(option.full))}; quick {' '.join(_spell(option.quick))})"
    if isinstance(option.full, tuple):
        return {"nargs": "+", "type": type(option.full[0]), "help": sentence}
    return {"type": type(option.full), "help": sentence}


def _spell(value: Value) -> list[str]:
    if isinstance(value, bool):
        return []
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return [f"{value:g}" if isinstance(value, float) else str(value)]
