"""Reading lists of barcodes and ids: text, CSV and workbooks, row by row, with their damage told and counted."""

from almascan.lists.entry import Entry, ListOptions, UnsaidError
from almascan.lists.from_alma import Fetched, fetch_report, fetch_set
from almascan.lists.listing import Listing
from almascan.lists.notes import NOTES
from almascan.lists.reading import Reading, open_list, open_text

__all__ = [
    "NOTES",
    "Entry",
    "Fetched",
    "ListOptions",
    "Listing",
    "Reading",
    "UnsaidError",
    "fetch_report",
    "fetch_set",
    "open_list",
    "open_text",
]
