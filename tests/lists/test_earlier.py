"""The rows of an earlier run as a list."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.journal.samples import a_run, new

from almascan.earlier import EarlierRows
from almascan.errors import ListError, UsageError
from almascan.journal import Journal
from almascan.lists import Listing
from almascan.lists.survey import survey
from almascan.loading import load_list
from almascan.model import Desk, ItemIds, Outcome, Row, RowState

ROWS = [
    new(2, "30112001"),
    new(3, pid="23"),
    new(5, "30112001"),
    Row(0, 6, RowState.FAILED, Outcome.BAD_BARCODE, given="3.01E+13"),
    Row(0, 7, RowState.FAILED, Outcome.NOT_FOUND, given="'30112002", barcode="30112002"),
    Row(0, 9, RowState.DONE, Outcome.IN_PLACE, "30112003", "30112003", "991", "221", "231", Desk("MAIN", "DESK")),
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db")
    yield opened
    opened.close()


def record(journal: Journal, rows: list[Row] | None = None, **notes: int) -> int:
    run_id = journal.add_run(a_run(), ROWS if rows is None else rows)
    return journal.seal_run(run_id, list_digest="d", list_notes=notes).id


def test_rows_keep_their_order_and_ids_and_duplicates_and_bad_barcodes_are_left_out(journal: Journal) -> None:
    listing: Listing = EarlierRows(journal, record(journal))
    entries = list(listing)
    assert [(entry.row, entry.barcode) for entry in entries] == [
        (1, "30112001"),
        (2, ""),
        (3, "30112002"),
        (4, "30112003"),
    ]
    assert [entry.ids for entry in entries] == [
        None,
        ItemIds("23", "23", "23"),
        None,
        ItemIds("991", "221", "231"),
    ]
    assert (listing.name, listing.description) == ("run 1", "Rows of run 1 (l.txt)")
    assert dict(listing.notes) == {"lines": 4, "entries": 4, "ids": 2}


def test_only_rows_with_the_chosen_answers_are_taken(journal: Journal) -> None:
    run_id = record(journal)
    listing = EarlierRows(journal, run_id, [Outcome.NOT_FOUND, Outcome.NOT_TRIED])
    assert [entry.barcode for entry in listing] == ["30112001", "", "30112002"]
    assert listing.description == "Rows of run 1 (l.txt) that are not-found, not-tried"
    with pytest.raises(ListError, match="Run 1 has no rows with the chosen answers"):
        list(EarlierRows(journal, run_id, [Outcome.MISSING]))


def test_a_row_keeps_the_desk_that_its_list_named_and_not_the_one_where_the_run_scanned_it(journal: Journal) -> None:
    scanned_here = msgspec.structs.replace(ROWS[-1], row=1)
    of_the_list = msgspec.structs.replace(ROWS[-1], row=2, pid="232", barcode="30112004", desk=Desk("SCI", "S"))
    with_desks = record(journal, [scanned_here, of_the_list], desks=1)
    assert [entry.desk for entry in EarlierRows(journal, with_desks)] == [None, Desk("SCI", "S")]
    without_desks = record(journal, [scanned_here, of_the_list])
    assert [entry.desk for entry in EarlierRows(journal, without_desks)] == [None, None]


def test_the_digest_is_of_the_items_and_known_at_the_end(journal: Journal) -> None:
    first, second = EarlierRows(journal, record(journal)), EarlierRows(journal, record(journal))
    assert first.digest == ""
    assert list(first) == list(second)
    assert first.digest == second.digest != ""
    assert survey(EarlierRows(journal, record(journal, ROWS[:2]))).digest != first.digest


def test_the_list_becomes_a_run_of_the_same_journal_with_the_same_items(journal: Journal) -> None:
    rows = [new(number, f"3{number:07}") for number in range(1, 12_001)]
    earlier = EarlierRows(journal, record(journal, rows))
    run = load_list(journal, earlier, a_run())
    assert (run.rows, run.list_digest) == (12_000, earlier.digest)
    assert [row.barcode for row in journal.rows(run.id)] == [row.barcode for row in rows]


def test_a_run_that_is_not_there_or_of_another_institution_is_refused(journal: Journal) -> None:
    with pytest.raises(UsageError, match="no run 7"):
        EarlierRows(journal, 7)
    with pytest.raises(UsageError, match="made for 01A, and this list is for 01B"):
        EarlierRows(journal, record(journal), institution="01B")
    with pytest.raises(ListError, match="Run 2 has no rows: choose"):
        list(EarlierRows(journal, record(journal, []), institution="01A"))
