"""What a fleet needs: runs that wait in a queue, leases by heartbeat, workers, and marks against an older copy."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"

WAITING_RUNS = sa.text("in_queue AND state IN ('queued', 'running')")


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("runs", sa.Column("in_queue", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("due_at", sa.Float))
    runs = sa.table("runs", sa.column("in_queue", sa.Boolean), sa.column("state", sa.String))
    op.execute(sa.update(runs).where(runs.c.state == "queued").values(in_queue=True))
    op.create_index(
        "runs_in_queue", "runs", ["institution", "id"], sqlite_where=WAITING_RUNS, postgresql_where=WAITING_RUNS
    )
    op.add_column("rows", sa.Column("lost_at", sa.Float))
    with op.batch_alter_table("leases") as leases:
        leases.alter_column("epoch", existing_type=sa.Integer, type_=sa.BigInteger, existing_nullable=False)
        leases.add_column(sa.Column("heard_at", sa.Float))
        leases.add_column(sa.Column("left_at", sa.Float))
        leases.add_column(sa.Column("departures", sa.Text))
    op.create_table(
        "workers",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("heard_at", sa.Float, nullable=False),
        sa.Column("is_draining", sa.Boolean, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
    )
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("journal", sa.String(36), nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("first_epoch", sa.BigInteger, nullable=False),
    )
