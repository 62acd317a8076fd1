"""All hostile lists, by name."""

from collections.abc import Iterator

from tests.lists.hostile.archives import list_archives
from tests.lists.hostile.barcodes import list_barcodes
from tests.lists.hostile.case import Case
from tests.lists.hostile.formats import list_formats
from tests.lists.hostile.sheets import list_sheets
from tests.lists.hostile.texts import list_texts


def _all() -> Iterator[Case]:
    yield from list_texts()
    yield from list_formats()
    yield from list_barcodes()
    yield from list_sheets()
    yield from list_archives()


CASES = list(_all())
