"""A journal that is closed while a thread is still at work in it, as where a person ends a program at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import msgspec
from tests.journal.samples import a_run, new

from almascan.journal import Journal


class HeldClock:
    """A clock whose next answer waits until it may be given."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = Event(), Event()

    def __call__(self) -> float:
        self.is_asked.set()
        assert self.may_answer.wait(60)
        return 50.0


def test_what_a_thread_does_is_finished_and_its_connection_closed_then(tmp_path: Path) -> None:
    clock, place = HeldClock(), tmp_path / "journal.db"
    journal = Journal(place, wall_clock=clock)
    run_id = journal.add_run(msgspec.structs.replace(a_run(), is_open=True), [])
    clock.may_answer.set()
    journal.seal_run(run_id, list_digest="", list_notes={})
    clock.may_answer.clear()
    clock.is_asked.clear()
    with ThreadPoolExecutor() as threads:
        appending = threads.submit(journal.append_row, run_id, new(0, "a"))
        assert clock.is_asked.wait(60)
        journal.close()
        clock.may_answer.set()
        appended = appending.result(60)
    # SQLite's last connection takes the file of its log away when it is closed.
    assert not place.with_name("journal.db-wal").exists()
    with closing(Journal(place)) as again:
        assert list(again.rows(run_id)) == [appended]
