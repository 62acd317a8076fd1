"""A journal in a file, and a small disk of its own that can be full or read-only."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from almascan.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "folder" / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.name != "posix" or os.geteuid() != 0 or not mounts("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)):
        pytest.skip("needs root and a file system that can be mounted")
    yield place
    # Lazily: a test that failed may have left a file open.
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def mounts(*arguments: str) -> bool:
    """Mount something, and say whether that worked."""
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0
