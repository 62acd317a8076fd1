"""``almascan scan``: what it asks, what it says, where it says it, and what it ends with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.invocation import converse
from tests.cli.workplace import Workplace

from almascan.cli import almascan
from almascan.errors import ExitCode
from almascan.journal import Journal
from almascan.model import Outcome
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=2000, seed=7, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def place(running: Simulator, tmp_path: Path) -> Workplace:
    running.reset()
    return Workplace(running, tmp_path)


def test_a_list_is_scanned_in_with_settings_from_the_environment_alone(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("in_transit", 5)
    result = place.scan(barcodes)
    assert result.exit_code == ExitCode.DONE
    assert place.simulator.scans() == dict.fromkeys(barcodes, 1)
    journal = Journal(place.folder / "journal.db", create=False)
    order = journal.run().order
    journal.close()
    assert (str(order.desk), order.rate, order.settle_seconds) == ("DEFAULT_CIRC_DESK at MAIN", 500.0, 0.2)


def test_results_are_on_stdout_and_everything_else_on_stderr(place: Workplace) -> None:
    result = place.scan(place.simulator.barcodes("in_transit", 3))
    assert "Run 1 is finished. 3 of 3 rows are done." in result.stdout
    assert "in-place" in result.stdout
    for told in ("Main Circulation Desk", "at most 9", "this item is in my hands"):
        assert told in result.stderr
        assert told not in result.stdout


def test_an_option_goes_before_the_environment(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("in_place", 2)
    place.environ["ALMASCAN_RECIPE"] = "transit"
    result = place.scan(barcodes, "--recipe", "any")
    assert result.exit_code == ExitCode.DONE
    assert place.simulator.scans() == dict.fromkeys(barcodes, 1)


def test_without_a_terminal_nothing_is_asked_and_nothing_is_done(place: Workplace) -> None:
    result = place.say("scan", place.write(place.simulator.barcodes("in_transit", 3)))
    assert result.exit_code == ExitCode.USAGE
    assert "--yes" in result.stderr
    assert place.simulator.scans() == {}
    assert "no run" in place.say("show").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("answer", "code", "scans"), [("y", ExitCode.DONE, 2), ("n", ExitCode.USAGE, 0)])
def test_on_a_terminal_it_asks_and_does_as_it_is_told(
    place: Workplace, answer: str, code: ExitCode, scans: int
) -> None:
    path = place.write(place.simulator.barcodes("in_transit", 2))
    ended, shown = converse(["scan", path], place.environ, [("Begin?", answer)])
    assert ended == code, shown
    assert len(place.simulator.scans()) == scans


def test_rows_that_need_a_person_end_with_exit_code_3_and_the_next_command(place: Workplace) -> None:
    result = place.scan([*place.simulator.barcodes("in_transit", 2), *place.simulator.barcodes("on_loan", 1)])
    assert result.exit_code == ExitCode.LEFTOVERS
    assert "almascan show 1 3" in result.stdout
    assert "almascan report 1 --format csv" in result.stdout


def test_a_limit_leaves_the_rest_to_resume(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("in_transit", 6)
    result = place.scan(barcodes, "--limit", "2")
    assert result.exit_code == ExitCode.LEFTOVERS
    assert set(place.simulator.scans()) == set(barcodes[:2])
    assert place.say("resume").exit_code == ExitCode.DONE
    assert place.simulator.scans() == dict.fromkeys(barcodes, 1)


def test_a_list_comes_on_standard_input_too(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("in_transit", 2)
    result = CliRunner(env=place.environ).invoke(almascan, ["scan", "-", "--yes"], input="\n".join(barcodes))
    assert result.exit_code == ExitCode.DONE
    assert place.simulator.scans() == dict.fromkeys(barcodes, 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)), "bad.txt"),
        (b"Title,Author\nOne,Two\n", "Title"),
        ("Barcode\n30121€\n".encode("cp1252"), "--encoding"),
        (b"\n\n# nothing\n", "names no item"),
    ],
    ids=["empty", "binary", "no column", "encoding", "comments alone"],
)
def test_a_list_that_cannot_be_read_is_one_sentence_and_leaves_no_run(
    place: Workplace, content: bytes, says: str
) -> None:
    (place.folder / "bad.txt").write_bytes(content)
    result = place.say("scan", str(place.folder / "bad.txt"), "--yes")
    assert result.exit_code == ExitCode.USAGE, result.stderr
    assert result.stderr.startswith("almascan: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert place.simulator.scans() == {}
    assert place.say("show").exit_code != ExitCode.DONE


def test_a_list_that_is_not_there_is_told_with_its_name(place: Workplace) -> None:
    result = place.say("scan", str(place.folder / "nowhere.csv"), "--yes")
    assert (result.exit_code, "nowhere.csv" in result.stderr) == (ExitCode.USAGE, True)


@pytest.mark.parametrize(
    ("variable", "value", "code", "says"),
    [
        ("ALMASCAN_API_KEY", None, ExitCode.KEY, "key"),
        ("ALMASCAN_API_KEY", "l8xxwrong", ExitCode.KEY, "key"),
        ("ALMASCAN_API_KEY", "l8xxsimulatorreadonly", ExitCode.KEY, "key"),
        ("ALMASCAN_BASE_URL", "http://127.0.0.1:9/almaws/v1", ExitCode.UNREACHABLE, "127.0.0.1"),
        ("ALMASCAN_BASE_URL", "https://example.org/almaws/v1", ExitCode.USAGE, "example.org"),
        ("ALMASCAN_LIBRARY", "MIAN", ExitCode.USAGE, "MAIN"),
        ("ALMASCAN_CIRC_DESK", "DEFAULT_DESK", ExitCode.USAGE, "DEFAULT_CIRC_DESK"),
        ("ALMASCAN_CIRC_DESK", None, ExitCode.USAGE, "--desk"),
        ("ALMASCAN_RATE", "fast", ExitCode.USAGE, "ALMASCAN_RATE"),
        ("ALMASCAN_RATE", "0", ExitCode.USAGE, "ALMASCAN_RATE"),
        ("ALMASCAN_RECIPE", "transits", ExitCode.USAGE, "transit"),
        ("ALMASCAN_SETTLE_SECONDS", "-1", ExitCode.USAGE, "ALMASCAN_SETTLE_SECONDS"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_an_exit_code_before_anything_is_scanned(
    place: Workplace,
    variable: str,
    value: str | None,
    code: ExitCode,
    says: str,
) -> None:
    place.environ[variable] = value
    result = place.scan(place.simulator.barcodes("in_transit", 2))
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert not value or variable != "ALMASCAN_API_KEY" or value not in result.output
    assert place.simulator.scans() == {}


def test_the_day_s_limit_ends_with_exit_code_4_and_says_when_to_go_on(place: Workplace) -> None:
    result = place.scan(place.simulator.barcodes("in_transit", 3), "--keep-calls", "2000000")
    assert result.exit_code == ExitCode.QUOTA
    assert "UTC" in " ".join(result.stdout.split())
    assert "almascan resume" in result.stdout
    assert place.simulator.scans() == {}


def test_a_run_that_stops_by_itself_ends_with_exit_code_9(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("on_loan", 60)
    place.environ["ALMASCAN_RATE"] = "100"
    result = place.scan(barcodes)
    assert result.exit_code == ExitCode.PAUSED
    assert "ended alike" in " ".join(result.stdout.split())


def test_a_journal_that_cannot_be_used_ends_with_exit_code_7(place: Workplace) -> None:
    (place.folder / "journal.db").write_text("This is a diary, and no database at all. " * 40, encoding="utf-8")
    result = place.scan(place.simulator.barcodes("in_transit", 2))
    assert result.exit_code == ExitCode.JOURNAL
    assert "--journal" in result.stderr
    assert place.simulator.scans() == {}


def test_the_same_list_once_more_is_told(place: Workplace) -> None:
    path = place.write(place.simulator.barcodes("in_transit", 2))
    place.say("scan", path, "--yes")
    again = place.say("scan", path, "--yes")
    assert "The very same list was run 1" in again.stderr
    assert place.simulator.stats()["items_scanned_twice"] == 0


def test_the_key_stands_in_no_output_and_in_no_file(place: Workplace) -> None:
    key = place.simulator.keys["full"]
    barcodes = [*place.simulator.barcodes("in_transit", 3), *place.simulator.barcodes("unknown", 1)]
    place.simulator.add_fault("error", operation="scan", status=500, body_format="html")
    variables = {**os.environ, **place.environ, "ALMASCAN_DEBUG": "1"}
    command = [sys.executable, "-X", "dev", "-m", "almascan", "scan", place.write(barcodes), "--yes"]
    ended = subprocess.run(
        command,
        env={name: value for name, value in variables.items() if value is not None},
        capture_output=True,
        check=False,
        timeout=60,
    )
    for kind in ("csv", "json", "html"):
        assert place.say("report", "--output", str(place.folder / f"report.{kind}")).exit_code == ExitCode.DONE
    assert ended.returncode == ExitCode.LEFTOVERS, ended.stderr
    assert key.encode() not in ended.stdout + ended.stderr
    written = [path for path in place.folder.rglob("*") if path.is_file()]
    assert len(written) >= 5
    assert not [path.name for path in written if key.encode() in path.read_bytes()]


def test_an_item_that_alma_answers_unclearly_is_told_with_what_to_do(place: Workplace) -> None:
    (barcode,) = place.simulator.barcodes("in_transit", 1)
    place.simulator.add_fault("error", operation="scan", status=400, code="402504", times=0)
    result = place.scan([barcode])
    assert result.exit_code == ExitCode.LEFTOVERS
    assert str(Outcome.UNCLEAR) in result.stdout
    assert "almascan settle 1 ROW --done" in result.stdout
    assert "almascan show 1 1" in result.stdout


# A run that is left for another process


def test_a_queued_run_says_where_it_waits_and_resume_begins_it(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("in_transit", 3)
    result = place.scan(barcodes, "--queue")
    assert (result.exit_code, result.stdout) == (
        ExitCode.DONE,
        "Run 1 waits: almascan web takes it up, or: almascan resume 1\n",
    )
    assert "at most 9" in result.stderr
    assert place.simulator.scans() == {}
    assert place.say("resume").exit_code == ExitCode.DONE
    assert place.simulator.scans() == dict.fromkeys(barcodes, 1)


def test_a_run_is_queued_while_another_process_works_and_scan_says_that_it_can_be(place: Workplace) -> None:
    barcodes = place.simulator.barcodes("in_transit", 2)
    other = Journal(place.folder / "journal.db")
    with other.lease(place.simulator.institution):
        refused = place.scan(barcodes)
        queued = place.scan(barcodes, "--queue")
    other.close()
    assert refused.exit_code == ExitCode.LEASE
    assert "is working for" in refused.stderr
    assert "Or leave the run for later with --queue." in refused.stderr
    assert queued.exit_code == ExitCode.DONE
    assert place.simulator.scans() == {}


@pytest.mark.parametrize(
    "options",
    [
        ("--limit", "5"),
        ("--until", "07:00"),
        ("--wait",),
        ("--not-before", "22:00"),
        ("--notify", "json://127.0.0.1:9/"),
    ],
)
def test_what_is_for_the_process_that_works_is_refused_with_queue(place: Workplace, options: tuple[str, ...]) -> None:
    result = place.scan(place.simulator.barcodes("in_transit", 2), "--queue", *options)
    assert result.exit_code == ExitCode.USAGE
    assert f"does not hear of {options[0]}" in result.stderr
    assert not (place.folder / "journal.db").exists()


def test_without_a_terminal_nothing_is_queued_unasked(place: Workplace) -> None:
    result = place.say("scan", place.write(place.simulator.barcodes("in_transit", 3)), "--queue")
    assert result.exit_code == ExitCode.USAGE
    assert "no run" in place.say("show").stderr
