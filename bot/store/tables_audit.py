"""The log of who saw or changed what: rows are only added, each with a keyed hash of itself and the one before."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from bot.store.columns import Utc, metadata, of_clinic

# Numbers of persons stand here without a reference: an entry outlives what it is about.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # counts up without a gap
    of_clinic(),
    Column("at", Utc, nullable=False),
    Column("did", String(24), nullable=False),
    Column("by_id", Integer, nullable=True),  # who; null: the desk at the command line, or the program itself
    Column("about_id", Integer, nullable=True),  # which patient
    Column("detail", String(200), nullable=True),  # ids and keys, never words
    Column("why", String(200), nullable=True),
    Column("mac", LargeBinary, nullable=False),
    Index(None, "about_id"),
)

# How far the log was sent on to where it is kept a second time, one row.
forwarded = Table(
    "forwarded",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entry", Integer, nullable=False),
)
