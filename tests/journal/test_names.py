"""Rows are found by what they are called, in all runs, however their names became known."""

import pytest
from tests.journal.samples import a_run, add, intent, new

from almascan.journal import Change, Journal
from almascan.model import Item, Outcome, Row, RowState

pytestmark = pytest.mark.usefixtures("held")


def found(journal: Journal, barcode: str, limit: int = 100) -> list[tuple[int, int]]:
    return [(row.run, row.row) for row in journal.find_rows(barcode, limit)]


def test_a_barcode_is_found_in_every_run_the_newest_first(journal: Journal) -> None:
    add(journal, [new(1, "Ab1"), new(2, "c"), new(3, "Ab1")])
    add(journal, [new(5, "AB1")], "01B")
    add(journal, [new(7, "ab1"), new(8, "ab12")])
    journal.add_run(a_run(), [new(1, "ab1")])
    assert found(journal, " Ab1 ") == [(3, 7), (2, 5), (1, 1), (1, 3)]
    assert found(journal, "AB1") == [(3, 7), (2, 5)]
    assert found(journal, "Ab1", 2) == [(3, 7), (2, 5)]
    assert found(journal, "b1") == found(journal, "") == []


def test_a_deleted_run_is_not_found(journal: Journal) -> None:
    run = add(journal, [new(1, "a")])
    journal.delete_run(run.id)
    assert found(journal, "a") == []


@pytest.mark.parametrize("sends", [0, 1])
def test_what_alma_says_of_an_item_is_found_too(journal: Journal, sends: int) -> None:
    run = add(journal, [new(1, "a"), new(2, "", "22")])
    for row in list(journal.rows(run.id)):
        item = Item("9", "8", "22" if row.pid else "23", barcode="learned" if row.pid else "a")
        located = row.to(RowState.LOCATED, pid=item.pid, barcode=row.barcode or item.barcode, before=item)
        journal.save([Change(located, RowState.NEW)])
        if sends:
            sent = located.to(RowState.READY).to(RowState.SENDING, sends=1, sent_at=1.0)
            journal.save([Change(sent, RowState.LOCATED, (), intent(row, item.pid).claim)])
    assert found(journal, "learned") == found(journal, "LEARNED".lower()) == found(journal, "22") == [(run.id, 2)]
    assert found(journal, "23") == [(run.id, 1)]


def test_a_barcode_that_is_only_known_from_a_scan_s_answer_is_found(journal: Journal) -> None:
    run = add(journal, [new(1, "", "22")])
    claimed = intent(journal.row(run.id, 1), "22")
    journal.save([claimed])
    after = Item("9", "8", "22", barcode="b")
    done = claimed.row.to(RowState.DONE, outcome=Outcome.IN_PLACE, after=after, barcode="b", finished_at=2.0)
    journal.save([Change(done, RowState.SENDING)])
    assert found(journal, "b") == [(run.id, 1)]


def test_a_barcode_that_is_another_row_s_pid_makes_neither_a_duplicate(journal: Journal) -> None:
    both = Row(0, 3, RowState.NEW, given="24", barcode="24", mms_id="24", holding_id="24", pid="24")
    run = add(journal, [new(1, "23"), new(2, "", "23"), both])
    assert journal.counts(run.id) == {Outcome.NOT_TRIED: 3}
    assert found(journal, "23") == [(run.id, 1), (run.id, 2)]
    assert found(journal, "24") == [(run.id, 3)]
