"""Runs, rows, their names and stories, leases, the day's calls, and what persons did."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

OPEN_ROWS = sa.text("outcome IS NULL")
LOST_ROWS = sa.text("state IN ('sending', 'unclear')")
SENT_ROWS = sa.text("sends > 0")
ANSWERED_ROWS = sa.text("outcome IS NOT NULL")
LOOKED_ROWS = sa.text("sends = 0 AND before IS NOT NULL")
LEARNED_ROWS = sa.text("barcode <> given AND (before IS NOT NULL OR after IS NOT NULL)")


def upgrade() -> None:
    """Make the first tables."""
    _make_runs()
    _make_rows()
    _index_rows()
    _make_names_and_actions()
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("events_by_row", "events", ["run", "row"])
    op.create_table(
        "leases",
        sa.Column("institution", sa.String(64), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("taken_at", sa.Float, nullable=False),
    )
    op.create_table(
        "temporary_sets",
        sa.Column("institution", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(128), primary_key=True),
    )
    op.create_table(
        "calls",
        sa.Column("institution", sa.String(64), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("remaining", sa.Integer, nullable=False),
    )


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("list_name", sa.Text, nullable=False),
        sa.Column("list_digest", sa.String(64), nullable=False),
        sa.Column("list_notes", sa.Text, nullable=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )


def _make_rows() -> None:
    op.create_table(
        "rows",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("desk", sa.Text),
        sa.Column("step", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(32)),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("given", "barcode", "mms_id", "holding_id", "pid")),
        sa.Column("sends", sa.Integer, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("note", "alma_code", "alma_message", "tracking_id")),
        *(sa.Column(name, sa.Float) for name in ("looked_at", "sent_at", "finished_at")),
    )


def _index_rows() -> None:
    for name, columns, condition in (
        ("rows_open", ["run", "row"], OPEN_ROWS),
        ("rows_lost", ["run", "row"], LOST_ROWS),
        ("rows_answered", ["run", "outcome", "row"], ANSWERED_ROWS),
        ("rows_looked", ["pid", "run"], LOOKED_ROWS),
        ("rows_learned", ["barcode", "run"], LEARNED_ROWS),
    ):
        op.create_index(name, "rows", columns, sqlite_where=condition, postgresql_where=condition)
    op.create_index(
        "rows_sent", "rows", ["pid", "run", "step"], unique=True, sqlite_where=SENT_ROWS, postgresql_where=SENT_ROWS
    )


def _make_names_and_actions() -> None:
    op.create_table(
        "names",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "actions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("run", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
