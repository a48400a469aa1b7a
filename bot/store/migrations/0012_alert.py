"""Alerts to the clinic's own people that are watched until they arrive: when the second route is due, when it went."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("due_at", UTC, nullable=True),
        sa.Column("told_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("key", name="uq_alert_key"),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_alert_due", "alert", ["due_at"], sqlite_where=due, postgresql_where=due)
