"""A drop folder: which files in it are complete, taking one once, and where it goes when it is done.

A file that is taken is moved into ``working`` first, so that no other process and no restart takes it anew; from there
it goes to ``done`` or ``needs-attention``. Nothing is ever deleted.
"""

import hashlib
from datetime import datetime
from pathlib import Path

from almascan.journal import Journal
from almascan.model import Run, RunState

WORKING = "working"
DONE = "done"
NEEDS_ATTENTION = "needs-attention"
_NOT_GONE_ON_WITH = (RunState.CANCELLED, RunState.READY)
"""A run that is only ready was never begun: its process died first, and the list is scanned anew."""


def find_complete(folder: Path, now: float, quiet_seconds: float) -> list[Path]:
    """Find the files that nobody has written to for a while, the oldest first.

    Args:
        folder: The drop folder; what lies in its own folders, and hidden files, are left alone.
        now: Seconds since 1970.
        quiet_seconds: How long a file must not have changed to count as complete.
    """
    found = []
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith((".", "~$")):
            changed = path.stat().st_mtime
            if now - changed >= quiet_seconds:
                found.append((changed, path))
    return [path for _, path in sorted(found)]


def find_taken(folder: Path) -> list[Path]:
    """Find the files that were taken and not finished, by this process or one that died."""
    working = folder / WORKING
    return sorted(path for path in working.iterdir() if path.is_file()) if working.is_dir() else []


def take(path: Path) -> Path:
    """Move a file into ``working``, under a name that is free there; return where it is now."""
    return _move(path, path.parent / WORKING)


def finish(path: Path, *, done: bool) -> Path:
    """Move a taken file to ``done`` or ``needs-attention``; return where it is now."""
    return _move(path, path.parent.parent / (DONE if done else NEEDS_ATTENTION))


def run_of(journal: Journal, path: Path) -> Run | None:
    """Find the run that a taken file became before a restart: the latest of the same name and content."""
    digest = _digest(path)
    for run in journal.runs():
        if run.list_digest == digest and run.list_name == path.name and run.state not in _NOT_GONE_ON_WITH:
            return run
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    if target.exists():
        stamp = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        target = folder / f"{path.stem}-{stamp:%Y%m%d-%H%M%S}{path.suffix}"
    number = 2
    while target.exists():
        target = folder / f"{path.stem}-{number}{path.suffix}"
        number += 1
    return path.rename(target)
