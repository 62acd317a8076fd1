"""Lists that were handed in and are no run yet: looked through, and waiting for their desk.

A file that was uploaded lies in a folder beside the journal that its owner alone can read, until its run is begun or a
day has passed. A restart of the server keeps it.
"""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from almascan.alma import Alma
from almascan.earlier import EarlierRows
from almascan.errors import ListError, UsageError
from almascan.journal import Journal
from almascan.lists import Listing, ListOptions, fetch_report, fetch_set, open_list, open_text
from almascan.model import Outcome

KEPT_SECONDS = 24 * 3600.0

Kind = Literal["file", "text", "set", "report", "run"]


class Draft(msgspec.Struct, frozen=True):
    """A list that was handed in.

    Attributes:
        id: What its address holds.
        kind: Where it comes from.
        name: What the person calls it: the file's own name, the set's, the report's.
        source: The set's name, the report's path, or the earlier run's number; "" for a file or a text.
        outcomes: Of an earlier run, which rows: those with these answers; none for all.
        connection: The connection that a set or a report is read with.
    """

    id: str
    kind: Kind
    name: str
    source: str = ""
    outcomes: tuple[Outcome, ...] = ()
    connection: str = ""


class Drafts:
    """Keeps them.

    Args:
        folder: Where; made for its owner alone at the first use.
        journal: Where the rows of earlier runs are.
    """

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal

    def add(self, draft: Draft, content: bytes | Path = b"") -> Draft:
        """Keep a new one under an id of its own, with the content of its file or text.

        Raises:
            UsageError: The folder cannot be written.
        """
        self.sweep()
        draft = msgspec.structs.replace(draft, id=secrets.token_urlsafe(12))
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = self._folder / draft.id
            place.mkdir(mode=0o700)
            if isinstance(content, Path):
                shutil.move(content, place / "content")
            else:
                (place / "content").write_bytes(content)
            (place / "draft.json").write_bytes(msgspec.json.encode(draft))
        except OSError as error:
            raise UsageError(
                f"The list cannot be kept in {self._folder}: {error.strerror}. Make room there."
            ) from error
        return draft

    def find(self, draft_id: str) -> Draft:
        """Give one by its id.

        Raises:
            UsageError: It is not there any more.
        """
        place = self._place(draft_id)
        try:
            return msgspec.json.decode((place / "draft.json").read_bytes(), type=Draft)
        except (OSError, msgspec.MsgspecError):
            raise UsageError("This list is not kept any more: hand it in again.") from None

    @contextmanager
    def opened(self, draft: Draft, options: ListOptions, institution: str = "") -> Iterator[Listing]:
        """Open a file, a text or an earlier run's rows; ``institution`` is whose rows an earlier run's must be.

        Raises:
            ListError: It cannot be read as a list.
        """
        content = self._place(draft.id) / "content"
        if draft.kind == "file":
            with open_list(content, options, name=draft.name) as reading:
                yield reading
        elif draft.kind == "text":
            with open_text(content.read_text(encoding="utf-8"), options) as reading:
                reading.name = draft.name
                yield reading
        else:
            yield EarlierRows(self._journal, int(draft.source), draft.outcomes, institution=institution)

    async def fetch(self, draft: Draft, options: ListOptions, alma: Alma) -> Listing:
        """Fetch a set or a report from Alma.

        Raises:
            ListError, UsageError, KeyRefusedError, AttemptError: As ``fetch_set`` and ``fetch_report``.
        """
        if draft.kind == "set":
            return await fetch_set(alma, draft.source)
        return await fetch_report(alma, draft.source, options)

    def content_path(self, draft: Draft) -> Path:
        """Say where the content of a file or a text is."""
        return self._place(draft.id) / "content"

    def forget(self, draft: Draft) -> None:
        """Remove one: its run was begun."""
        shutil.rmtree(self._place(draft.id), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what is older than a day."""
        if not self._folder.is_dir():
            return
        oldest = time.time() - KEPT_SECONDS
        for place in self._folder.iterdir():
            try:
                is_old = place.stat().st_mtime < oldest
            except OSError:
                continue
            if is_old:
                shutil.rmtree(place, ignore_errors=True)

    def _place(self, draft_id: str) -> Path:
        if not draft_id or not all(each.isalnum() or each in "-_" for each in draft_id):
            raise UsageError("There is no such list: hand it in again.")
        return self._folder / draft_id


def check_name(name: str) -> str:
    """Give a file's own name as it is shown: the last part of whatever a browser sent."""
    short = name.replace("\\", "/").rpartition("/")[2].strip()[:200]
    if not short:
        raise ListError("No file was chosen: choose one, or paste the barcodes.")
    return short
