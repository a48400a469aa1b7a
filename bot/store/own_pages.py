"""Links in the chat to what it does not show itself, where all is on the page: each works once, for ten minutes, and
begins a session for this one thing. Kept as hashes only; the link is made as its message goes out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot.core.login import LINK_LASTS, is_over
from bot.core.person import Person
from bot.store.columns import AnyRow
from bot.store.tables import person
from bot.store.tables_web import own_page

PATH = "/own"
OWN = "own:"
"""What a button that leads to a page carries after `message.OPENS`, then the number of the row."""
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody may see: `what` it is, and of whom or which (`about`, often empty)."""

    id: int
    person_id: int
    what: str
    about: str
    seen: datetime


_OWN = select(own_page).join(person, (person.c.id == own_page.c.person_id) & (person.c.chat_key == own_page.c.chat_key))
"""Of those who still have the chat to which the link was sent."""


def ask(conn: Connection, who: Person, what: str, about: str, now: datetime) -> str:
    """Keep that somebody asked for something; what the button that leads there carries. Links before stop working."""
    unused = (own_page.c.person_id == who.id) & own_page.c.used_at.is_(None)
    conn.execute(update(own_page).where(unused).values(used_at=now))
    key = select(person.c.chat_key).where(person.c.id == who.id).scalar_subquery()
    values = {"clinic_id": who.clinic_id, "person_id": who.id, "chat_key": key, "what": what, "about": about[:32]}
    made = conn.execute(insert(own_page).values(**values, made_at=now)).inserted_primary_key
    assert made is not None
    return f"{OWN}{made[0]}"


def link(conn: Connection, carried: str, token_hash: str, now: datetime) -> str:
    """The message with the link goes out now; the language of whoever it is for."""
    here = own_page.c.id == int(carried.removeprefix(OWN))
    conn.execute(update(own_page).where(here).values(token_hash=token_hash, made_at=now))
    return str(
        conn.execute(select(person.c.lang).join(own_page, own_page.c.person_id == person.c.id).where(here)).scalar()
    )


def is_known(conn: Connection, token_hash: str) -> bool:
    """Whether there ever was such a link: one that is over was not guessed."""
    return conn.execute(select(own_page.c.id).where(own_page.c.token_hash == token_hash)).first() is not None


def unused(conn: Connection, token_hash: str, now: datetime) -> Own | None:
    """Where a link leads that was not used yet; looking at it does not use it up."""
    good = (own_page.c.token_hash == token_hash) & own_page.c.used_at.is_(None)
    row = conn.execute(_OWN.where(good, own_page.c.made_at > now - LINK_LASTS)).first()
    return None if row is None else _own(row, row.made_at)


def use(conn: Connection, own: Own, session_hash: str, now: datetime) -> None:
    """Use a link up: a session begins, and any other one of this person ends."""
    forget_old(conn, now)
    conn.execute(update(own_page).where(own_page.c.person_id == own.person_id).values(session_hash=None))
    values = {"used_at": now, "session_hash": session_hash, "seen_at": now}
    conn.execute(update(own_page).where(own_page.c.id == own.id).values(values))


def session_of(conn: Connection, session_hash: str, now: datetime) -> Own | None:
    """What this session is for; None if it is over."""
    row = conn.execute(_OWN.where(own_page.c.session_hash == session_hash)).first()
    return None if row is None or is_over(row.used_at, row.seen_at, now) else _own(row, row.seen_at)


def seen(conn: Connection, own_id: int, now: datetime) -> None:
    """Somebody is still there."""
    conn.execute(update(own_page).where(own_page.c.id == own_id).values(seen_at=now))


def forget_old(conn: Connection, now: datetime) -> None:
    """Forget links and sessions that are long over."""
    conn.execute(delete(own_page).where(own_page.c.made_at < now - KEPT))


def _own(row: AnyRow, seen_at: datetime) -> Own:
    return Own(row.id, row.person_id, row.what, row.about, seen_at)
