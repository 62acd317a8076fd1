"""A fleet from the command line: how it stands, runs put back into its queue, and going on with a back-up."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.workplace import Workplace
from tests.journal.samples import add, intent, new
from tests.journal.test_marks import copy
from tests.postgres import Cluster, database, find_programs

from almascan.errors import ExitCode, JournalError
from almascan.fleet.witness import Witness
from almascan.journal import Journal, say_who
from almascan.journal.workers import Report, Works
from almascan.model import Outcome, RunState
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=2000, seed=7, per_second=0)) as running:
        yield running


@pytest.fixture
def own(simulator: Simulator, tmp_path: Path) -> Workplace:
    """A person's folder with a journal in a file."""
    simulator.reset()
    return Workplace(simulator, tmp_path)


@pytest.fixture
def shared(own: Workplace, server: str) -> Workplace:
    """A person's folder, and a journal on a server."""
    own.environ["ALMASCAN_JOURNAL"] = server
    return own


@pytest.fixture
def journal(server: str) -> Iterator[Journal]:
    with closing(Journal(server)) as opened:
        yield opened


# How it stands


def stage(journal: Journal) -> None:
    """Have one worker at work with a run of 01A, another that is silent, and runs of 01B that wait."""
    runs = [add(journal, [new(1, "a"), new(2, "b")], code) for code in ("01A", "01B", "01B")]
    for run in runs:
        journal.queue_run(run.id, after_seconds=-75.0)
    journal.enlist_worker("w1", f"{say_who()} (process {os.getpid()})", "1.0")
    problem = {"north": "There is no key."}
    journal.hear_worker("w1", Report(2, 40, (Works("01A", runs[0].id, 12.54, 20.0, 90_000),), problem))
    journal.enlist_worker("w2", "me@there (process 2)", "1.0")
    journal.hear_worker("w2", Report(1, 40, (Works("01B", runs[1].id, 3.0, 20.0),)))
    with journal._writes() as connection:
        connection.exec_driver_sql("UPDATE workers SET heard_at = heard_at - 100, started_at = 0 WHERE name = 'w2'")
    journal.begin_run(runs[0].id, in_queue=True)
    journal.save([intent(journal.row(runs[0].id, 1), "23")])


@pytest.mark.system
def test_how_a_fleet_stands_is_one_document(shared: Workplace, journal: Journal) -> None:
    with journal.lease("01A"):
        stage(journal)
        result = shared.say("runs", "--fleet", "--json")
    assert result.exit_code == ExitCode.DONE, result.stderr
    status = json.loads(result.stdout)
    assert (status["version"], status["journal"]) == (1, str(journal.place))
    first, second = status["workers"]
    assert (first["name"], first["is_alive"], first["institutions"], first["concurrency"]) == ("w1", True, 2, 40)
    assert first["works"] == [{"institution": "01A", "run": 1}]
    assert first["problems"] == {"north": "There is no key."}
    assert (second["is_alive"], second["works"]) == (False, [])
    assert 100 <= second["silent_seconds"] < 120
    worked_for, waiting = status["institutions"]
    assert {name: worked_for[name] for name in ("institution", "worker", "run", "rate", "remaining_calls")} == {
        "institution": "01A",
        "worker": "w1",
        "run": 1,
        "rate": 20.0,
        "remaining_calls": 90_000,
    }
    assert (worked_for["requests_per_second"], worked_for["unclear_rows"]) == (12.5, 1)
    assert (worked_for["waiting_runs"], worked_for["oldest_waiting_seconds"]) == (0, None)
    assert (waiting["institution"], waiting["worker"], waiting["run"], waiting["waiting_runs"]) == ("01B", "", None, 2)
    assert 75 <= waiting["oldest_waiting_seconds"] < 95
    totals = status["totals"]
    assert (totals["workers"], totals["worked_for"], totals["waiting_runs"], totals["unclear_rows"]) == (1, 1, 2, 1)
    assert totals["requests_per_second"] == 12.5


