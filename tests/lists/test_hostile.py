"""Hostile and broken lists: none a traceback, none more than 300 MB of memory, every row answered or one sentence."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from tests.lists.hostile.case import Case
from tests.lists.hostile.catalogue import CASES
from tests.lists.hostile.worker import Loaded

from almascan.errors import ExitCode

REPOSITORY = Path(__file__).resolve().parents[2]
MAX_MEGABYTES = 300
LONGEST_SENTENCE = 1_000
BY_NAME = {case.name: case for case in CASES}
SHOWN_TO_THE_COMMAND = (
    "cp1252-not-named", "utf-16-le-without-its-mark", "two-encodings-in-one-file", "only-nuls", "empty",
    "twenty-thousand-columns", "a-quotation-mark-open-for-20-mb", "two-barcode-headers", "no-header",
    "a-header-with-an-escape", "a-header-of-60-kb", "ids-two-of-three", "encrypted-workbook", "xls", "ods",
    "pdf", "sqlite", "html-in-utf-16", "json-nested-by-the-million", "sheet-of-entities", "a-million-columns",
    "encrypted-part", "cut-off-at-50-percent", "bomb-in-sharedStrings-xml", "bomb-packed-with-lzma",
    "path-trick-in-a-target-4",
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Loaded]:
    """What became of every list, loaded one after another in a process of its own."""
    folder = tmp_path_factory.mktemp("hostile")
    for case in CASES:
        case.write(folder)
    command = [sys.executable, "-m", "tests.lists.hostile.worker", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=300)
    answers = (msgspec.json.decode(line, type=Loaded) for line in done.stdout.splitlines())
    return {answer.name: answer for answer in answers}


def test_there_are_more_than_three_hundred_of_them_each_with_its_own_name() -> None:
    assert len(CASES) == len(BY_NAME) >= 300
    assert sum(case.rows is None for case in CASES) >= 100
    assert sum(case.bad > 0 for case in CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=list(BY_NAME))
def test_a_hostile_list_is_answered_row_by_row_or_refused_in_one_sentence(
    told: Mapping[str, Loaded], case: Case
) -> None:
    answer = told[case.name]
    assert (answer.rows, answer.bad) == (case.rows, case.bad), answer.sentence
    assert answer.unaccounted == 0
    assert answer.left_behind == 0
    if case.rows is None:
        assert re.search(case.says, answer.sentence)
        assert answer.sentence.endswith((".", "?"))
        assert len(answer.sentence) <= LONGEST_SENTENCE


def test_no_hostile_list_takes_more_memory_than_a_small_machine_has(told: Mapping[str, Loaded]) -> None:
    peaks = {name: answer.peak_megabytes for name, answer in told.items() if answer.peak_megabytes}
    if not peaks:
        pytest.skip("the system does not say how much memory a process took")
    assert max(peaks.values()) < MAX_MEGABYTES, max(peaks, key=lambda name: peaks[name])


def run_command(folder: Path, *arguments: str | bytes) -> subprocess.CompletedProcess[str]:
    """Give ``almascan plan`` as a process, to which no Alma would answer."""
    environment = os.environ | {
        "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
        "ALMASCAN_JOURNAL": str(folder / "journal.db"),
        "ALMASCAN_BASE_URL": "http://127.0.0.1:9",
        "ALMASCAN_API_KEY": "key",
    }
    command = [sys.executable, "-m", "almascan", "plan", "--library", "MAIN", "--desk", "DESK", *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, encoding="utf-8", timeout=60)


def check_one_sentence(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"almascan: [^\n\x00-\x1f]+\n", done.stderr), done.stderr


@pytest.mark.parametrize("name", SHOWN_TO_THE_COMMAND)
def test_the_command_refuses_a_hostile_list_with_one_sentence_and_exit_code_2(name: str, tmp_path: Path) -> None:
    case = BY_NAME[name]
    done = run_command(tmp_path, str(case.write(tmp_path)))
    check_one_sentence(done)
    assert re.search(case.says, done.stderr)
    assert not (tmp_path / "journal.db").exists()


@pytest.mark.skipif(os.name != "posix", reason="only there are arguments and names of files bytes")
def test_bytes_that_are_no_text_are_told_wherever_they_stand(tmp_path: Path) -> None:
    check_one_sentence(run_command(tmp_path, "--barcodes", b"30112\xff001"))
    odd = bytes(tmp_path) + b"/\xff\x1b[2J\n.txt"
    check_one_sentence(run_command(tmp_path, odd))
    Path(os.fsdecode(odd)).write_bytes(b"")
    check_one_sentence(run_command(tmp_path, odd))
