"""What the duty chat is to be told: events are counted in the transaction in which they happen, and kept until said."""

from datetime import datetime

from sqlalchemy import Connection, func, literal, select, update

from bot.core.alarm import Bout, Duty, Kind
from bot.core.person import Person
from bot.store import people
from bot.store.columns import Utc
from bot.store.people import Refused
from bot.store.tables import person
from bot.store.tables_watch import alarm, offline
from bot.store.upsert import insert_or_change

_COLUMNS = ("since", "said_at", "count")
_ANY = select(alarm.c.kind).where(alarm.c.since.is_not(None) | (alarm.c.count > 0)).limit(1)


def note(conn: Connection, kind: Kind, at: datetime) -> None:
    """Something happened that the duty chat is to be told of."""
    more = {"count": alarm.c.count + 1, "since": func.coalesce(alarm.c.since, literal(at, Utc()))}
    if conn.execute(update(alarm).where(alarm.c.kind == kind).values(more)).rowcount == 0:
        keep(conn, Bout(kind, since=at, count=1))


def bout(conn: Connection, kind: Kind) -> Bout:
    """What is known of one kind of alarm."""
    columns = (alarm.c.since, alarm.c.said_at, alarm.c.count)
    row = conn.execute(select(*columns).where(alarm.c.kind == kind)).first()
    return Bout(kind) if row is None else Bout(kind, *row)


def keep(conn: Connection, one: Bout) -> None:
    """Keep a bout as it is now."""
    values = {"kind": one.kind, "since": one.since, "said_at": one.said_at, "count": one.count}
    conn.execute(insert_or_change(conn, alarm, ("kind",), _COLUMNS), values)


def any_kept(conn: Connection) -> bool:
    """Whether there is anything of which the duty chat was not told the end."""
    return conn.execute(_ANY).first() is not None


def forget(conn: Connection) -> None:
    """Nobody is to be told: what was counted until now is not said later."""
    conn.execute(update(alarm).where(alarm.c.since.is_not(None)).values(since=None, count=0))


def lost(conn: Connection, person_id: int, now: datetime) -> None:
    """Somebody cannot be reached any more (403, or blocked): it is kept when that began, and the duty chat is told."""
    reachable = (person.c.id == person_id) & person.c.unreachable_since.is_(None)
    has_chat = conn.execute(select(person.c.chat_id).where(reachable)).scalar() is not None
    conn.execute(update(person).where(reachable).values(unreachable_since=now))
    if has_chat:
        note(conn, "unreachable", now)


def unreachable(conn: Connection) -> int:
    """How many people with a chat cannot be reached now."""
    away = person.c.unreachable_since.is_not(None) & person.c.chat_id.is_not(None)
    return int(conn.execute(select(func.count()).select_from(person).where(away)).scalar_one())


def outages_since(conn: Connection, since: datetime, most: int) -> list[tuple[datetime, datetime]]:
    """The times from an instant on in which the bot did not work, the newest ones, in order."""
    query = select(offline.c.began_at, offline.c.ended_at).where(offline.c.ended_at >= since)
    rows = conn.execute(query.order_by(offline.c.ended_at.desc()).limit(most))
    return [(row.began_at, row.ended_at) for row in reversed(list(rows))]


def duty(conn: Connection, code: str) -> tuple[Duty, Person | None]:
    """Whether alarms arrive at the person with this code ("": nobody is named), and that person if they do."""
    if not code:
        return "off", None
    try:
        who = people.by_code(conn, code, "staff")
    except Refused:
        return "unknown", None
    if who.state == "discharged":
        return "unknown", None
    if who.unreachable_since is not None:
        return "unreachable", None
    return ("on", who) if who.can_be_asked else ("not_in_yet", None)
