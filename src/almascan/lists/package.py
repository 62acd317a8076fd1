"""The zip archive that a workbook is: its parts by name, and bounds on what they may unfold to."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from almascan.errors import ListError
from almascan.lists.markup import Attributes, MarkupError, find_attribute, parse

MAX_STRINGS_BYTES = 200_000_000
MAX_SMALL_BYTES = 50_000_000  # the workbook's own part, relationships, styles
MAX_SHEET_BYTES = 2_000_000_000
MAX_RELATIONSHIPS = 50_000  # of one part
MAX_TAIL_BYTES = 65_557  # an archive's last record, with the longest comment
MAX_DIRECTORY_BYTES = 4_000_000  # of the archive's own list of its parts: 50,000 of them
MAX_RATIO = 200  # of what is unfolded to the archive's size; barcodes that differ reach 20
SMALL_RATIO_BYTES = 32_000_000  # up to which the ratio does not matter
MAX_NAME_CHARACTERS = 60  # of a part, in errors
MAX_REASON_CHARACTERS = 200  # likewise
SAVE_AS_CSV = "Save the sheet as CSV (UTF-8) and give that."

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class _Archive:
    """A zip archive's bytes, of which only so many are given at a time: its list of parts is read in one go."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.seek = stream.seek
        self.tell = stream.tell
        self.seekable = stream.seekable
        self.close = stream.close
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("it has more parts than a workbook can have")
        return self._stream.read(MAX_TAIL_BYTES if size < 0 else size)  # zipfile says -1 only near the end


class Package:
    """The parts of an Office file.

    Attributes:
        name: The list's name, for errors.
    """

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.name = name
        with self.telling_damage():
            size = stream.seek(0, 2)
            self._archive = zipfile.ZipFile(_Archive(stream))
        self._room = max(SMALL_RATIO_BYTES, MAX_RATIO * size)
        self._parts = {info.filename.replace("\\", "/").lower(): info for info in self._archive.infolist()}

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._parts

    def names(self) -> list[str]:
        """The names of all parts, in lower case."""
        return list(self._parts)

    @contextmanager
    def open(self, part: str, max_bytes: int = MAX_SMALL_BYTES) -> Iterator[IO[bytes]]:
        """Open a part of at most ``max_bytes`` unfolded.

        Raises:
            ListError: The part is missing, too large, locked by a password, packed in a way that cannot be read within
                bounds, or broken; also while it is read.
        """
        info = self._parts.get(part.lower())
        if info is None:
            raise ListError(f"{self.name} is a damaged workbook: its part {_shorten(part)} is missing. {SAVE_AS_CSV}")
        if info.flag_bits & 1:
            raise ListError(f"{self.name} is protected by a password; save it without one.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ListError(f"{self.name} is packed in a way that no spreadsheet program uses. {SAVE_AS_CSV}")
        limit = min(max_bytes, self._room)
        if info.file_size > limit:
            raise ListError(
                f"{self.name} unfolds to {info.file_size / 1e6:,.0f} MB in its part {_shorten(part)}, and "
                f"{limit / 1e6:,.0f} MB are read at most. {SAVE_AS_CSV}"
            )
        self._room -= info.file_size
        with self.telling_damage(), self._archive.open(info) as stream:
            yield stream

    @contextmanager
    def telling_damage(self) -> Iterator[None]:
        """Turn whatever a damaged archive or part raises into one sentence."""
        try:
            yield
        except _BROKEN as error:
            reason = (str(error) or type(error).__name__)[:MAX_REASON_CHARACTERS]
            raise ListError(
                f"{self.name} is a damaged workbook ({reason}). Open it in a spreadsheet program "
                "and save it again as .xlsx or CSV."
            ) from error

    def relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Read what a part refers to.

        Args:
            part: The part's name; "" for the package itself.

        Returns:
            By id: the last word of the relationship's type ("worksheet"), and the name of the part it leads to.
        """
        folder, file = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: Attributes) -> None:
            if name == "Relationship" and find_attribute(attributes, "TargetMode") != "External":
                target = find_attribute(attributes, "Target").replace("\\", "/")
                kind = find_attribute(attributes, "Type").rpartition("/")[2]
                path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[find_attribute(attributes, "Id")] = (kind, path)
                if len(found) > MAX_RELATIONSHIPS:
                    raise MarkupError("its parts refer to more parts than a workbook can have")

        with self.open(posixpath.join(folder, "_rels", f"{file}.rels")) as stream:
            parse(stream, start, lambda _: None)
        return found


def _shorten(part: str) -> str:
    return part if len(part) <= MAX_NAME_CHARACTERS else f"{part[:MAX_NAME_CHARACTERS]}…"
