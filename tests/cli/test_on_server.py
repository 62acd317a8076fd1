"""Every command on a journal on a server, and none of a server's packages where the journal is a file."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.workplace import Workplace

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig

SERVERS_PACKAGES = ("psycopg", "psycopg_pool", "procrastinate", "prometheus_client")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=2000, seed=7, per_second=0)) as running:
        yield running


@pytest.fixture
def place(simulator: Simulator, server: str, tmp_path: Path) -> Workplace:
    simulator.reset()
    workplace = Workplace(simulator, tmp_path)
    workplace.environ["ALMASCAN_JOURNAL"] = server
    return workplace


@pytest.mark.system
def test_a_run_s_whole_life_is_the_same_on_a_server(place: Workplace) -> None:
    states = (("in_transit", 3), ("on_loan", 1), ("unknown", 1))
    barcodes = [barcode for state, number in states for barcode in place.simulator.barcodes(state, number)]
    place.simulator.add_fault("error", operation="scan", items=(barcodes[0],), status=400, code="402504", times=3)
    assert place.scan(barcodes).exit_code == ExitCode.LEFTOVERS
    (run,) = json.loads(place.say("runs", "--json").stdout)
    assert run["counts"] == {"in-place": 2, "not-found": 1, "on-loan": 1, "unclear": 1}
    assert "unclear" in place.say("show", "1", "1").stdout
    for kind in ("csv", "xlsx", "json", "html"):
        out = place.folder / f"report.{kind}"
        assert place.say("report", "1", "--output", str(out)).exit_code == ExitCode.DONE
        assert out.stat().st_size > 200
    assert place.say("settle", "1", "1", "--done").exit_code == ExitCode.DONE
    assert place.say("retry", "1").exit_code == ExitCode.LEFTOVERS
    assert place.say("delete", "1", "--yes").exit_code == ExitCode.USAGE
    assert place.simulator.scans()[barcodes[1]] == 1


@pytest.mark.system
def test_plans_queues_pauses_and_cancels_are_the_same_on_a_server(place: Workplace) -> None:
    one, two, three = place.simulator.barcodes("in_transit", 3)
    assert place.say("plan", place.write([one, two])).exit_code == ExitCode.DONE
    assert place.say("resume", "1", "--limit", "1").exit_code == ExitCode.LEFTOVERS
    assert place.say("resume", "1").exit_code == ExitCode.DONE
    queued = place.say("scan", place.write([three], "third.txt"), "--queue", "--yes")
    assert queued.stdout.endswith("Run 2 waits: a worker, or almascan web, takes it up, or: almascan resume 2\n")
    assert place.say("cancel", "2").exit_code == ExitCode.DONE
    assert place.say("resume", "2").exit_code == ExitCode.USAGE
    assert place.say("scan", place.write([one], "again.txt"), "--yes").exit_code == ExitCode.DONE
    assert place.simulator.scans() == {one: 1, two: 1}


@pytest.mark.system
def test_a_server_that_is_not_there_is_a_sentence_and_an_exit_code(place: Workplace) -> None:
    place.environ["ALMASCAN_JOURNAL"] = "postgresql://me:hush@127.0.0.1:1/journal"
    for command in (["runs"], ["scan", place.write(["1"]), "--yes"], ["worker"]):
        result = place.say(*command)
        assert result.exit_code == ExitCode.JOURNAL
        assert "See that the server runs" in result.stderr
        assert "hush" not in result.output


def test_what_is_about_workers_needs_a_journal_that_is_shared(simulator: Simulator, tmp_path: Path) -> None:
    for command in (["worker"], ["drain", "w1"], ["runs", "--fleet"]):
        result = Workplace(simulator, tmp_path).say(*command)
        assert result.exit_code == ExitCode.USAGE
        assert "is a file of this machine, and workers need one that they share" in result.stderr


_MAIN_JOB = f"""
import sys
from almascan.__main__ import main
try:
    main()
finally:
    print([package for package in {SERVERS_PACKAGES!r} if package in sys.modules])
"""


def test_the_single_machine_imports_nothing_of_a_server_s(simulator: Simulator, tmp_path: Path) -> None:
    place = Workplace(simulator, tmp_path)
    environ = {name: value for name, value in place.environ.items() if value is not None}
    barcodes = place.write(simulator.barcodes("in_transit", 1))
    for command in (["scan", barcodes, "--yes"], ["runs"], ["worker", "--help"], ["web", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", _MAIN_JOB, *command], env=environ, capture_output=True, text=True, check=False
        )
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


_WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("psycopg", "procrastinate", "prometheus_client"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
sys.meta_path.insert(0, Missing())
from almascan.__main__ import main
main()
"""


@pytest.mark.parametrize("command", [["runs"], ["worker"]])
def test_without_the_extra_a_server_s_journal_says_what_to_install(
    simulator: Simulator, tmp_path: Path, command: list[str]
) -> None:
    environ = {name: value for name, value in Workplace(simulator, tmp_path).environ.items() if value is not None}
    environ["ALMASCAN_JOURNAL"] = "postgresql://127.0.0.1/journal"
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, *command], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.USAGE
    assert "pipx install 'almascan[fleet]'" in done.stderr
