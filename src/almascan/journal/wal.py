"""What SQLite makes of the file that holds a journal's latest records: how far it believes it, and what it drops.

SQLite reads that file up to the first frame whose checksum is wrong and says nothing of what comes after it. That is
right after a power cut, where the last record was never whole, and hides a loss where a byte in the middle was
damaged. The format is SQLite's own, https://www.sqlite.org/fileformat2.html "The Write-Ahead Log".
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


class Frame(NamedTuple):
    """One frame: whether it ends a transaction, and whether it and all before it are whole."""

    commits: bool
    is_whole: bool


def count_dropped(latest: Path) -> int:
    """Count the transactions that SQLite drops from a file of latest records because of damage before them.

    Args:
        latest: The journal's file with ``-wal`` at its end.

    Returns:
        How many; 0 where the file is empty or not there. The last one is not counted: whether it was ever whole
        cannot be told. Where the file's header is damaged, all of it is dropped, and it counts as one.
    """
    if not latest.is_file():
        return 0
    with latest.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return 0
        endian = "<>"[struct.unpack(">I", header[:4])[0] & 1]
        whole = struct.unpack(">II", header[24:])
        if struct.unpack(">I", header[:4])[0] & ~1 != _MAGIC or _checksum(header[:24], (0, 0), endian) != whole:
            return 1 if file.read(1) else 0
        dropped = sum(frame.commits for frame in _frames(file, header, endian) if not frame.is_whole)
    return max(0, dropped - 1)


def _frames(file: BinaryIO, header: bytes, endian: str) -> Iterator[Frame]:
    """Give the frames of this generation: those with the salts of the header."""
    page_bytes = struct.unpack(">I", header[8:12])[0]
    salts, sums, is_whole = header[16:24], struct.unpack(">II", header[24:]), True
    while len(frame := file.read(_FRAME_HEADER_BYTES + page_bytes)) == _FRAME_HEADER_BYTES + page_bytes:
        is_ours = frame[8:16] == salts
        if is_whole:
            sums = _checksum(frame[_FRAME_HEADER_BYTES:], _checksum(frame[:8], sums, endian), endian)
            is_whole = is_ours and sums == struct.unpack(">II", frame[16:24])
        if is_ours:
            yield Frame(frame[4:8] != bytes(4), is_whole)


def _checksum(data: bytes, sums: tuple[int, int], endian: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{endian}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
