"""The zip archive that a workbook is: its parts by name, and bounds on what they may unfold to."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from almascan.errors import ListError
from almascan.lists.markup import Attributes, find_attribute, parse

MAX_STRINGS_BYTES = 200_000_000
MAX_SMALL_BYTES = 50_000_000  # the workbook's own part, relationships, styles
MAX_SHEET_BYTES = 2_000_000_000
SAVE_AS_CSV = "Save the sheet as CSV (UTF-8) and give that."

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class Package:
    """The parts of an Office file.

    Attributes:
        name: The list's name, for errors.
    """

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.name = name
        with self.telling_damage():
            self._archive = zipfile.ZipFile(stream)
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
            ListError: The part is missing, too large, locked by a password, or broken; also while it is read.
        """
        info = self._parts.get(part.lower())
        if info is None:
            raise ListError(f"{self.name} is a damaged workbook: its part {part} is missing. {SAVE_AS_CSV}")
        if info.flag_bits & 1:
            raise ListError(f"{self.name} is protected by a password; save it without one.")
        if info.file_size > max_bytes:
            raise ListError(
                f"{self.name} unfolds to {info.file_size / 1e6:,.0f} MB in its part {part}, and {max_bytes / 1e6:,.0f} MB "
                f"are read at most. {SAVE_AS_CSV}"
            )
        with self.telling_damage(), self._archive.open(info) as stream:
            yield stream

    @contextmanager
    def telling_damage(self) -> Iterator[None]:
        """Turn whatever a damaged archive or part raises into one sentence."""
        try:
            yield
        except _BROKEN as error:
            raise ListError(
                f"{self.name} is a damaged workbook ({error or type(error).__name__}). Open it in a spreadsheet program "
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

        with self.open(posixpath.join(folder, "_rels", f"{file}.rels")) as stream:
            parse(stream, start, lambda _: None)
        return found
