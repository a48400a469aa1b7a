"""The end of a pair: what was to come does not come, what was answered stays."""

from datetime import date, datetime

from sqlalchemy import Connection, delete, func, select, update

from bot.core.person import Pair
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


def earlier_pair(conn: Connection, pair_id: int) -> tuple[int, datetime] | None:
    """The pair that this one's therapist may read besides it, and when that ended; None if there is none."""
    own = conn.execute(select(pair.c.patient_id, pair.c.history).where(pair.c.id == pair_id)).one()
    if not own.history:
        return None
    before = select(pair.c.id, pair.c.ended_at).where(pair.c.patient_id == own.patient_id, pair.c.id < pair_id)
    row = conn.execute(before.where(pair.c.ended_at.is_not(None)).order_by(pair.c.id.desc())).first()
    return None if row is None else (row.id, row.ended_at)
