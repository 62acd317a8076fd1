"""The audit log: what persons did, the newest first, page by page, and for good."""

from pathlib import Path

from tests.journal.samples import add, new

from almascan.journal import Journal
from almascan.model import Action


def test_what_persons_did_is_given_newest_first_and_page_by_page(tmp_path: Path) -> None:
    now = [0.0]
    journal = Journal(tmp_path / "journal.db", wall_clock=lambda: now[0])
    for number in range(1, 6):
        now[0] = float(number)
        journal.note_action("ann", f"did {number}", run=number if number % 2 else None, text="\u00e4" * number)
    first = journal.actions(limit=2)
    assert first == [
        Action(5, 5.0, "ann", "did 5", 5, "\u00e4" * 5),
        Action(4, 4.0, "ann", "did 4", None, "\u00e4" * 4),
    ]
    rest = journal.actions(before=first[-1].id)
    assert [action.id for action in rest] == [3, 2, 1]
    journal.close()


def test_what_was_done_to_a_run_is_known_after_it_was_deleted(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    journal.note_action("ann", "deleted", run=run.id)
    journal.delete_run(run.id)
    assert [action.run for action in journal.actions()] == [run.id]
