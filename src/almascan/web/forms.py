"""Reading forms: the fields of a change, once the guard has let it through."""

from collections.abc import Mapping
from typing import Any

from starlette.convertors import Convertor
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

MOST_FIELDS = 2_000
_MOST_DIGITS = 9
"""No run and no row is numbered higher; Python and the journal refuse numbers that are much longer."""


class Form:
    """The fields of a form, read as texts.

    Args:
        data: What was sent.
    """

    def __init__(self, data: FormData) -> None:
        self._data = data

    def get(self, name: str, default: str = "") -> str:
        """Give a field's text without white space around it; ``default`` where it was not sent."""
        value = self._data.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def all(self, name: str) -> list[str]:
        """Give the texts of a field that may be sent several times."""
        return [value for value in self._data.getlist(name) if isinstance(value, str)]

    def numbers(self, name: str) -> list[int]:
        """Give the whole numbers among a field's texts."""
        return [number for text in self.all(name) if (number := read_number(text)) is not None]

    def has(self, name: str) -> bool:
        """Whether a box was ticked."""
        return name in self._data

    def upload(self, name: str) -> UploadFile | None:
        """Give a file that was sent."""
        value = self._data.get(name)
        return value if isinstance(value, UploadFile) else None

    def as_mapping(self) -> Mapping[str, Any]:
        """Give the fields' first texts by name."""
        return {name: self.get(name) for name in self._data}


def read_number(text: str) -> int | None:
    """Give the whole number that a text is; None for anything else."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


class NumberConvertor(Convertor[int]):
    """A run's or a row's number in an address; what is longer is no address of the page."""

    regex = f"[0-9]{{1,{_MOST_DIGITS}}}"

    def convert(self, value: str) -> int:
        """Read it."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Write it."""
        return str(value)


async def read_form(request: Request) -> Form:
    """Read a form; that it was sent from a page of this server by this person, the guard has seen to.

    Raises:
        HTTPException: It cannot be read, or has too many fields.
    """
    return Form(await request.form(max_files=1, max_fields=MOST_FIELDS))
