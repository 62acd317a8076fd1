"""Barcodes and ids of items as functions of the item's number, and back."""

from dataclasses import dataclass
from functools import lru_cache

_MASK = (1 << 64) - 1
_CODES = 10**8
# A stride with no factor in common with 10**8 visits every code once, in an order that shows no pattern.
_STRIDE = 61_803_399
_UNSTRIDE = pow(_STRIDE, -1, _CODES)
ITEMS_PER_HOLDING = 2
ITEMS_PER_BIB = 4


def draw(seed: int, salt: int, number: int) -> int:
    """Draw 64 bits that look random and depend on nothing but the arguments (splitmix64)."""
    bits = (seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03 + number * 0x8CB92BA72F3D8DD7) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


@lru_cache(maxsize=1_024)
def _shift(seed: int, salt: int) -> int:
    """How far the codes of a kind of id are shifted: the same for all ids of an institution."""
    return draw(seed, salt, 0)


def _number_in(text: str, prefix: str, suffix: str, digits: int) -> int | None:
    body = text[len(prefix) : len(text) - len(suffix)]
    whole = text.startswith(prefix) and text.endswith(suffix) and len(body) == digits
    return int(body) if whole and body.isascii() and body.isdigit() else None


@dataclass(frozen=True, slots=True)
class Numbering:
    """The ids of a catalogue of ``items`` items; item numbers run from 0.

    Four items share a bibliographic record, two of them a holding. Every id ends in ``suffix``, four digits that no
    other institution's ids end in, as Alma's do.
    """

    seed: int
    items: int
    suffix: str = "7701"

    def barcode(self, number: int) -> str:
        """Name an item by its barcode: 14 digits, or for one item in twenty digits and letters."""
        code = self._code(number, 1)
        return f"3030{code:08d}kj" if number % 20 == 13 else f"301211{code:08d}"  # noqa: PLR2004 - one in twenty

    def pid(self, number: int) -> str:
        """Name an item by its item PID, 17 digits."""
        return f"23{self._code(number, 2):09d}00{self.suffix}"

    def holding_id(self, number: int) -> str:
        """Name the holding of an item, 17 digits."""
        return f"22{self._code(number // ITEMS_PER_HOLDING, 3):09d}00{self.suffix}"

    def mms_id(self, number: int) -> str:
        """Name the bibliographic record of an item, 18 digits."""
        return f"99{self._code(number // ITEMS_PER_BIB, 4):010d}70{self.suffix}"

    def number_of_barcode(self, barcode: str) -> int | None:
        """Find the item with a barcode; None where there is none."""
        code = _number_in(barcode, "301211", "", 8)
        if code is None:
            code = _number_in(barcode, "3030", "kj", 8)
        number = self._number(code, 1, 1)
        return number if number is not None and self.barcode(number) == barcode else None

    def number_of_pid(self, pid: str) -> int | None:
        """Find the item with a PID; None where there is none."""
        return self._number(_number_in(pid, "23", f"00{self.suffix}", 9), 2, 1)

    def first_of_holding(self, holding_id: str) -> int | None:
        """Find the first item of a holding; None where there is no such holding."""
        return self._number(_number_in(holding_id, "22", f"00{self.suffix}", 9), 3, ITEMS_PER_HOLDING)

    def first_of_bib(self, mms_id: str) -> int | None:
        """Find the first item of a bibliographic record; None where there is no such record."""
        return self._number(_number_in(mms_id, "99", f"70{self.suffix}", 10), 4, ITEMS_PER_BIB)

    def _code(self, number: int, salt: int) -> int:
        return (number * _STRIDE + _shift(self.seed, salt)) % _CODES

    def _number(self, code: int | None, salt: int, items_each: int) -> int | None:
        if code is None or code >= _CODES:
            return None
        number = (code - _shift(self.seed, salt)) * _UNSTRIDE % _CODES * items_each
        return number if number < self.items else None
