"""The tables of coming in: invites, new phones that wait to be confirmed, tries with a wrong code, consent."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from bot.store.columns import Utc, metadata, of_clinic, ref

invite = Table(
    "invite",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("expires_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=True),
    Column("used_by", LargeBinary, nullable=True),  # the key of the chat
    Column("relink", Boolean, nullable=False, server_default=text("false")),  # for a new phone of somebody who is in
)

# A new phone that wants to stand for somebody who is in already: somebody who knows the person must confirm it.
relink = Table(
    "relink",
    metadata,
    Column("id", String(22), primary_key=True),  # 128 random bits: a button carries it
    of_clinic(),
    ref("person_id", "person"),
    Column("chat_id", LargeBinary, nullable=False),  # the new one
    Column("chat_key", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),  # waiting -> let_in | refused
    Column("asked_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("decided_at", Utc, nullable=True),
    Index(None, "person_id"),
    Index(None, "chat_key"),
)

invite_try = Table(
    "invite_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chat_key", LargeBinary, nullable=False),
    Column("at", Utc, nullable=False),
    Index(None, "chat_key", "at"),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("version", Integer, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("agreed", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
    Column("text_hash", String(64), nullable=True),  # of the words that were read; null: from before they were kept
)

# The words of each consent text that somebody answered to: they hold the clinic's own sentences.
consent_text = Table(
    "consent_text",
    metadata,
    Column("text_hash", String(64), primary_key=True),
    Column("lang", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("first_at", Utc, nullable=False),
)
