"""Whom to erase, and who is erased, is found beside however many are neither."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the indexes."""
    for column in ("erase_at", "erased_at"):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_person_{column}", "person", [column], sqlite_where=where, postgresql_where=where)
