"""The end of a pair: what was to come does not come, what was answered stays."""

from datetime import date, datetime

from sqlalchemy import Connection, delete, func, select, update

from bot.core.person import Pair, Person
from bot.store import outbox
from bot.store.tables import check_in, digest, pair, series, session

ENDED = "ended"
"""Why a check-in of a pair that has ended is excused."""


def end_pair(conn: Connection, of: Pair, today: date, now: datetime) -> tuple[list[int], int]:
    """End a pair: the sessions that are cancelled by it, and how many messages of the patient nobody has read."""
    conn.execute(update(pair).where(pair.c.id == of.id).values(ended_at=now))
    conn.execute(update(series).where(series.c.pair_id == of.id).values(ends_on=today, made_until=today))
    coming = (session.c.pair_id == of.id) & (session.c.starts_at > now) & (session.c.state == "planned")
    cancelled = list(conn.execute(select(session.c.id).where(coming).order_by(session.c.starts_at)).scalars())
    conn.execute(update(session).where(coming).values(state="cancelled"))
    open_now = (check_in.c.pair_id == of.id) & check_in.c.state.in_(("planned", "open"))
    conn.execute(update(check_in).where(open_now).values(state="excused", why=ENDED, due_at=None))
    conn.execute(delete(digest).where(digest.c.pair_id == of.id, digest.c.state == "planned"))
    unread = (check_in.c.pair_id == of.id) & check_in.c.words_due_at.is_not(None)
    how_many = int(conn.execute(select(func.count()).where(unread)).scalar_one())
    conn.execute(update(check_in).where(unread).values(words_due_at=None))
    return cancelled, how_many


def give_up(conn: Connection, patient: Person, why: str) -> list[tuple[int, str, int]]:
    """A patient declined or stopped: what is open ends on both sides, and nothing that waits to be sent comes.

    Person, check-in and message of each screen that still stands in a chat.
    """
    of_pairs = select(pair.c.id).where(pair.c.patient_id == patient.id)
    both = (check_in.c.state == "open") & check_in.c.pair_id.in_(of_pairs)
    standing = select(check_in.c.person_id, check_in.c.id, check_in.c.message_id)
    rows = conn.execute(standing.where(both, check_in.c.message_id.is_not(None))).all()
    conn.execute(update(check_in).where(both).values(state="excused", why=why, due_at=None))
    outbox.drop_unasked(conn, patient.id)
    return [(row.person_id, row.id, row.message_id) for row in rows]


def earlier_pair(conn: Connection, pair_id: int) -> tuple[int, datetime] | None:
    """The pair that this one's therapist may read besides it, and when that ended; None if there is none."""
    own = conn.execute(select(pair.c.patient_id, pair.c.history).where(pair.c.id == pair_id)).one()
    if not own.history:
        return None
    before = select(pair.c.id, pair.c.ended_at).where(pair.c.patient_id == own.patient_id, pair.c.id < pair_id)
    row = conn.execute(before.where(pair.c.ended_at.is_not(None)).order_by(pair.c.id.desc())).first()
    return None if row is None else (row.id, row.ended_at)
