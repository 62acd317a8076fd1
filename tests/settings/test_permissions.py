"""Which files others than their owner may use."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from almascan.settings.permissions import closing_command, find_open_to_others, is_open_to_others

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


@posix_only
@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o700, False), (0o640, True), (0o602, True)])
def test_a_file_is_open_when_its_mode_lets_anybody_else_in(mode: int, is_open: bool) -> None:
    assert is_open_to_others(mode) is is_open


@posix_only
def test_the_command_closes_every_file_that_was_found(tmp_path: Path) -> None:
    wide, closed, absent = (tmp_path / name for name in ("it's wide", "closed", "absent"))
    for path, mode in ((wide, 0o644), (closed, 0o600)):
        path.touch()
        path.chmod(mode)
    found = find_open_to_others([wide, closed, absent])
    assert found == [wide]
    subprocess.run(shlex.split(closing_command(found)), check=True)
    assert find_open_to_others([wide, closed, absent]) == []
