"""Who beside its owner may use a file.

POSIX keeps that with each file. Windows has no such modes: a file there has the rights of its folder, and the folders
that almascan makes files in belong to the user alone; nothing is asked or said there.
"""

import os
import shlex
import stat
from collections.abc import Iterable
from pathlib import Path


def is_open_to_others(mode: int) -> bool:
    """Whether a file of this mode can be read, written or run by others than its owner."""
    return os.name == "posix" and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def find_open_to_others(paths: Iterable[Path]) -> list[Path]:
    """Find those files that others than their owner may use; files that are not there are left out."""
    found = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if is_open_to_others(mode):
            found.append(path)
    return found


def closing_command(paths: Iterable[Path]) -> str:
    """Give the command that leaves files to their owner alone."""
    return f"chmod 600 {' '.join(shlex.quote(str(path)) for path in paths)}"
