"""Messages whose text is still kept are found by their age, so that it can go; links to pages of one's own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the index, the table of links, and who wants to be asked on the page alone."""
    where = sa.text("length(body) > 0")
    op.create_index("ix_outbox_kept", "outbox", ["not_before"], sqlite_where=where, postgresql_where=where)
    op.add_column("person", sa.Column("on_page", sa.Boolean, nullable=False, server_default=sa.text("false")))
    _own_pages()


def _ref(column: str, other: str) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_own_page_{column}_{other}")
    return sa.Column(column, sa.Integer, key, nullable=False)


def _own_pages() -> None:
    op.create_table(
        "own_page",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("clinic_id", "clinic"),
        _ref("person_id", "person"),
        sa.Column("chat_key", sa.LargeBinary, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=True),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.Column("session_hash", sa.String(64), nullable=True),
        sa.Column("seen_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_own_page"),
        sa.UniqueConstraint("token_hash", name="uq_own_page_token_hash"),
        sa.UniqueConstraint("session_hash", name="uq_own_page_session_hash"),
    )
    op.create_index("ix_own_page_person_id", "own_page", ["person_id"])
