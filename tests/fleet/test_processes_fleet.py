"""Workers as processes: how they leave, are drained, and learn of keys."""

import time

import pytest
from tests.fleet.ground import Ground
from tests.fleet.workers import Member, Worker
from tests.postgres import standing_still

from almascan.fleet.sharing import LEFT_SECONDS, SETTLING_SECONDS
from almascan.fleet.sweep import SWEEP_SECONDS

pytestmark = pytest.mark.system

ROWS = 200
FEW_ROWS = 30
STARTED_SCANS = 20
LEAVE_SECONDS = 20
SOON_SECONDS = 15.0
"""Within this a worker hears of a key, or takes up what another has left in order."""
REFUSED_SECONDS = 90.0
"""Alma is not asked again at once with a key that it refused."""


def in_flight(ground: Ground) -> int:
    return int(ground.ask("SELECT count(*) FROM rows WHERE state IN ('sending', 'unclear')")[0][0])


def waits_for(ground: Ground) -> float:
    """Say how long the run has waited that has waited for the shortest time, in seconds."""
    return float(ground.ask("SELECT extract(epoch FROM clock_timestamp()) - max(created_at) FROM runs")[0][0])


def scans_by(worker: Worker, key: str) -> int:
    return sum(each.key == key and bool(each.pid) for each in worker.witness.sightings)


def test_a_worker_that_is_told_to_end_finishes_what_is_in_flight_and_another_goes_on_at_once(
    small_ground: Ground,
) -> None:
    member = small_ground.members[0]
    worker = small_ground.start_worker("w1", "--grace-seconds", str(LEAVE_SECONDS))
    small_ground.submit(member, ROWS)
    small_ground.wait_for_scans(member, STARTED_SCANS)
    worker.ask_to_leave()
    assert worker.wait(LEAVE_SECONDS) == 0, worker.tell()
    assert in_flight(small_ground) == 0
    assert small_ground.holders() == {}
    assert small_ground.scans(member) < ROWS
    small_ground.start_worker("w2")
    small_ground.wait_for_scans(member, STARTED_SCANS, SOON_SECONDS)
    small_ground.wait_until_through()
    small_ground.wait_until(small_ground.is_finished, SOON_SECONDS, "every run finished")
    verdict = small_ground.verdict()
    assert verdict.is_good, verdict
    assert verdict.scans == ROWS


def test_a_process_that_stands_still_with_a_run_s_record_locked_holds_it_up_for_seconds_only(
    small_ground: Ground,
) -> None:
    member = small_ground.members[0]
    small_ground.submit(member, FEW_ROWS)
    with standing_still(small_ground.place.journal, "UPDATE runs SET reason = reason"):
        small_ground.start_worker("w1")
        small_ground.wait_until(lambda: small_ground.scans(member) == FEW_ROWS, REFUSED_SECONDS, "all rows scanned")
    small_ground.wait_until_through()
    verdict = small_ground.verdict()
    assert verdict.is_good, verdict


def test_a_drained_worker_takes_nothing_new_and_leaves_and_the_others_go_on(small_ground: Ground) -> None:
    drained, other = (small_ground.start_worker(name) for name in ("w1", "w2"))
    for member in small_ground.members:
        small_ground.submit(member, ROWS)
    for member in small_ground.members:
        small_ground.wait_for_scans(member, STARTED_SCANS)
    said = small_ground.say("drain", "w1")
    assert said.returncode == 0, said.stderr
    assert drained.wait(LEAVE_SECONDS * 2) == 0, drained.tell()
    assert "w1" not in small_ground.holders().values()
    small_ground.wait_until_through()
    assert other.is_running
    small_ground.wait_until(small_ground.is_finished, SOON_SECONDS, "every run finished")
    verdict = small_ground.verdict()
    assert verdict.is_good, verdict
    assert verdict.scans == len(small_ground.members) * ROWS


def test_a_worker_that_has_less_to_do_is_left_some_of_a_busy_one_s_institutions(small_ground: Ground) -> None:
    members = small_ground.members[:2]
    for member in members:
        small_ground.submit(member, ROWS, rate=10.0)
    # Both runs have waited for longer than a run is left to others when the first worker comes.
    small_ground.wait_until(lambda: waits_for(small_ground) > LEFT_SECONDS, SOON_SECONDS, "both waited")
    busy = small_ground.start_worker("w1", "--chunk-seconds", "1")
    idle = small_ground.start_worker("w2", members=[])
    small_ground.wait_until(lambda: len(small_ground.ask("SELECT name FROM workers")) == 2, SOON_SECONDS, "both there")
    settled_at = time.monotonic() + SETTLING_SECONDS + SWEEP_SECONDS
    small_ground.wait_until(lambda: time.monotonic() > settled_at, LEAVE_SECONDS + SOON_SECONDS, "both settled")
    assert set(small_ground.holders().values()) == {"w1"}
    idle.know(*members)
    small_ground.wait_until(lambda: any(scans_by(idle, each.key) for each in members), SOON_SECONDS, "one taken up")
    assert sorted(small_ground.holders().values()) == ["w1", "w2"]
    small_ground.wait_until_through()
    assert busy.is_running
    verdict = small_ground.verdict()
    assert verdict.is_good, verdict
    assert verdict.scans == 2 * ROWS


