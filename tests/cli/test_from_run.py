"""``scan --from-run``: the rows of an earlier run as a list."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.workplace import Workplace

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=300, per_second=0)) as running:
        yield running


@pytest.fixture
def place(simulator: Simulator, tmp_path: Path) -> Workplace:
    return Workplace(simulator, tmp_path)


def test_the_rows_of_an_earlier_run_with_an_outcome_are_scanned_again(place: Workplace) -> None:
    stuck = place.simulator.barcodes("in_transit", 2)
    on_loan = place.simulator.barcodes("on_loan", 1)
    place.scan([*stuck, *on_loan, "12345", "12345"])
    again = place.say("scan", "--from-run", "1", "--outcome", "on-loan", "--recipe", "returns", "--yes")
    assert "Rows of run 1 (list.txt) that are on-loan" in again.stderr
    assert again.exit_code == ExitCode.DONE, again.output
    whole = place.say("plan", "--from-run", "1", "--json")
    assert json.loads(whole.stdout)["counts"] == {"already-in-place": 3, "not-found": 1}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from-run", "9"], "has no run 9"),
        (["--from-run", "1", "--barcodes", "1"], "Name one list"),
        (["--barcodes", "1", "--outcome", "on-loan"], "--outcome goes with --from-run"),
        (["--from-run", "1", "--outcome", "on-lone"], 'no such outcome as "on-lone". Did you mean "on-loan"?'),
    ],
)
def test_what_makes_no_list_is_refused_with_a_sentence(place: Workplace, arguments: list[str], sentence: str) -> None:
    result = place.say("scan", *arguments, "--yes")
    assert result.exit_code == ExitCode.USAGE
    assert sentence in result.stderr


def test_the_option_that_tells_how_to_read_a_list_is_named(place: Workplace) -> None:
    result = place.scan(["Titel,Nummer", "Faust,30112001"])
    assert result.exit_code == ExitCode.USAGE
    assert "Say which column to use, by its header or by its letter. The option is --column." in result.stderr
