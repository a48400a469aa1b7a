"""What the delivery ledger reads by day, alarms about deliveries, and a pilot in which only some get messages."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns, indexes and a table; digests that are there keep the moment they came, or are to come."""
    op.add_column("clinic", sa.Column("pilot_until", UTC, nullable=True))
    op.add_column("person", sa.Column("pilot", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("digest", sa.Column("why", sa.String(32), nullable=True))
    op.add_column("digest", sa.Column("planned_at", UTC, nullable=True))
    op.execute("UPDATE digest SET planned_at = coalesce(due_at, built_at)")
    op.create_index("ix_person_unreachable", "person", ["unreachable_since"], **_where("unreachable_since IS NOT NULL"))
    op.create_index("ix_check_in_planned", "check_in", ["opens_at"], **_where("state = 'planned'"))
    op.create_index("ix_check_in_opens_at", "check_in", ["opens_at"])
    op.create_index("ix_digest_planned", "digest", ["planned_at"], **_where("state = 'planned'"))
    op.create_index("ix_digest_planned_at", "digest", ["planned_at"])
    op.create_index("ix_outbox_unsent", "outbox", ["about"], **_where("state IN ('waiting', 'sending')"))
    op.create_index("ix_outbox_held", "outbox", ["not_before"], **_where("state = 'held'"))
    _alarm()


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("since", UTC, nullable=True),
        sa.Column("said_at", UTC, nullable=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_alarm"),
    )
