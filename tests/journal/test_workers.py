"""The workers of a fleet, as the journal has them: names, reports, draining, and how the institutions stand."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import update
from tests.journal.samples import add, intent, new
from tests.journal.test_server import silence

from almascan.errors import UsageError
from almascan.journal import Journal
from almascan.journal.schema import WORKERS
from almascan.journal.workers import FORGOTTEN_SECONDS, HEARD_SECONDS, InstitutionInQueue, Report, Works
from almascan.model import RunState

pytestmark = pytest.mark.system

MACHINE = "me@here (process 1)"


@pytest.fixture
def other(server: str) -> Iterator[Journal]:
    with closing(Journal(server)) as opened:
        yield opened


def quiet(journal: Journal, name: str, seconds: float) -> None:
    """Have a worker not heard of for so long."""
    with journal._writes() as connection:
        here = WORKERS.c.name == name
        connection.execute(update(WORKERS).where(here).values(heard_at=WORKERS.c.heard_at - seconds))


def test_a_worker_is_there_with_what_it_reports_until_it_leaves(server_journal: Journal) -> None:
    assert not server_journal.enlist_worker("w1", MACHINE, "1.0")
    report = Report(3, 40, (Works("01A", 7, 12.5, 20.0, 9000),), {"north": "It has no key."})
    assert server_journal.hear_worker("w1", report) is False
    (worker,) = server_journal.workers()
    assert (worker.name, worker.machine, worker.version, worker.report) == ("w1", MACHINE, "1.0", report)
    assert (worker.is_alive, worker.has_left, worker.is_draining) == (True, False, False)
    assert 0 <= worker.silent_seconds <= worker.up_seconds < 60
    quiet(server_journal, "w1", HEARD_SECONDS)
    assert not server_journal.workers()[0].is_alive
    server_journal.dismiss_worker("w1")
    assert server_journal.workers() == []
    assert server_journal.hear_worker("w1", report) is None


def test_a_name_is_one_machine_s_until_it_is_not_heard_of(server_journal: Journal) -> None:
    server_journal.enlist_worker("w1", MACHINE, "1.0")
    server_journal.enlist_worker("w1", "me@here (process 2)", "1.0")
    with pytest.raises(UsageError, match="named w1 is at work already, me@here"):
        server_journal.enlist_worker("w1", "me@there (process 1)", "1.0")
    quiet(server_journal, "w1", HEARD_SECONDS)
    server_journal.enlist_worker("w1", "me@there (process 1)", "1.1")
    assert [(each.machine, each.version) for each in server_journal.workers()] == [("me@there (process 1)", "1.1")]


def test_who_is_told_to_take_nothing_new_hears_of_it_and_is_told_again_when_it_is_back(server_journal: Journal) -> None:
    server_journal.enlist_worker("w1", MACHINE, "1.0")
    server_journal.drain_worker("w1")
    assert server_journal.hear_worker("w1", Report(3))
    server_journal.dismiss_worker("w1")
    (worker,) = server_journal.workers()
    assert (worker.has_left, worker.is_alive, worker.is_draining, worker.report) == (True, False, True, Report())
    assert server_journal.enlist_worker("w1", MACHINE, "1.0")
    assert not server_journal.workers()[0].has_left
    server_journal.drain_worker("w1", drain=False)
    assert not server_journal.hear_worker("w1", Report(3))


def test_a_worker_that_is_not_there_is_said_with_those_that_are(server_journal: Journal) -> None:
    with pytest.raises(UsageError, match="there is none"):
        server_journal.drain_worker("w9")
    for name in ("w2", "w1"):
        server_journal.enlist_worker(name, MACHINE, "1.0")
    with pytest.raises(UsageError, match="no worker named w9; there are: w1, w2"):
        server_journal.drain_worker("w9")


def test_who_was_silent_for_a_day_is_forgotten_unless_it_was_told_to_take_nothing_new(server_journal: Journal) -> None:
    for name in ("gone", "drained", "late", "leaves"):
        server_journal.enlist_worker(name, MACHINE, "1.0")
    server_journal.drain_worker("drained")
    quiet(server_journal, "gone", FORGOTTEN_SECONDS)
    quiet(server_journal, "drained", FORGOTTEN_SECONDS)
    quiet(server_journal, "late", FORGOTTEN_SECONDS - 60)
    server_journal.dismiss_worker("leaves")
    assert [each.name for each in server_journal.workers()] == ["drained", "late"]


def test_institutions_stand_with_their_holder_their_queue_and_their_unclear_rows(
    server_journal: Journal, other: Journal
) -> None:
    first, second, later = (add(server_journal, [new(1, name), new(2, name + name)]) for name in "abc")
    add(server_journal, [new(1, "d")], "01B")  # nothing is done with it
    for run, seconds in ((first, -30.0), (second, -90.0), (later, 600.0)):
        server_journal.queue_run(run.id, after_seconds=seconds)
    with other.lease("01A"):
        other.save([intent(other.row(first.id, 1), "23"), intent(other.row(second.id, 1), "24")])
        (found,) = server_journal.institutions_in_queue()
    assert (found.institution, found.waiting, found.unclear) == ("01A", 3, 2)
    assert found.holder.endswith(")")
    assert 90 <= found.oldest_seconds < 120
    (left,) = server_journal.institutions_in_queue()
    assert left.holder == ""


def test_a_run_whose_worker_is_silent_waits_since_that_was_heard_of(server_journal: Journal, other: Journal) -> None:
    run = add(server_journal, [new(1, "a")])
    server_journal.change_run(run.id, created_at=time.time() - 9000)
    server_journal.queue_run(run.id)
    with other.lease("01A"):
        other.begin_run(run.id, in_queue=True)
        assert server_journal.institutions_in_queue()[0].waiting == 0
        silence(server_journal, seconds=40)
        (found,) = server_journal.institutions_in_queue()
        assert (found.holder, found.waiting) == ("", 1)
        assert 40 <= found.oldest_seconds < 60
        server_journal.change_run(run.id, state=RunState.PAUSED)
        assert server_journal.institutions_in_queue() == []


def test_an_institution_that_is_only_worked_for_is_told_too(server_journal: Journal) -> None:
    with server_journal.lease("01A"):
        (found,) = server_journal.institutions_in_queue()
    assert found == InstitutionInQueue("01A", found.holder, 0, 0.0, 0)
