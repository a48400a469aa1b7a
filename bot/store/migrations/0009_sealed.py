"""Sealed columns: answers, own words, goals, homework, what was shown and sent, and chats become bytes.

What was in them stays as plain bytes here; the program seals it in the same transaction, as only it has the keys.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SEALED = sa.LargeBinary()
PLACEHOLDER = "'new' || CAST(id AS VARCHAR(18))"


def upgrade() -> None:
    """Turn the columns into bytes, and add what says which version of a row it is and whose it is."""
    _columns("check_in", (), "late", asks=sa.JSON())
    _columns("answer", ("rev",), value=sa.JSON())
    _columns("goal", ("rev",), words=sa.Text())
    _columns("goal_change", words_before=sa.Text(), words=sa.Text())
    _columns("homework", ("rev",), words=sa.Text(), why=sa.Text())
    _columns("digest", text=sa.Text(), html=sa.Text(), said=sa.JSON())
    _columns("inbox", raw=sa.Text())
    _columns("outbox", body=sa.JSON())
    _columns("invite", (), "relink", used_by=BIG)
    _people()
    _new_phones()
    _tries()
    _answers_before()
    _log()


def _columns(table: str, new: tuple[str, ...] = (), flag: str = "", **sealed: Any) -> None:
    with op.batch_alter_table(table) as batch:
        if flag:
            _as_it_was(batch, flag)
        for name, kind in sealed.items():
            _to_bytes(batch, name, kind)
        for name in new:
            batch.add_column(sa.Column(name, sa.Integer, nullable=False, server_default="1"))


def _as_it_was(batch: Any, flag: str) -> None:
    """Rebuilding the table would put brackets around it."""
    batch.alter_column(flag, existing_type=sa.Boolean(), server_default=sa.text("false"))


def _to_bytes(batch: Any, name: str, kind: Any) -> None:
    as_bytes = f"convert_to(CAST({name} AS TEXT), 'UTF8')"
    batch.alter_column(name, existing_type=kind, type_=SEALED, postgresql_using=as_bytes)


def _people() -> None:
    op.add_column("person", sa.Column("key_id", sa.String(22), nullable=True))
    op.execute(f"UPDATE person SET key_id = {PLACEHOLDER}")
    with op.batch_alter_table("person") as batch:
        _as_it_was(batch, "pilot")
        batch.drop_constraint("uq_person_chat_id", type_="unique")
        batch.alter_column("key_id", existing_type=sa.String(22), nullable=False)
        _to_bytes(batch, "chat_id", BIG)
        batch.add_column(sa.Column("chat_key", SEALED, nullable=True))
        batch.create_unique_constraint("uq_person_key_id", ["key_id"])
        batch.create_unique_constraint("uq_person_chat_key", ["chat_key"])


def _new_phones() -> None:
    op.drop_index("ix_relink_chat_id", "relink")
    op.add_column("relink", sa.Column("chat_key", SEALED, nullable=True))
    _columns("relink", chat_id=BIG)
    op.execute("UPDATE relink SET chat_key = chat_id")
    with op.batch_alter_table("relink") as batch:
        batch.alter_column("chat_key", existing_type=SEALED, nullable=False)
        batch.create_index("ix_relink_chat_key", ["chat_key"])


def _tries() -> None:
    """Tries with a wrong code count for an hour: those that are there are forgotten."""
    op.drop_table("invite_try")
    op.create_table(
        "invite_try",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("chat_key", SEALED, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invite_try"),
    )
    op.create_index("ix_invite_try_chat_key_at", "invite_try", ["chat_key", "at"])


def _ref(column: str, kind: Any, other: str) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_answer_before_{column}_{other}")
    return sa.Column(column, kind, key, nullable=False)


def _answers_before() -> None:
    op.create_table(
        "answer_before",
        sa.Column("id", sa.Integer, nullable=False),
        _ref("clinic_id", sa.Integer(), "clinic"),
        _ref("check_in_id", sa.String(22), "check_in"),
        sa.Column("questionnaire", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("item", sa.String(48), nullable=False),
        sa.Column("value", SEALED, nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("answered_at", UTC, nullable=False),
        sa.Column("changed_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answer_before"),
        sa.UniqueConstraint(
            "check_in_id", "questionnaire", "item", "rev", name="uq_answer_before_check_in_id_questionnaire_item_rev"
        ),
    )  # fmt: skip


def _log() -> None:
    op.add_column("person", sa.Column("erase_at", UTC, nullable=True))
    op.add_column("person", sa.Column("erased_at", UTC, nullable=True))
    clinic = sa.ForeignKey("clinic.id", name="fk_audit_clinic_id_clinic")
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("clinic_id", sa.Integer, clinic, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("did", sa.String(24), nullable=False),
        sa.Column("by_id", sa.Integer, nullable=True),
        sa.Column("about_id", sa.Integer, nullable=True),
        sa.Column("detail", sa.String(200), nullable=True),
        sa.Column("why", sa.String(200), nullable=True),
        sa.Column("mac", SEALED, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_about_id", "audit", ["about_id"])
