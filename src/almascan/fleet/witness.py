"""What this machine has seen of a journal, by which it tells an older copy of it.

The journal itself cannot say that it was restored. Each worker keeps the highest beat that it saw in a small file.
"""

from pathlib import Path

import msgspec
from platformdirs import user_state_path

from almascan.errors import JournalError, UsageError
from almascan.journal import Journal
from almascan.journal.marks import Mark
from almascan.settings.profiles import write_privately


class _Seen(msgspec.Struct):
    beats: int


class Witness:
    """This machine's memory of one journal.

    Args:
        journal: The journal.
        folder: Where it is kept; by default the platform's folder for a program's state.
    """

    def __init__(self, journal: Journal, folder: Path | None = None) -> None:
        self._journal = journal
        self._folder = folder or user_state_path("almascan")

    def check(self) -> None:
        """Look whether the journal is at least as new as when it was seen last, and remember it.

        Raises:
            JournalError: It is an older copy, or on another server; nothing may be sent by it.
            UsageError: What was seen cannot be kept.
        """
        mark = self._journal.mark()
        path = self._folder / f"journal-{mark.journal}.json"
        if not mark.is_at_home or mark.beats < self._read(path):
            raise JournalError(
                f"The journal {self._journal.place} is an older copy of the one that was worked with, as a back-up is that "
                "was restored: items that were scanned since would be scanned again. Stop every worker that uses the "
                "other one, then say: almascan journal restored"
            )
        self._write(path, self._journal.beat())

    def _read(self, path: Path) -> int:
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Seen).beats
        except FileNotFoundError:
            return 0
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(f"The file {path}, which says how new the journal was, cannot be read: {error}.") from None

    def _write(self, path: Path, mark: Mark) -> None:
        write_privately(path, msgspec.json.encode(_Seen(mark.beats)).decode())
