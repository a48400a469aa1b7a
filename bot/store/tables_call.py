"""The table of [Call me, please]."""

from sqlalchemy import Column, Integer, String, Table

from bot.store.columns import Utc, index_where, metadata, of_clinic, ref

call = Table(
    "call",
    metadata,
    Column("id", String(22), primary_key=True),  # 128 random bits: a button carries it
    of_clinic(),
    ref("person_id", "person"),
    Column("state", String(16), nullable=False),  # asked -> sent -> late -> seen; or nobody (see `core.call`)
    Column("asked_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=True),  # when a contact is to be told, or a second one; null: nothing is to be done
    Column("seen_at", Utc, nullable=True),
    ref("seen_by", "person", nullable=True),
    Column("message_id", Integer, nullable=True),  # the patient's message that says how it stands
    index_where("ix_call_due", "due_at", "due_at IS NOT NULL"),
    index_where("ix_call_open", "person_id", "state IN ('asked', 'sent', 'late')"),
)
