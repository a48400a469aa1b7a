"""What is due about check-ins under way is found beside however many are still to be opened."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the index."""
    where = sa.text("due_at IS NOT NULL AND state <> 'planned'")
    op.create_index("ix_check_in_under_way", "check_in", ["due_at"], sqlite_where=where, postgresql_where=where)
