"""Scans lists of barcodes in through the Ex Libris Alma API.

The public names, each imported when it is first asked for::

    async with Alma(resolve_base_url("eu"), key) as alma:
        item = await alma.read(await alma.find("30121135336896"))
        item = await alma.scan_in(item, Desk(library="MAIN", circ_desk="DEFAULT_CIRC_DESK"))

``Runner`` does what ``almascan scan`` does, with a ``Journal`` and a list that ``open_list`` reads;
``docs/reference/python-api.md`` has examples.
"""

import importlib
from typing import TYPE_CHECKING

from almascan.version import __version__

if TYPE_CHECKING:
    from almascan.alma import Alma, Pacer, resolve_base_url
    from almascan.errors import AlmascanError
    from almascan.journal import Journal
    from almascan.lists import ListOptions, open_list
    from almascan.model import Desk, Item, ItemIds, Order, Outcome, Row, Run, ScanOptions
    from almascan.progress import reporter_for
    from almascan.run import Runner

__all__ = [
    "Alma",
    "AlmascanError",
    "Desk",
    "Item",
    "ItemIds",
    "Journal",
    "ListOptions",
    "Order",
    "Outcome",
    "Pacer",
    "Row",
    "Run",
    "Runner",
    "ScanOptions",
    "__version__",
    "open_list",
    "reporter_for",
    "resolve_base_url",
]

_HOMES = {
    "Alma": "alma",
    "AlmascanError": "errors",
    "Desk": "model",
    "Item": "model",
    "ItemIds": "model",
    "Journal": "journal",
    "ListOptions": "lists",
    "Order": "model",
    "Outcome": "model",
    "Pacer": "alma",
    "Row": "model",
    "Run": "model",
    "Runner": "run",
    "ScanOptions": "model",
    "open_list": "lists",
    "reporter_for": "progress",
    "resolve_base_url": "alma",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'almascan' has no attribute {name!r}")
    return getattr(importlib.import_module(f"almascan.{_HOMES[name]}"), name)
