"""Reading lists of barcodes and ids: text, CSV and workbooks, row by row, with their damage told and counted."""

from almascan.lists.entry import Entry, ListOptions
from almascan.lists.notes import NOTES
from almascan.lists.reading import Reading, open_list

__all__ = ["NOTES", "Entry", "ListOptions", "Reading", "open_list"]
