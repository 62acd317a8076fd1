"""A journal in a file or on a server, and a small disk of its own that can be full or read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from almascan.journal import Journal


@pytest.fixture
def file_journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "folder" / "journal.db")) as opened:
        yield opened


@pytest.fixture
def server_journal(server: str) -> Iterator[Journal]:
    with closing(Journal(server)) as opened:
        yield opened


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.system)])
def journal(request: pytest.FixtureRequest) -> Journal:
    """What holds of a journal holds of it wherever it is."""
    opened: Journal = request.getfixturevalue(f"{request.param}_journal")
    return opened


@pytest.fixture
def held(journal: Journal) -> Iterator[None]:
    """The leases of the institutions that the samples are of: on a server nothing is claimed without."""
    with journal.lease("01A"), journal.lease("01B"):
        yield


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
