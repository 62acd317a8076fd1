"""Every bench, small: it runs by itself, prints its figures, and writes them as JSON."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from bench.__main__ import BENCHES, put_into_page
from bench.figure import Findings, Measured

ROOT = Path(__file__).resolve().parents[2]
SMALLER = {
    "pace": ["--seconds", "1", "--cases", "2"],
    "memory": ["--rows", "1000"],
    "reports": ["--rows", "1000", "--formats", "csv"],
    "processor": ["--items", "200"],
    "compare": ["--items", "2", "--killed-items", "6"],
    "institutions": ["--counts", "2", "--seconds", "1"],
    "watchers": ["--rows", "1000", "--watchers", "3", "--seconds", "0.2"],
    "opening": ["--rows", "400", "--runs", "2", "--times", "1"],
}
OWN = [
    *("start", "memory", "reports", "journal", "processor", "pace", "institutions", "compare", "kills"),
    *("watchers", "opening"),
]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def read(file: Path) -> Findings:
    measured = msgspec.json.decode(file.read_bytes(), type=Measured)
    assert "cores, Python" in measured.machine
    return measured.findings[0]


@pytest.mark.parametrize(
    "name", [*OWN, *(pytest.param(each, marks=pytest.mark.system) for each in ("shared_journal", "fleet"))]
)
def test_every_bench_runs_small_and_prints_its_figures(name: str, tmp_path: Path) -> None:
    ended = run(f"bench.{name}", "--quick", *SMALLER.get(name, []), "--json", str(tmp_path / "found.json"))
    assert ended.returncode in (0, 1), ended.stderr
    found = read(tmp_path / "found.json")
    assert found.bench == name
    assert found.command.startswith(f"python -m bench.{name} --quick")
    assert found.figures
    for figure in found.figures:
        assert figure.what in ended.stdout
        assert figure.value is not None


def test_every_bench_is_listed() -> None:
    assert set(OWN) <= set(BENCHES)
    for name in BENCHES:
        assert (ROOT / "bench" / f"{name}.py").is_file()


def test_the_program_measures_what_is_named_and_says_where(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    ended = run("bench", "start", "--quick", "--json", str(file))
    assert ended.returncode in (0, 1), ended.stderr
    found = read(file)
    assert found.command == "python -m bench.start --quick"
    assert "cores, Python" in ended.stdout
    again = run("bench", "--read", str(file), "--markdown")
    assert again.returncode == ended.returncode
    assert again.stdout.startswith("Measured on ")
    for figure in found.figures:
        assert f"| {figure.what} |" in again.stdout


def test_an_unknown_bench_is_refused_in_a_sentence() -> None:
    ended = run("bench", "spead")
    assert ended.returncode == 2
    assert "no such bench: spead. There are: start," in ended.stderr


def test_a_file_that_holds_no_findings_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    ended = run("bench", "--read", str(tmp_path / "other.json"))
    assert ended.returncode == 2
    assert "is no file of findings" in ended.stderr


def test_the_tables_are_put_between_the_marks_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "numbers.md"
    page.write_text("# Numbers\n\n<!-- measured: begin -->\nold\n<!-- measured: end -->\n\nThe rest.\n")
    for markdown in ("| one |", "| two |"):
        put_into_page(page, markdown)
    assert page.read_text() == (
        "# Numbers\n\n<!-- measured: begin -->\n\n| two |\n\n<!-- measured: end -->\n\nThe rest.\n"
    )


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "numbers.md"
    page.write_text("# Numbers\n")
    with pytest.raises(ValueError, match="has not the lines"):
        put_into_page(page, "| one |")
    assert page.read_text() == "# Numbers\n"
