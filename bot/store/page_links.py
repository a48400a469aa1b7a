"""Links in the chat that lead to a check-in's page, once, and the session that each begins. Kept as hashes only."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot import ids
from bot.core.login import is_over
from bot.message import OPENS, Button, Message
from bot.store import own_pages
from bot.store.tables import check_in, person
from bot.store.tables_web import page_link

PATH, IN = "/answer", "/in"
"""Where a check-in is answered, and what comes after it in a link; the secret stands behind a "#", see `web.way_in`."""
KEPT = timedelta(days=60)
"""How long a link is remembered: longer than any check-in can be answered."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What a link or its session leads to: somebody's check-in. `seen`: when somebody was last there, of a link that
    was not used yet when it was made.
    """

    id: int
    check_in_id: str
    person_id: int
    seen: datetime


_LEADS = (
    select(page_link, check_in.c.person_id)
    .join(check_in, check_in.c.id == page_link.c.check_in_id)
    .join(person, (person.c.id == check_in.c.person_id) & (person.c.chat_key == page_link.c.chat_key))
)
"""Links and sessions of those who still have the chat to which they were sent."""


# ------------------------------------------------------------------------------------------------ links


def with_links(conn: Connection, message: Message, address: str, now: datetime, again: bool = False) -> Message:
    """The message as it goes out: behind each button that leads to a check-in a link of its own. Those that went out
    before stop working, unless this is the same message once more (`again`).
    """
    rows = tuple(tuple(_opened(conn, button, address, now, again) for button in row) for row in message.rows)
    return replace(message, rows=rows)


def _opened(conn: Connection, button: Button, address: str, now: datetime, again: bool) -> Button:
    if not button.data.startswith(OPENS):
        return button
    token, about = ids.token(), button.data.removeprefix(OPENS)
    if about.startswith(own_pages.OWN):
        path, lang = own_pages.PATH, own_pages.link(conn, about, ids.hashed(token), now)
    else:
        path, lang = PATH, _add(conn, about, ids.hashed(token), now, again)
    return replace(button, url=f"{address}{path}{IN}?lang={lang}#{token}")


def _add(conn: Connection, check_in_id: str, token_hash: str, now: datetime, again: bool) -> str:
    unused = (page_link.c.check_in_id == check_in_id) & page_link.c.used_at.is_(None)
    if not again:
        conn.execute(update(page_link).where(unused).values(used_at=now))
    to_whom = select(check_in.c.clinic_id, person.c.chat_key, person.c.lang).join(
        person, person.c.id == check_in.c.person_id
    )
    row = conn.execute(to_whom.where(check_in.c.id == check_in_id)).one()
    values = {"clinic_id": row.clinic_id, "check_in_id": check_in_id, "chat_key": row.chat_key}
    conn.execute(insert(page_link).values(**values, token_hash=token_hash, made_at=now))
    return str(row.lang)


def is_known(conn: Connection, token_hash: str) -> bool:
    """Whether there ever was such a link: one that is over was not guessed."""
    return conn.execute(select(page_link.c.id).where(page_link.c.token_hash == token_hash)).first() is not None


def unused(conn: Connection, token_hash: str) -> Lead | None:
    """Where a link leads that was not used yet; looking at it does not use it up."""
    good = (page_link.c.token_hash == token_hash) & page_link.c.used_at.is_(None)
    row = conn.execute(_LEADS.where(good)).first()
    return None if row is None else Lead(row.id, row.check_in_id, row.person_id, row.made_at)


# ------------------------------------------------------------------------------------------------ sessions


def use(conn: Connection, lead: Lead, session_hash: str, now: datetime) -> None:
    """Use a link up: a session begins, and any other one of this check-in ends."""
    forget_old(conn, now)
    others = (page_link.c.check_in_id == lead.check_in_id) & page_link.c.session_hash.is_not(None)
    conn.execute(update(page_link).where(others).values(session_hash=None))
    values = {"used_at": now, "session_hash": session_hash, "seen_at": now}
    conn.execute(update(page_link).where(page_link.c.id == lead.id).values(values))


def forget_old(conn: Connection, now: datetime) -> None:
    """Forget links that lead nowhere any more, whatever they were for."""
    conn.execute(delete(page_link).where(page_link.c.made_at < now - KEPT))


def session_of(conn: Connection, session_hash: str, now: datetime) -> Lead | None:
    """Which check-in this session is for; None if it is over."""
    row = conn.execute(_LEADS.where(page_link.c.session_hash == session_hash)).first()
    if row is None or is_over(row.used_at, row.seen_at, now):
        return None
    return Lead(row.id, row.check_in_id, row.person_id, row.seen_at)


def seen(conn: Connection, link_id: int, now: datetime) -> None:
    """Somebody is still there."""
    conn.execute(update(page_link).where(page_link.c.id == link_id).values(seen_at=now))
