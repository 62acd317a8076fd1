"""Which row named an item first, for a million rows in little memory."""

from array import array

_FIRST_PLACES = 1_024
_HASH_BITS = 64
_FULLEST = 0.6  # of a table's places, beyond which looking takes long


class FirstSeen:
    """For every name the row that had it first.

    A dict of a million texts takes 180 MB. Here a name is its 64-bit hash in a table of open addressing, 32 MB for a
    million; that two of a million names share a hash happens once in thirty million lists.
    """

    def __init__(self) -> None:
        self._number = 0
        self._hashes, self._rows = _make_table(_FIRST_PLACES)

    def add(self, name: str, row: int) -> int:
        """Take a name in.

        Args:
            name: The name.
            row: The row that has it, from 1.

        Returns:
            The row that had it before; 0 where this one is the first.
        """
        if self._number > _FULLEST * len(self._rows):
            self._grow()
        hashed = hash(name) & ((1 << _HASH_BITS) - 1)
        place = self._find(hashed)
        if self._rows[place]:
            return self._rows[place]
        self._hashes[place], self._rows[place] = hashed, row
        self._number += 1
        return 0

    def _find(self, hashed: int) -> int:
        """Find the place that has a hash, or the free one where it belongs."""
        hashes, rows, last = self._hashes, self._rows, len(self._rows) - 1
        place = hashed & last
        while rows[place] and hashes[place] != hashed:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        hashes, rows = self._hashes, self._rows
        self._hashes, self._rows = _make_table(2 * len(rows))
        for hashed, row in zip(hashes, rows, strict=True):
            if row:
                place = self._find(hashed)
                self._hashes[place], self._rows[place] = hashed, row


def _make_table(places: int) -> tuple["array[int]", "array[int]"]:
    """Make an empty table; its number of places is a power of two."""
    return array("Q", [0]) * places, array("Q", [0]) * places