def test_a_worker_leaves_an_institution_alone_until_it_has_its_key(small_ground: Ground) -> None:
    known, unknown, _ = small_ground.members
    worker = small_ground.start_worker("w1", members=[known])
    small_ground.submit(unknown, FEW_ROWS)
    small_ground.submit(known, FEW_ROWS)
    small_ground.wait_until(lambda: small_ground.scans(known) == FEW_ROWS, SOON_SECONDS * 2, "the known one's rows")
    assert small_ground.scans(unknown) == 0
    assert not [each for each in worker.witness.sightings if each.key == unknown.key]
    worker.know(known, unknown)
    small_ground.wait_for_scans(unknown, 1, SOON_SECONDS)
    small_ground.wait_until_through()
    assert small_ground.verdict().is_good
    assert worker.is_running


def test_a_key_is_rotated_without_a_restart(small_ground: Ground) -> None:
    member = small_ground.members[0]
    rotated = small_ground.other_key(member)
    worker = small_ground.start_worker("w1", "--chunk-seconds", "3", members=[member])
    small_ground.submit(member, ROWS * 2)
    small_ground.wait_for_scans(member, STARTED_SCANS)
    worker.put_key(rotated)
    small_ground.wait_until(lambda: scans_by(worker, rotated.key) > 0, SOON_SECONDS, "the new key used")
    small_ground.wait_until_through()
    assert small_ground.verdict().is_good
    assert worker.processes == worker.processes[:1]


def test_a_run_of_an_institution_whose_key_alma_refuses_goes_on_once_the_key_is_right(small_ground: Ground) -> None:
    member, other, _ = small_ground.members
    worker = small_ground.start_worker("w1", members=[Member(member.code, "l8xxnosuchkeyofanybody"), other])
    run = small_ground.submit(member, FEW_ROWS)
    small_ground.submit(other, FEW_ROWS)
    small_ground.wait_until(lambda: small_ground.scans(other) == FEW_ROWS, SOON_SECONDS * 2, "the other one's rows")
    assert small_ground.scans(member) == 0
    worker.put_key(member)
    small_ground.wait_until(lambda: small_ground.scans(member) == FEW_ROWS, REFUSED_SECONDS, f"run {run} goes on")
    assert small_ground.verdict().is_good
    assert "l8xxnosuchkey" not in worker.log.read_text()


def test_a_run_is_submitted_paused_resumed_and_cancelled_by_commands(small_ground: Ground) -> None:
    member = small_ground.members[0]
    small_ground.start_worker("w1")
    listed = small_ground.place.folder / "list.txt"
    listed.write_text("\n".join(small_ground.take_barcodes(member, ROWS)))
    options = ["--rate", "20", "--per-minute", "0", "--keep-calls", "0", "--settle-seconds", "5"]
    said = small_ground.say("scan", str(listed), "--queue", "--yes", "--profile", member.code, *options)
    assert said.returncode == 0, said.stderr
    small_ground.wait_for_scans(member, STARTED_SCANS)
    assert small_ground.say("pause", "1").returncode == 0
    small_ground.wait_until(lambda: state_of(small_ground, 1) == "paused", SOON_SECONDS, "the run paused")
    scans = small_ground.scans(member)
    assert scans < ROWS
    said = small_ground.say("resume", "1", "--queue")
    assert said.returncode == 0, said.stderr
    small_ground.wait_for_scans(member, STARTED_SCANS, SOON_SECONDS)
    assert small_ground.say("cancel", "1").returncode == 0
    small_ground.wait_until(lambda: state_of(small_ground, 1) == "cancelled", SOON_SECONDS, "the run cancelled")
    assert small_ground.verdict().doubles == 0


def test_a_worker_that_was_silent_for_so_long_that_it_was_forgotten_is_listed_again(small_ground: Ground) -> None:
    def is_listed() -> bool:
        return bool(small_ground.ask("SELECT 1 FROM workers WHERE name = 'w1' AND report <> '{}'"))

    small_ground.start_worker("w1")
    small_ground.wait_until(is_listed, SOON_SECONDS, "the worker listed")
    small_ground.ask("DELETE FROM workers RETURNING name")
    small_ground.wait_until(is_listed, SOON_SECONDS, "the worker listed again")
    assert small_ground.ask("SELECT name FROM workers") == [("w1",)]


def test_a_run_that_cannot_begin_is_paused_with_the_reason_and_the_institutions_next_one_has_its_turn(
    small_ground: Ground,
) -> None:
    member = small_ground.members[0]
    gone = small_ground.submit(member, FEW_ROWS)
    desk = f'"circ_desk":"{small_ground.place.circ_desk}"'
    small_ground.ask(
        f'UPDATE runs SET "order" = replace("order", \'{desk}\', \'"circ_desk":"CLOSED"\') '  # noqa: S608 - ours
        f"WHERE id = {gone} RETURNING id"
    )
    small_ground.submit(member, FEW_ROWS)
    worker = small_ground.start_worker("w1")
    small_ground.wait_until(lambda: state_of(small_ground, gone) == "paused", SOON_SECONDS, "the run paused")
    assert "CLOSED" in small_ground.ask(f"SELECT reason FROM runs WHERE id = {gone}")[0][0]  # noqa: S608 - a number
    small_ground.wait_for_scans(member, FEW_ROWS)
    assert small_ground.scans(member) == FEW_ROWS
    assert worker.is_running


def state_of(ground: Ground, run: int) -> str:
    return str(ground.ask(f"SELECT state FROM runs WHERE id = {run}")[0][0])  # noqa: S608 - a number
