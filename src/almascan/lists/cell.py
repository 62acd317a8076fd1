"""The cells of a sheet as text: a number is exact or refused, never rounded."""

from typing import NamedTuple


class Cell(NamedTuple):
    """A cell's text as a barcode would be read from it.

    Attributes:
        text: The text, or a number's digits; what a reader sees where there is a problem.
        problem: Why the text cannot be trusted, as a sentence, or "".
        note: What was done or found, by the names of :data:`almascan.lists.notes.NOTES`, or "".
    """

    text: str
    problem: str = ""
    note: str = ""
