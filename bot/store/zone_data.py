"""Time zones change with weeks of notice: a new release has what is planned worked out anew."""

from datetime import datetime

import tzdata
from sqlalchemy import Connection, select, update

from bot.core.plan import Plan
from bot.store import appointments, people
from bot.store.tables import clinic, pair, session


def installed() -> str:
    """The release of the time zones in use: "2026c"."""
    return str(tzdata.IANA_VERSION)


def is_current(conn: Connection) -> bool:
    """Whether what is planned was worked out with this release."""
    return conn.execute(select(clinic.c.zone_data)).scalar() == installed()


def pairs_ahead(conn: Connection, now: datetime) -> list[int]:
    """The pairs that have something to come."""
    coming = select(session.c.pair_id).where(session.c.state == "planned", session.c.ends_at > now)
    rows = select(pair.c.id).where(pair.c.ended_at.is_(None), pair.c.id.in_(coming)).order_by(pair.c.id)
    return list(conn.execute(rows).scalars())


def anew(conn: Connection, pair_id: int, plan: Plan, now: datetime) -> int:
    """Work out the pair's sessions to come from their wall times, and all that follows; how many sessions moved."""
    coming = (session.c.pair_id == pair_id) & (session.c.state == "planned") & (session.c.ends_at > now)
    moved = 0
    for row in conn.execute(select(session).where(coming)).all():
        times = appointments.times(datetime.fromisoformat(row.local), row.zone, row.minutes)
        if (times["starts_at"], times["ends_at"]) != (row.starts_at, row.ends_at):
            conn.execute(update(session).where(session.c.id == row.id).values(times))
            moved += 1
    appointments.replan(conn, pair_id, plan, now)
    return moved


def therapists_anew(conn: Connection, plan: Plan, now: datetime) -> None:
    """Plan the digests of a week and of a morning anew; from now on this release is the current one."""
    for who in people.people(conn, "therapist"):
        if who.state == "active":
            appointments.plan_own_digests(conn, who, plan, now)
    conn.execute(update(clinic).values(zone_data=installed()))
