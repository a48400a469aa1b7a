"""The tables as they were at the start. Never edited: what comes later is a migration of its own.

Written out, and importing nothing of the program, so that it does the same whatever the program has become since.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table, those first that others refer to."""
    _clinic()
    _inbox()
    _invite_try()
    _person()
    _away()
    _consent()
    _invite()
    _outbox()
    _pair()
    _goal()
    _weekly()
    _session()
    _check_in()
    _digest()
    _answer()
    _wording()


def _ref(table: str, column: str, other: str, kind: Any = sa.Integer, nullable: bool = False) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}")
    return sa.Column(column, kind, key, nullable=nullable)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _clinic() -> None:
    op.create_table(
        "clinic",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("bot_name", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_clinic"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("update_id", BIG, autoincrement=False, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("error", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("update_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_open", "inbox", ["state"], **_where("state IN ('new', 'accepted')"))


def _invite_try() -> None:
    op.create_table(
        "invite_try",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("chat_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invite_try"),
    )
    op.create_index("ix_invite_try_chat_id_at", "invite_try", ["chat_id", "at"])


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("person", "clinic_id", "clinic"),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("chat_id", BIG, nullable=True),
        sa.Column("unreachable_since", UTC, nullable=True),
        sa.Column("ask_at", sa.String(16), nullable=False, server_default="after"),
        sa.Column("ask_every", sa.Integer, nullable=False, server_default="1"),
        sa.Column("message_id", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("clinic_id", "code", name="uq_person_clinic_id_code"),
        sa.UniqueConstraint("chat_id", name="uq_person_chat_id"),
    )


def _away() -> None:
    op.create_table(
        "away",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("away", "clinic_id", "clinic"),
        _ref("away", "person_id", "person"),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_away"),
    )
    op.create_index("ix_away_person_id", "away", ["person_id"])


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("consent", "clinic_id", "clinic"),
        _ref("consent", "person_id", "person"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("agreed", sa.Boolean, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )


def _invite() -> None:
    op.create_table(
        "invite",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("invite", "clinic_id", "clinic"),
        _ref("invite", "person_id", "person"),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.Column("used_by", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_invite"),
        sa.UniqueConstraint("code_hash", name="uq_invite_code_hash"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("outbox", "clinic_id", "clinic"),
        _ref("outbox", "person_id", "person"),
        sa.Column("key", sa.String(96), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("about", sa.String(22), nullable=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("not_before", UTC, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sent_at", UTC, nullable=True),
        sa.Column("message_id", sa.Integer, nullable=True),
        sa.Column("error", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
    )
    op.create_index("ix_outbox_due", "outbox", ["not_before"], **_where("state = 'waiting'"))
    op.create_index("ix_outbox_person_id", "outbox", ["person_id"])


def _pair() -> None:
    op.create_table(
        "pair",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("pair", "clinic_id", "clinic"),
        _ref("pair", "patient_id", "person"),
        _ref("pair", "therapist_id", "person"),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_pair"),
    )
    op.create_index("ix_pair_patient_id", "pair", ["patient_id"])
    op.create_index("ix_pair_therapist_id", "pair", ["therapist_id"])


def _goal() -> None:
    op.create_table(
        "goal",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("goal", "clinic_id", "clinic"),
        _ref("goal", "pair_id", "pair"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("added_by", sa.String(16), nullable=False),
        sa.Column("added_at", UTC, nullable=False),
        sa.Column("retired_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_goal"),
        sa.UniqueConstraint("pair_id", "number", name="uq_goal_pair_id_number"),
    )


def _weekly() -> None:
    op.create_table(
        "weekly",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("weekly", "clinic_id", "clinic"),
        _ref("weekly", "pair_id", "pair"),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("time", sa.String(5), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=True),
        sa.Column("made_until", sa.Date, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_weekly"),
    )
    op.create_index("ix_weekly_pair_id", "weekly", ["pair_id"])


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("session", "clinic_id", "clinic"),
        _ref("session", "pair_id", "pair"),
        _ref("session", "weekly_id", "weekly", nullable=True),
        sa.Column("local", sa.String(16), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("starts_at", UTC, nullable=False),
        sa.Column("ends_at", UTC, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("confirm", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
    )
    op.create_index("ix_session_pair_id_starts_at", "session", ["pair_id", "starts_at"])


def _check_in() -> None:
    op.create_table(
        "check_in",
        sa.Column("id", sa.String(22), nullable=False),
        _ref("check_in", "clinic_id", "clinic"),
        _ref("check_in", "pair_id", "pair"),
        _ref("check_in", "session_id", "session"),
        _ref("check_in", "person_id", "person"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32), nullable=True),
        sa.Column("opens_at", UTC, nullable=False),
        sa.Column("reminds_at", UTC, nullable=True),
        sa.Column("closes_at", UTC, nullable=True),
        sa.Column("opened_at", UTC, nullable=True),
        sa.Column("answered_at", UTC, nullable=True),
        sa.Column("late", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("asks", sa.JSON, nullable=True),
        sa.Column("place", sa.JSON, nullable=True),
        sa.Column("message_id", sa.Integer, nullable=True),
        sa.Column("due_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_check_in"),
        sa.UniqueConstraint(
            "pair_id", "session_id", "kind", "person_id", name="uq_check_in_pair_id_session_id_kind_person_id"
        ),
    )
    op.create_index("ix_check_in_due", "check_in", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_check_in_person_id_state", "check_in", ["person_id", "state"])
    op.create_index("ix_check_in_session_id", "check_in", ["session_id"])


def _digest() -> None:
    op.create_table(
        "digest",
        sa.Column("id", sa.String(22), nullable=False),
        _ref("digest", "clinic_id", "clinic"),
        _ref("digest", "therapist_id", "person"),
        _ref("digest", "pair_id", "pair", nullable=True),
        _ref("digest", "session_id", "session", nullable=True),
        sa.Column("week", sa.Date, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_at", UTC, nullable=True),
        sa.Column("built_at", UTC, nullable=True),
        sa.Column("text", sa.Text, nullable=True),
        sa.Column("html", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_digest"),
        sa.UniqueConstraint("pair_id", "session_id", name="uq_digest_pair_id_session_id"),
        sa.UniqueConstraint("therapist_id", "week", name="uq_digest_therapist_id_week"),
    )
    op.create_index("ix_digest_due", "digest", ["due_at"], **_where("due_at IS NOT NULL"))


def _answer() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("answer", "clinic_id", "clinic"),
        _ref("answer", "check_in_id", "check_in", sa.String(22)),
        _ref("answer", "filed_under", "session"),
        sa.Column("questionnaire", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("item", sa.String(48), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("answered_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answer"),
        sa.UniqueConstraint("check_in_id", "questionnaire", "item", name="uq_answer_check_in_id_questionnaire_item"),
    )
    op.create_index("ix_answer_filed_under", "answer", ["filed_under"])


def _wording() -> None:
    op.create_table(
        "wording",
        sa.Column("questionnaire", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("questionnaire", "version", name="pk_wording"),
    )
