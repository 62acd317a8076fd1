"""Lists that are no run yet."""

import os
import stat
import time
from pathlib import Path

import pytest

from almascan.errors import ListError, UsageError
from almascan.journal import Journal
from almascan.lists import ListOptions
from almascan.web.drafts import KEPT_SECONDS, Draft, Drafts, check_name


@pytest.fixture
def drafts(tmp_path: Path, journal: Journal) -> Drafts:
    return Drafts(tmp_path / "lists", journal)


def test_a_file_is_kept_until_its_run_is_begun(drafts: Drafts, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_text("Barcode\n30112000000001\n", encoding="utf-8")
    draft = drafts.add(Draft("", "file", "returns.csv"), upload)
    assert drafts.find(draft.id) == draft
    with drafts.opened(draft, ListOptions()) as listing:
        assert listing.name == "returns.csv"
        assert [entry.barcode for entry in listing] == ["30112000000001"]
    drafts.forget(draft)
    with pytest.raises(UsageError, match="hand it in again"):
        drafts.find(draft.id)


def test_a_text_is_kept_as_it_was_pasted(drafts: Drafts) -> None:
    draft = drafts.add(Draft("", "text", "Pasted"), "30112000000001; 30112000000002 ü".encode())
    with drafts.opened(draft, ListOptions()) as listing:
        assert [entry.given for entry in listing] == ["30112000000001", "30112000000002", "ü"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_can_read_what_is_kept(drafts: Drafts, tmp_path: Path) -> None:
    draft = drafts.add(Draft("", "text", "Pasted"), b"30112000000001")
    for place in (tmp_path / "lists", tmp_path / "lists" / draft.id):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("draft_id", ["", ".", "..", "../journal.db", "a/b", "a\\b", "a\x00b", "x" * 300, "ü"])
def test_no_address_leads_out_of_the_folder(drafts: Drafts, draft_id: str) -> None:
    with pytest.raises(UsageError):
        drafts.find(draft_id)


def test_what_is_older_than_a_day_is_removed_when_the_next_comes(drafts: Drafts, tmp_path: Path) -> None:
    old = drafts.add(Draft("", "text", "Old"), b"30112000000001")
    new = drafts.add(Draft("", "text", "New"), b"30112000000001")
    long_ago = time.time() - KEPT_SECONDS - 60
    os.utime(tmp_path / "lists" / old.id, (long_ago, long_ago))
    drafts.add(Draft("", "text", "Newest"), b"30112000000001")
    assert drafts.find(new.id) == new
    with pytest.raises(UsageError):
        drafts.find(old.id)


def test_a_folder_that_cannot_be_written_is_a_sentence(drafts: Drafts, tmp_path: Path) -> None:
    (tmp_path / "lists").write_text("in the way", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be kept"):
        drafts.add(Draft("", "text", "x"), b"1")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("list.csv", "list.csv"), ("C:\\Users\\anna\\list.xlsx", "list.xlsx"), ("../../etc/passwd", "passwd")],
)
def test_a_file_is_called_by_its_own_name_alone(sent: str, shown: str) -> None:
    assert check_name(sent) == shown


@pytest.mark.parametrize("sent", ["", " ", "folder/"])
def test_no_file_is_a_sentence(sent: str) -> None:
    with pytest.raises(ListError, match="No file was chosen"):
        check_name(sent)
