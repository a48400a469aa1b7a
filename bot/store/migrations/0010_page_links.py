"""Links in the chat that lead to a check-in's page, once, and the sessions they begin."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "page_link",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column(
            "clinic_id", sa.Integer, sa.ForeignKey("clinic.id", name="fk_page_link_clinic_id_clinic"), nullable=False
        ),
        sa.Column(
            "check_in_id",
            sa.String(22),
            sa.ForeignKey("check_in.id", name="fk_page_link_check_in_id_check_in", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("chat_key", sa.LargeBinary, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.Column("session_hash", sa.String(64), nullable=True),
        sa.Column("seen_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_page_link"),
        sa.UniqueConstraint("token_hash", name="uq_page_link_token_hash"),
        sa.UniqueConstraint("session_hash", name="uq_page_link_session_hash"),
    )
    op.create_index("ix_page_link_check_in_id", "page_link", ["check_in_id"])
    op.create_index("ix_page_link_made_at", "page_link", ["made_at"])
