"""[Call me, please]: requests, and what became of them; the words somebody agreed to; what was refused to whom."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables, and to consent which words were read."""
    _calls()
    _texts()
    _refusals()


def _ref(table: str, column: str, other: str, nullable: bool = False) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}")
    return sa.Column(column, sa.Integer, key, nullable=nullable)


def _calls() -> None:
    op.create_table(
        "call",
        sa.Column("id", sa.String(22), nullable=False),
        _ref("call", "clinic_id", "clinic"),
        _ref("call", "person_id", "person"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("due_at", UTC, nullable=True),
        sa.Column("seen_at", UTC, nullable=True),
        _ref("call", "seen_by", "person", nullable=True),
        sa.Column("message_id", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
    )
    _index_where("ix_call_due", "due_at", "due_at IS NOT NULL")
    _index_where("ix_call_open", "person_id", "state IN ('asked', 'sent', 'late')")


def _index_where(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "call", [column], sqlite_where=where, postgresql_where=where)


def _texts() -> None:
    op.create_table(
        "consent_text",
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("text_hash", name="pk_consent_text"),
    )
    op.add_column("consent", sa.Column("text_hash", sa.String(64), nullable=True))


def _refusals() -> None:
    op.create_table(
        "refusal",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("refusal", "clinic_id", "clinic"),
        _ref("refusal", "person_id", "person"),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("verb", sa.String(8), nullable=False),
        sa.Column("thing", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refusal"),
        sa.UniqueConstraint("person_id", "day", "verb", "thing", name="uq_refusal_person_id_day_verb_thing"),
    )