@pytest.mark.system
def test_how_a_fleet_stands_is_a_table(shared: Workplace, journal: Journal) -> None:
    with journal.lease("01A"):
        stage(journal)
        journal.drain_worker("w1")
        shown = shared.say("runs", "--fleet")
    assert shown.exit_code == ExitCode.DONE, shown.stderr
    lines = shown.stdout.splitlines()
    (one,) = [line.split("  ")[:2] for line in lines if line.startswith("w1")]
    assert one[0].strip() == "w1"
    assert "takes nothing new" in shown.stdout
    assert "01A (run 1)" in shown.stdout
    (found,) = [line.split() for line in lines if line.startswith("01A")]
    assert found == ["01A", "w1", "1", "12.5", "20.0", "90,000", "0", "1"]
    assert "1 worker at work, 1 of them taking nothing new. 1 institution worked for, at 12.5 requests/s." in lines[-2]
    assert "2 runs waiting, the oldest for 1 min" in lines[-2]
    assert "1 unclear row." in lines[-2]
    assert lines[-1] == "PROBLEM: w1, profile north: There is no key."
    assert [line.split()[1] for line in lines if line.startswith("w2")] == ["silent"]


@pytest.mark.system
def test_a_fleet_without_anybody_is_said_in_a_line(shared: Workplace, journal: Journal) -> None:
    assert journal.workers() == []
    shown = shared.say("runs", "--fleet").stdout
    assert shown == (
        "0 workers at work. 0 institutions worked for, at 0.0 requests/s. 0 runs waiting. 0 unclear rows.\n"
    )


def test_a_journal_in_a_file_has_no_fleet(own: Workplace) -> None:
    own.scan(own.simulator.barcodes("in_transit", 1))
    for more in ([], ["--json"]):
        result = own.say("runs", "--fleet", *more)
        assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
        assert "workers need one that they share. Give --journal postgresql://" in result.stderr


# Back into the queue


def test_a_run_that_is_put_back_into_the_queue_waits_there_and_is_paused_again(own: Workplace) -> None:
    own.say("plan", own.write(list(own.simulator.barcodes("in_transit", 2))))
    queued = own.say("resume", "1", "--queue", "--rate", "3")
    assert (queued.exit_code, queued.stderr) == (ExitCode.DONE, "")
    assert queued.stdout.startswith("Run 1 waits: ")
    assert "waits for its turn" in own.say("runs").stdout
    with closing(Journal(own.folder / "journal.db")) as journal:
        run = journal.run(1)
        assert (run.state, run.in_queue, run.order.rate) == (RunState.QUEUED, True, 3.0)
        # Said twice, it still waits.
        assert own.say("resume", "--queue").exit_code == ExitCode.DONE
        assert own.say("pause", "1").exit_code == ExitCode.DONE
        assert journal.run(1).state is RunState.PAUSED
        assert journal.due() == []
    assert own.say("resume", "1", "--queue").exit_code == ExitCode.DONE
    assert own.say("resume", "1").exit_code == ExitCode.DONE
    assert sum(own.simulator.scans().values()) == 2


def test_putting_a_run_into_the_queue_needs_neither_alma_nor_a_key(own: Workplace) -> None:
    own.say("plan", own.write(list(own.simulator.barcodes("in_transit", 1))))
    own.environ |= {"ALMASCAN_API_KEY": None, "ALMASCAN_BASE_URL": "http://127.0.0.1:1"}
    assert own.say("resume", "--queue").exit_code == ExitCode.DONE


@pytest.mark.parametrize("option", ["--limit=1", "--not-before=22:00", "--until=06:00", "--wait", "--base-url=eu"])
def test_what_nobody_would_hear_of_is_refused_beside_queue(own: Workplace, option: str) -> None:
    own.say("plan", own.write(list(own.simulator.barcodes("in_transit", 1))))
    result = own.say("resume", "--queue", option)
    assert result.exit_code == ExitCode.USAGE
    assert f"does not hear of {option.partition('=')[0]};" in result.stderr
    with closing(Journal(own.folder / "journal.db")) as journal:
        assert journal.run(1).state is RunState.PLANNED


# Going on with a back-up


