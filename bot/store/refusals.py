"""What somebody asked for and may not have: who, what, how often on a day. Never what was in it.

One row a day for each, and the first of a day in the log, so that a flood makes a number grow and not the database.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from bot.core.person import Person
from bot.store import audit, people
from bot.store.tables import check_in
from bot.store.tables_refusal import refusal
from bot.store.tables_web import own_page, page_link, web_login


def refused(conn: Connection, who: Person, verb: str, thing: str, now: datetime) -> None:
    """Keep that this person was refused something: `verb` is send, tap or open, `thing` a name of ours."""
    where = {"person_id": who.id, "verb": verb, "thing": thing, "day": now.astimezone(UTC).date()}
    same = (refusal.c[name] == value for name, value in where.items())
    once_more = update(refusal).where(*same).values(count=refusal.c.count + 1, last_at=now)
    if conn.execute(once_more).rowcount == 0:
        conn.execute(insert(refusal).values(**where, clinic_id=who.clinic_id, count=1, last_at=now))
        audit.note(conn, "refused", now, by=who.id, detail=f"{verb} {thing}")


def link_refused(conn: Connection, token_hash: str, what: str, now: datetime) -> None:
    """Keep that a link of the page did not work: whose it was; of one that there never was, or no more, only that."""
    of_login = select(web_login.c.person_id).where(web_login.c.token_hash == token_hash)
    of_check_in = select(check_in.c.person_id).join(page_link, page_link.c.check_in_id == check_in.c.id)
    of_own = select(own_page.c.person_id).where(own_page.c.token_hash == token_hash)
    found = conn.execute(of_login.union(of_check_in.where(page_link.c.token_hash == token_hash), of_own)).scalar()
    if found is None:
        audit.note(conn, "refused", now, detail=f"open {what}")
    else:
        refused(conn, people.by_id(conn, found), "open", what, now)
