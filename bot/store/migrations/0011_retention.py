"""Messages whose text is still kept are found by their age, so that it can go."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the index."""
    where = sa.text("length(body) > 0")
    op.create_index("ix_outbox_kept", "outbox", ["not_before"], sqlite_where=where, postgresql_where=where)
