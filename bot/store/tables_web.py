"""The tables of the clinic's page; see `tables` for all the others."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from bot.store.columns import Utc, index_where, metadata, of_clinic, ref
from bot.store.tables import session

# A link that logs somebody in to the clinic's page, once. `message_id`: the message in the chat that holds it.
web_login = Table(
    "web_login",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("expires_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=True),
    Column("message_id", Integer, nullable=True),
    Column("hide_at", Utc, nullable=True),  # when the message should go; null: none, or gone
    index_where("ix_web_login_hide", "hide_at", "hide_at IS NOT NULL"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("began_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("passed_at", Utc, nullable=True),  # when the second factor was given; null: not, or none is asked for
    Index(None, "person_id"),
)

# The authenticator app of somebody who logs in to the page, where the clinic asks for one.
second_factor = Table(
    "second_factor",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    of_clinic(),
    Column("secret", LargeBinary, nullable=False),
    Column("confirmed_at", Utc, nullable=True),  # when the first code of it was given; null: it is being set up
    Column("used", Integer, nullable=False),  # the step of the last code: each is good once
)

# A form that was sent, and where that led: sending it again leads there without doing anything.
web_form = Table(
    "web_form",
    metadata,
    Column("form_hash", String(64), primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("led_to", String(200), nullable=False),
    Column("at", Utc, nullable=False),
    Index(None, "at"),
)

# A link in the chat to a check-in's page. It works once; whoever used it has a session for this check-in alone.
page_link = Table(
    "page_link",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    Column("check_in_id", String(22), ForeignKey("check_in.id", ondelete="CASCADE"), nullable=False),
    Column("chat_key", LargeBinary, nullable=False),  # the chat it was sent to: once that is another one, it is over
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("made_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=True),  # used, or replaced by a newer one
    Column("session_hash", String(64), nullable=True, unique=True),
    Column("seen_at", Utc, nullable=True),
    Index(None, "check_in_id"),
    Index(None, "made_at"),
)

# A link in the chat to what the chat itself does not show: one's own answers, goals, a digest. It works once.
own_page = Table(
    "own_page",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("chat_key", LargeBinary, nullable=False),  # the chat it was sent to
    Column("what", String(16), nullable=False),  # a page of `chat.own_page.OPEN`
    Column("about", String(32), nullable=False),  # a patient's code, or a digest; often empty
    Column("token_hash", String(64), nullable=True, unique=True),  # null: the message with the link is not out yet
    Column("made_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=True),
    Column("session_hash", String(64), nullable=True, unique=True),
    Column("seen_at", Utc, nullable=True),
    Index(None, "person_id"),
)

# A mark of the front desk that can be taken back for some minutes: what the session was before, and what it became.
desk_mark = Table(
    "desk_mark",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("session_id", "session"),
    ref("person_id", "person"),  # who marked it
    Column("state_before", String(16), nullable=False),
    Column("confirm_before", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", Utc, nullable=False),
    Column("undone_at", Utc, nullable=True),
    Index(None, "at"),
)

# The week of a whole clinic is looked up by time alone.
Index("ix_session_starts_at", session.c.starts_at)
