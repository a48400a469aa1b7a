"""The tables of what watches over the bot: its signs of life, the times it did not work, and the alarms about it."""

from sqlalchemy import Column, Index, Integer, String, Table

from bot.store.columns import Utc, index_where, metadata

# When the bot last worked, one row; and the times it did not, longer than a few minutes.
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
)

offline = Table(
    "offline",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("began_at", Utc, nullable=False),
    Column("ended_at", Utc, nullable=False),
    Index(None, "ended_at"),
)

# What the duty chat is told of: a row for each kind of alarm (see `core.alarm`).
alarm = Table(
    "alarm",
    metadata,
    Column("kind", String(16), primary_key=True),  # overdue | unreachable | offline | aside | unread
    Column("since", Utc, nullable=True),  # when what is not over, or not said yet, began; null: nothing is
    Column("said_at", Utc, nullable=True),  # when the last message about it was written
    Column("count", Integer, nullable=False),  # what happened since, and was not said yet
)

# Alerts to the clinic's own people, until they arrive: a request to be called, what the duty chat is told.
alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(100), nullable=False, unique=True),  # of the outbox; or "call:ID:untold"
    Column("due_at", Utc, nullable=True),  # when it goes by the second route unless it has arrived; null: never (again)
    Column("told_at", Utc, nullable=True),  # when it first went there
    index_where("ix_alert_due", "due_at", "due_at IS NOT NULL"),
)
