"""What is told of a list before a run is made of it."""

import io
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lists.conftest import Write

from almascan.errors import ListError
from almascan.lists import ListOptions, UnsaidError, open_list, open_text
from almascan.lists.first_seen import FirstSeen
from almascan.lists.survey import MOST_SHOWN, Survey, columns_of, columns_of_text, sheets_of, survey


def survey_of(source: str | Path, **options: str) -> Survey:
    stdin = io.BytesIO(source.encode()) if isinstance(source, str) else None
    with open_list("-" if stdin else source, ListOptions(**options), stdin) as reading:
        return survey(reading)


def test_rows_duplicates_and_damage_are_counted_and_told_with_their_rows() -> None:
    found = survey_of("Barcode\n30112001\n3.01121E+13\n\n30112002\n30112001\n# note\n30112001\n")
    assert (found.entries, found.duplicates, found.damaged) == (5, 2, 1)
    assert [(each.row, each.name, each.first) for each in found.repeated_rows] == [
        (6, "30112001", 2),
        (8, "30112001", 2),
    ]
    (damaged,) = found.damaged_rows
    assert (damaged.row, damaged.given) == (3, "3.01121E+13")
    assert "A spreadsheet rounded the barcode" in damaged.problem
    assert (found.notes["blank"], found.notes["comments"], found.notes["headers"]) == (1, 1, 1)
    assert (1, "Blank rows, left out.") in found.notes_words


def test_only_the_first_hundred_are_shown_and_all_are_counted() -> None:
    found = survey_of("30112001\n" * 301 + "#N/A\n" * 150)
    assert (found.duplicates, len(found.repeated_rows)) == (300, MOST_SHOWN)
    assert (found.damaged, len(found.damaged_rows)) == (150, MOST_SHOWN)
    assert [entry.row for entry in found.first_rows] == list(range(1, 11))


def test_a_row_repeats_another_by_its_ids_too() -> None:
    text = "MMS Id,Holding Id,PID,Barcode\n991,221,231,30112001\n991,221,231,30112002\n991,221,232,30112003\n"
    found = survey_of(text)
    assert [(each.row, each.name, each.first) for each in found.repeated_rows] == [(3, "231", 2)]
    assert found.first_rows[0].ids is not None


def test_the_used_column_and_all_headers_have_letters() -> None:
    found = survey_of("Title,Barcode,Shelf\nA,30112001,x\nB,30112002,y\n")
    assert found.headers == [("A", "Title"), ("B", "Barcode"), ("C", "Shelf")]
    assert found.column == "B"
    assert found.description == "CSV with commas, UTF-8, column 'Barcode' (B)"


def test_barcodes_of_another_length_than_most_are_counted_and_shown() -> None:
    found = survey_of("".join(f"3011200{n}\n" for n in range(9)) + "301\n")
    assert (found.usual_length, found.usual_share, found.odd_lengths) == (8, 0.9, 1)
    assert [entry.barcode for entry in found.odd_rows] == ["301"]


def test_a_list_of_ids_alone_has_no_length() -> None:
    found = survey_of("MMS Id,Holding Id,PID\n991,221,231\n")
    assert (found.usual_length, found.usual_share, found.odd_lengths, found.column) == (0, 0.0, 0, "")


def test_the_digest_is_that_of_the_run_that_is_made_of_the_list(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("30112001\n")
    with open_list(path) as reading:
        list(reading)
        assert survey_of(path).digest == reading.digest != ""


def test_a_row_names_its_own_desk() -> None:
    found = survey_of("Barcode,Desk,Library\n30112001,CIRC,MAIN\n")
    assert str(found.first_rows[0].desk) == "CIRC at MAIN"


def test_a_list_without_an_item_is_refused() -> None:
    with pytest.raises(ListError, match="names no item"):
        survey_of("Barcode\n\n")


def test_pasted_text_is_surveyed_like_a_file() -> None:
    with open_text("30112001, 30112002; 30112001") as reading:
        found = survey(reading)
    assert (found.entries, found.duplicates) == (3, 1)


@given(st.lists(st.text(alphabet="ab1", max_size=3), max_size=60))
def test_every_name_has_the_first_row_that_had_it(names: list[str]) -> None:
    seen = FirstSeen()
    expected: dict[str, int] = {}
    for row, name in enumerate(names, start=1):
        first = expected.setdefault(name, row)
        assert seen.add(name, row) == (first if first < row else 0)


def test_names_beyond_a_tables_first_size_are_still_known() -> None:
    seen = FirstSeen()
    assert not any(seen.add(f"3011{n}", n + 1) for n in range(5_000))
    assert all(seen.add(f"3011{n}", 9_999) == n + 1 for n in range(5_000))


def test_a_hundred_thousand_rows_are_surveyed_within_ten_megabytes() -> None:
    lines = "".join(f"3{n:013}\n" for n in range(100_000)).encode()
    with open_list("-", stdin=io.BytesIO(lines)) as reading:
        tracemalloc.start()
        found = survey(reading)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found.entries == 100_000
    assert peak_bytes < 10_000_000


# Columns and sheets to choose from


def test_the_columns_of_a_list_whose_column_is_unknown_are_offered_and_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Titel;Inventarnr\nFaust;30112001\nUrfaust;30112002\n")
    with pytest.raises(UnsaidError) as unsaid:
        open_list(path)
    assert unsaid.value.option == "column"
    assert columns_of(path) == [("A", "A: Titel (Faust)"), ("B", "B: Inventarnr (30112001)")]
    assert [entry.barcode for entry in survey_of(path, column="B").first_rows] == ["30112001", "30112002"]


def test_a_column_whose_letter_heads_another_is_offered_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("B,Number\n1,30112001\n2,30112002\n")
    assert [value for value, _ in columns_of(path)] == ["A", "2"]
    assert survey_of(path, column="2").first_rows[0].barcode == "30112001"


def test_a_sheets_columns_are_those_of_the_sheet_that_was_chosen(write_workbook: Write) -> None:
    path = write_workbook([["Report of May"], ["Title", "Number"], ["Faust", "30112001"]])
    assert columns_of(path) == [("A", "A: Title (Faust)"), ("B", "B: Number (30112001)")]
    assert sheets_of(path) == ["Sheet1"]
    assert columns_of(path, ListOptions(sheet="None")) == []


@pytest.mark.parametrize("content", [b"30112001\n30112002\n", b"%PDF-1.7\n", b"", b"PK\x03\x04broken"])
def test_what_has_no_columns_offers_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    assert columns_of(path) == []
    assert sheets_of(path) == []


def test_a_file_that_is_gone_offers_nothing(tmp_path: Path) -> None:
    assert columns_of(tmp_path / "gone") == []
    assert sheets_of(tmp_path / "gone") == []


@pytest.mark.parametrize(
    ("text", "values"), [("Title\tNo\nFaust\t30112001\n", ["A", "B"]), ("30112001, 30112002\n", []), ("", [])]
)
def test_columns_that_were_pasted_are_offered(text: str, values: Sequence[str]) -> None:
    assert [value for value, _ in columns_of_text(text)] == values


def test_a_list_is_called_what_its_reader_calls_it(tmp_path: Path) -> None:
    (tmp_path / "content").write_text("")
    with pytest.raises(ListError, match=r"returns\.xlsx is empty"):
        open_list(tmp_path / "content", name="returns.xlsx")
