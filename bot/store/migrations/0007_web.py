"""The clinic's page: links to log in, sessions, forms that were sent, and marks that can be taken back."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that was there changes."""
    _logins()
    _forms()
    _marks()


def _ref(table: str, column: str, other: str) -> sa.Column[Any]:
    return sa.Column(
        column, sa.Integer, sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}"), nullable=False
    )


def _logins() -> None:
    op.create_table(
        "web_login",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("web_login", "clinic_id", "clinic"),
        _ref("web_login", "person_id", "person"),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.Column("message_id", sa.Integer, nullable=True),
        sa.Column("hide_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_web_login"),
        sa.UniqueConstraint("token_hash", name="uq_web_login_token_hash"),
    )
    where = sa.text("hide_at IS NOT NULL")
    op.create_index("ix_web_login_hide", "web_login", ["hide_at"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "web_session",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("web_session", "clinic_id", "clinic"),
        _ref("web_session", "person_id", "person"),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("began_at", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_web_session"),
        sa.UniqueConstraint("token_hash", name="uq_web_session_token_hash"),
    )
    op.create_index("ix_web_session_person_id", "web_session", ["person_id"])


def _forms() -> None:
    op.create_table(
        "web_form",
        sa.Column("form_hash", sa.String(64), nullable=False),
        _ref("web_form", "clinic_id", "clinic"),
        _ref("web_form", "person_id", "person"),
        sa.Column("led_to", sa.String(200), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("form_hash", name="pk_web_form"),
    )
    op.create_index("ix_web_form_at", "web_form", ["at"])


def _marks() -> None:
    op.create_table(
        "desk_mark",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("desk_mark", "clinic_id", "clinic"),
        _ref("desk_mark", "session_id", "session"),
        _ref("desk_mark", "person_id", "person"),
        sa.Column("state_before", sa.String(16), nullable=False),
        sa.Column("confirm_before", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("undone_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_desk_mark"),
    )
    op.create_index("ix_desk_mark_at", "desk_mark", ["at"])
    op.create_index("ix_session_starts_at", "session", ["starts_at"])
