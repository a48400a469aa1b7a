"""When the bot did not work: it leaves a sign of life every minute, and looks at the last one when it starts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.core.loop import Outage
from bot.store import alarms
from bot.store.tables_watch import heartbeat, offline

BEAT_EVERY = timedelta(minutes=1)
OUTAGE_FROM = timedelta(minutes=10)  # shorter ones are a restart
TOLD_FROM = timedelta(hours=1)  # what is said in a digest
ONE = 1  # the heartbeat's only row
_BEAT = update(heartbeat).where(heartbeat.c.id == ONE).values(at=bindparam("now"))


def beat(conn: Connection, now: datetime) -> None:
    """The bot works."""
    if conn.execute(_BEAT, {"now": now}).rowcount == 0:
        conn.execute(insert(heartbeat).values(id=ONE, at=now))


def last_beat(conn: Connection) -> datetime | None:
    """The bot's last sign of life; None if it never ran."""
    return conn.execute(select(heartbeat.c.at).where(heartbeat.c.id == ONE)).scalar()


def was_away(conn: Connection, since: datetime, now: datetime) -> None:
    """The bot did not work since an instant: it was stopped, or the machine was suspended under it."""
    conn.execute(insert(offline).values(began_at=since, ended_at=now))
    alarms.note(conn, "offline", now)


def last_in(conn: Connection, begin: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """The last outage that overlaps a span of time."""
    query = select(offline.c.began_at, offline.c.ended_at).where(offline.c.ended_at > begin, offline.c.began_at < end)
    row = conn.execute(query.order_by(offline.c.ended_at.desc()).limit(1)).first()
    return None if row is None else (row.began_at, row.ended_at)


def between(conn: Connection, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Outage]:
    """The outages of an hour or more that overlap a span of time."""
    query = select(offline.c.began_at, offline.c.ended_at).where(offline.c.ended_at > begin, offline.c.began_at < end)
    for began, ended in conn.execute(query.order_by(offline.c.began_at)):
        if ended - began >= TOLD_FROM:
            wall = began.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")
            yield Outage(wall, round((ended - began) / timedelta(hours=1)))
