"""The tables. One word per thing, the same as everywhere else; every row a person owns carries its clinic.

Nothing here is SQLite's alone. Times are UTC instants (`Utc`); what people meant (a session at 14:00 in Denver)
is kept beside it as wall time and zone name. JSON columns hold small values that are read and written whole.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# Telegram's ids pass 32 bits; SQLite's INTEGER is 64 bits wide already and must be named so to be a row id.
BIG = BigInteger().with_variant(Integer, "sqlite")


AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are read by name."""


class Utc(TypeDecorator[datetime]):
    """An instant. Refuses a datetime without zone on the way in and gives UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The instant as UTC; ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time needs a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The instant as UTC: SQLite hands back naive values."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _clinic() -> Column[int]:
    return Column("clinic_id", Integer, ForeignKey("clinic.id"), nullable=False)


def _ref(name: str, table: str, nullable: bool = False) -> Column[Any]:
    return Column(name, ForeignKey(f"{table}.id"), nullable=nullable)


def _index_where(name: str, column: str, condition: str) -> Index:
    """An index of the few rows that a tick looks for, so that a tick costs the same with a million rows."""
    # The condition for PostgreSQL stands in the migrations alone: here it would load that whole dialect at every start.
    return Index(name, column, sqlite_where=text(condition))


clinic = Table(
    "clinic",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("bot_name", String(64), nullable=True),  # at Telegram; invite links need it
)

# Patients, therapists and staff: whoever may have a chat. `code` is the only name the program knows.
person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    Column("role", String(16), nullable=False),
    Column("code", String(32), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("lang", String(8), nullable=False),
    # invited -> consenting -> settling -> active; then paused, declined, stopped; unreachable is a time, below
    Column("state", String(16), nullable=False),
    Column("chat_id", BIG, nullable=True),
    Column("unreachable_since", Utc, nullable=True),
    Column("ask_at", String(16), nullable=False, server_default="after"),  # after | evening | morning
    Column("ask_every", Integer, nullable=False, server_default="1"),  # every n-th session
    # the message that stands for a conversation outside check-ins (enrolment, settings), so that it is edited in place
    Column("message_id", Integer, nullable=True),
    UniqueConstraint("clinic_id", "code"),
    UniqueConstraint("chat_id"),
)

pair = Table(
    "pair",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("patient_id", "person"),
    _ref("therapist_id", "person"),
    Column("started_at", Utc, nullable=False),
    Column("ended_at", Utc, nullable=True),
    Index(None, "patient_id"),
    Index(None, "therapist_id"),
)

# A weekly rule; the sessions it makes are rows of their own, so that one can be moved or cancelled.
weekly = Table(
    "weekly",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("pair_id", "pair"),
    Column("weekday", Integer, nullable=False),  # 0 is Monday
    Column("time", String(5), nullable=False),  # "14:00", wall time in `zone`
    Column("zone", String(64), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=True),
    Column("made_until", Date, nullable=True),  # sessions exist up to here
    Index(None, "pair_id"),
)

session = Table(
    "session",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("pair_id", "pair"),
    _ref("weekly_id", "weekly", nullable=True),
    Column("local", String(16), nullable=False),  # "2026-11-03T14:00": what was meant
    Column("zone", String(64), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("starts_at", Utc, nullable=False),
    Column("ends_at", Utc, nullable=False),
    # planned | held | missed | cancelled; a planned one counts as held once its end has passed
    Column("state", String(16), nullable=False),
    Column("confirm", Boolean, nullable=False, server_default=text("false")),  # "we did not meet": desk, please confirm
    Index(None, "pair_id", "starts_at"),
)

check_in = Table(
    "check_in",
    metadata,
    Column("id", String(22), primary_key=True),  # 128 random bits: a button carries it
    _clinic(),
    _ref("pair_id", "pair"),
    _ref("session_id", "session"),
    _ref("person_id", "person"),
    Column("kind", String(16), nullable=False),  # alliance | homework
    # planned -> open -> answered | missed; or excused | not_asked (see `why`)
    Column("state", String(16), nullable=False),
    Column("why", String(32), nullable=True),  # away, not_met, paused, quiet, outage, every, …
    Column("opens_at", Utc, nullable=False),
    Column("reminds_at", Utc, nullable=True),
    Column("closes_at", Utc, nullable=True),
    Column("opened_at", Utc, nullable=True),
    Column("answered_at", Utc, nullable=True),
    Column("late", Boolean, nullable=False, server_default=text("false")),
    Column("asks", JSON, nullable=True),  # what exactly is asked, frozen at the opening
    Column("place", JSON, nullable=True),  # the wizard's place: screen, item, turn
    Column("message_id", Integer, nullable=True),  # the one message that is edited in place
    Column("due_at", Utc, nullable=True),  # when the tick must look at this row again; null: never
    UniqueConstraint("pair_id", "session_id", "kind", "person_id"),
    _index_where("ix_check_in_due", "due_at", "due_at IS NOT NULL"),
    Index(None, "person_id", "state"),
    Index(None, "session_id"),
)

# An answer is a fact. `value` null: skipped. `filed_under`: the session it speaks about (a therapist's "how much of
# last time's was done?" is filed under the session in which that homework was set).
answer = Table(
    "answer",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    Column("check_in_id", ForeignKey("check_in.id"), nullable=False),
    _ref("filed_under", "session"),
    Column("questionnaire", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("item", String(48), nullable=False),
    Column("value", JSON(none_as_null=False), nullable=False),
    Column("answered_at", Utc, nullable=False),
    UniqueConstraint("check_in_id", "questionnaire", "item"),
    Index(None, "filed_under"),
)

# The wording of each questionnaire version as it was first asked.
wording = Table(
    "wording",
    metadata,
    Column("questionnaire", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(64), nullable=False),
    Column("seen_at", Utc, nullable=False),
)

goal = Table(
    "goal",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("pair_id", "pair"),
    Column("number", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("added_by", String(16), nullable=False),  # patient | therapist: whose words
    Column("added_at", Utc, nullable=False),
    Column("retired_at", Utc, nullable=True),
    UniqueConstraint("pair_id", "number"),
)

invite = Table(
    "invite",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("person_id", "person"),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("expires_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=True),
    Column("used_by", BIG, nullable=True),
)

invite_try = Table(
    "invite_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chat_id", BIG, nullable=False),
    Column("at", Utc, nullable=False),
    Index(None, "chat_id", "at"),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("person_id", "person"),
    Column("version", Integer, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("agreed", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
)

away = Table(
    "away",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("person_id", "person"),
    Column("first", Date, nullable=False),  # the person's local dates, both inclusive
    Column("last", Date, nullable=False),
    Index(None, "person_id"),
)

# A digest of one pair (before `session_id`) or the weekly one of a therapist (`session_id` null, `pair_id` null).
digest = Table(
    "digest",
    metadata,
    Column("id", String(22), primary_key=True),
    _clinic(),
    _ref("therapist_id", "person"),
    _ref("pair_id", "pair", nullable=True),
    _ref("session_id", "session", nullable=True),
    Column("week", Date, nullable=True),  # the weekly one's Monday
    # planned -> offered (the therapist's own form is still open) -> sent; or not_sent
    Column("state", String(16), nullable=False),
    Column("due_at", Utc, nullable=True),
    Column("built_at", Utc, nullable=True),
    Column("text", Text, nullable=True),  # as sent
    Column("html", Text, nullable=True),
    UniqueConstraint("pair_id", "session_id"),
    UniqueConstraint("therapist_id", "week"),
    _index_where("ix_digest_due", "due_at", "due_at IS NOT NULL"),
)

# Updates as Telegram handed them over, stored before they are confirmed.
inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BIG, primary_key=True, autoincrement=False),
    Column("raw", Text, nullable=False),
    Column("received_at", Utc, nullable=False),
    # new -> accepted (its transaction is committed) -> done (the reply was tried); or aside (could not be read)
    Column("state", String(16), nullable=False),
    Column("error", String(200), nullable=True),
    _index_where("ix_inbox_open", "state", "state IN ('new', 'accepted')"),
)

# What nobody is waiting for: sent by the tick, in order for each chat.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    _clinic(),
    _ref("person_id", "person"),
    Column("key", String(96), nullable=False, unique=True),  # what makes a second copy impossible
    Column("kind", String(24), nullable=False),  # prompt | reminder | alert | edit | digest | weekly | notice
    Column("about", String(22), nullable=True),  # the check-in or digest it belongs to
    Column("rank", Integer, nullable=False),  # check-ins before digests
    Column("body", JSON, nullable=False),  # {"text", "keyboard", "edit", "silent", "html"}: kept as sent
    # waiting -> sending -> sent | unknown (the reply was lost) | gone (blocked) | aside (refused) | dropped
    Column("state", String(16), nullable=False),
    Column("not_before", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Utc, nullable=True),
    Column("message_id", Integer, nullable=True),
    Column("error", String(200), nullable=True),
    _index_where("ix_outbox_due", "not_before", "state = 'waiting'"),
    Index(None, "person_id"),
)
