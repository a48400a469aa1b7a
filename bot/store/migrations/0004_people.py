"""People who go away, change and lose their phones: a therapist's leave, an earlier pair's history, a new phone."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns and tables; nothing that was there changes."""
    for table, column in (("pair", "history"), ("invite", "relink")):
        op.add_column(table, sa.Column(column, sa.Boolean, nullable=False, server_default=sa.text("false")))
    _relink()
    _leave()


def _ref(table: str, column: str, other: str, nullable: bool = False) -> sa.Column[Any]:
    name = f"fk_{table}_{column}_{other}"
    return sa.Column(column, sa.Integer, sa.ForeignKey(f"{other}.id", name=name), nullable=nullable)


def _relink() -> None:
    op.create_table(
        "relink",
        sa.Column("id", sa.String(22), nullable=False),
        _ref("relink", "clinic_id", "clinic"),
        _ref("relink", "person_id", "person"),
        sa.Column("chat_id", BIG, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("decided_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_relink"),
    )
    op.create_index("ix_relink_person_id", "relink", ["person_id"])
    op.create_index("ix_relink_chat_id", "relink", ["chat_id"])


def _leave() -> None:
    op.create_table(
        "leave",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("leave", "clinic_id", "clinic"),
        _ref("leave", "person_id", "person"),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("cancels", sa.Boolean, nullable=False),
        _ref("leave", "cover_id", "person", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_leave"),
    )
    op.create_index("ix_leave_person_id", "leave", ["person_id"])
    op.create_index("ix_leave_cover_id", "leave", ["cover_id"])
