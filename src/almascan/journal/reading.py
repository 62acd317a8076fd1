"""Opening a journal to look at it: read-only, whatever its state, and with what is not merged into its file yet.

SQLite keeps the latest records in a file of its own, named as the journal with ``-wal`` at its end, until it merges
them. A journal whose process was killed, or whose disk was full, has them there alone.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from almascan.errors import JournalError
from almascan.journal.sqlite import BUSY_TIMEOUT_MILLISECONDS, SMALLEST_PAGE_BYTES, explain, latest_records

_NEEDS_A_WRITABLE_FOLDER = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_PRIMARY_CODE = 0xFF


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the journal at ``path`` for reading alone; nothing is written into it, and nothing is merged.

    Yields:
        A connection that sees one state of the journal from its first query on, and bytes that are no text with a
        replacement character in their place. Its queries raise ``sqlite3.DatabaseError`` where the file is damaged.

    Raises:
        JournalError: There is no such file, it is empty, or it cannot be opened.
    """
    if not path.is_file():
        raise JournalError(f"There is no journal at {path}; name another file with --journal.")
    if path.stat().st_size < SMALLEST_PAGE_BYTES:
        raise JournalError(
            f"The journal {path} is empty or cut off; restore it from a back-up, or name another with --journal."
        )
    with ExitStack() as stack:
        try:
            connection = _open(path, stack)
        except (sqlite3.DatabaseError, OSError) as error:
            raise explain(path, str(error)) from error
        connection.text_factory = _as_text
        # Without it SQLite refuses every table of a file that is shorter than it was.
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("BEGIN")
        yield connection


def _open(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Open it where it lies; where its folder cannot be written, by another way that loses no record."""
    try:
        return _connect(path, "mode=ro", stack)
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & _PRIMARY_CODE) not in _NEEDS_A_WRITABLE_FOLDER:
            raise
    latest = latest_records(path)
    if not (latest.is_file() and latest.stat().st_size):
        return _connect(path, "immutable=1", stack)
    # Opened as immutable it would be read without its latest records.
    folder = Path(stack.enter_context(TemporaryDirectory()))
    for file in (path, latest):
        shutil.copyfile(file, folder / file.name)
    return _connect(folder / path.name, "mode=ro", stack)


def _connect(path: Path, how: str, stack: ExitStack) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MILLISECONDS / 1000, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        if (error.sqlite_errorcode & _PRIMARY_CODE) in _NEEDS_A_WRITABLE_FOLDER:
            connection.close()
            raise
    stack.enter_context(closing(connection))
    return connection


def _as_text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