@pytest.mark.system
def test_a_copy_is_refused_until_it_is_marked_as_restored(
    shared: Workplace, cluster: Cluster, server: str, tmp_path: Path
) -> None:
    with closing(Journal(server)) as journal:
        run = add(journal, [new(1, "a"), new(2, "b")])
        journal.queue_run(run.id)
        Witness(journal, tmp_path).check()
    shared.environ["ALMASCAN_JOURNAL"] = copy(cluster, server)
    with closing(Journal(str(shared.environ["ALMASCAN_JOURNAL"]))) as restored:
        witness = Witness(restored, tmp_path)
        with pytest.raises(JournalError, match="older copy"):
            witness.check()
        asked = shared.say("journal", "restored")
        assert (asked.exit_code, "--yes" in asked.stderr) == (ExitCode.USAGE, True)
        with pytest.raises(JournalError, match="older copy"):
            witness.check()
        done = shared.say("journal", "restored", "--yes")
        assert done.exit_code == ExitCode.DONE, done.stderr
        assert "1 run not finished; those of the queue wait 2 min 15 s first." in done.stdout
        witness.check()
        restored.enlist_worker("w1", "me@here (process 1)", "1.0")
        refused = shared.say("journal", "restored", "--yes")
        assert (refused.exit_code, "now: w1. Stop them" in refused.stderr) == (ExitCode.USAGE, True)


@pytest.mark.system
def test_a_dump_is_refused_on_another_server_until_it_is_marked_as_restored(
    shared: Workplace, server: str, tmp_path: Path
) -> None:
    programs = find_programs()
    assert programs is not None
    with closing(Journal(server)) as journal:
        run = add(journal, [new(1, "a")])
        Witness(journal, tmp_path).check()
        dump = subprocess.run([str(programs / "pg_dump"), "-Fc", server], check=True, capture_output=True).stdout
        Witness(journal, tmp_path).check()
    with Cluster() as elsewhere, database(elsewhere) as address:
        restoring = [str(programs / "pg_restore"), "--no-owner", "-d", address]
        subprocess.run(restoring, input=dump, check=True, capture_output=True)
        with closing(Journal(address)) as restored:
            witness = Witness(restored, tmp_path)
            with pytest.raises(JournalError, match="older copy"):
                witness.check()
            shared.environ["ALMASCAN_JOURNAL"] = address
            assert json.loads(shared.say("journal", "restored", "--yes", "--json").stdout)["runs"] == 1
            witness.check()
            with restored.lease("01A"):
                assert restored.save([intent(restored.row(run.id, 1), "23")]) == [None]


def test_rows_that_are_left_to_a_person_are_told_with_what_to_do(own: Workplace) -> None:
    barcodes = own.simulator.barcodes("in_transit", 3)
    assert own.scan(barcodes, "--recipe", "any", "--limit", "1").exit_code == ExitCode.LEFTOVERS
    done = own.say("journal", "restored", "--yes")
    assert done.exit_code == ExitCode.DONE, done.stderr
    assert "2 rows left out, for a recipe that does not look: of run 1. Look at the items in Alma" in done.stdout
    with closing(Journal(own.folder / "journal.db")) as journal:
        assert journal.counts(1) == {Outcome.IN_PLACE: 1, Outcome.LEFT_OUT: 2}
        with journal.lease(journal.run(1).institution):
            refused = own.say("journal", "restored", "--yes")
    assert refused.exit_code == ExitCode.LEASE


@pytest.mark.system
def test_check_and_export_work_on_a_server(shared: Workplace, journal: Journal) -> None:
    add(journal, [new(1, "a"), new(2, "b")])
    checked = shared.say("journal", "check")
    assert checked.exit_code == ExitCode.DONE, checked.stderr
    assert "2 (2 new)" in checked.stdout
    assert "pg_amcheck" in checked.stdout
    assert checked.stdout.endswith("The journal is whole.\n")
    exported = shared.say("journal", "export")
    assert "Exported 1 run, 2 rows" in exported.stderr
    out = shared.folder / "out.jsonl"
    assert shared.say("journal", "export", "--out", str(out), "--run", "1").exit_code == ExitCode.DONE
    assert out.read_text(encoding="utf-8") == exported.stdout
    with journal._writes() as connection:
        connection.exec_driver_sql("UPDATE rows SET state = 'donf' WHERE row = 1")
    broken = shared.say("journal", "check", "--json")
    assert broken.exit_code == ExitCode.JOURNAL
    assert "donf" in json.loads(broken.stdout)["problems"][0]["sentence"]
