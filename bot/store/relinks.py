"""A new phone for somebody who is in already: asked for by opening a link, let in or refused by somebody else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, insert, select, update

from bot import ids
from bot.core.person import Person
from bot.store import audit, logins, people, sealing, versions
from bot.store.columns import AnyRow
from bot.store.tables import check_in, digest, outbox
from bot.store.tables_joining import relink

COLUMNS = (relink.c.id, relink.c.person_id, relink.c.chat_id, relink.c.state, relink.c.expires_at)


def _relink(conn: Connection, row: AnyRow | None) -> "Relink | None":
    if row is None:
        return None
    chat_id = sealing.of_person(conn, row.person_id).open(row.chat_id, relink.c.chat_id, row.id)
    return Relink(row.id, row.person_id, chat_id, row.state, row.expires_at)


@dataclass(frozen=True, slots=True)
class Relink:
    """One asking: whose phone it would be, the new chat, and waiting, let_in or refused."""

    id: str
    person_id: int
    chat_id: int
    state: str
    expires: datetime

    def is_waiting(self, now: datetime) -> bool:
        """Whether somebody can still decide about it."""
        return self.state == "waiting" and now < self.expires


def ask(conn: Connection, who: Person, chat_id: int, now: datetime, valid: timedelta) -> str:
    """Keep that a chat asks to be this person's; the id of the asking. Earlier ones of the person are refused."""
    refuse_all(conn, who.id, now)
    asked = ids.token()
    values = {"id": asked, "clinic_id": who.clinic_id, "person_id": who.id, "state": "waiting"}
    sealed = sealing.of_person(conn, who.id).seal(chat_id, relink.c.chat_id, asked)
    values |= {"chat_id": sealed, "chat_key": sealing.chat_key(conn, chat_id)}
    conn.execute(insert(relink).values(**values, asked_at=now, expires_at=now + valid))
    return asked


def refuse_all(conn: Connection, person_id: int, now: datetime) -> None:
    """Refuse whatever waits for this person."""
    waiting = (relink.c.person_id == person_id) & (relink.c.state == "waiting")
    conn.execute(update(relink).where(waiting).values(state="refused", decided_at=now))


def find(conn: Connection, asked: str) -> Relink | None:
    """The asking of that id."""
    return _relink(conn, conn.execute(select(*COLUMNS).where(relink.c.id == asked)).first())


def of_person(conn: Connection, person_id: int, now: datetime) -> Relink | None:
    """What waits to be decided for this person."""
    return _waiting(conn, relink.c.person_id == person_id, now)


def of_chat(conn: Connection, chat_id: int, now: datetime) -> Relink | None:
    """What this chat waits for."""
    return _waiting(conn, relink.c.chat_key == sealing.chat_key(conn, chat_id), now)


def _waiting(conn: Connection, whose: ColumnElement[bool], now: datetime) -> Relink | None:
    query = select(*COLUMNS).where(whose, relink.c.state == "waiting", relink.c.expires_at > now)
    return _relink(conn, conn.execute(query.order_by(relink.c.asked_at.desc())).first())


def let_in(conn: Connection, asked: Relink, now: datetime) -> bool:
    """The new chat takes the old one's place, and knows nothing of what stood there. False if it has become another's:
    then nothing changes but the asking, which is refused.
    """
    free = people.by_chat(conn, asked.chat_id) is None
    decided = {"state": "let_in" if free else "refused", "decided_at": now}
    conn.execute(update(relink).where(relink.c.id == asked.id).values(decided))
    if free:
        fresh = {"message_id": None, "unreachable_since": None}
        people.change(conn, asked.person_id, chat_id=asked.chat_id, **fresh)
        audit.note(conn, "phone changed", now, by=asked.person_id, detail=versions.of_chat(conn, asked.person_id))
        people.expect(conn, people.by_id(conn, asked.person_id), None)
        _forget_messages(conn, asked.person_id)
        logins.forget(conn, asked.person_id)
    return free


def _forget_messages(conn: Connection, person_id: int) -> None:
    """No message of the old chat is edited or replaced any more: its numbers mean nothing in the new one."""
    conn.execute(update(check_in).where(check_in.c.person_id == person_id).values(message_id=None))
    conn.execute(update(digest).where(digest.c.therapist_id == person_id).values(message_id=None))
    waiting = select(outbox.c.id, outbox.c.kind, outbox.c.key, outbox.c.body)
    book = sealing.of_reader(conn, person_id)
    rows = list(conn.execute(waiting.where(outbox.c.person_id == person_id, outbox.c.state == "waiting")))
    for row in rows:
        here, body = update(outbox).where(outbox.c.id == row.id), book.open(row.body, outbox.c.body, row.key)
        if row.kind in ("edit", "delete") or body.get("edit") is not None:
            conn.execute(here.values(state="dropped"))
        else:
            conn.execute(here.values(body=book.seal(body | {"replaces": None}, outbox.c.body, row.key)))
