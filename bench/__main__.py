"""Runs the benches, each in a process of its own: ``python -m bench [NAME ...] [--quick]``; without a name all.

    python -m bench pace processor --json found.json
    python -m bench --read found.json --page docs/numbers.md

Prints each bench's tables as it ends and all figures at the end, with what is aimed at and the command of each. Exit
code 1 where an aim is missed. With ``--markdown`` everything is printed in Markdown instead, and ``--page`` puts that
into a page, between the lines ``<!-- measured: begin -->`` and ``<!-- measured: end -->``.
"""

import argparse
import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench.figure import Findings, Measured
from bench.machine import describe_machine
from bench.page import write_markdown, write_summary
from bench.program import Bench

BENCHES = {
    "start": "the start of the command line",
    "memory": "loading a million rows, memory and resume",
    "reports": "reports of a million rows",
    "journal": "recording intents and answers",
    "processor": "processor time per item",
    "pace": "the share of Alma's limit that is used",
    "institutions": "many institutions from one process",
    "compare": "what a user would pick instead",
    "kills": "kill -9 at random moments",
    "simulator": "requests that a simulator answers",
    "watchers": "the live view of a run, with many pages open",
    "opening": "the page's pages with a million rows",
    "faults": "every kind of trouble, and what became of each row",
    "shared_journal": "recording intents and answers on PostgreSQL",
    "fleet": "workers on PostgreSQL, killed and cut off, and under load",
}
MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")


def main() -> int:
    """Measure, print, and give the exit code."""
    given = _parse()
    measured = given.read or Measured(describe_machine(), [])
    if not given.read:
        print(measured.machine, file=sys.stderr, flush=True)
        for name in given.names or BENCHES:
            print(f"\n== {name}: {BENCHES[name]}\n", file=sys.stderr, flush=True)
            measured.findings.append(run(name, quick=given.quick, is_quiet=given.markdown))
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    if given.page:
        put_into_page(given.page, write_markdown(measured))
    print(write_markdown(measured) if given.markdown else f"\n{write_summary(measured)}\n\n{measured.machine}")
    return 0 if all(findings.is_met for findings in measured.findings) else 1


def run(name: str, *, quick: bool, is_quiet: bool) -> Findings:
    """Run one bench in a process of its own.

    Args:
        name: One of ``BENCHES``.
        quick: Whether to measure small.
        is_quiet: Whether its tables are not printed as it ends.

    Raises:
        RuntimeError: It broke off without findings.
    """
    command = ["-m", f"bench.{name}", *(["--quick"] if quick else [])]
    has_findings = isinstance(getattr(importlib.import_module(f"bench.{name}"), "BENCH", None), Bench)
    with tempfile.TemporaryDirectory() as folder:
        file, began = Path(folder) / "found.json", time.perf_counter()
        extra = ["--json", str(file)] if has_findings else []
        ended = subprocess.run([sys.executable, *command, *extra], stdout=subprocess.PIPE, text=True, check=False)
        if not is_quiet:
            print(ended.stdout, flush=True)
        if file.exists():
            return msgspec.json.decode(file.read_bytes(), type=Measured).findings[0]
    if has_findings:
        raise RuntimeError(f"python {' '.join(command)} broke off with exit code {ended.returncode}")
    seconds = time.perf_counter() - began
    return Findings(name, f"python {' '.join(command)}", seconds, printed=ended.stdout, failed=ended.returncode != 0)


def put_into_page(page: Path, markdown: str) -> None:
    """Put Markdown between a page's two marks, in place of what stands there.

    Raises:
        ValueError: The page has not both marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not end:
        raise ValueError(f"{page} has not the lines {MARKS[0]} and {MARKS[1]}.")
    page.write_text(f"{before}{begin}\n\n{markdown}\n\n{end}{after}", encoding="utf-8")


def _parse() -> argparse.Namespace:
    benches = "\n".join(f"  {name:14}{sentence}" for name, sentence in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the figures of docs/numbers.md on this machine.",
        epilog=f"benches:\n{benches}\n\nEach has options of its own: python -m bench.pace --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="the benches to run; by default all")
    parser.add_argument("--quick", action="store_true", help="measure small: about three minutes, and rougher figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to this file too")
    parser.add_argument("--markdown", action="store_true", help="print everything in Markdown")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the Markdown between the marks of this page")
    parser.add_argument("--read", type=_read, metavar="FILE", help="print what --json wrote, and measure nothing")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
    return given


def _read(name: str) -> Measured:
    try:
        return msgspec.json.decode(Path(name).read_bytes(), type=Measured)
    except (OSError, msgspec.DecodeError) as error:
        raise argparse.ArgumentTypeError(f"{name} is no file of findings: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
