"""What is said of a run afterwards, and done to it: runs, show, report, settle, resume, retry."""

import csv
import io
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.invocation import environment, invoke
from tests.cli.workplace import Workplace

from almascan.errors import ExitCode
from almascan.journal import Journal
from almascan.simulator import Simulator, SimulatorConfig


class Scanned(Workplace):
    """A run of five rows: two done, one unclear, one on loan, one that nobody knows."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        super().__init__(simulator, folder)
        states = (("in_transit", 3), ("on_loan", 1), ("unknown", 1))
        self.barcodes = [barcode for state, number in states for barcode in simulator.barcodes(state, number)]
        simulator.add_fault("error", operation="scan", items=(self.barcodes[0],), status=400, code="402504", times=3)
        assert self.scan(self.barcodes).exit_code == ExitCode.LEFTOVERS


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=2000, seed=7, per_second=0)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def scanned(running: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """A run that is only looked at."""
    running.reset()
    return Scanned(running, tmp_path_factory.mktemp("looked-at"))


@pytest.fixture
def changing(running: Simulator, tmp_path: Path) -> Scanned:
    """A run that something is done to."""
    running.reset()
    return Scanned(running, tmp_path)


def test_runs_lists_them_the_newest_first(changing: Scanned) -> None:
    changing.say("scan", str(changing.folder / "list.txt"), "--yes")
    first, second = changing.say("runs").stdout.splitlines()[1:]
    assert (first.split()[0], second.split()[0]) == ("2", "1")
    runs = json.loads(changing.say("runs", "--json").stdout)
    assert [run["id"] for run in runs] == [2, 1]
    assert runs[1]["counts"] == {"in-place": 2, "not-found": 1, "on-loan": 1, "unclear": 1}


def test_show_tells_the_latest_run_and_its_counts(scanned: Scanned) -> None:
    assert "Run 1 is finished. 2 of 5 rows are done. 3 need a person." in scanned.say("show").stdout
    shown = json.loads(scanned.say("show", "1", "--json").stdout)
    assert (shown["state"], shown["rows"], shown["counts"]["unclear"]) == ("finished", 5, 1)


def test_show_tells_a_row_s_whole_story(scanned: Scanned) -> None:
    shown = json.loads(scanned.say("show", "1", "1", "--json").stdout)
    assert (shown["outcome"], shown["sends"], shown["alma_code"]) == ("unclear", 3, "402504")
    kinds = [event["kind"] for event in shown["story"]]
    assert kinds[:4] == ["located", "looked", "sending", "lost"]
    assert kinds.count("sending") == 3
    told = scanned.say("show", "1", "1").stdout
    assert "Row 1 of run 1: unclear" in told
    assert "almascan settle 1 1 --done" in " ".join(told.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "9"), "no run 9"),
        (("show", "1", "99"), "no row 99"),
        (("settle", "1", "99", "--done"), "no row 99"),
        (("settle", "1", "2", "--done"), "not unclear"),
        (("settle", "1", "1"), "--done and --again"),
        (("settle", "1", "1", "--done", "--again"), "--done and --again"),
        (("report", "--format", "xml"), "csv, xlsx, json, html"),
        (("report", "--output", "/no/such/folder/report.csv"), "cannot be written"),
        (("resume", "9"), "no run 9"),
        (("retry", "9"), "no run 9"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(
    scanned: Scanned, arguments: tuple[str, ...], says: str
) -> None:
    result = scanned.say(*arguments)
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    assert result.stderr.startswith("almascan: ")
    assert says in result.stderr


def test_settle_done_takes_a_person_s_word(changing: Scanned) -> None:
    result = changing.say("settle", "1", "1", "--done")
    assert (result.exit_code, result.stdout) == (ExitCode.DONE, "Row 1 of run 1 is in-place now.\n")
    assert json.loads(changing.say("show", "--json").stdout)["counts"]["in-place"] == 3
    assert changing.barcodes[0] not in changing.simulator.scans()


def test_settle_again_has_resume_scan_the_row(changing: Scanned) -> None:
    result = changing.say("settle", "1", "1", "--again")
    assert "almascan resume 1" in result.stdout
    assert changing.say("resume").exit_code == ExitCode.LEFTOVERS
    assert changing.simulator.scans() == dict.fromkeys(changing.barcodes[:3], 1)


def test_retry_never_sends_an_unclear_row_again(changing: Scanned) -> None:
    before = changing.simulator.stats()["by_operation"]
    changing.say("retry")
    after = changing.simulator.stats()["by_operation"]
    assert (after["scan"], after["find"]) == (before["scan"], before["find"] + 1)
    assert after["read"] > before["read"]


def test_a_report_in_each_format_goes_to_stdout_or_to_a_file(scanned: Scanned) -> None:
    report = json.loads(scanned.say("report", "--format", "json").stdout)
    assert report["version"] == 1
    assert report["counts"] == {"in-place": 2, "not-found": 1, "on-loan": 1, "unclear": 1}
    assert [row["outcome"] for row in report["rows"]] == ["unclear", "in-place", "in-place", "on-loan", "not-found"]
    table = list(csv.DictReader(io.StringIO(scanned.say("report", "--format", "csv").stdout.lstrip("\ufeff"))))
    assert [row["barcode"] for row in table] == scanned.barcodes
    assert scanned.say("report", "--format", "html").stdout.lower().startswith("<!doctype html>")
    for suffix, begins in (("csv", b"\xef\xbb\xbf"), ("json", b"{"), ("html", b"<!"), ("xlsx", b"PK")):
        path = scanned.folder / f"report.{suffix}"
        result = scanned.say("report", "1", "--output", str(path))
        assert (result.exit_code, result.stdout) == (ExitCode.DONE, "")
        assert path.read_bytes().startswith(begins)


def test_a_report_whose_format_is_not_known_leaves_a_file_of_that_name_alone(changing: Scanned) -> None:
    list_ = changing.folder / "list.txt"
    before = list_.read_bytes()
    result = changing.say("report", "--output", str(list_))
    assert result.exit_code == ExitCode.USAGE
    assert list_.read_bytes() == before


@pytest.mark.parametrize("command", ["runs", "show", "report", "resume", "retry"])
def test_without_a_journal_a_command_says_so_and_makes_none(tmp_path: Path, command: str) -> None:
    environ = environment(tmp_path) | {"ALMASCAN_JOURNAL": str(tmp_path / "none.db")}
    result = invoke([command], environ)
    assert result.exit_code == ExitCode.JOURNAL
    assert "There is no journal" in result.stderr
    assert not (tmp_path / "none.db").exists()


def test_a_run_is_resumed_only_with_its_own_institution_s_key(changing: Scanned) -> None:
    journal = Journal(changing.folder / "journal.db")
    journal.change_run(1, institution="01OTHER_INST")
    journal.close()
    result = changing.say("resume")
    assert result.exit_code == ExitCode.USAGE
    assert "01OTHER_INST" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_the_journal_is_its_owner_s_alone_and_a_wider_one_is_told_with_the_command(changing: Scanned) -> None:
    path = changing.folder / "journal.db"
    assert path.stat().st_mode & 0o777 == 0o600
    assert changing.say("show").stderr == ""
    path.chmod(0o644)
    told = changing.say("show")
    assert told.exit_code == ExitCode.DONE
    assert told.stderr.startswith(f"almascan: others than its owner can use the journal {path}. Type: chmod 600 ")
    subprocess.run(shlex.split(told.stderr.partition("Type: ")[2]), check=True)
    assert changing.say("show").stderr == ""


def test_a_planned_run_says_so_on_the_screen_and_on_its_page(scanned: Scanned, tmp_path: Path) -> None:
    place = Workplace(scanned.simulator, tmp_path)
    place.say("plan", place.write([*scanned.simulator.barcodes("in_transit", 5)[3:], *scanned.barcodes[3:4]]))
    assert "Run 1 is planned. 0 of 3 rows are done. 1 needs a person. 2 are for resume to scan." in (
        " ".join(place.say("show").stdout.split())
    )
    page = place.say("report", "--format", "html").stdout
    assert "Planned: a scan at DEFAULT_CIRC_DESK at MAIN." in page
    assert "not-tried <small>" not in page
    place.say("cancel", "1")
    cancelled = place.say("show")
    assert "Run 1 is cancelled." in cancelled.stdout
    assert "almascan resume" not in cancelled.stdout.partition("What to type next")[2]


def test_a_run_that_nobody_needs_any_more_is_deleted_when_a_person_says_so(running: Simulator, tmp_path: Path) -> None:
    place = Workplace(running, tmp_path)
    place.say("plan", place.write(list(running.barcodes("in_place", 3))))
    asked = place.say("delete", "1")
    assert asked.exit_code == ExitCode.USAGE
    assert "--yes" in asked.stderr
    deleted = place.say("delete", "1", "--yes")
    assert (deleted.exit_code, deleted.stdout) == (ExitCode.DONE, "Run 1 is deleted.\n")
    assert place.say("show", "1").exit_code == ExitCode.USAGE


def test_a_run_that_protects_its_items_is_kept_and_says_why(scanned: Scanned) -> None:
    kept = scanned.say("delete", "1", "--yes")
    assert kept.exit_code == ExitCode.USAGE
    assert "settle them first" in kept.stderr
    assert scanned.say("show", "1").exit_code == ExitCode.DONE
