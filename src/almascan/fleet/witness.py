"""What this machine has seen of a journal, by which it tells an older copy of it.

The journal itself cannot say that it was restored. Each worker keeps the highest beat that it saw in a small file, which
the workers of one user on a machine share.
"""

from pathlib import Path
from threading import Lock

import msgspec
from platformdirs import user_state_path

from almascan.errors import JournalError, UsageError
from almascan.journal import Journal
from almascan.settings.profiles import write_privately


class _Seen(msgspec.Struct):
    beats: int


class Witness:
    """This machine's memory of one journal; safe in several threads.

    Args:
        journal: The journal.
        folder: Where it is kept; by default the platform's folder for a program's state.
    """

    def __init__(self, journal: Journal, folder: Path | None = None) -> None:
        self._journal = journal
        self._folder = folder or user_state_path("almascan")
        self._checking = Lock()

    def check(self) -> None:
        """Look whether the journal is at least as new as when it was seen last, and remember it.

        Raises:
            JournalError: It is an older copy, or another database; nothing may be sent by it.
            UsageError: What was seen cannot be kept.
        """
        with self._checking:
            mark = self._journal.mark()
            path = self._folder / f"journal-{mark.journal}.json"
            seen = self._read(path)
            if mark.beats < seen:
                # Another worker of this machine may have counted on between the two looks.
                mark = self._journal.mark()
            if not mark.is_at_home or mark.beats < seen:
                raise JournalError(
                    f"The journal {self._journal.place} is an older copy of the one that was worked with, as a back-up is that "
                    "was restored: items that were scanned since would be scanned again. Stop every worker and every page "
                    "that uses either of them, then say: almascan journal restored"
                )
            self._write(path, self._journal.beat().beats)

    def _read(self, path: Path) -> int:
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Seen).beats
        except FileNotFoundError:
            return 0
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(
                f"The file {path}, which says how new the journal was, cannot be read: {error}. See that nobody sends by an "
                "older copy of the journal, then delete the file."
            ) from None

    def _write(self, path: Path, beats: int) -> None:
        write_privately(path, msgspec.json.encode(_Seen(beats)).decode())
