"""How far the log of who saw what was sent on; a second factor for the clinic's page."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables, and to a session when its second factor was given."""
    op.create_table(
        "forwarded",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forwarded"),
    )
    op.create_table(
        "second_factor",
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("clinic_id", sa.Integer, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("confirmed_at", UTC, nullable=True),
        sa.Column("used", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_second_factor"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_second_factor_person_id_person"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_second_factor_clinic_id_clinic"),
    )
    op.add_column("web_session", sa.Column("passed_at", UTC, nullable=True))
