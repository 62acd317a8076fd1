"""Where a list's bytes come from: a file, or standard input, which can be read only once."""

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from almascan.errors import ListError

PEEK_BYTES = 65_536
COPY_BYTES = 1_048_576
MAX_WHOLE_BYTES = 1_000_000_000  # of what is not read from start to end
STANDARD_INPUT = "-"


class ByteStream(Protocol):
    """What standard input must be able to do."""

    def read(self, size: int, /) -> bytes:
        """Give up to ``size`` bytes; b"" at the end."""
        ...


class Source:
    """The bytes of a list, read once from start to end and hashed on the way.

    Attributes:
        name: What the list is called towards its reader.
        start: The first bytes, at most 64 KB; they are read again by :meth:`read`.
    """

    def __init__(self, name: str, stream: ByteStream, file: IO[bytes] | None = None) -> None:
        self.name = name
        self._stream = stream
        self._file = file
        self._hash = hashlib.sha256()
        self._ended = False
        self._copy: IO[bytes] | None = None
        self.start = self._take(PEEK_BYTES)
        self._pushed_back = self.start

    @property
    def digest(self) -> str:
        """SHA-256 of all bytes in hex; "" until the end was read."""
        return self._hash.hexdigest() if self._ended else ""

    def read(self, size: int) -> bytes:
        """Read on; at most ``size`` bytes, at the start the first 64 KB at once, b"" at the end.

        Raises:
            ListError: The system cannot read on.
        """
        if self._pushed_back:
            chunk, self._pushed_back = self._pushed_back, b""
            return chunk
        return self._take(size)

    def open_whole(self) -> IO[bytes]:
        """Read to the end and begin anew, for formats that are not read from start to end.

        Returns:
            The file itself, or a temporary copy of what cannot be read twice.

        Raises:
            ListError: It is larger than 1 GB, the system cannot read on, or it has no room for the copy.
        """
        if self._file is not None and self._file.seekable():
            for _ in self._read_all():
                continue
            self._file.seek(0)
            return self._file
        self._copy = tempfile.TemporaryFile(prefix="almascan-")  # noqa: SIM115 - close() closes it
        try:
            for chunk in self._read_all():
                self._copy.write(chunk)
            self._copy.seek(0)
        except OSError as error:
            raise ListError(
                f"{self.name} cannot be copied to the temporary folder {tempfile.gettempdir()} "
                f"({error.strerror or error}); make room there or set TMPDIR to another folder."
            ) from error
        return self._copy

    def close(self) -> None:
        """Let go of the file; standard input stays open."""
        if self._copy is not None:
            self._copy.close()
        if self._file is not None:
            self._file.close()

    def _read_all(self) -> Iterator[bytes]:
        total = 0
        while chunk := self.read(COPY_BYTES):
            total += len(chunk)
            if total > MAX_WHOLE_BYTES:
                raise ListError(
                    f"{self.name} is larger than 1 GB, which no workbook is; save the sheet as CSV (UTF-8)."
                )
            yield chunk

    def _take(self, size: int) -> bytes:
        try:
            chunk = self._stream.read(size)
        except OSError as error:
            raise ListError(f"{self.name} cannot be read any further: {error.strerror or error}.") from error
        self._hash.update(chunk)
        self._ended = not chunk or self._ended
        return chunk


def open_source(source: str | Path, stdin: ByteStream | None = None) -> Source:
    """Open a list's bytes.

    Args:
        source: A path, or "-" for standard input.
        stdin: The bytes of standard input; None: the process's own.

    Raises:
        ListError: There is no such file, or it cannot be opened.
    """
    if source == STANDARD_INPUT:
        return _open_standard_input(stdin)
    path = Path(source)
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise ListError(f"There is no file {path}; check the name and the folder ({Path.cwd()}).") from None
    except (OSError, ValueError) as error:
        reason = "it is a folder" if path.is_dir() else getattr(error, "strerror", None) or str(error)
        raise ListError(f"{path} cannot be opened: {reason}. Give a file that you may read.") from error
    try:
        return Source(path.name, stream, stream)
    except ListError:
        stream.close()
        raise


def _open_standard_input(stdin: ByteStream | None) -> Source:
    if stdin is None and sys.stdin is None:
        raise ListError("There is no standard input to read the list from; give a file.")
    return Source("standard input", sys.stdin.buffer if stdin is None else stdin)
