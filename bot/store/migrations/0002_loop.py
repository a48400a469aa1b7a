"""What a closed loop needs: outcomes of digests, snoozes, goals reworded, homework in words, unread words, outages."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns and tables; nothing that was there changes."""
    _columns()
    _goal_change()
    _homework()
    _snooze()
    _outages()


def _ref(table: str, column: str, other: str) -> sa.Column[Any]:
    return sa.Column(
        column, sa.Integer, sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}"), nullable=False
    )


def _columns() -> None:
    for column in (
        sa.Column("digest_lead", sa.Integer, nullable=True),
        sa.Column("digest_at", sa.String(16), nullable=True),
        sa.Column("weekly_at", sa.String(16), nullable=True),
        sa.Column("expects", sa.JSON, nullable=True),
    ):
        op.add_column("person", column)
    for column in (
        sa.Column("opened_at", UTC, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("outcome_at", UTC, nullable=True),
        sa.Column("said", sa.JSON, nullable=True),
        sa.Column("day", sa.Date, nullable=True),
        sa.Column("message_id", sa.Integer, nullable=True),
    ):
        op.add_column("digest", column)
    op.create_index("ix_digest_therapist_id_day", "digest", ["therapist_id", "day"], unique=True)
    op.add_column("check_in", sa.Column("words_due_at", UTC, nullable=True))
    where = sa.text("words_due_at IS NOT NULL")
    op.create_index("ix_check_in_words_due", "check_in", ["words_due_at"], sqlite_where=where, postgresql_where=where)


def _goal_change() -> None:
    op.create_table(
        "goal_change",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("goal_change", "clinic_id", "clinic"),
        _ref("goal_change", "goal_id", "goal"),
        sa.Column("words_before", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("changed_by", sa.String(16), nullable=False),
        sa.Column("changed_at", UTC, nullable=False),
        sa.Column("agreed", sa.Boolean, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_goal_change"),
    )
    op.create_index("ix_goal_change_goal_id", "goal_change", ["goal_id"])


def _homework() -> None:
    op.create_table(
        "homework",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("homework", "clinic_id", "clinic"),
        _ref("homework", "pair_id", "pair"),
        _ref("homework", "session_id", "session"),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=True),
        sa.Column("set_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_homework"),
        sa.UniqueConstraint("session_id", name="uq_homework_session_id"),
    )
    op.create_index("ix_homework_pair_id", "homework", ["pair_id"])


def _snooze() -> None:
    op.create_table(
        "snooze",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("snooze", "clinic_id", "clinic"),
        _ref("snooze", "pair_id", "pair"),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("about", sa.String(16), nullable=False),
        sa.Column("direction", sa.String(16), nullable=True),
        _ref("snooze", "session_id", "session"),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snooze"),
        sa.UniqueConstraint("pair_id", "rule", "about", "session_id", name="uq_snooze_pair_id_rule_about_session_id"),
    )


def _outages() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_heartbeat"),
    )
    op.create_table(
        "offline",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("began_at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_offline"),
    )
    op.create_index("ix_offline_ended_at", "offline", ["ended_at"])
