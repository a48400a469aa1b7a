"""A plan of one's own for a therapist or a patient; which release of the time zones the planned times come from."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add two columns; nothing that was there changes."""
    op.add_column("person", sa.Column("plan", sa.JSON, nullable=True))
    op.add_column("clinic", sa.Column("zone_data", sa.String(16), nullable=True))
