"""``almascan journal``: whether it is whole, and what it holds."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.invocation import environment, invoke
from tests.cli.workplace import Workplace

from almascan.errors import ExitCode
from almascan.journal.database import VERSION
from almascan.simulator import Simulator, SimulatorConfig

ROWS = 200


class Place:
    """A journal of one finished run, and nothing to reach Alma with."""

    def __init__(self, folder: Path, journal: bytes) -> None:
        self.journal = folder / "journal.db"
        self.journal.write_bytes(journal)
        self._environ = environment(folder) | {"ALMASCAN_JOURNAL": str(self.journal)}

    def say(self, *arguments: str) -> Result:
        return invoke(("journal", *arguments), self._environ)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("scanned")
    with Simulator(SimulatorConfig(items=2000, seed=7, per_second=0)) as simulator:
        workplace = Workplace(simulator, folder)
        assert workplace.scan(simulator.barcodes("in_transit", ROWS)).exit_code == ExitCode.DONE
    return (folder / "journal.db").read_bytes()


@pytest.fixture
def place(tmp_path: Path, scanned: bytes) -> Place:
    return Place(tmp_path, scanned)


def test_check_says_that_a_journal_is_whole_without_a_key(place: Place) -> None:
    result = place.say("check")
    assert (result.exit_code, result.stderr) == (ExitCode.DONE, "")
    assert f"{ROWS} ({ROWS} done)" in result.stdout
    assert result.stdout.endswith("The journal is whole.\n")


def test_check_as_json_has_the_problems_in_a_list(place: Place) -> None:
    found = json.loads(place.say("check", "--json").stdout)
    assert (found["problems"], found["rows"], found["version"]) == ([], {"done": ROWS}, VERSION)
    with closing(sqlite3.connect(place.journal)) as connection, connection:
        connection.execute("UPDATE rows SET state = 'donf' WHERE row = 3")
    result = place.say("check", "--json")
    assert result.exit_code == ExitCode.JOURNAL
    assert "donf" in json.loads(result.stdout)["problems"][0]["sentence"]


def test_check_says_what_is_wrong_and_what_to_do(place: Place) -> None:
    place.journal.write_bytes(place.journal.read_bytes()[:20_000])
    result = place.say("check")
    assert result.exit_code == ExitCode.JOURNAL
    assert "PROBLEM: " in result.stdout
    assert "almascan journal export --out FILE" in result.stdout
    assert "whole" not in result.stdout


def test_export_writes_a_line_for_everything(place: Place, tmp_path: Path) -> None:
    result = place.say("export")
    assert result.exit_code == ExitCode.DONE
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["record"] for line in lines].count("row") == ROWS
    assert f"Exported 1 run, {ROWS} rows" in result.stderr
    output = tmp_path / "out.jsonl"
    assert place.say("export", "--out", str(output), "--run", "1").exit_code == ExitCode.DONE
    assert output.read_text(encoding="utf-8") == result.stdout


def test_export_says_how_much_was_lost(place: Place) -> None:
    journal = place.journal.read_bytes()
    place.journal.write_bytes(journal[: len(journal) // 2])
    result = place.say("export")
    assert result.exit_code == ExitCode.JOURNAL
    assert "could not be read: the journal is damaged there" in result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["record"] == "end"


@pytest.mark.parametrize("command", ["check", "export"])
def test_without_a_journal_a_sentence_says_so_and_none_is_made(tmp_path: Path, command: str) -> None:
    absent = tmp_path / "absent.db"
    result = invoke(("journal", command, "--journal", str(absent)), environment(tmp_path))
    assert (result.exit_code, result.stdout) == (ExitCode.JOURNAL, "")
    assert "There is no journal at" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--run", "9"), "no run 9"),
        (("--out", "/no/such/folder/x"), "cannot be written"),
        (("--out", "SELF"), "itself"),
    ],
)
def test_an_export_that_cannot_be_made_is_a_sentence(place: Place, arguments: tuple[str, ...], says: str) -> None:
    before = place.journal.read_bytes()
    result = place.say("export", *(argument.replace("SELF", str(place.journal)) for argument in arguments))
    assert result.exit_code == ExitCode.USAGE
    assert says in result.stderr
    assert place.journal.read_bytes() == before
