"""What somebody asked for and may not have: who, what, how often on a day. Never what was in it.

One row a day for each, and the first of a day in the log, so that a flood makes a number grow and not the database.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, update

from bot.core.person import Person
from bot.store import audit
from bot.store.tables_refusal import refusal


def refused(conn: Connection, who: Person, verb: str, thing: str, now: datetime) -> None:
    """Keep that this person was refused something: `verb` is send, tap or open, `thing` a name of ours."""
    where = {"person_id": who.id, "verb": verb, "thing": thing, "day": now.astimezone(UTC).date()}
    same = (refusal.c[name] == value for name, value in where.items())
    once_more = update(refusal).where(*same).values(count=refusal.c.count + 1, last_at=now)
    if conn.execute(once_more).rowcount == 0:
        conn.execute(insert(refusal).values(**where, clinic_id=who.clinic_id, count=1, last_at=now))
        audit.note(conn, "refused", now, by=who.id, detail=f"{verb} {thing}")
