"""The tables. One word per thing, the same as everywhere else; every row a person owns carries its clinic.

Nothing here is SQLite's alone. Times are UTC instants (`Utc`); what people meant (a session at 14:00 in Denver)
is kept beside it as wall time and zone name. JSON columns hold small values that are read and written whole.
LargeBinary columns hold what is sealed: see `store.sealing`.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from bot.store.columns import BIG, Utc, index_where, metadata, of_clinic, ref

clinic = Table(
    "clinic",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("bot_name", String(64), nullable=True),  # at Telegram; invite links need it
    Column("zone_data", String(16), nullable=True),  # the release of the time zones that planned times come from: 2026c
    Column("pilot_until", Utc, nullable=True),  # what is planned before this instant goes only to those in the pilot
)

# Patients, therapists and staff: whoever may have a chat. `code` is the only name the program knows.
person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    Column("role", String(16), nullable=False),
    Column("code", String(32), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("lang", String(8), nullable=False),
    # invited -> consenting -> settling -> active; then paused, declined, stopped, discharged; unreachable is a time,
    # below
    Column("state", String(16), nullable=False),
    Column("key_id", String(22), nullable=False),  # whose keys: 128 random bits, never anybody else's
    Column("chat_id", LargeBinary, nullable=True),
    Column("chat_key", LargeBinary, nullable=True),  # a keyed hash of the chat, to find it by
    Column("unreachable_since", Utc, nullable=True),
    Column("ask_at", String(16), nullable=False, server_default="after"),  # after | evening | morning
    Column("ask_every", Integer, nullable=False, server_default="1"),  # every n-th session
    # a therapist's wishes for digests; null: the clinic's plan
    Column("digest_lead", Integer, nullable=True),  # minutes before the session
    Column("digest_at", String(16), nullable=True),  # lead | morning
    Column("weekly_at", String(16), nullable=True),  # "Mon 07:00"
    Column("expects", JSON, nullable=True),  # what the next typed words mean: {"what": "homework", …, "until": …}
    Column("plan", JSON, nullable=True),  # what the desk changed of the plan for this person: {"ask_every": 2}
    Column("pilot", Boolean, nullable=False, server_default=text("false")),  # takes part in the pilot
    Column("on_page", Boolean, nullable=False, server_default=text("false")),  # wants nothing but links in the chat
    Column("erase_at", Utc, nullable=True),  # all there is about this person is to go then, at the latest
    Column("erased_at", Utc, nullable=True),  # it is gone
    # the message that stands for a conversation outside check-ins (enrolment, settings), so that it is edited in place
    Column("message_id", Integer, nullable=True),
    UniqueConstraint("clinic_id", "code"),
    UniqueConstraint("key_id"),
    UniqueConstraint("chat_key"),
    index_where("ix_person_unreachable", "unreachable_since", "unreachable_since IS NOT NULL"),
    index_where("ix_person_erase_at", "erase_at", "erase_at IS NOT NULL"),
    index_where("ix_person_erased_at", "erased_at", "erased_at IS NOT NULL"),
)

pair = Table(
    "pair",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("patient_id", "person"),
    ref("therapist_id", "person"),
    Column("started_at", Utc, nullable=False),
    Column("ended_at", Utc, nullable=True),
    # whether the therapist may read the pair that the patient formed before this one
    Column("history", Boolean, nullable=False, server_default=text("false")),
    Index(None, "patient_id"),
    Index(None, "therapist_id"),
)

# Sessions that recur; those it makes are rows of their own, so that one can be moved or cancelled.
series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("pair_id", "pair"),
    Column("rule", String(120), nullable=False),  # RFC 5545: "FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2;COUNT=8"
    Column("time", String(5), nullable=False),  # "14:00", wall time in `zone`
    Column("zone", String(64), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=True),  # ended by the desk: no session after this day
    Column("made_until", Date, nullable=True),  # sessions exist up to here
    Index(None, "pair_id"),
)

# Days on which the clinic is closed.
closure = Table(
    "closure",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    Column("first", Date, nullable=False),  # the clinic's local dates, both inclusive
    Column("last", Date, nullable=False),
    Column("name", String(120), nullable=True),
)

session = Table(
    "session",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("pair_id", "pair"),
    Column("local", String(16), nullable=False),  # "2026-11-03T14:00": what was meant
    Column("zone", String(64), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("starts_at", Utc, nullable=False),
    Column("ends_at", Utc, nullable=False),
    # planned | held | missed | cancelled; a planned one counts as held once its end has passed
    Column("state", String(16), nullable=False),
    Column("confirm", Boolean, nullable=False, server_default=text("false")),  # "we did not meet": desk, please confirm
    ref("series_id", "series", nullable=True),
    ref("closure_id", "closure", nullable=True),  # cancelled by it; planned again when it is removed
    Column("uid", String(64), nullable=True),  # hash of the event's id in the calendar it was imported from
    Index(None, "pair_id", "starts_at"),
    Index(None, "series_id"),
    Index(None, "uid"),
)

check_in = Table(
    "check_in",
    metadata,
    Column("id", String(22), primary_key=True),  # 128 random bits: a button carries it
    of_clinic(),
    ref("pair_id", "pair"),
    ref("session_id", "session"),
    ref("person_id", "person"),
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
    Column("asks", LargeBinary, nullable=True),  # what exactly is asked, frozen at the opening
    Column("place", JSON, nullable=True),  # the wizard's place: screen, item, turn
    Column("message_id", Integer, nullable=True),  # the one message that is edited in place
    Column("due_at", Utc, nullable=True),  # when the tick must look at this row again; null: never
    # own words that no therapist has been shown: when a notice "unread words" is due; null: none, or read
    Column("words_due_at", Utc, nullable=True),
    UniqueConstraint("pair_id", "session_id", "kind", "person_id"),
    index_where("ix_check_in_due", "due_at", "due_at IS NOT NULL"),
    index_where("ix_check_in_under_way", "due_at", "due_at IS NOT NULL AND state <> 'planned'"),
    index_where("ix_check_in_words_due", "words_due_at", "words_due_at IS NOT NULL"),
    index_where("ix_check_in_planned", "opens_at", "state = 'planned'"),
    Index(None, "opens_at"),
    Index(None, "person_id", "state"),
    Index(None, "session_id"),
)

# An answer is a fact. `value` null: skipped. `filed_under`: the session it speaks about (a therapist's "how much of
# last time's was done?" is filed under the session in which that homework was set).
answer = Table(
    "answer",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    Column("check_in_id", ForeignKey("check_in.id"), nullable=False),
    ref("filed_under", "session"),
    Column("questionnaire", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("item", String(48), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("rev", Integer, nullable=False, server_default="1"),  # which value of this answer it is
    Column("answered_at", Utc, nullable=False),
    UniqueConstraint("check_in_id", "questionnaire", "item"),
    Index(None, "filed_under"),
)

# What an answer was before: `rev` counts up without a gap, so that an old value put back is seen.
answer_before = Table(
    "answer_before",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    Column("check_in_id", ForeignKey("check_in.id"), nullable=False),
    Column("questionnaire", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("item", String(48), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("answered_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    UniqueConstraint("check_in_id", "questionnaire", "item", "rev"),
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
    of_clinic(),
    ref("pair_id", "pair"),
    Column("number", Integer, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("rev", Integer, nullable=False, server_default="1"),
    Column("added_by", String(16), nullable=False),  # patient | therapist: whose words
    Column("added_at", Utc, nullable=False),
    Column("retired_at", Utc, nullable=True),
    UniqueConstraint("pair_id", "number"),
)

# Every wording a goal has had; one that the other side has not yet called its own waits with `agreed` null.
goal_change = Table(
    "goal_change",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("goal_id", "goal"),
    Column("words_before", LargeBinary, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("changed_by", String(16), nullable=False),  # patient | therapist
    Column("changed_at", Utc, nullable=False),
    Column("agreed", Boolean, nullable=True),  # "still yours?"
    Index(None, "goal_id"),
)

# What the therapist set, in words; `session_id`: the session it was set in.
homework = Table(
    "homework",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("pair_id", "pair"),
    ref("session_id", "session"),
    Column("words", LargeBinary, nullable=False),
    Column("why", LargeBinary, nullable=True),
    Column("rev", Integer, nullable=False, server_default="1"),
    Column("set_at", Utc, nullable=False),
    UniqueConstraint("session_id"),
    Index(None, "pair_id"),
)

# A flag that the therapist does not want to read for some sessions.
snooze = Table(
    "snooze",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("pair_id", "pair"),
    Column("rule", String(32), nullable=False),
    Column("about", String(16), nullable=False),
    Column("direction", String(16), nullable=True),
    ref("session_id", "session"),  # said about this session; silent for the next `sessions` held ones
    Column("sessions", Integer, nullable=False),
    Column("at", Utc, nullable=False),
    UniqueConstraint("pair_id", "rule", "about", "session_id"),
)

away = Table(
    "away",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("first", Date, nullable=False),  # the person's local dates, both inclusive
    Column("last", Date, nullable=False),
    Index(None, "person_id"),
)

# A therapist's days off; the cover gets the digests and the notices of these days.
leave = Table(
    "leave",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("first", Date, nullable=False),  # the clinic's dates, both inclusive
    Column("last", Date, nullable=False),
    Column("cancels", Boolean, nullable=False),  # no weekly session is laid out in these days
    ref("cover_id", "person", nullable=True),
    Index(None, "person_id"),
    Index(None, "cover_id"),
)

# A digest of one pair (before `session_id`) or the weekly one of a therapist (`session_id` null, `pair_id` null).
digest = Table(
    "digest",
    metadata,
    Column("id", String(22), primary_key=True),
    of_clinic(),
    ref("therapist_id", "person"),
    ref("pair_id", "pair", nullable=True),
    ref("session_id", "session", nullable=True),
    Column("week", Date, nullable=True),  # the weekly one's Monday
    # planned -> offered (the therapist's own form is still open) -> sent; or not_sent
    Column("state", String(16), nullable=False),
    Column("why", String(32), nullable=True),  # of one that is not sent: late, pilot, unreachable, …
    Column("planned_at", Utc, nullable=True),  # when it is to come; stays
    Column("due_at", Utc, nullable=True),
    Column("built_at", Utc, nullable=True),
    Column("text", LargeBinary, nullable=True),  # as sent
    Column("html", LargeBinary, nullable=True),
    Column("opened_at", Utc, nullable=True),  # first opened by the therapist
    Column("outcome", String(16), nullable=True),  # discussed | plan_changed | not_yet
    Column("outcome_at", Utc, nullable=True),
    Column("said", LargeBinary, nullable=True),  # the flags it showed, so that the next one can say what became of them
    Column("day", Date, nullable=True),  # a morning one: the therapist's day, all its pairs
    Column("message_id", Integer, nullable=True),  # where it is open now
    UniqueConstraint("pair_id", "session_id"),
    UniqueConstraint("therapist_id", "week"),
    Index(None, "therapist_id", "day", unique=True),
    index_where("ix_digest_due", "due_at", "due_at IS NOT NULL"),
    index_where("ix_digest_planned", "planned_at", "state = 'planned'"),
    Index(None, "planned_at"),
)

# Updates as Telegram handed them over, stored before they are confirmed.
inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BIG, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),  # empty once it is done
    Column("received_at", Utc, nullable=False),
    # new -> accepted (its transaction is committed) -> done (the reply was tried); or aside (could not be read)
    Column("state", String(16), nullable=False),
    Column("error", String(200), nullable=True),
    index_where("ix_inbox_open", "state", "state IN ('new', 'accepted')"),
)

# What nobody is waiting for: sent by the tick, in order for each chat.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    of_clinic(),
    ref("person_id", "person"),
    Column("key", String(96), nullable=False, unique=True),  # what makes a second copy impossible
    Column("kind", String(24), nullable=False),  # see `store.outbox.RANK`
    Column("about", String(22), nullable=True),  # the check-in or digest it belongs to
    Column("rank", Integer, nullable=False),  # check-ins before digests
    Column("body", LargeBinary, nullable=False),  # {"text", "keyboard", "edit", "silent", "html"}: kept as sent
    # waiting -> sending -> sent | unknown (the reply was lost) | gone (blocked) | aside (refused) | dropped;
    # or held: the pilot keeps it back, and it is never sent
    Column("state", String(16), nullable=False),
    Column("not_before", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Utc, nullable=True),
    Column("message_id", Integer, nullable=True),
    Column("error", String(200), nullable=True),
    index_where("ix_outbox_due", "not_before", "state = 'waiting'"),
    index_where("ix_outbox_unsent", "about", "state IN ('waiting', 'sending')"),
    index_where("ix_outbox_held", "not_before", "state = 'held'"),
    index_where("ix_outbox_kept", "not_before", "length(body) > 0"),  # whose text is kept
    Index(None, "person_id"),
)
