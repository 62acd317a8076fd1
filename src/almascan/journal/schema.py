"""The journal's tables. ``migrations/`` makes them step by step; a test holds the two against each other.

Structures (an order, an item's state) are JSON texts of the types in ``almascan.model``; times are seconds since 1970
in UTC. The same tables serve SQLite and PostgreSQL.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, false, text

METADATA = MetaData()

WAITING_RUNS = text("in_queue AND state IN ('queued', 'running')")
"""Runs that any worker of a fleet may go on with."""

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("institution", String(64), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("environment", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("list_name", Text, nullable=False),
    Column("list_digest", String(64), nullable=False),
    Column("list_notes", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("reason", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("in_queue", Boolean, nullable=False, server_default=false()),
    Column("due_at", Float),
    Index("runs_in_queue", "institution", "id", sqlite_where=WAITING_RUNS, postgresql_where=WAITING_RUNS),
    sqlite_autoincrement=True,
)

STRUCTURES = frozenset({"order", "list_notes", "desk", "before", "after"})
"""The columns that hold JSON texts."""

FLAGS = frozenset({"is_open", "in_queue"})
"""The columns that are true or false; SQLite has them as 1 and 0."""

OPEN_ROWS = text("outcome IS NULL")
LOST_ROWS = text("state IN ('sending', 'unclear')")
SENT_ROWS = text("sends > 0")
ANSWERED_ROWS = text("outcome IS NOT NULL")
LOOKED_ROWS = text("sends = 0 AND before IS NOT NULL")
"""Rows that were looked at and not sent; their items' ids are known."""
LEARNED_ROWS = text("barcode <> given AND (before IS NOT NULL OR after IS NOT NULL)")
"""Rows whose barcode Alma said."""

ROWS = Table(
    "rows",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("desk", Text),
    Column("step", Integer, nullable=False, server_default=text("0")),
    Column("state", String(16), nullable=False),
    Column("outcome", String(32)),
    Column("given", Text, nullable=False),
    Column("barcode", Text, nullable=False),
    Column("mms_id", Text, nullable=False),
    Column("holding_id", Text, nullable=False),
    Column("pid", Text, nullable=False),
    Column("sends", Integer, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("note", Text, nullable=False),
    Column("alma_code", Text, nullable=False),
    Column("alma_message", Text, nullable=False),
    Column("tracking_id", Text, nullable=False),
    Column("looked_at", Float),
    Column("sent_at", Float),
    Column("finished_at", Float),
    Column("lost_at", Float),
    Index("rows_open", "run", "row", sqlite_where=OPEN_ROWS, postgresql_where=OPEN_ROWS),
    Index("rows_lost", "run", "row", sqlite_where=LOST_ROWS, postgresql_where=LOST_ROWS),
    Index("rows_sent", "pid", "run", "step", unique=True, sqlite_where=SENT_ROWS, postgresql_where=SENT_ROWS),
    Index("rows_answered", "run", "outcome", "row", sqlite_where=ANSWERED_ROWS, postgresql_where=ANSWERED_ROWS),
    Index("rows_looked", "pid", "run", sqlite_where=LOOKED_ROWS, postgresql_where=LOOKED_ROWS),
    Index("rows_learned", "barcode", "run", sqlite_where=LEARNED_ROWS, postgresql_where=LEARNED_ROWS),
)

NAMES = Table(
    "names",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""The barcodes and item PIDs that a list names, each with its row.

Written in their order once the list is loaded: an index that grew with each row would write its pages over and over.
"""

EVENTS = Table(
    "events",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("row", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Index("events_by_row", "run", "row"),
)

LEASES = Table(
    "leases",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("taken_at", Float, nullable=False),
    Column("heard_at", Float),
    Column("left_at", Float),
    Column("departures", Text),
)
"""Who works for an institution. On a server ``heard_at`` and ``left_at`` are by its clock: when the holder was heard of
last, and when it left in order; ``departures`` says how long before that its latest requests left."""

WORKERS = Table(
    "workers",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("machine", Text, nullable=False),
    Column("version", String(32), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("heard_at", Float, nullable=False),
    Column("is_draining", Boolean, nullable=False),
    Column("report", Text, nullable=False),
)
"""The workers of a fleet; times are by the server's clock."""

MARKS = Table(
    "marks",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("journal", String(36), nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("system", Text, nullable=False),
    Column("first_epoch", BigInteger, nullable=False),
)
"""By which a worker tells a journal from an older copy of it; one record, once a worker has been there."""

TEMPORARY_SETS = Table(
    "temporary_sets",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
)

CALLS = Table(
    "calls",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("remaining", Integer, nullable=False),
)

ACTIONS = Table(
    "actions",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("run", Integer),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)
