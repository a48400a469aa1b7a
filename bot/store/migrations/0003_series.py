"""Sessions that recur in any weekly pattern, days on which the clinic is closed, sessions that know their calendar."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_DAYS = " ".join(f"WHEN {n} THEN '{day}'" for n, day in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU")))


def upgrade() -> None:
    """Turn weekly rules into series; their sessions and everything about these stay."""
    _series()
    _closure()
    _session()
    op.drop_table("weekly")


def _ref(table: str, column: str, other: str) -> sa.Column[Any]:
    return sa.Column(
        column, sa.Integer, sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}"), nullable=False
    )


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("series", "clinic_id", "clinic"),
        _ref("series", "pair_id", "pair"),
        sa.Column("rule", sa.String(120), nullable=False),
        sa.Column("time", sa.String(5), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=True),
        sa.Column("made_until", sa.Date, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_pair_id", "series", ["pair_id"])
    same = "id, clinic_id, pair_id, time, zone, minutes, starts_on, ends_on, made_until"
    rule = f"'FREQ=WEEKLY;BYDAY=' || CASE weekday {_DAYS} END"
    op.execute(f"INSERT INTO series ({same}, rule) SELECT {same}, {rule} FROM weekly")
    if op.get_context().dialect.name == "postgresql":  # the next id follows those that were copied
        op.execute("SELECT setval(pg_get_serial_sequence('series', 'id'), (SELECT max(id) FROM series))")


def _closure() -> None:
    op.create_table(
        "closure",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("closure", "clinic_id", "clinic"),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("name", sa.String(120), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_closure"),
    )


def _session() -> None:
    for column in (
        sa.Column("series_id", sa.Integer, nullable=True),
        sa.Column("closure_id", sa.Integer, nullable=True),
        sa.Column("uid", sa.String(64), nullable=True),
    ):
        op.add_column("session", column)
    op.execute("UPDATE session SET series_id = weekly_id")
    with op.batch_alter_table("session") as batch:
        batch.drop_constraint("fk_session_weekly_id_weekly", type_="foreignkey")
        batch.drop_column("weekly_id")
        # as it was: rebuilding the table would put brackets around it
        batch.alter_column("confirm", existing_type=sa.Boolean, server_default=sa.text("false"))
        batch.create_foreign_key("fk_session_series_id_series", "series", ["series_id"], ["id"])
        batch.create_foreign_key("fk_session_closure_id_closure", "closure", ["closure_id"], ["id"])
    op.create_index("ix_session_series_id", "session", ["series_id"])
    op.create_index("ix_session_uid", "session", ["uid"])
