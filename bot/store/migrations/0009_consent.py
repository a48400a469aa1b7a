"""[Call me, please]: requests, and what became of them; the words that somebody agreed to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that was there changes."""
    op.create_table(
        "call",
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("clinic_id", sa.Integer, sa.ForeignKey("clinic.id", name="fk_call_clinic_id_clinic"), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id", name="fk_call_person_id_person"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("due_at", UTC, nullable=True),
        sa.Column("seen_at", UTC, nullable=True),
        sa.Column("seen_by", sa.Integer, sa.ForeignKey("person.id", name="fk_call_seen_by_person"), nullable=True),
        sa.Column("message_id", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
    )
    _index_where("ix_call_due", "due_at", "due_at IS NOT NULL")
    _index_where("ix_call_open", "person_id", "state IN ('asked', 'sent', 'late')")
    op.create_table(
        "consent_text",
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("text_hash", name="pk_consent_text"),
    )
    op.add_column("consent", sa.Column("text_hash", sa.String(64), nullable=True))


def _index_where(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "call", [column], sqlite_where=where, postgresql_where=where)
