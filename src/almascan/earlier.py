"""The rows of an earlier run as a list of its own."""

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256

from almascan.errors import ListError, UsageError
from almascan.journal import Journal
from almascan.lists import Entry
from almascan.lists.notes import Notes
from almascan.model import Desk, Outcome, Row

_LEFT_OUT = frozenset({Outcome.DUPLICATE, Outcome.BAD_BARCODE})


class EarlierRows:
    """A list of the items that an earlier run had, in its order, read from the journal as it is iterated.

    Each has its barcode and its ids as far as the run knew them, and its own desk where the list named one. Duplicates
    and barcodes that could not be used are left out; rows are numbered anew from 1.

    Args:
        journal: Where the run is.
        run_id: Its id.
        answers: Only rows with one of these answers, unclear and not-tried among them; none for all.
        institution: The code of the institution that the list is for; "" where that does not matter.

    Attributes:
        name: What it is called, such as "run 12".
        description: Which rows they are.
        headers: None; nor are there columns.
        notes: How many there are, once all were read.

    Raises:
        UsageError: There is no such run, or it is another institution's, whose barcodes and ids mean nothing here.
    """

    def __init__(
        self, journal: Journal, run_id: int, answers: Collection[Outcome] = (), *, institution: str = ""
    ) -> None:
        self.run = journal.run(run_id)
        if institution and institution != self.run.institution:
            raise UsageError(
                f"Run {run_id} was made for {self.run.institution}, and this list is for {institution}: choose a run of "
                "the same institution."
            )
        self.name = f"run {self.run.id}"
        which = ", ".join(answer for answer in Outcome if answer in answers)
        self.description = f"Rows of run {self.run.id} ({self.run.list_name})" + (f" that are {which}" if which else "")
        self.headers: list[str] = []
        self.columns = None
        self._journal = journal
        self._answers = frozenset(answers)
        self._notes = Notes()
        self._hash = sha256()
        self._is_read = False

    @property
    def notes(self) -> Mapping[str, int]:
        """Counts of what was found."""
        return self._notes

    @property
    def digest(self) -> str:
        """SHA-256 of barcodes, ids and desks in hex; "" until all entries were read."""
        return self._hash.hexdigest() if self._is_read else ""

    def __iter__(self) -> Iterator[Entry]:
        """Give the entries.

        Raises:
            ListError: There are none.
            JournalError: The journal cannot be read on.
        """
        number = 0
        for row in self._journal.rows(self.run.id):
            if self._takes(row):
                number += 1
                yield self._entry(number, row)
        if not number:
            which = "" if not self._answers else " with the chosen answers"
            raise ListError(f"Run {self.run.id} has no rows{which}: choose others, or another run.")
        self._is_read = True

    def _takes(self, row: Row) -> bool:
        if row.outcome in _LEFT_OUT:
            return False
        return not self._answers or row.answer in self._answers

    def _entry(self, number: int, row: Row) -> Entry:
        ids, desk = row.ids, self._own_desk(row)
        self._notes["lines"] = self._notes["entries"] = number
        self._notes.count(*(["ids"] if ids else []), *(["desks"] if desk else []))
        self._hash.update(f"{row.barcode}\t{row.mms_id}\t{row.holding_id}\t{row.pid}\t{desk or ''}\n".encode())
        return Entry(number, row.given or row.barcode or row.pid, row.barcode, ids, "", desk)

    def _own_desk(self, row: Row) -> Desk | None:
        """Give the desk that the list named for a row, and not the one at which the run scanned it."""
        if not self.run.list_notes.get("desks") or row.step or row.desk == self.run.order.desk:
            return None
        return row.desk
