"""Records intents and answers in a journal on PostgreSQL: rows a second, log and disk for a row.

    python -m bench.shared_journal [--rows 5000] [--size 25]

Every intent passes the fence, as a worker's does. The server is one of its own, in a temporary folder, so that what is
measured is this machine's disk as well.
"""

import argparse
from contextlib import closing
from typing import NamedTuple

from tests.postgres import Cluster, database

from almascan.journal import Journal
from bench.figure import Figure, Table
from bench.journal import INSTITUTION, answer, intend, load, save
from bench.program import Bench, Option, Yield

_LOG = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"


class State(NamedTuple):
    """How much a server has written to its log, and how much disk a database takes; in bytes."""

    log: int
    disk: int


def look(cluster: Cluster, name: str) -> State:
    ((log,),) = cluster.execute(_LOG, name)
    ((disk,),) = cluster.execute(f"SELECT pg_database_size('{name}')", name)
    return State(int(str(log)), int(str(disk)))


def measure(given: argparse.Namespace) -> Yield:
    rows = given.rows
    with Cluster() as cluster, database(cluster) as address, closing(Journal(address)) as journal:
        name = address.rpartition("/")[2]
        before = look(cluster, name)
        with journal.lease(INSTITUTION):
            intents = [intend(row) for row in load(journal, rows)]
            recording = save(journal, intents, given.size)
            answering = save(journal, [answer(change.row) for change in intents], given.size)
        after = look(cluster, name)
    found = {
        f"shared journal, intents, {given.size} in a commit": (rows / recording, "rows/s"),
        f"shared journal, both writes of a row, {given.size} in a commit": (rows / (recording + answering), "rows/s"),
        "shared journal, log for a row": ((after.log - before.log) / rows / 1000, "KB"),
        "shared journal, disk for a row before a vacuum": ((after.disk - before.disk) / rows / 1000, "KB"),
    }
    figures = [Figure(what, value, unit) for what, (value, unit) in found.items()]
    shown = [(what, f"{value:,.1f} {unit}") for what, (value, unit) in found.items()]
    return Yield(figures, [Table("A journal on PostgreSQL, each commit on disk", ("what", "measured"), shown)])


BENCH = Bench(
    "shared_journal",
    "Measure recording what happens on PostgreSQL.",
    [Option("--rows", 5000, 500, "rows"), Option("--size", 25, 25, "rows in a commit")],
    measure,
)
if __name__ == "__main__":
    BENCH.main()
