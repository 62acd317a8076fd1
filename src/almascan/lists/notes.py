"""What is counted while a list is read; one table that the screen, the report and the documentation read."""

NOTES: dict[str, str] = {
    "lines": "Lines of the text, or rows of the sheet, that were read.",
    "entries": "Rows that name an item or should: what the run gets.",
    "blank": "Blank rows, left out.",
    "comments": "Rows that begin with #, left out.",
    "headers": "Header rows, left out; a list put together from several has more than one.",
    "titles": "Rows above the header with a single cell, left out.",
    "trimmed": "Barcodes with white space around them, which was taken off.",
    "invisible": "Barcodes with invisible characters or unusual spaces, which were taken off or made ordinary spaces.",
    "unwrapped": 'Barcodes written as ="..." or with an apostrophe in front, as spreadsheets do, which was taken off.',
    "decimals": "Barcodes with .0 at the end, which was taken off.",
    "stripped": "Barcodes whose prefix or suffix was taken off, as the options say.",
    "zeros_restored": "Numbers whose leading zeros were restored from the cell's number format.",
    "ids": "Rows that name their item by MMS ID, holding ID and item PID, so that no look-up is needed.",
    "desks": "Rows that name their own desk.",
    "ids_dropped": "Rows whose ids are incomplete or damaged, and whose barcode is used instead.",
    "barcodes_dropped": "Rows whose barcode is damaged, and whose ids are used instead.",
    "damaged": "Rows that a spreadsheet damaged beyond repair.",
    "repeated": "Members that Alma gave more than once, and that count once.",
    "members_missing": "Members that the set says it has and that Alma did not give.",
    "problems": "Rows that cannot be used, the damaged ones included.",
}


class Notes(dict[str, int]):
    """Counts by the names of :data:`NOTES`; a name that was never counted is absent and reads as 0."""

    def __missing__(self, name: str) -> int:
        """Nothing of the kind was met."""
        return 0

    def count(self, *names: str) -> None:
        """Add one to each name."""
        for name in names:
            self[name] += 1
