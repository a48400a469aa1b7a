"""Logging in to the clinic's page: links that work once, sessions, and forms that were sent. Kept as hashes only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot.core.login import LINK_LASTS, LONGEST, is_over, may_log_in
from bot.core.person import Person
from bot.store import audit, people
from bot.store.columns import AnyRow
from bot.store.tables_web import web_form, web_login, web_session
from bot.store.upsert import insert_or_leave

KEPT = timedelta(days=1)
"""How long links that are over and forms that were sent are remembered."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in: since when, when they were last seen, whether they gave a second factor."""

    id: int
    who: Person
    began: datetime
    seen: datetime
    passed: bool = False


# ------------------------------------------------------------------------------------------------ links


def add_link(conn: Connection, who: Person, token_hash: str, now: datetime) -> int:
    """Keep a login link for somebody; its id. Those that were made before stop working."""
    unused = (web_login.c.person_id == who.id) & web_login.c.used_at.is_(None) & (web_login.c.expires_at > now)
    conn.execute(update(web_login).where(unused, web_login.c.message_id.is_not(None)).values(hide_at=now))
    conn.execute(update(web_login).where(unused).values(expires_at=now))
    values = {"clinic_id": who.clinic_id, "person_id": who.id, "token_hash": token_hash}
    values |= {"expires_at": now + LINK_LASTS}
    made = conn.execute(insert(web_login).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def bearer(conn: Connection, token_hash: str, now: datetime) -> Person | None:
    """Whom a link would let in now; looking at it does not use it up."""
    row = _link(conn, token_hash, now)
    return None if row is None else _let_in(conn, row.person_id)


def _link(conn: Connection, token_hash: str, now: datetime) -> AnyRow | None:
    good = (web_login.c.token_hash == token_hash) & web_login.c.used_at.is_(None) & (web_login.c.expires_at > now)
    return conn.execute(select(web_login).where(good)).first()


def _let_in(conn: Connection, person_id: int) -> Person | None:
    who = people.by_id(conn, person_id)
    return who if may_log_in(who) else None


def redeem(conn: Connection, token_hash: str, session_hash: str, now: datetime) -> Person | None:
    """Use a link up and begin a session; whose, or None if the link is no good."""
    row = _link(conn, token_hash, now)
    who = None if row is None else _let_in(conn, row.person_id)
    if row is None or who is None:
        return None
    forget_old(conn, now)
    conn.execute(update(web_login).where(web_login.c.id == row.id).values(used_at=now, hide_at=_at_once(row, now)))
    values = {"clinic_id": who.clinic_id, "person_id": who.id, "token_hash": session_hash}
    conn.execute(insert(web_session).values(**values, began_at=now, seen_at=now))
    audit.note(conn, "logged in", now, by=who.id)
    return who


def _at_once(row: AnyRow, now: datetime) -> datetime | None:
    """A message that holds the link is of no use any more."""
    return None if row.message_id is None else now


def forget_old(conn: Connection, now: datetime) -> None:
    """Forget links, sessions and forms that are long over."""
    conn.execute(delete(web_login).where(web_login.c.expires_at < now - KEPT, web_login.c.hide_at.is_(None)))
    conn.execute(delete(web_session).where(web_session.c.began_at < now - LONGEST))
    conn.execute(delete(web_form).where(web_form.c.at < now - KEPT))


# ------------------------------------------------------------------------------------------------ the message


def set_message(conn: Connection, login_id: int, message_id: int) -> None:
    """Remember the message that holds a link: it is hidden when the link is over."""
    values = {"message_id": message_id, "hide_at": web_login.c.expires_at}
    conn.execute(update(web_login).where(web_login.c.id == login_id).values(values))


def due_ids(conn: Connection, now: datetime, most: int) -> list[int]:
    """Links whose message should go."""
    due = (web_login.c.hide_at.is_not(None)) & (web_login.c.hide_at <= now)
    return list(conn.execute(select(web_login.c.id).where(due).order_by(web_login.c.hide_at).limit(most)).scalars())


def postpone(conn: Connection, login_id: int, until: datetime) -> None:
    """Look at this one again later."""
    conn.execute(update(web_login).where(web_login.c.id == login_id).values(hide_at=until))


def message_of(conn: Connection, login_id: int) -> tuple[Person, int]:
    """Whose link it is, and the message that holds it."""
    row = conn.execute(select(web_login.c.person_id, web_login.c.message_id).where(web_login.c.id == login_id)).one()
    return people.by_id(conn, row.person_id), row.message_id


def is_own(conn: Connection, who: Person, number: str) -> bool:
    """Whether a link of that number was made for this person."""
    if not number.isdecimal() or len(number) > 9:
        return False
    query = select(web_login.c.id).where(web_login.c.id == int(number), web_login.c.person_id == who.id)
    return conn.execute(query).first() is not None


def hidden(conn: Connection, login_id: int) -> None:
    """The message of this link needs no more looking after."""
    conn.execute(update(web_login).where(web_login.c.id == login_id).values(hide_at=None))


# ------------------------------------------------------------------------------------------------ sessions


def session_of(conn: Connection, session_hash: str, now: datetime) -> Session | None:
    """Who is logged in with this; None if the session is over, or the person may not any more."""
    row = conn.execute(select(web_session).where(web_session.c.token_hash == session_hash)).first()
    if row is None or is_over(row.began_at, row.seen_at, now):
        return None
    who = _let_in(conn, row.person_id)
    return None if who is None else Session(row.id, who, row.began_at, row.seen_at, row.passed_at is not None)


def sessions_of(conn: Connection, person_id: int, now: datetime) -> list[Session]:
    """All places where somebody is logged in, the newest first."""
    query = select(web_session).where(web_session.c.person_id == person_id).order_by(web_session.c.began_at.desc())
    who = people.by_id(conn, person_id)
    rows = [row for row in conn.execute(query) if not is_over(row.began_at, row.seen_at, now)]
    return [Session(row.id, who, row.began_at, row.seen_at) for row in rows]


def seen(conn: Connection, session_id: int, now: datetime) -> None:
    """Somebody is still there."""
    conn.execute(update(web_session).where(web_session.c.id == session_id).values(seen_at=now))


def end(conn: Connection, session_id: int) -> None:
    """Log off here."""
    conn.execute(delete(web_session).where(web_session.c.id == session_id))


def end_all(conn: Connection, person_id: int) -> None:
    """Log off everywhere."""
    conn.execute(delete(web_session).where(web_session.c.person_id == person_id))


def forget(conn: Connection, person_id: int) -> None:
    """Somebody's chat is another one, or none, from now on: who has the old phone is out, with every link that is in
    it, and its messages are nobody's to hide.
    """
    end_all(conn, person_id)
    conn.execute(delete(web_login).where(web_login.c.person_id == person_id))


# ------------------------------------------------------------------------------------------------ forms


def sent_before(conn: Connection, form_hash: str) -> str | None:
    """Where a form led when it was sent the first time; None if it was not yet."""
    return conn.execute(select(web_form.c.led_to).where(web_form.c.form_hash == form_hash)).scalar()


def keep_sent(conn: Connection, form_hash: str, who: Person, led_to: str, now: datetime) -> None:
    """Remember that a form was sent, so that sending it twice is as good as once."""
    values = {"form_hash": form_hash, "clinic_id": who.clinic_id, "person_id": who.id, "led_to": led_to, "at": now}
    conn.execute(insert_or_leave(conn, web_form, "form_hash"), values)
