"""A plan of one's own: what the desk changes of the clinic's plan for a therapist or a patient."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column; nothing that was there changes."""
    op.add_column("person", sa.Column("plan", sa.JSON, nullable=True))
