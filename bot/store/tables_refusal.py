"""The table of what was refused to whom."""

from sqlalchemy import Column, Date, Integer, String, Table, UniqueConstraint

from bot.store.columns import Utc, metadata, of_clinic, ref

refusal = Table(
    "refusal",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("day", Date, nullable=False),  # of UTC
    Column("verb", String(8), nullable=False),  # send | tap | open
    Column("thing", String(64), nullable=False),  # a command, the first letter of a button, an address
    Column("count", Integer, nullable=False),
    Column("last_at", Utc, nullable=False),
    UniqueConstraint("person_id", "day", "verb", "thing"),
)
