"""All that knows Alma's HTTP: the client, its answers' types, error codes, pacing.

What is known of Alma's API, and how surely, is in ``docs/alma.md``.
"""

from almascan.alma.analytics import ReportRows
from almascan.alma.client import Alma
from almascan.alma.configuration import CircDesk, Department, General, Library
from almascan.alma.hosts import REGIONS, resolve_base_url
from almascan.alma.pacer import Limit, Pacer, Priority, Slot
from almascan.alma.pacing import Pace
from almascan.alma.sets import AlmaSet, MemberPage
from almascan.alma.transport import Timeouts

__all__ = [
    "REGIONS",
    "Alma",
    "AlmaSet",
    "CircDesk",
    "Department",
    "General",
    "Library",
    "Limit",
    "MemberPage",
    "Pace",
    "Pacer",
    "Priority",
    "ReportRows",
    "Slot",
    "Timeouts",
    "resolve_base_url",
]
