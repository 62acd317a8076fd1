"""The journal: the durable record of runs and rows, in a database."""

from almascan.journal.journal import Journal
from almascan.journal.lease import Lease
from almascan.journal.rows import NEVER, Blocked, Change, Claim, Fenced, Overtaken, Saved
from almascan.journal.who import say_who
from almascan.journal.writer import Writer

__all__ = [
    "NEVER",
    "Blocked",
    "Change",
    "Claim",
    "Fenced",
    "Journal",
    "Lease",
    "Overtaken",
    "Saved",
    "Writer",
    "say_who",
]
