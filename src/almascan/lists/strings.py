"""A workbook's shared strings, held compactly: most barcodes of a sheet stand there."""

import re
from array import array
from typing import IO

from almascan.lists.markup import Attributes, MarkupError, parse_in_steps

MAX_TEXT_CHARACTERS = 512  # of a cell that are kept: far more than a barcode or a header has
MAX_STRINGS = 3_000_000
MAX_KEPT_BYTES = 100_000_000  # of all of them together

_ESCAPED = re.compile(r"_x(?!0000|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")  # but half characters and nothing at all


class Text:
    """The text of one cell or string, put together from its pieces; readings of its characters are left out."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._taking = False
        self._phonetic = False

    def start(self, name: str) -> None:
        """An element begins."""
        if name == "rPh":
            self._phonetic = True
        elif name in {"t", "v"}:
            self._taking = not self._phonetic

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "rPh":
            self._phonetic = False
        elif name in {"t", "v"}:
            self._taking = False

    def add(self, piece: str) -> None:
        """A piece of text comes."""
        if self._taking and self._length <= MAX_TEXT_CHARACTERS:
            self._pieces.append(piece[: MAX_TEXT_CHARACTERS + 1])
            self._length += len(piece)

    def take(self) -> str:
        """Take the text out, with escaped characters as they are meant, and begin anew.

        A text of more than 512 characters is cut to 513, the last of them "…": its length says that it was cut.
        """
        text, cut = "".join(self._pieces), self._length > MAX_TEXT_CHARACTERS
        self._pieces.clear()
        self._length = 0
        if "_x" in text:
            text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        return text[:MAX_TEXT_CHARACTERS].ljust(MAX_TEXT_CHARACTERS + 1, "…") if cut else text


class SharedStrings:
    """Texts by number, in one buffer: 1,000,000 barcodes take 22 MB."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ends = array("Q")

    def __len__(self) -> int:
        return len(self._ends)

    def append(self, text: str) -> None:
        """Add the next text.

        Raises:
            MarkupError: It is one too many.
        """
        self._buffer += text.encode()
        if len(self._ends) >= MAX_STRINGS or len(self._buffer) > MAX_KEPT_BYTES:
            raise MarkupError("it has more texts than are read")
        self._ends.append(len(self._buffer))

    def __getitem__(self, number: int) -> str:
        """Give a text by its number, from 0."""
        start = self._ends[number - 1] if number else 0
        return self._buffer[start : self._ends[number]].decode()


def read_strings(stream: IO[bytes]) -> SharedStrings:
    """Read a workbook's table of strings.

    Raises:
        MarkupError: It is broken.
    """
    strings, text = SharedStrings(), Text()

    def start(name: str, _: Attributes) -> None:
        text.start(name)

    def end(name: str) -> None:
        text.end(name)
        if name == "si":
            strings.append(text.take())

    for _ in parse_in_steps(stream, start, end, text.add):
        continue
    return strings
